"""The configurations of a sweep: all of a grid, or random ones."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ._values import convert

#: What a random parameter is, by its distribution: a function of the parameter's keys.
_Draw = Callable[[Mapping[str, Any]], float]
_random = random.Random()


def configurations(method: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The configurations of a sweep; endless unless ``method`` is ``grid``.

    ``parameters`` is that of ``wandb.sweep``. ValueError, before the first configuration, for a
    parameter that has no meaning.
    """
    if method == "grid":
        return _grid(parameters)
    _draw_all(parameters)
    return (_draw_all(parameters) for _ in itertools.count())


def _grid(parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = list(parameters)
    choices = [_choices(name, parameters[name]) for name in names]
    return (dict(zip(names, chosen)) for chosen in itertools.product(*choices))


def _choices(name: str, parameter: Any) -> list[Any]:
    """All values of a parameter in a grid."""
    keys = _check(name, parameter)
    if "parameters" in keys:
        return list(_grid(_check(name, keys["parameters"])))
    if "value" in keys:
        return [keys["value"]]
    if "values" in keys:
        return _values(name, keys)
    low, high = keys.get("min"), keys.get("max")
    if isinstance(low, int) and isinstance(high, int):
        return list(range(low, high + 1))
    raise ValueError(f"a grid needs 'values' of the parameter {name!r}")


def _draw_all(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _draw(name, parameter) for name, parameter in parameters.items()}


def _draw(name: str, parameter: Any) -> Any:
    """A random value of a parameter."""
    keys = _check(name, parameter)
    if "parameters" in keys:
        return _draw_all(_check(name, keys["parameters"]))
    if "value" in keys:
        return keys["value"]
    if "values" in keys:
        weights = keys.get("probabilities")
        return _random.choices(_values(name, keys), weights)[0]
    is_whole = isinstance(keys.get("min"), int) and isinstance(keys.get("max"), int)
    kind = keys.get("distribution", "int_uniform" if is_whole else "uniform")
    # `q_uniform` has multiples of `q`.
    draw = _DISTRIBUTIONS.get(str(kind).removeprefix("q_"))
    if draw is None:
        raise ValueError(f"the parameter {name!r} has an unknown distribution {kind!r}")
    try:
        value, quantum = draw(keys), keys.get("q", 1)
        return round(value / quantum) * quantum if str(kind).startswith("q_") else value
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise ValueError(
            f"the parameter {name!r} is not a {kind} one ({type(error).__name__}: {error})"
        ) from None


def _uniform(keys: Mapping[str, Any]) -> float:
    return _random.uniform(float(keys["min"]), float(keys["max"]))


def _log_uniform_values(keys: Mapping[str, Any]) -> float:
    return math.exp(_random.uniform(math.log(keys["min"]), math.log(keys["max"])))


def _normal(keys: Mapping[str, Any]) -> float:
    return _random.gauss(float(keys.get("mu", 0)), float(keys.get("sigma", 1)))


_DISTRIBUTIONS: dict[str, _Draw] = {
    "uniform": _uniform,
    "int_uniform": lambda keys: _random.randint(int(keys["min"]), int(keys["max"])),
    "log_uniform": lambda keys: math.exp(_uniform(keys)),
    "log_uniform_values": _log_uniform_values,
    "inv_log_uniform": lambda keys: math.exp(-_uniform(keys)),
    # The logarithm of 1/x is uniform where that of x is.
    "inv_log_uniform_values": _log_uniform_values,
    "normal": _normal,
    "log_normal": lambda keys: math.exp(_normal(keys)),
    "beta": lambda keys: _random.betavariate(float(keys["a"]), float(keys["b"])),
}


def _check(name: str, parameter: Any) -> Mapping[str, Any]:
    if not isinstance(parameter, Mapping):
        raise ValueError(
            f"the parameter {name!r} must be a dict, such as {{'values': [1, 2]}}, "
            f"not {convert.describe_type(parameter)}"
        )
    return parameter


def _values(name: str, keys: Mapping[str, Any]) -> list[Any]:
    values = keys["values"]
    if not isinstance(values, (list, tuple, range)) or not values:
        raise ValueError(f"'values' of the parameter {name!r} must be a list with an item")
    return list(values)

"""Numbers and arrays of any library as plain lists, without importing one."""

from __future__ import annotations

import math
import threading
from typing import Any, Dict, List

_NAN = {math.inf: "Infinity", -math.inf: "-Infinity"}
_TEXTS = ("NaN", "Infinity", "-Infinity")


def number(value: Any, what: str) -> float:
    """A scalar of Python, numpy, torch, jax or tensorflow; TypeError for anything else."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{what} must be a number, not {kind(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} must be a number that a double can hold, not one so large") from None
    except (TypeError, ValueError, RuntimeError):
        pass
    try:
        return float(value.item())
    except Exception:
        raise TypeError(f"{what} must be a number, not {kind(value)}") from None


def step(value: Any) -> float:
    """A step: a finite number; TypeError or ValueError for anything else."""
    told = number(value, "step")
    if not math.isfinite(told):
        raise ValueError(f"step must be finite, not {told}")
    return told


def seconds(value: Any) -> float:
    """A time to wait, None for as long as it takes; TypeError or ValueError for what is none."""
    if value is None:
        return threading.TIMEOUT_MAX
    told = number(value, "timeout")
    if math.isnan(told):
        raise ValueError("timeout must be a number of seconds, not nan")
    return min(max(told, 0.0), threading.TIMEOUT_MAX)


def listed(value: Any, what: str) -> List[Any]:
    """An array, tensor, series or any iterable as a list (of lists); TypeError for a scalar or a text."""
    for name in ("detach", "cpu"):
        method = getattr(value, name, None)
        if callable(method) and hasattr(value, "shape"):
            value = method()
    if not hasattr(value, "tolist") and callable(getattr(value, "numpy", None)):
        value = value.numpy()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{what} must be a list or an array, not {kind(value)}")
    return list(value)


def numbers(value: Any, what: str) -> List[Any]:
    """A list of numbers as the server takes them: NaN and infinities as texts, None for no number; TypeError for anything else in it."""
    out: List[Any] = []
    for item in listed(value, what):
        told = clean(item)
        if isinstance(told, str) and told not in _TEXTS or isinstance(told, (list, dict)):
            raise TypeError(f"{what} must hold numbers, not {kind(item)}")
        out.append(int(told) if isinstance(told, bool) else told)
    return out


def clean(value: Any) -> Any:
    """JSON's own types: arrays become lists, NaN and infinities become texts that the server reads as numbers."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NAN.get(value, "NaN")
    if isinstance(value, dict):
        return {str(name): clean(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [clean(item) for item in value]
    if hasattr(value, "shape") and getattr(value, "shape") != ():
        return clean(listed(value, "an array"))
    if callable(getattr(value, "item", None)):
        return clean(value.item())
    try:
        return clean(float(value))
    except (TypeError, ValueError):
        return str(value)


def is_scalar(value: Any) -> bool:
    """Whether it is one number, of whatever library."""
    if isinstance(value, (int, float)):
        return True
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape) == 0 or all(side == 1 for side in shape)
    return hasattr(value, "__float__")


def flat(metrics: Dict[str, Any], prefix: str = "") -> Dict[str, Any]:
    """Nested groups as ``group/name``."""
    out: Dict[str, Any] = {}
    for name, value in metrics.items():
        if not isinstance(name, str):
            raise TypeError(f"a metric's name must be a string, not {kind(name)}")
        if isinstance(value, dict):
            out.update(flat(value, f"{prefix}{name}/"))
        else:
            out[prefix + name] = value
    return out


def kind(value: Any) -> str:
    """What a wrong value is, for a sentence about it."""
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    if shape is not None:
        return f"{name} of shape {tuple(shape)}"
    try:
        return f"{name} ({value!r:.40})"
    except Exception:
        return name

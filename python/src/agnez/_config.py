"""Hyperparameters of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Callable

from ._messages import warn_once
from ._values import convert


class Config(MutableMapping[str, Any]):
    """Hyperparameters, as attributes and items; the run shows each change."""

    def __init__(self, values: Mapping[Any, Any], changed: Callable[[], None] | None) -> None:
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_changed", changed)
        object.__setattr__(self, "_locked", frozenset())

    def _lock(self, values: Mapping[Any, Any]) -> None:
        """Sets values that the script cannot change any more: those of a sweep."""
        self._values.update(values)
        object.__setattr__(self, "_locked", frozenset(values))

    def _set(self, values: Mapping[Any, Any]) -> None:
        locked = [name for name in values if name in self._locked]
        if locked:
            text = f"The sweep sets {locked[0]!r} of the config: the script cannot change it."
            warn_once(f"locked {locked[0]}", text)
        self._values.update({name: value for name, value in values.items() if name not in locked})

    def _show(self) -> None:
        if self._changed is not None:
            self._changed()

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_values")[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getitem__(self, name: Any) -> Any:
        return self._values[name]

    def __setitem__(self, name: Any, value: Any) -> None:
        self._set({name: value})
        self._show()

    def __delitem__(self, name: Any) -> None:
        del self._values[name]
        self._show()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return convert.describe(self._values)

    def update(self, *args: Any, **named: Any) -> None:
        """As ``dict.update``, also with objects that have attributes.

        ``allow_val_change`` is ignored.
        """
        named.pop("allow_val_change", None)
        for values in args:
            self._set(to_dict(values))
        self._set(named)
        self._show()

    def setdefaults(self, values: Any) -> None:
        """Sets the values whose names are not set yet."""
        for name, value in to_dict(values).items():
            self._values.setdefault(name, value)
        self._show()

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._values)


def to_dict(values: Any) -> dict[Any, Any]:
    """Hyperparameters from a dict, a dataclass, an object with attributes, or pairs."""
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return dict(values)
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    if hasattr(values, "__dict__"):
        return dict(vars(values))
    try:
        return dict(values)
    except (TypeError, ValueError):
        raise TypeError(f"config must be a dict, not {type(values).__name__}") from None

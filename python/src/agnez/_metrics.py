"""The metrics of one ``log`` call, as numbers for lines and as media. No value raises.

==========================================  ======================================================
a metric is                                 it becomes
==========================================  ======================================================
one number of any library                   a point
several: a list, an array, a Series, a      a line for each, up to 64: ``f1/0``, ``f1/1``, or by
dataclass, a dict, a complex number         the index, fields or keys; more are a histogram
a text                                      a text cell
a figure, a picture of PIL, a DataFrame     a cell of that kind
media such as ``agnez.Image``, a list of    a cell, or several: ``sample/0``, ``sample/1``
media
None, NA, NaT, an empty list                nothing
anything else                               skipped, counted, and logged once for each type
==========================================  ======================================================
"""

from __future__ import annotations

import dataclasses
import sys
from collections import abc
from collections.abc import Iterable, Mapping
from typing import Any

from . import media
from ._messages import warn_once
from ._values import cell_values, convert, dataframes, names
from ._values.arrays import to_float_array

#: Lines of one metric of several values, and cells of one list of media.
LINES = 64
#: Values of one metric that a histogram takes.
VALUES = 10_000_000
#: Metrics of one call, including those in groups.
METRICS = 20_000
#: Levels of nested groups.
DEPTH = 32
#: Bins of such a histogram.
_BINS = 64


class Metrics:
    """The content of one call: each name is in ``numbers`` or in ``media``, once."""

    def __init__(self, named: Mapping[Any, Any]) -> None:
        self.numbers: dict[str, float] = {}
        self.media: dict[str, media.Media] = {}
        #: How many values cannot be shown.
        self.skipped = 0
        #: Ids of the objects around the current value: a value may contain itself.
        self._ancestors: set[int] = set()
        #: How many metrics have a name, if there are several.
        self._duplicates: dict[str, int] = {}
        self._add_group(named, "", 0)

    def skip(self, name: str, value: Any, reason: str = "") -> None:
        """Counts a value that cannot be shown, and logs that once for its type."""
        self.skipped += 1
        # Without the message of an error: every one may differ.
        warn_once(
            f"unsupported {type(value).__name__}{reason.partition(':')[0]}",
            f"The metric {name!r} is {convert.describe_type(value)}{reason}: "
            "what cannot be shown is left out and counted.",
        )

    def _add_group(self, named: Mapping[Any, Any], prefix: str, depth: int) -> None:
        for key in named:
            self._add(
                prefix + names.to_name(key) if key.__class__ is not str else prefix + key,
                named[key],
                depth,
            )

    def _add(self, name: str, value: Any, depth: int) -> None:
        try:
            self._read(name, value, depth)
        except Exception as error:  # Of the value's own methods.
            self.skip(name, value, f" ({type(error).__name__})")

    def _read(self, name: str, value: Any, depth: int) -> None:
        if value.__class__ is float or value.__class__ is int or value.__class__ is bool:
            self._add_number(name, value, value)
        elif convert.is_missing(value):
            warn_once(
                "nothing",
                f"The metric {name!r} has no value ({type(value).__name__}): "
                "there is no point of it at this step.",
            )
        elif isinstance(value, str):
            self._add_media(name, media.Text(value))
        elif isinstance(value, (type, bytes, bytearray, memoryview)) or depth > DEPTH:
            self.skip(name, value, " nested too deep" if depth > DEPTH else "")
        elif isinstance(value, media.Media):
            self._add_media(name, value)
        elif isinstance(value, abc.Mapping):
            self._add_several(name, value, [(key, value[key]) for key in value], depth)
        elif dataclasses.is_dataclass(value):
            self._add_several(
                name,
                value,
                [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)],
                depth,
            )
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            self._add_several(name, value, list(zip(value._fields, value)), depth)
        elif (
            callable(getattr(value, "to_plotly_json", None))
            or callable(getattr(value, "savefig", None))
            or hasattr(value, "get_figure")
        ):
            self._add_media(name, media.Figure(value))
        elif (
            callable(getattr(value, "save", None))
            and hasattr(value, "mode")
            and hasattr(value, "size")
        ):
            self._add_media(name, media.Image(value))
        elif dataframes.is_dataframe(value):
            self._add_media(name, media.Table(dataframe=value))
        else:
            self._add_scalar_or_list(name, value, depth)

    def _add_scalar_or_list(self, name: str, value: Any, depth: int) -> None:
        one = convert.to_scalar(value)
        if isinstance(one, complex):
            self._add_number(f"{name}/real", one.real, value)
            self._add_number(f"{name}/imag", one.imag, value)
        elif one is not None:
            self._add_number(name, one, value)
        elif dataframes.is_series(value) and len(value) <= LINES:
            labels = dataframes.row_labels(value)
            self._add_several(
                name,
                value,
                list(enumerate(value.tolist()) if labels is None else zip(labels, value.tolist())),
                depth,
            )
        elif (
            isinstance(value, (list, tuple, range))
            or hasattr(value, "shape")
            or callable(getattr(value, "to_list", None))
        ):
            self._add_list(name, value, depth)
        else:
            # Reading a generator would use it up, and a set has no order.
            self.skip(name, value)

    def _add_list(self, name: str, value: Any, depth: int) -> None:
        count = _count(value)
        if count > VALUES:
            self.skip(name, value, f" of more than {VALUES} values")
            return
        if count > LINES and not isinstance(value, (list, tuple)):
            self._add_media(name, _histogram(value))
            return
        items = convert.to_list(value, "a metric")
        if items and all(isinstance(item, str) for item in items):
            self._add_media(name, media.Text("\n".join(f"- {item}" for item in items)))
        elif len(items) == 1 and convert.to_scalar(items[0]) is not None:
            self._read(name, items[0], depth + 1)
        elif (
            _count_numbers(items, 0, [LINES]) is None
            and _count_numbers(items, 0, [VALUES]) is not None
        ):
            self._add_media(name, _histogram(value))
        else:
            self._add_several(name, value, list(enumerate(items[:LINES])), depth)
            if len(items) > LINES:
                self.skip(name, value, f", of which the first {LINES} are shown")

    def _add_several(self, name: str, value: Any, items: list[tuple[Any, Any]], depth: int) -> None:
        if id(value) in self._ancestors:
            self.skip(name, value, " that holds itself")
            return
        self._ancestors.add(id(value))
        try:
            for key, item in items:
                self._add(
                    f"{name}/{key if isinstance(key, str) else names.to_name(key)}", item, depth + 1
                )
        finally:
            self._ancestors.discard(id(value))

    def _add_number(self, name: str, number: Any, value: Any) -> None:
        name = self._free_name(name, value)
        if name:
            result = convert.to_scalar(number)
            self.numbers[name] = result if isinstance(result, float) else 0.0

    def _add_media(self, name: str, value: media.Media) -> None:
        name = self._free_name(name, value)
        if name:
            self.media[name] = value

    def _free_name(self, name: str, value: Any) -> str:
        """A name that no other metric of the call has; empty if there are too many metrics."""
        name = names.to_name(name)
        if len(self.numbers) + len(self.media) >= METRICS:
            self.skip(name, value, f" after {METRICS} others in one call")
            return ""
        # Continues after the last duplicate: thousands of keys may have one text.
        free, number = name, self._duplicates.get(name, 1)
        while free in self.numbers or free in self.media:
            number += 1
            free = names.to_name(f"{name} ({number})")
        if free != name:
            self._duplicates[name] = number
            warn_once(
                f"twice {name}",
                f"The metric {name!r} is there twice in one call: "
                f"the second one is shown as {free!r}.",
            )
        return free


def _count(value: Any) -> int:
    shape = getattr(value, "shape", None)
    count = 1
    for side in shape if shape is not None else [len(value)]:
        count *= int(side)
    return count


def _count_numbers(items: Iterable[Any], depth: int, limit: list[int]) -> int | None:
    """How many numbers there are, nested ones included.

    None if there is anything else, or more than ``limit[0]``, which is counted down.
    """
    count = 0
    if depth > DEPTH:
        return None
    for item in items:
        inside: int | None = None
        if item.__class__ is float or item.__class__ is int or convert.to_scalar(item) is not None:
            inside = 1
            limit[0] -= 1
        elif isinstance(item, (list, tuple)) or hasattr(item, "shape"):
            inside = _count_numbers(convert.to_list(item, "a metric"), depth + 1, limit)
        if inside is None or limit[0] < 0:
            return None
        count += inside
    return count


def _histogram(value: Any) -> media.Histogram:
    """A histogram of many values: counts if numpy is imported, else the values themselves."""
    if "numpy" not in sys.modules:
        return media.Histogram(value)
    import numpy as np

    is_array = hasattr(value, "shape")
    values = convert.to_dense(value) if is_array else cell_values.flatten(value, "values")
    numbers = to_float_array(values).ravel()
    finite = numbers[np.isfinite(numbers)]
    return media.Histogram(np_histogram=np.histogram(finite, _BINS))

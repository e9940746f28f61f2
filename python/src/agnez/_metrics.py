"""What a call of ``log`` may hold, as numbers for lines and as cells of other kinds. Nothing that it holds raises.

========================================  ==========================================================================================
one number of any library                 a point of the line
several: a list, an array, a Series,      a line for each, up to 64: ``f1/0``, ``f1/1``, or by the index, the fields, the keys; more
a dataclass, a dict, a complex number     of them are a histogram
a text                                    a text cell
a figure, a picture of PIL, a DataFrame   a cell of that kind
``agnez.Image`` and its kind, lists of    a cell, or several: ``sample/0``, ``sample/1``
them
None, NA, NaT, an empty list              nothing
anything else                             left out, counted, and said once for each type
========================================  ==========================================================================================
"""

from __future__ import annotations

import dataclasses
from collections import abc
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import media
from ._log import warn_once
from ._values import cell_values, convert, dataframes, names

if TYPE_CHECKING:
    from .board import Board

#: Lines that one metric of several values becomes, and cells that a list of pictures becomes.
LINES = 64
#: ImageArray of one metric that a histogram takes.
VALUES = 10_000_000
#: Metrics of one call, with those in groups.
METRICS = 20_000
#: How deep groups may be nested.
DEPTH = 32


class Text(media.Media):
    """A text among metrics."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _show(self, board: Board, name: str) -> None:
        board.text(name, convert.to_utf8(self._text))


class Figure(media.Media):
    """A figure of a plotting library among metrics."""

    def __init__(self, figure: Any) -> None:
        self._figure = figure

    def _show(self, board: Board, name: str) -> None:
        board.figure(name, self._figure)


class Metrics:
    """The content of one call: ``numbers`` and ``shown`` by the metrics' names, none of which is in both or there twice."""

    def __init__(self, named: Mapping[Any, Any]) -> None:
        self.numbers: dict[str, float] = {}
        #: What has a ``_show(board, name)``.
        self.shown: dict[str, Any] = {}
        #: How many values were left out.
        self.odd = 0
        self._around: set[int] = set()
        #: How many metrics of each name there are, where there are several.
        self._again: dict[str, int] = {}
        self._group(named, "", 0)

    def skip(self, name: str, value: Any, why: str = "") -> None:
        """Counts a value that cannot be shown, and says so once for its type."""
        self.odd += 1
        kind = type(value).__name__
        # Not for each message of an error: they may all differ.
        warn_once(
            f"odd {kind}{why.partition(':')[0]}",
            f"The metric {name!r} is {convert.describe_type(value)}{why}: what cannot be shown is left out and counted.",
        )

    def _group(self, named: Mapping[Any, Any], prefix: str, depth: int) -> None:
        for key in named:
            self._add(
                prefix + names.to_name(key) if key.__class__ is not str else prefix + key,
                named[key],
                depth,
            )

    def _add(self, name: str, value: Any, depth: int) -> None:
        try:
            self._read(name, value, depth)
        except Exception as error:  # Whatever an object's own methods raise.
            self.skip(name, value, f" ({type(error).__name__})")

    def _read(self, name: str, value: Any, depth: int) -> None:
        if value.__class__ is float or value.__class__ is int or value.__class__ is bool:
            self._number(name, value, value)
        elif convert.is_missing(value):
            warn_once(
                "nothing",
                f"The metric {name!r} has no value ({type(value).__name__}): there is no point of it at this step.",
            )
        elif isinstance(value, str):
            self._cell(name, Text(value))
        elif isinstance(value, (type, bytes, bytearray, memoryview)) or depth > DEPTH:
            self.skip(name, value, " nested too deep" if depth > DEPTH else "")
        elif isinstance(value, media.Media):
            self._cell(name, value)
        elif isinstance(value, abc.Mapping):
            self._several(name, value, [(key, value[key]) for key in value], depth)
        elif dataclasses.is_dataclass(value):
            self._several(
                name,
                value,
                [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)],
                depth,
            )
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            self._several(name, value, list(zip(value._fields, value)), depth)
        elif (
            callable(getattr(value, "to_plotly_json", None))
            or callable(getattr(value, "savefig", None))
            or hasattr(value, "get_figure")
        ):
            self._cell(name, Figure(value))
        elif (
            callable(getattr(value, "save", None))
            and hasattr(value, "mode")
            and hasattr(value, "size")
        ):
            self._cell(name, media.Image(value))
        elif dataframes.is_dataframe(value):
            self._cell(name, media.Table(dataframe=value))
        else:
            self._scalar_or_list(name, value, depth)

    def _scalar_or_list(self, name: str, value: Any, depth: int) -> None:
        one = convert.to_scalar(value)
        if isinstance(one, complex):
            self._number(f"{name}/real", one.real, value)
            self._number(f"{name}/imag", one.imag, value)
        elif one is not None:
            self._number(name, one, value)
        elif dataframes.is_series(value) and len(value) <= LINES:
            labels = dataframes.row_labels(value)
            self._several(
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
            self._list(name, value, depth)
        else:
            # A generator is not used up, and a set has no order.
            self.skip(name, value)

    def _list(self, name: str, value: Any, depth: int) -> None:
        count = _count(value)
        if count > VALUES:
            self.skip(name, value, f" of more than {VALUES} values")
            return
        if count > LINES and not isinstance(value, (list, tuple)):
            self._cell(name, _histogram(value))
            return
        items = convert.to_list(value, "a metric")
        if items and all(isinstance(item, str) for item in items):
            self._cell(name, Text("\n".join(f"- {item}" for item in items)))
        elif len(items) == 1 and convert.to_scalar(items[0]) is not None:
            self._read(name, items[0], depth + 1)
        elif _numbers_in(items, 0, [LINES]) is None and _numbers_in(items, 0, [VALUES]) is not None:
            self._cell(name, _histogram(value))
        else:
            self._several(name, value, list(enumerate(items[:LINES])), depth)
            if len(items) > LINES:
                self.skip(name, value, f", of which the first {LINES} are shown")

    def _several(self, name: str, value: Any, items: list[tuple[Any, Any]], depth: int) -> None:
        if id(value) in self._around:
            self.skip(name, value, " that holds itself")
            return
        self._around.add(id(value))
        try:
            for key, item in items:
                self._add(
                    f"{name}/{key if isinstance(key, str) else names.to_name(key)}", item, depth + 1
                )
        finally:
            self._around.discard(id(value))

    def _number(self, name: str, number: Any, value: Any) -> None:
        name = self._free_name(name, value)
        if name:
            result = convert.to_scalar(number)
            self.numbers[name] = result if isinstance(result, float) else 0.0

    def _cell(self, name: str, shown: Any) -> None:
        name = self._free_name(name, shown)
        if name:
            self.shown[name] = shown

    def _free_name(self, name: str, value: Any) -> str:
        """The name under which it is kept: another one where two would have the same, none where there are too many."""
        name = names.to_name(name)
        if len(self.numbers) + len(self.shown) >= METRICS:
            self.skip(name, value, f" after {METRICS} others in one call")
            return ""
        # From where the last one of this name ended: thousands of keys may have one text.
        free, number = name, self._again.get(name, 1)
        while free in self.numbers or free in self.shown:
            number += 1
            free = names.to_name(f"{name} ({number})")
        if free != name:
            self._again[name] = number
            warn_once(
                f"twice {name}",
                f"The metric {name!r} is there twice in one call: the second one is shown as {free!r}.",
            )
        return free


def _count(value: Any) -> int:
    shape = getattr(value, "shape", None)
    count = 1
    for side in shape if shape is not None else [len(value)]:
        count *= int(side)
    return count


def _numbers_in(items: Iterable[Any], depth: int, left: list[int]) -> int | None:
    """How many numbers there are, nested ones too; nothing where something else is among them, or there are more than are left."""
    count = 0
    if depth > DEPTH:
        return None
    for item in items:
        if item.__class__ is float or item.__class__ is int or convert.to_scalar(item) is not None:
            inside: int | None = 1
            left[0] -= 1
        elif isinstance(item, (list, tuple)) or hasattr(item, "shape"):
            inside = _numbers_in(convert.to_list(item, "a metric"), depth + 1, left)
        else:
            inside = None
        if inside is None or left[0] < 0:
            return None
        count += inside
    return count


def _histogram(value: Any) -> Any:
    """Many values as counts, where numpy is at hand, else as they are."""
    import sys

    if "numpy" not in sys.modules:
        return media.Histogram(value)
    import numpy as np

    from .integrations._tensors import to_array

    numbers = to_array(
        convert.to_dense(value) if hasattr(value, "shape") else cell_values.flatten(value, "values")
    ).ravel()
    finite = numbers[np.isfinite(numbers)]
    return media.Histogram(np_histogram=np.histogram(finite, 64))

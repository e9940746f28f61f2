"""Handles of cells: what a call on a board returns."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._log import warn_once
from ._values import convert, names

if TYPE_CHECKING:
    from .board import Board

_AXES = ("step", "relative", "wall")
_SCALES = ("linear", "log")
Self = TypeVar("Self", bound="Cell")


class Cell:
    """One tile of a board. ``id`` is that of REST (``GET /values/<id>``), the same in every run of the same script."""

    def __init__(self, board: Board, name: str, id: str) -> None:
        self.board = board
        self.name = name
        self.id = id

    def __repr__(self) -> str:
        return f"<agnez.{type(self).__name__} {self.id!r} of board {self.board.name!r}>"

    def set(self: Self, **keys: Any) -> Self:
        """Changes keys of the cell's document, as a PATCH does: ``set(pos=3)``, ``set(chart={"y": "log"})``. Any JSON; arrays become lists."""
        if "_id" in keys or "board" in keys:
            raise TypeError("a cell keeps its id and its board")
        self.board._client.patch(self.id, convert.to_json(keys))
        return self

    def title(self: Self, text: str) -> Self:
        """The title above the cell."""
        return self.set(name=convert.to_label(text))

    def note(self: Self, text: str) -> Self:
        """The note below the cell."""
        return self.set(description=convert.to_label(text))

    def append(
        self, points: Mapping[str, Any] | None = None, /, *, step: Any = None, **series: Any
    ) -> Cell:
        """Only a line takes points."""
        raise TypeError(f"the cell {self.name!r} is no line; board.line(name) makes one")


class Line(Cell):
    """A cell that draws series of points."""

    def __init__(self, board: Board, name: str, id: str) -> None:
        super().__init__(board, name, id)
        self._step = 0.0
        #: The settings that this process gave: the server replaces them as a whole.
        self._chart: dict[str, Any] = {}

    def set(self, **keys: Any) -> Line:
        super().set(**keys)
        if "chart" in keys:
            told = convert.to_json(keys["chart"])
            self._chart = told if isinstance(told, dict) else {}
        return self

    set.__doc__ = Cell.set.__doc__

    def append(
        self, points: Mapping[str, Any] | None = None, /, *, step: Any = None, **series: Any
    ) -> Line:
        """Appends points: ``append(train=0.3, val=0.4)``, ``append({"train": 0.3}, step=7)``.

        Each value is a number, or a list of numbers of consecutive steps. ``step``: a finite number, or as many as there are
        values; without it steps count on from the last call. NaN and infinities are kept. What is no number is left out of the
        call, NaN within a list, and is counted and said once.
        """
        now = time.time()
        values = {**(points or {}), **series}
        if not values:
            raise TypeError("append takes at least one series: append(train=0.3)")
        steps = (
            None
            if step is None or convert.is_scalar(step)
            else [convert.to_step(item) for item in convert.to_list(step, "step")]
        )
        first = (
            self._step
            if step is None
            else convert.to_step(step)
            if steps is None
            else (steps or [0.0])[0]
        )
        columns: dict[str, list[float]] = {}
        for name, value in values.items():
            items = _numbers(value)
            if steps is not None and items is not None and len(steps) != len(items):
                raise ValueError(
                    f"step has {len(steps)} items and the series {name!r} has {len(items)}"
                )
            odd = 1 if items is None else items.count(None)
            if odd:
                warn_once(
                    f"odd {type(value).__name__}",
                    f"The series {name!r} is {convert.describe_type(value)}: what is no number is left out and counted.",
                )
                self.board._client.skip(odd)
            if items is not None:
                columns[self.board._series(name)] = [
                    math.nan if item is None else item for item in items
                ]
        if not columns:
            return self
        longest = max(len(column) for column in columns.values())
        across = steps if steps is not None else [first + at for at in range(longest)]
        for length in sorted({len(column) for column in columns.values()}):
            part = {name: column for name, column in columns.items() if len(column) == length}
            self.board._points(self, part, across[:length], now)
        self._step = (across[-1] if across else first) + 1
        return self


def _numbers(value: Any) -> list[float | None] | None:
    """The numbers of a series, nothing for an item that is none; nothing at all where there is neither one nor a list of them."""
    try:
        items = [value] if convert.is_scalar(value) else convert.to_list(value, "a series")
    except TypeError:
        return None
    told = [convert.to_scalar(item) for item in items]
    numbers: list[float | None] = [item if isinstance(item, float) else None for item in told]
    return numbers if len(numbers) != 1 or numbers[0] is not None else None


def line_settings(
    x: str | None,
    y: str | None,
    smooth: float | None,
    unit: str | None,
    hidden: list[str] | None,
) -> dict[str, Any]:
    """A line's ``chart`` as docs/rest.md has it; ValueError where the server would refuse it."""
    if x is not None and x not in _AXES:
        raise ValueError(f"x must be one of {', '.join(_AXES)}, not {x!r}")
    if y is not None and y not in _SCALES:
        raise ValueError(f"y must be one of {', '.join(_SCALES)}, not {y!r}")
    if smooth is not None and not 0 <= smooth <= 0.999:
        raise ValueError(f"smooth must be 0 to 0.999, not {smooth}")
    keys = {
        "x": x,
        "y": y,
        "smooth": smooth,
        "unit": unit,
        "hidden": None if hidden is None else [names.check_name(name) for name in hidden],
    }
    return {name: value for name, value in keys.items() if value is not None}

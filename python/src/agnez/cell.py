"""Handles of cells: what the calls of a board return."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from . import _notebook
from ._messages import warn_once
from ._values import convert, json_types, names

if TYPE_CHECKING:
    from .board import Board

_X_AXES = ("step", "relative", "wall", "metric")
_SCALES = ("linear", "log")
Self = TypeVar("Self", bound="Cell")


class Cell:
    """One tile of a board.

    ``id`` is the id in the REST API (``GET /values/<id>``), equal in every run of a script.
    """

    def __init__(self, board: Board, name: str, id: str) -> None:
        self.board = board
        self.name = name
        self.id = id

    def __repr__(self) -> str:
        return f"<agnez.{type(self).__name__} {self.id!r} of board {self.board.name!r}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the drawing of the cell."""
        board = self.board
        board.flush(_notebook.FLUSH_S)
        if board.mode != "online":
            return None
        return _notebook.of_cell(board.url, board.name, self.id, self.name)

    def set(self: Self, **keys: Any) -> Self:
        """Sets keys of the cell's document: ``set(pos=3)``, ``set(chart={"y": "log"})``.

        Values are JSON types; arrays become lists.
        """
        if "_id" in keys or "board" in keys:
            raise TypeError("a cell keeps its id and its board")
        self.board._client.patch(self.id, json_types.to_json(keys))
        return self

    def set_title(self: Self, text: str) -> Self:
        """Sets the title above the cell."""
        return self.set(name=convert.to_label(text))

    def set_description(self: Self, text: str) -> Self:
        """Sets the description below the cell."""
        return self.set(description=convert.to_label(text))

    def append(
        self, points: Mapping[str, Any] | None = None, /, *, step: Any = None, **series: Any
    ) -> Cell:
        """Only a line takes points: raises TypeError."""
        raise TypeError(f"the cell {self.name!r} is no line; board.line(name) makes one")


class Line(Cell):
    """A cell that draws series of points."""

    def __init__(self, board: Board, name: str, id: str) -> None:
        super().__init__(board, name, id)
        self._next_step = 0.0
        #: The settings of this process: the server replaces them as a whole.
        self._chart: dict[str, Any] = {}

    def set(self, **keys: Any) -> Line:
        super().set(**keys)
        if "chart" in keys:
            settings = json_types.to_json(keys["chart"])
            self._chart = settings if isinstance(settings, dict) else {}
        return self

    set.__doc__ = Cell.set.__doc__

    def append(
        self, points: Mapping[str, Any] | None = None, /, *, step: Any = None, **series: Any
    ) -> Line:
        """Appends points: ``append(train=0.3, val=0.4)``, ``append({"train": 0.3}, step=7)``.

        Each value is a number, or a list of numbers at consecutive steps. NaN and infinities are
        kept. Other values are skipped (within a list they are NaN), counted, and logged once.

        :param step: a finite number, or as many as there are values; without it, steps continue
            from the previous call, starting at 0.
        """
        now = time.time()
        values = {**(points or {}), **series}
        if not values:
            raise TypeError("append takes at least one series: append(train=0.3)")
        steps: list[float] | None = None
        if step is None:
            first = self._next_step
        elif convert.is_scalar(step):
            first = convert.to_step(step)
        else:
            steps = [convert.to_step(item) for item in convert.to_list(step, "step")]
            first = (steps or [0.0])[0]
        columns: dict[str, list[float]] = {}
        for name, value in values.items():
            items = _to_numbers(value)
            if steps is not None and items is not None and len(steps) != len(items):
                raise ValueError(
                    f"step has {len(steps)} items and the series {name!r} has {len(items)}"
                )
            self._count_unsupported(name, value, 1 if items is None else items.count(None))
            if items is not None:
                column = [math.nan if item is None else item for item in items]
                columns[names.to_name(name)] = column
        if not columns:
            return self
        longest = max(len(column) for column in columns.values())
        x = steps if steps is not None else [first + at for at in range(longest)]
        for length in sorted({len(column) for column in columns.values()}):
            part = {name: column for name, column in columns.items() if len(column) == length}
            ids = [(self.id, name) for name in part]
            self.board._client.points(ids, now, x[:length], list(zip(*part.values())))
        self._next_step = (x[-1] if x else first) + 1
        return self

    def _count_unsupported(self, name: str, value: Any, count: int) -> None:
        if count:
            warn_once(
                f"unsupported {type(value).__name__}",
                f"The series {name!r} is {convert.describe_type(value)}: "
                "what is no number is left out and counted.",
            )
            self.board._client.count_unsupported(count)


def _to_numbers(value: Any) -> list[float | None] | None:
    """The value or its items as numbers, None for an item that is none; None without a number."""
    try:
        items = [value] if convert.is_scalar(value) else convert.to_list(value, "a series")
    except TypeError:
        return None
    scalars = [convert.to_scalar(item) for item in items]
    numbers: list[float | None] = [item if isinstance(item, float) else None for item in scalars]
    return numbers if len(numbers) != 1 or numbers[0] is not None else None


def line_settings(
    *,
    x: str | None = None,
    x_metric: str | None = None,
    x_scale: str | None = None,
    y: str | None = None,
    smooth: float | None = None,
    unit: str | None = None,
    hidden: list[str] | None = None,
    x_label: str | None = None,
    y_label: str | None = None,
    y_range: tuple[float | None, float | None] | None = None,
    ignore_outliers: bool | None = None,
    hide_superseded: bool | None = None,
    goal_lines: Mapping[str, float] | Sequence[float] | None = None,
) -> dict[str, Any]:
    """The key ``chart`` of a line (docs/rest.md); ValueError for what the server would refuse."""
    if x is not None and x not in _X_AXES:
        raise ValueError(f"x must be one of {', '.join(_X_AXES)}, not {x!r}")
    if x_metric is not None:
        names.check_name(x_metric)
        x = "metric" if x is None else x
    elif x == "metric":
        raise ValueError("x='metric' needs x_metric, the name of a metric")
    for axis, scale in (("x_scale", x_scale), ("y", y)):
        if scale is not None and scale not in _SCALES:
            raise ValueError(f"{axis} must be one of {', '.join(_SCALES)}, not {scale!r}")
    if smooth is not None and not 0 <= smooth <= 0.999:
        raise ValueError(f"smooth must be 0 to 0.999, not {smooth}")
    settings = {
        "x": x,
        "x_metric": x_metric,
        "x_scale": x_scale,
        "y": y,
        "y_range": None if y_range is None else _axis_ends(y_range),
        "ignore_outliers": ignore_outliers,
        "hide_superseded": hide_superseded,
        "goal_lines": None if goal_lines is None else _goal_lines(goal_lines),
        "smooth": smooth,
        "unit": unit,
        "x_label": None if x_label is None else convert.to_title(x_label),
        "y_label": None if y_label is None else convert.to_title(y_label),
        "hidden": None if hidden is None else [names.check_name(name) for name in hidden],
    }
    return {name: value for name, value in settings.items() if value is not None}


def _goal_lines(lines: Mapping[str, float] | Sequence[float]) -> list[dict[str, Any]]:
    """Values of horizontal lines, by label or without labels."""
    labelled = lines.items() if isinstance(lines, Mapping) else [("", line) for line in lines]
    goals: list[dict[str, Any]] = []
    for label, value in labelled:
        number = convert.to_scalar(value)
        if not (isinstance(number, float) and math.isfinite(number)):
            raise ValueError(f"goal_lines must have finite numbers, not {value!r}")
        goals.append({"y": number, "label": label} if label else {"y": number})
    return goals


def _axis_ends(ends: tuple[float | None, float | None]) -> list[float | None]:
    """The ends of an axis, the lower first; ``None`` for one that follows the values."""
    numbers: list[float | None] = []
    for end in ends:
        number = None if end is None else convert.to_scalar(end)
        if end is not None and not (isinstance(number, float) and math.isfinite(number)):
            raise ValueError(f"y_range must have two numbers or None, not {ends!r}")
        numbers.append(number if isinstance(number, float) else None)
    low, high = numbers
    if low is not None and high is not None and low >= high:
        raise ValueError(f"y_range must have its lower end first, not {ends!r}")
    return numbers

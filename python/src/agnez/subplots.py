"""Matplotlib's arrangement of subplots, and its names, as cells of a board."""

from __future__ import annotations

import builtins
import math
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._errors import wrap_exceptions
from ._values import cell_values, convert, images, names
from .cell import Cell, line_settings

if TYPE_CHECKING:
    from .board import Board


#: Bins that the server takes.
BINS = 1000


class Axes(Cell):
    """One place of the arrangement. What is drawn last is shown; lines with different labels share it, others replace each other."""

    def __init__(self, board: Board, name: str, id: str) -> None:
        super().__init__(board, name, id)
        self._lines: dict[str, dict[str, list[Any]]] = {}
        self._chart: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._note = ""

    @wrap_exceptions
    def plot(self, *data: Any, label: str | None = None) -> Axes:
        """``plot(y)``, ``plot(x, y)``: draws the line ``label`` anew, from lists of numbers (N). A format like ``"r--"`` is passed over."""
        lists = [item for item in data if not isinstance(item, str)]
        if len(lists) not in (1, 2) or len(data) - len(lists) > 1:
            raise TypeError("plot takes y, or x and y: plot([0, 1], [0.3, 0.2], label='train')")
        y = [convert.to_number(item, "y") for item in convert.to_list(lists[-1], "y")]
        x = (
            [convert.to_step(item) for item in convert.to_list(lists[0], "x")]
            if len(lists) == 2
            else [float(at) for at in range(len(y))]
        )
        if len(x) != len(y):
            raise ValueError(f"x and y must have the same length, not {len(x)} and {len(y)}")
        self._lines[names.check_name(label or "y")] = {"x": x, "y": convert.to_json(y)}
        return self._show("line", {"series": self._lines}, chart=self._chart)

    @wrap_exceptions
    def imshow(
        self,
        data: Any,
        *,
        vmin: float | None = None,
        vmax: float | None = None,
        cmap: Any = None,
    ) -> Axes:
        """A picture, as :meth:`agnez.Board.image` takes it; grey values stay grey, whatever ``cmap`` says."""
        del cmap
        self._lines = {}
        content = images.encode_image(data, vmin=vmin, vmax=vmax)
        self.board._client.patch_image(
            self.id, {"type": "img"}, content, images.media_type(content)
        )
        return self

    @wrap_exceptions
    def hist(
        self, values: Any, bins: Any = None, *, range: tuple[float, float] | None = None
    ) -> Axes:
        """A histogram of numbers of any shape. ``bins``: how many of one width (1 to 1000), from the lowest to the highest value or over
        ``range``, or their edges (N + 1); without them, and with a rule's name as ``"auto"``, the server chooses."""
        self._lines = {}
        if isinstance(bins, str) or (bins is None and range is None):
            return self._show(
                "histogram", cell_values.histogram(values, None, None, None, None, None)
            )
        numbers = [
            math.nan if value is None else float(value)
            for value in cell_values.flatten(values, "the values")
        ]
        edges = _edges(numbers, 10 if bins is None else bins, range)
        return self._show(
            "histogram",
            cell_values.histogram(None, _counts(numbers, edges), edges, None, None, None),
        )

    @wrap_exceptions
    def scatter(self, x: Any, y: Any, *, c: Any = None) -> Axes:
        """Points (N) and (N), coloured by the labels ``c`` (N)."""
        self._lines = {}
        return self._show(
            "scatter", cell_values.scatter(x, y, c, self._labels.get("x"), self._labels.get("y"))
        )

    @wrap_exceptions
    def bar(self, labels: Any, values: Any) -> Axes:
        """A bar of the height ``values`` (N) for each of ``labels`` (N)."""
        self._lines = {}
        return self._show("bar", cell_values.bar(values, labels, None, None))

    def set_title(self, text: str) -> Axes:
        """The title above the place."""
        return self.title(text)

    def note(self, text: str) -> Axes:
        """The note below the place, before what the axes show."""
        self._note = convert.to_label(text)
        return self._noted()

    def set_xlabel(self, text: str) -> Axes:
        """What the x axis shows, shown below the note."""
        self._labels["x"] = convert.to_label(text)
        return self._noted()

    def set_ylabel(self, text: str) -> Axes:
        """What the y axis shows, shown below the note."""
        self._labels["y"] = convert.to_label(text)
        return self._noted()

    def _noted(self) -> Axes:
        labels = ", ".join(f"{axis}: {self._labels[axis]}" for axis in sorted(self._labels))
        return self.set(description="\n".join(part for part in (self._note, labels) if part))

    def set_yscale(self, scale: str) -> Axes:
        """``linear`` or ``log``."""
        self._chart.update(line_settings(None, scale, None, None, None))
        return self.set(chart=self._chart) if self._lines else self

    def legend(self, *_: Any, **__: Any) -> Axes:
        """The legend is always there."""
        return self

    def grid(self, *_: Any, **__: Any) -> Axes:
        """So are the lines of the grid."""
        return self

    def clear(self) -> Axes:
        """Empties the place."""
        self._lines = {}
        return self.set(value=None)

    cla = clear

    def _show(self, kind: str, value: Any, **keys: Any) -> Axes:
        self.board._client.patch(
            self.id,
            {"type": kind, "value": value, **{name: item for name, item in keys.items() if item}},
        )
        return self


class Subplots:
    """``rows`` times ``columns`` places. As in Matplotlib, one index is enough where there is one row or one column."""

    def __init__(self, axes: list[list[Axes]]) -> None:
        self._axes = axes

    @staticmethod
    def of(board: Board, rows: int, columns: int, name: str) -> Subplots:
        """What :meth:`agnez.Board.subplots` answers; makes the cells that are missing."""
        for count in (rows, columns):
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 20:
                raise ValueError(f"subplots take 1 to 20 rows and columns, not {count!r}")
        axes: list[list[Axes]] = []
        for row in range(rows):
            axes.append([])
            for column in range(columns):
                # Only where the cell is new: later the place is the reader's.
                layout = {
                    "group": name,
                    "rows": rows,
                    "columns": columns,
                    "row": row,
                    "column": column,
                }
                axis = board._get_or_create(
                    f"{name} {row},{column}", Axes, {"name": "", "layout": layout}
                )
                board._client.patch(axis.id, {})
                axes[-1].append(axis)
        return Subplots(axes)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._axes), len(self._axes[0])

    @property
    def flat(self) -> list[Axes]:
        """All of them, row by row."""
        return [axis for row in self._axes for axis in row]

    def _squeezed(self) -> list[Any]:
        if len(self._axes) == 1:
            return list(self._axes[0])
        return [row[0] for row in self._axes] if len(self._axes[0]) == 1 else list(self._axes)

    def __getitem__(self, at: int | tuple[int, int]) -> Any:
        if isinstance(at, tuple):
            row, column = at
            return self._axes[row][column]
        return self._squeezed()[at]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._squeezed())

    def __len__(self) -> int:
        return len(self._squeezed())


def _edges(numbers: list[float], bins: Any, range: tuple[float, float] | None) -> list[float]:
    """As those of numpy.histogram."""
    if not convert.is_scalar(bins):
        edges = [convert.to_step(edge) for edge in convert.to_list(bins, "bins")]
        if len(edges) < 2 or any(right <= left for left, right in zip(edges, edges[1:])):
            raise ValueError("bins must be at least two edges that ascend")
        return edges
    count = convert.to_step(bins)
    if count != int(count) or not 1 <= count <= BINS:
        raise ValueError(f"bins must be 1 to {BINS}, not {bins}")
    finite = [number for number in numbers if math.isfinite(number)]
    low, high = (
        (convert.to_step(end) for end in range)
        if range is not None
        else (min(finite, default=0.0), max(finite, default=1.0))
    )
    if low > high:
        raise ValueError(f"range must ascend, not be {low} to {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    # Parts of both ends: their difference may be no double.
    edges = [low * (1 - at / count) + high * (at / count) for at in builtins.range(int(count) + 1)]
    if any(right <= left for left, right in zip(edges, edges[1:])):
        raise ValueError(f"{bins} bins from {low} to {high} are narrower than a double can tell")
    return edges


def _counts(numbers: list[float], edges: list[float]) -> list[int]:
    """How many values lie in each bin; the last one has its right edge too."""
    counts = [0] * (len(edges) - 1)
    for number in numbers:
        if edges[0] <= number <= edges[-1]:
            counts[min(bisect_right(edges, number) - 1, len(counts) - 1)] += 1
    return counts

"""Subplots: Matplotlib's arrangement and method names, as cells of a board."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _mosaic
from ._errors import wrap_exceptions
from ._values import cell_values, convert, images, json_types, names
from .cell import Cell, line_settings

if TYPE_CHECKING:
    from .board import Board

#: Rows and columns of an arrangement.
_MAX_SIDE = 20


class Axes(Cell):
    """One place of the arrangement.

    Each drawing replaces the one before, except that lines with different labels share the place.
    """

    def __init__(self, board: Board, name: str, id: str) -> None:
        super().__init__(board, name, id)
        self._lines: dict[str, dict[str, list[Any]]] = {}
        self._chart: dict[str, Any] = {}
        #: Titles of the axes, by their keys ``x_label`` and ``y_label``.
        self._titles: dict[str, str] = {}
        #: The description without the titles of a picture's axes.
        self._description = ""
        #: Whether a picture is shown, which has no axes: their titles are below its description.
        self._is_picture = False
        #: The kind and the value that are shown, if the titles are keys of the value.
        self._titled: tuple[str, dict[str, Any]] | None = None

    def set(self, **keys: Any) -> Axes:
        if isinstance(keys.get("description"), str):
            self._description = keys["description"]
            keys["description"] = self._full_description()
        return super().set(**keys)

    set.__doc__ = Cell.set.__doc__

    @wrap_exceptions
    def plot(self, *data: Any, label: str | None = None) -> Axes:
        """``plot(y)``, ``plot(x, y)``: draws or replaces the line ``label`` from lists (N).

        A format such as ``"r--"`` is ignored.
        """
        lists = [item for item in data if not isinstance(item, str)]
        if len(lists) not in (1, 2) or len(data) - len(lists) > 1:
            raise TypeError("plot takes y, or x and y: plot([0, 1], [0.3, 0.2], label='train')")
        y = [convert.to_number(item, "y") for item in convert.to_list(lists[-1], "y")]
        if len(lists) == 2:
            x = [convert.to_step(item) for item in convert.to_list(lists[0], "x")]
        else:
            x = [float(at) for at in range(len(y))]
        if len(x) != len(y):
            raise ValueError(f"x and y must have the same length, not {len(x)} and {len(y)}")
        line = {"x": x, "y": json_types.to_json(y)}
        lines = {**self._lines, names.check_name(label or "y"): line}
        chart = {**self._chart, **self._titles}
        self._show("line", {"series": lines}, **({"chart": chart} if chart else {}))
        self._lines = lines
        return self

    @wrap_exceptions
    def imshow(
        self, data: Any, *, vmin: float | None = None, vmax: float | None = None, cmap: Any = None
    ) -> Axes:
        """Shows a picture, as :meth:`agnez.Board.image` does. ``cmap`` is ignored."""
        del cmap
        content = images.encode_image(data, vmin=vmin, vmax=vmax)
        self._reset()
        self._is_picture = True
        keys = {
            "type": "img",
            **({"description": self._full_description()} if self._titles else {}),
        }
        self.board._client.patch_image(self.id, keys, content, images.media_type(content))
        return self

    @wrap_exceptions
    def hist(
        self, values: Any, bins: Any = None, *, range: tuple[float, float] | None = None
    ) -> Axes:
        """A histogram of numbers of any shape.

        :param bins: how many bins of equal width (1 to 1000), or their edges (N + 1). Without it,
            and for a rule such as ``"auto"``, the server chooses.
        :param range: the outer edges; without it the lowest and the highest value.
        """
        value = cell_values.histogram(values, bins=bins, limits=range)
        return self._show_titled("histogram", value)

    @wrap_exceptions
    def scatter(self, x: Any, y: Any, *, c: Any = None) -> Axes:
        """Points (N) and (N), coloured by the labels ``c`` (N)."""
        return self._show_titled("scatter", cell_values.scatter(x, y, c))

    @wrap_exceptions
    def bar(self, labels: Any, values: Any) -> Axes:
        """A bar of the height ``values`` (N) for each of ``labels`` (N)."""
        return self._show_titled("bar", cell_values.bar(values, labels, None, None))

    def set_xlabel(self, text: str) -> Axes:
        """Titles the x axis. A picture has none: its title is below the description."""
        return self._set_title("x_label", text)

    def set_ylabel(self, text: str) -> Axes:
        """Titles the y axis, as :meth:`set_xlabel`."""
        return self._set_title("y_label", text)

    def set_yscale(self, scale: str) -> Axes:
        """``linear`` or ``log``."""
        self._chart.update(line_settings(y=scale))
        return self.set(chart={**self._chart, **self._titles}) if self._lines else self

    def legend(self, *_: Any, **__: Any) -> Axes:
        """Does nothing: the legend is always there."""
        return self

    def grid(self, *_: Any, **__: Any) -> Axes:
        """Does nothing: grid lines are always there."""
        return self

    def clear(self) -> Axes:
        """Empties the place."""
        has_titles = self._is_picture and bool(self._titles)
        self._reset()
        # The titles of a picture stand in the description.
        return self.set(value=None, **({"description": self._description} if has_titles else {}))

    cla = clear

    def _set_title(self, key: str, text: str) -> Axes:
        self._titles[key] = convert.to_title(text)
        if self._titled is not None:
            return self._show_titled(*self._titled)
        if self._is_picture:
            super().set(description=self._full_description())
        elif self._lines:
            self.set(chart={**self._chart, **self._titles})
        # Of an empty place, the next drawing has it.
        return self

    def _show_titled(self, kind: str, value: Any) -> Axes:
        # Of no points it is an empty list, which has no titles.
        titled = {**value, **self._titles} if isinstance(value, dict) else value
        self._show(kind, titled)
        self._titled = (kind, titled) if isinstance(titled, dict) else None
        return self

    def _full_description(self) -> str:
        titles = self._titles if self._is_picture else {}
        text = ", ".join(f"{key[0]}: {titles[key]}" for key in sorted(titles))
        return "\n".join(part for part in (self._description, text) if part)

    def _reset(self) -> None:
        self._lines = {}
        self._titled = None
        self._is_picture = False

    def _show(self, kind: str, value: Any, **keys: Any) -> Axes:
        if self._is_picture and self._titles:
            keys["description"] = self._description
        self._reset()
        self.board._client.patch(self.id, {"type": kind, "value": value, **keys})
        return self


class Subplots:
    """``rows`` times ``columns`` places.

    As in Matplotlib, one index is enough if there is one row or one column.
    """

    def __init__(self, axes: list[list[Axes]]) -> None:
        self._axes = axes

    @staticmethod
    def of(board: Board, rows: int, columns: int, name: str) -> Subplots:
        """The arrangement ``name`` of a board; creates missing cells."""
        for count in (rows, columns):
            is_count = isinstance(count, int) and not isinstance(count, bool)
            if not is_count or not 1 <= count <= _MAX_SIDE:
                raise ValueError(f"subplots take 1 to {_MAX_SIDE} rows and columns, not {count!r}")
        # Larger ones than a mosaic flow, in columns of the page's grid.
        is_block = (
            rows * columns <= len(_mosaic.LETTERS)
            and rows <= _mosaic.MAX_ROWS
            and columns <= _mosaic.MAX_COLUMNS
        )
        axes: list[list[Axes]] = []
        for row in range(rows):
            axes.append([])
            for column in range(columns):
                metadata: dict[str, Any] = {"name": ""}
                if not is_block:
                    # Only for a new cell: later, the user of the page places it.
                    metadata["layout"] = {"width": max(1, 12 // columns)}
                axis = board._get_or_create(f"{name} {row},{column}", Axes, metadata)
                board._client.patch(axis.id, {})
                axes[-1].append(axis)
        if is_block:
            letters = iter(_mosaic.LETTERS)
            cells = {letter: axis for line in axes for axis, letter in zip(line, letters)}
            places = iter(cells)
            mosaic = ";".join("".join(itertools.islice(places, columns)) for _ in range(rows))
            block = _mosaic.block(mosaic, cells, names.cell_id(board.name, name))
            board._client.arrange(board.name, {"blocks": [block]})
        return Subplots(axes)

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""
        return len(self._axes), len(self._axes[0])

    @property
    def flat(self) -> list[Axes]:
        """All axes, row by row."""
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

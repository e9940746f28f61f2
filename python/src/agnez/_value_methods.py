"""The calls that show a value: a picture, a figure, a text, a table, a chart of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from ._errors import wrap_exceptions
from ._values import cell_values, convert, figures, images

#: What a call returns: a handle of a cell, or nothing.
Shown = TypeVar("Shown")


class ValueMethods(Generic[Shown]):
    """The base of what shows values: :class:`agnez.Board`, and the values of a run."""

    def _show_value(self, name: str, keys: dict[str, Any]) -> Shown:
        """Shows a value: ``keys`` are its ``type``, its ``value`` and maybe a ``description``."""
        raise NotImplementedError

    def _show_image(self, name: str, keys: dict[str, Any], content: bytes) -> Shown:
        """Shows the bytes of a picture."""
        raise NotImplementedError

    # ---- pictures and figures --------------------------------------------------------------------

    @wrap_exceptions
    def image(
        self,
        name: str,
        data: Any,
        *,
        vmin: float | None = None,
        vmax: float | None = None,
        caption: str | None = None,
    ) -> Shown:
        """A picture: a path, an http address, the bytes of a file, a PIL image, an array or tensor.

        Arrays have the shape (H, W), (H, W, C) with 1 to 4 channels, or (N, H, W, C) or (N, H, W),
        which are drawn as a grid. Squares of 2 to 4 pixels are a grid as well: (64, 3, 3) are 64
        kernels, (3, 3, 3) is one picture. Torch tensors may have 3 or 4 channels in their first
        axis; other arrays need a transpose.

        uint8, floats from 0 to 1 (colours up to 1.1, which are clipped), and integers and colours
        from 0 to 255 keep their scale. All other values are scaled by their own range: grey floats
        above 1, bright colours, and negative values. ``vmin`` and ``vmax`` set black and white.

        A picture of more than 1000 pixels that is 16 times as long as wide is folded into pieces.
        Later changes of the array do not change the picture.
        """
        keys: dict[str, Any] = {"type": "img", **_description(caption)}
        if images.is_url(data):
            return self._show_value(name, {**keys, "value": data})
        return self._show_image(name, keys, images.encode_image(data, vmin=vmin, vmax=vmax))

    @wrap_exceptions
    def gif(self, name: str, frames: Any, *, fps: float = 10, caption: str | None = None) -> Shown:
        """An animation: the path or the bytes of a file, or frames as :meth:`image` takes them.

        Frames have one size and one scale, and become an animated PNG, which keeps every colour.
        An array has the shape (N, H, W, C) or (N, H, W).
        """
        keys = {"type": "img", **_description(caption)}
        return self._show_image(name, keys, images.encode_animation(frames, fps))

    @wrap_exceptions
    def figure(self, name: str, figure: Any) -> Shown:
        """A figure of Matplotlib or Plotly, or anything with ``to_html``.

        Matplotlib figures are interactive if mpld3 is installed, else SVG.
        """
        return self.html(name, figures.to_html(figure))

    @wrap_exceptions
    def html(self, name: str, text: str) -> Shown:
        """HTML in a frame of its own: its scripts run; it loads nothing from other addresses."""
        return self._show_value(name, {"type": "html", "value": _check_text(text, "html")})

    @wrap_exceptions
    def text(self, name: str, markdown: str) -> Shown:
        """Markdown."""
        return self._show_value(name, {"type": "text", "value": _check_text(markdown, "text")})

    # ---- values ----------------------------------------------------------------------------------

    @wrap_exceptions
    def table(self, name: str, rows: Any, *, columns: Sequence[str] | None = None) -> Shown:
        """A table: rows as lists or dicts, a dict of columns, or a DataFrame.

        Items are texts, numbers, booleans or None; other items become text. A DataFrame's index
        comes before its columns, unless it counts from 0. ``columns``: the names for rows that are
        lists; otherwise which columns are shown, in this order, or new names for all.
        """
        return self._show_value(name, {"type": "table", "value": cell_values.table(rows, columns)})

    @wrap_exceptions
    def histogram(
        self,
        name: str,
        values: Any = None,
        *,
        bins: Any = None,
        counts: Any = None,
        edges: Any = None,
        steps: Any = None,
        view: str | None = None,
        unit: str | None = None,
        x_label: str | None = None,
        y_label: str | None = None,
    ) -> Shown:
        """A histogram of raw ``values`` of any shape, or ``counts`` (N) with ``edges`` (N + 1).

        :param bins: how many bins of equal width the values get (1 to 1000), or their edges;
            without it the server chooses.
        :param steps: (S) makes a histogram over steps: ``values`` is a list of S lists, ``counts``
            has the shape (S, N).
        :param view: of a histogram over steps: ``heat`` or ``ridge``.
        :param x_label: title of the horizontal axis; ``y_label`` of the vertical one.
        """
        value = cell_values.histogram(
            values, counts, edges, steps=steps, view=view, unit=unit, bins=bins
        )
        titles = cell_values.axis_titles(x_label, y_label)
        return self._show_value(name, {"type": "histogram", "value": {**value, **titles}})

    @wrap_exceptions
    def heatmap(
        self,
        name: str,
        matrix: Any,
        *,
        rows: Any = None,
        columns: Any = None,
        row_label: str | None = None,
        column_label: str | None = None,
        unit: str | None = None,
    ) -> Shown:
        """A matrix (R, C), such as a confusion matrix.

        ``rows`` and ``columns`` name its R rows, from the top, and its C columns.
        """
        value = cell_values.heatmap(matrix, rows, columns, row_label, column_label, unit)
        return self._show_value(name, {"type": "heatmap", "value": value})

    @wrap_exceptions
    def bar(
        self,
        name: str,
        values: Any,
        *,
        labels: Any = None,
        unit: str | None = None,
        horizontal: bool | None = None,
        x_label: str | None = None,
        y_label: str | None = None,
    ) -> Shown:
        """Bars: ``{"adam": 0.93, "sgd": 0.91}``, or a list with ``labels``.

        Lists are bars side by side: ``{"train": [1, 2], "val": [2, 3]}``. ``x_label`` and
        ``y_label`` are titles of the axes as they lie.
        """
        value = cell_values.bar(values, labels, unit, horizontal)
        titles = cell_values.axis_titles(x_label, y_label)
        return self._show_value(name, {"type": "bar", "value": {**value, **titles}})

    @wrap_exceptions
    def scatter(
        self,
        name: str,
        x: Any,
        y: Any,
        *,
        labels: Any = None,
        x_label: str | None = None,
        y_label: str | None = None,
    ) -> Shown:
        """Points (N) and (N), coloured by ``labels`` (N): at most 100,000 points, 100 labels."""
        value = cell_values.scatter(x, y, labels)
        if isinstance(value, dict):
            value.update(cell_values.axis_titles(x_label, y_label))
        return self._show_value(name, {"type": "scatter", "value": value})

    @wrap_exceptions
    def number(
        self,
        name: str,
        value: Any,
        *,
        unit: str | None = None,
        previous: Any = None,
        trend: Any = None,
        better: str | None = None,
    ) -> Shown:
        """One large number, with the ``previous`` one and the line of its ``trend``.

        ``better``: whether ``up`` or ``down`` is an improvement.
        """
        number = convert.to_number(value, "value")
        document = cell_values.number(number, unit, previous, trend, better)
        return self._show_value(name, {"type": "number", "value": document})


def _description(caption: str | None) -> dict[str, Any]:
    return {} if caption is None else {"description": convert.to_label(caption)}


def _check_text(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a string, not {type(text).__name__}")
    return convert.to_utf8(text)

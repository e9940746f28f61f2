"""A board: a page of cells, and the calls that fill it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from . import _server
from ._errors import wrap_exceptions
from ._log import warn_once
from ._metric_log import MetricLog
from ._transport import credentials
from ._transport.client import Client
from ._values import cell_values, convert, figures, images, names
from .cell import Cell, Line, line_settings
from .subplots import Axes, Subplots

#: Rows of a table that the server takes.
_MAX_CONFIG_ROWS = 10_000

C = TypeVar("C", bound=Cell)


class Board(MetricLog):
    """A named page of cells at an Agnez server: ``http://localhost:3000/b/<name>``.

    :param name: 1 to 64 letters, digits, ``-``, ``_``, ``.``; the first one no ``.``.
    :param url: the server's address; ``AGNEZ_URL`` or ``http://localhost:3000`` by default. The
        link that the server prints (with ``#token=``) is an address as well.
    :param token: the access token, if the server requires one; by default that of the address, or
        ``AGNEZ_TOKEN``.
    :param run: the name of this run, with which its series begin: runs share the charts.
    :param config: hyperparameters, shown as a table.
    :param spool: the folder for unsent records; by default ``AGNEZ_SPOOL`` or the user's state
        folder.
    :param mode: ``online``; ``offline``, which leaves everything in the spool for
        ``python -m agnez replay``; or ``disabled``, which writes and sends nothing. By default
        ``AGNEZ_MODE``.

    No call waits for the server or raises because of it: each call writes a record into the spool
    and returns; a thread sends it. Wrong arguments raise TypeError or ValueError at once. Boards
    may be used by several threads, after a fork, and in processes to which they, or their cells,
    are pickled. A pickle contains no token, except one for a child that ``multiprocessing`` is
    starting: elsewhere ``AGNEZ_TOKEN`` is needed.
    """

    def __init__(
        self,
        name: str = "main",
        *,
        url: str | None = None,
        token: str | None = None,
        run: str | None = None,
        spool: str | None = None,
        config: Mapping[str, Any] | None = None,
        mode: str | None = None,
    ) -> None:
        self.name = names.check_board_name(name)
        self.url = credentials.register_server(url, token)
        self.mode = names.check_mode(mode)
        self.run = None if run is None else names.check_name(run)
        self.config: dict[str, Any] = {} if config is None else dict(config)
        self._spool = spool
        #: The documents with which missing cells are created, by id.
        self._metadata: dict[str, dict[str, Any]] = {}
        super().__init__(Client.of(self.url, spool, self.mode))
        self._client.announce(self.name)
        if self.mode == "online" and not credentials.is_configured(url):
            _server.offer_server()
        if config is not None:
            self.show_config()

    def __repr__(self) -> str:
        return f"<agnez.Board {self.name!r} at {self.url}>"

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_client"], state["_fast_paths"], state["_fast_path_owner"]
        secret = credentials.explicit_token(self.url)
        if secret is not None and _is_spawning():
            # The pickle goes through a pipe to a child, like the keys of multiprocessing itself.
            state["token"] = secret
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        secret = state.pop("token", None)
        self.__dict__.update(state)
        credentials.register_server(self.url, secret)
        self._use_client(Client.of(self.url, self._spool, self.mode))
        for id, metadata in self._metadata.items():
            self._client.cell(id, metadata)

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- lines -----------------------------------------------------------------------------------

    def line(
        self,
        name: str,
        *,
        title: str | None = None,
        x: str | None = None,
        y: str | None = None,
        smooth: float | None = None,
        unit: str | None = None,
        x_label: str | None = None,
        y_label: str | None = None,
        hidden: list[str] | None = None,
    ) -> Line:
        """A line cell: ``line("loss", y="log").append(train=0.3, val=0.4)``.

        :param x: ``step``, ``relative`` or ``wall``.
        :param y: ``linear`` or ``log``.
        :param smooth: 0 to 0.999.
        :param unit: unit of the values.
        :param x_label: title of the horizontal axis.
        :param y_label: title of the vertical axis.
        :param hidden: series that are not drawn.

        Settings are added to those that this process gave before; together they replace all
        settings that the page has.
        """
        cell = self._get_or_create(name, Line, {"type": "line"})
        keys: dict[str, Any] = {} if title is None else {"name": title}
        settings = line_settings(x, y, smooth, unit, hidden, x_label, y_label)
        if settings:
            cell._chart = {**cell._chart, **settings}
            keys["chart"] = cell._chart
        if keys:
            self._client.patch(cell.id, keys)
        return cell

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
    ) -> Cell:
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
        cell = self._get_or_create(name, Cell, {})
        keys: dict[str, Any] = {"type": "img", **_description(caption)}
        if images.is_url(data):
            self._client.patch(cell.id, {**keys, "value": data})
        else:
            content = images.encode_image(data, vmin=vmin, vmax=vmax)
            self._client.patch_image(cell.id, keys, content, images.media_type(content))
        return cell

    @wrap_exceptions
    def gif(self, name: str, frames: Any, *, fps: float = 10, caption: str | None = None) -> Cell:
        """An animation: the path or the bytes of a file, or frames as :meth:`image` takes them.

        Frames have one size and one scale, and become an animated PNG, which keeps every colour.
        An array has the shape (N, H, W, C) or (N, H, W).
        """
        cell = self._get_or_create(name, Cell, {})
        content = images.encode_animation(frames, fps)
        keys = {"type": "img", **_description(caption)}
        self._client.patch_image(cell.id, keys, content, images.media_type(content))
        return cell

    @wrap_exceptions
    def figure(self, name: str, figure: Any) -> Cell:
        """A figure of Matplotlib or Plotly, or anything with ``to_html``.

        Matplotlib figures are interactive if mpld3 is installed, else SVG.
        """
        return self.html(name, figures.to_html(figure))

    @wrap_exceptions
    def html(self, name: str, text: str) -> Cell:
        """HTML in a frame of its own: its scripts run; it loads nothing from other addresses."""
        return self._set_value(name, "html", _check_text(text, "html"))

    @wrap_exceptions
    def text(self, name: str, markdown: str) -> Cell:
        """Markdown."""
        return self._set_value(name, "text", _check_text(markdown, "text"))

    # ---- values ----------------------------------------------------------------------------------

    @wrap_exceptions
    def table(self, name: str, rows: Any, *, columns: Sequence[str] | None = None) -> Cell:
        """A table: rows as lists or dicts, a dict of columns, or a DataFrame.

        Items are texts, numbers, booleans or None; other items become text. A DataFrame's index
        comes before its columns, unless it counts from 0. ``columns``: the names for rows that are
        lists; otherwise which columns are shown, in this order, or new names for all.
        """
        return self._set_value(name, "table", cell_values.table(rows, columns))

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
    ) -> Cell:
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
        return self._set_value(name, "histogram", {**value, **titles})

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
    ) -> Cell:
        """A matrix (R, C), such as a confusion matrix.

        ``rows`` and ``columns`` name its R rows, from the top, and its C columns.
        """
        value = cell_values.heatmap(matrix, rows, columns, row_label, column_label, unit)
        return self._set_value(name, "heatmap", value)

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
    ) -> Cell:
        """Bars: ``{"adam": 0.93, "sgd": 0.91}``, or a list with ``labels``.

        Lists are bars side by side: ``{"train": [1, 2], "val": [2, 3]}``. ``x_label`` and
        ``y_label`` are titles of the axes as they lie.
        """
        value = cell_values.bar(values, labels, unit, horizontal)
        titles = cell_values.axis_titles(x_label, y_label)
        return self._set_value(name, "bar", {**value, **titles})

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
    ) -> Cell:
        """Points (N) and (N), coloured by ``labels`` (N): at most 100,000 points, 100 labels."""
        value = cell_values.scatter(x, y, labels)
        if isinstance(value, dict):
            value.update(cell_values.axis_titles(x_label, y_label))
        return self._set_value(name, "scatter", value)

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
    ) -> Cell:
        """One large number, with the ``previous`` one and the line of its ``trend``.

        ``better``: whether ``up`` or ``down`` is an improvement.
        """
        number = convert.to_number(value, "value")
        document = cell_values.number(number, unit, previous, trend, better)
        return self._set_value(name, "number", document)

    def subplots(self, rows: int = 1, columns: int = 1, *, name: str = "subplots") -> Subplots:
        """Cells in Matplotlib's arrangement: ``subplots(2, 3)[0, 1].plot(y)``."""
        return Subplots.of(self, rows, columns, name)

    def show_config(self) -> Cell:
        """Shows ``config`` as a table."""
        name = "config" if self.run is None else f"config/{self.run}"
        items = list(self.config.items())
        if len(items) > _MAX_CONFIG_ROWS:
            warn_once(
                "config",
                f"The first {_MAX_CONFIG_ROWS} of {len(items)} hyperparameters are shown.",
            )
        rows = [[convert.to_label(key), value] for key, value in items[:_MAX_CONFIG_ROWS]]
        return self.table(names.to_name(name), rows, columns=["name", "value"])

    # ---- the end ---------------------------------------------------------------------------------

    def flush(self, timeout: float | None = 5) -> bool:
        """Waits until the server has answered everything that was logged. Returns whether it has.

        ``timeout``: seconds; None waits as long as it takes.
        """
        return self._client.flush(timeout)

    def close(self, timeout: float | None = 5) -> bool:
        """Flushes, ends the thread and removes the spool. Returns whether everything was sent.

        Unsent records stay in the spool, and a warning names it. The end of the process does the
        same. Boards of one process at one server share a spool, so this closes it for all of them;
        later records open a new one.
        """
        return self._client.close(timeout)

    # ---- cells -----------------------------------------------------------------------------------

    def _set_value(self, name: str, kind: str, value: Any) -> Cell:
        cell = self._get_or_create(name, Cell, {})
        self._client.patch(cell.id, {"type": kind, "value": value})
        return cell

    def _get_or_create(self, name: str, kind: type[C], metadata: dict[str, Any]) -> C:
        """The cell of this name; created if missing."""
        cell = self._cells.get(name)
        if cell is None:
            names.check_name(name)
            cell = kind(self, name, names.cell_id(self.name, name))
            self._metadata[cell.id] = {"board": self.name, "name": name, **metadata}
            self._client.cell(cell.id, self._metadata[cell.id])
            cell = self._cells.setdefault(name, cell)
        if type(cell) is not kind:
            existing = {Line: "a line", Axes: "a subplot"}.get(type(cell), "no line")
            raise ValueError(
                f"the cell {name!r} of board {self.name!r} is {existing}; "
                "give the other one another name"
            )
        return cell


def _is_spawning() -> bool:
    """Whether the current pickle is for a child that multiprocessing is starting."""
    context: Any = sys.modules.get("multiprocessing.context")
    return context is not None and context.get_spawning_popen() is not None


def _description(caption: str | None) -> dict[str, Any]:
    return {} if caption is None else {"description": convert.to_label(caption)}


def _check_text(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a string, not {type(text).__name__}")
    return convert.to_utf8(text)

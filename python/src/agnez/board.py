"""A board: a page of cells, and the calls that fill it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from . import _mosaic, _notebook, _server
from ._cell_log import CellLog
from ._transport import credentials, reader
from ._transport.client import Client
from ._transport.http import board_path
from ._values import images, json_types, names
from .cell import Cell, Line, line_settings
from .subplots import Axes, Subplots

C = TypeVar("C", bound=Cell)


class Board(CellLog):
    """A named page of cells at an Agnez server: ``http://localhost:3000/b/<name>``.

    :param name: 1 to 64 letters, digits, ``-``, ``_``, ``.``; the first one no ``.``.
    :param url: the server's address; ``AGNEZ_URL`` or ``http://localhost:3000`` by default. The
        link that the server prints (with ``#token=``) is an address as well.
    :param token: the access token, if the server requires one; by default that of the address, or
        ``AGNEZ_TOKEN``.
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
        spool: str | None = None,
        mode: str | None = None,
    ) -> None:
        self.name = names.check_board_name(name)
        self.url = credentials.register_server(url, token)
        self.mode = names.check_mode(mode)
        self._spool = spool
        #: The documents with which missing cells are created, by id.
        self._metadata: dict[str, dict[str, Any]] = {}
        super().__init__(Client.of(self.url, spool, self.mode))
        self._client.announce(self.name)
        if self.mode == "online" and not credentials.is_configured(url):
            _server.offer_server()

    def __repr__(self) -> str:
        return f"<agnez.Board {self.name!r} at {self.url}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the first drawings of the board."""
        self.flush(_notebook.FLUSH_S)
        return _notebook.of_board(self.url, self.name) if self.mode == "online" else None

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_client"], state["_fast_paths"], state["_fast_path_owner"]
        return {**state, **credentials.token_for_child(self.url)}

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
        x_metric: str | None = None,
        x_scale: str | None = None,
        y: str | None = None,
        smooth: float | None = None,
        unit: str | None = None,
        x_label: str | None = None,
        y_label: str | None = None,
        hidden: list[str] | None = None,
        y_range: tuple[float | None, float | None] | None = None,
        ignore_outliers: bool | None = None,
        hide_superseded: bool | None = None,
        goal_lines: Mapping[str, float] | Sequence[float] | None = None,
    ) -> Line:
        """A line cell: ``line("loss", y="log").append(train=0.3, val=0.4)``.

        :param x: ``step``, ``relative``, ``wall`` or ``metric``.
        :param x_metric: the metric of the same run along the x axis, such as ``epoch``.
        :param x_scale: ``linear`` or ``log``; wall time is always linear.
        :param y: ``linear`` or ``log``.
        :param smooth: 0 to 0.999.
        :param unit: unit of the values.
        :param x_label: title of the horizontal axis.
        :param y_label: title of the vertical axis.
        :param hidden: series that are not drawn.
        :param y_range: ends of the y axis, such as ``(0, 1)``; ``None`` for an end that follows the
            values.
        :param ignore_outliers: show the 5th to the 95th percentile of the values.
        :param hide_superseded: leave out points of a run from before a restart.
        :param goal_lines: horizontal lines, such as ``{"human level": 0.94}`` or ``[0.9, 0.95]``.

        Settings are added to those that this process gave before; together they replace all
        settings that the page has.
        """
        cell = self._get_or_create(name, Line, {"type": "line"})
        keys: dict[str, Any] = {} if title is None else {"name": title}
        settings = line_settings(
            x=x,
            x_metric=x_metric,
            x_scale=x_scale,
            y=y,
            smooth=smooth,
            unit=unit,
            hidden=hidden,
            x_label=x_label,
            y_label=y_label,
            y_range=y_range,
            ignore_outliers=ignore_outliers,
            hide_superseded=hide_superseded,
            goal_lines=goal_lines,
        )
        if settings:
            cell._chart = {**cell._chart, **settings}
            keys["chart"] = cell._chart
        if keys:
            self._client.patch(cell.id, keys)
        return cell

    def subplots(self, rows: int = 1, columns: int = 1, *, name: str = "subplots") -> Subplots:
        """Cells in Matplotlib's arrangement: ``subplots(2, 3)[0, 1].plot(y)``."""
        return Subplots.of(self, rows, columns, name)

    def layout(
        self, mosaic: str | dict[str, Any] | None = None, /, **cells: Cell | str
    ) -> dict[str, Any] | None:
        """Arranges cells in a mosaic: ``layout("AAB;AAC", A="loss", B="acc", C=board.line("lr"))``.

        :param mosaic: rows of letters, separated by ``;`` or line breaks, each letter one
            rectangle, ``.`` empty; or a name, such as ``hero-thirds``; or a dict that ``layout()``
            has returned, or a part of one (docs/layout.md).
        :param cells: by letters, a cell or its name, which may come later.

        Without arguments it returns the layout of the board, and waits for the server:
        :class:`agnez.Error` if it does not answer.
        """
        if mosaic is None:
            if cells:
                raise TypeError("layout takes a mosaic before its cells: layout('AB', A='loss')")
            found: dict[str, Any] = reader.read(self.url, board_path(self.name, "layout"))
            return found
        if isinstance(mosaic, dict):
            if cells:
                raise TypeError("layout takes a dict, or a mosaic and its cells")
            self._client.arrange(self.name, json_types.to_json(mosaic))
        else:
            self._client.arrange(self.name, {"blocks": [_mosaic.block(mosaic, cells)]})
        return None

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

    def _show_value(self, name: str, keys: dict[str, Any]) -> Cell:
        cell = self._get_or_create(name, Cell, {})
        self._client.patch(cell.id, keys)
        return cell

    def _show_image(self, name: str, keys: dict[str, Any], content: bytes) -> Cell:
        cell = self._get_or_create(name, Cell, {})
        self._client.patch_image(cell.id, keys, content, images.media_type(content))
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

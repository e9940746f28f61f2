"""A board: the place of one experiment's cells, and the calls that fill it."""

from __future__ import annotations

import math
from time import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Type, TypeVar

from . import access, figures, kinds, names, pictures, plain
from .cell import Cell, Line, chart
from .client import Client
from .subplots import Axes, Subplots

_finite = math.isfinite
#: Sets of metrics that have a record form of their own; beyond that, each metric is written by itself.
_FORMS = 2000

C = TypeVar("C", bound=Cell)


class Board:
    """A named page of cells at an Agnez server: ``http://localhost:3000/b/<name>``.

    ``name``: 1 to 64 letters, digits, ``-``, ``_``, ``.``. ``url``: the server, without it ``AGNEZ_URL`` or
    ``http://localhost:3000``; the link that the server prints (``#token=``) is one too. ``token``: the access token, where the
    server wants one, without it that of the address or ``AGNEZ_TOKEN``. ``run``: the name of this run; its series are named after it, so that runs meet in one chart.
    ``config``: hyperparameters, shown as a table. ``spool``: the folder for what is not sent yet, without it
    ``AGNEZ_SPOOL`` or the user's state folder.

    No call waits for the server or raises because of it: each writes what it was given into the spool and returns; a thread sends
    it. Wrong arguments raise TypeError or ValueError at once. Boards may be used by several threads, and after a fork.
    """

    def __init__(self, name: str = "main", *, url: Optional[str] = None, token: Optional[str] = None, run: Optional[str] = None, spool: Optional[str] = None, config: Optional[Mapping[str, Any]] = None) -> None:
        self.name = names.board_name(name)
        self.url = access.address(url, token)
        self.run = None if run is None else names.cell_name(run)
        self.config: Dict[str, Any] = dict(config or {})
        self._client = Client.of(self.url, spool)
        self._forms = self._client.forms()
        self._cells: Dict[str, Cell] = {}
        self._step: Any = 0
        if config is not None:
            self.show_config()

    def __repr__(self) -> str:
        return f"<agnez.Board {self.name!r} at {self.url}>"

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- numbers -------------------------------------------------------------------------------------------------

    def log(self, metrics: Optional[Mapping[str, Any]] = None, /, *, step: Any = None, **named: Any) -> None:
        """Logs metrics: ``log(step=i, loss=0.3)``, ``log({"loss": 0.3, "acc/val": 0.9}, step=i)``.

        Each becomes a point of a line cell that is made when missing: ``loss`` of the cell ``loss``, ``acc/val`` of the series
        ``val`` in the cell ``acc``. Values are scalars of Python, numpy, torch, jax or tensorflow, NaN and infinities included;
        nested dicts are groups; ``agnez.Image`` and its kind go to cells of their own. ``step``: a finite number; without it the last one
        and 1, from 0. The time of the points is that of the call.
        """
        now = time()
        if metrics is not None:
            try:
                named = {**metrics, **named}
            except TypeError:
                if hasattr(metrics, "keys"):
                    raise
                raise TypeError(f"log takes a dict of metrics, not {plain.kind(metrics)}: log({{'loss': 0.3}})") from None
        if step is None:
            step = self._step
        try:
            write, pack, sync, number, tail, spool = self._forms[tuple(named)]
            if step.__class__ is not int:
                if not _finite(step):
                    raise ValueError
                # Small numbers of numpy would begin again at zero.
                step = float(step)
            write(pack(sync, number, now, step, *named.values(), tail))
        except Exception:
            # The first time, when a segment is full, and for all that is not plain. It also says what is wrong.
            self._log(named, step, now)
            return
        self._step = step + 1
        if spool.asleep:
            spool.wake.set()

    def _log(self, named: Dict[str, Any], step: Any, now: float) -> None:
        """The long way of :meth:`log`: makes cells, takes scalars and media of all sorts."""
        at = plain.step(step)
        values: Dict[str, float] = {}
        others: Dict[str, Any] = {}
        for name, value in plain.flat(named).items():
            if hasattr(value, "_show"):
                others[name] = value
            else:
                values[name] = plain.number(value, f"the metric {name!r}")
        if not values and not others:
            raise TypeError("log takes at least one metric: log(loss=0.3)")
        series: List[Tuple[str, str]] = []
        for name in values:
            cell, part = names.of_metric(name, self.run)
            series.append((self._made(cell, Line, {"type": "line"}).id, part))
        self._step = int(at) + 1 if at == int(at) else at + 1
        if values:
            if len(self._forms) < _FORMS:
                self._client.points(series, now, [at], [list(values.values())])
                form = self._client.form(series)
                if form is not None and list(named) == list(values):
                    self._forms[tuple(values)] = form
            else:
                for one, value in zip(series, values.values()):
                    self._client.points([one], now, [at], [[value]])
        for name, value in others.items():
            value._show(self, name)

    def _points(self, cell: Line, columns: Dict[str, List[float]], steps: Sequence[float], now: float) -> None:
        self._client.points([(cell.id, series) for series in columns], now, steps, list(zip(*columns.values())))

    def _series(self, name: str) -> str:
        return names.cell_name(name if self.run is None else f"{self.run}/{name}")

    def line(self, name: str, *, title: Optional[str] = None, x: Optional[str] = None, y: Optional[str] = None, smooth: Optional[float] = None, unit: Optional[str] = None, hidden: Optional[List[str]] = None) -> Line:
        """A line cell: ``line("loss", y="log").append(train=0.3, val=0.4)``.

        ``x``: ``step``, ``relative`` or ``wall``; ``y``: ``linear`` or ``log``; ``smooth``: 0 to 0.999; ``unit``: of the values;
        ``hidden``: series that are not drawn. Settings that are given
        are added to those that this process gave before; together they replace all that the page has.
        """
        cell = self._made(name, Line, {"type": "line"})
        keys: Dict[str, Any] = {} if title is None else {"name": title}
        settings = chart(x, y, smooth, unit, hidden)
        if settings:
            cell._chart = {**cell._chart, **settings}
            keys["chart"] = cell._chart
        if keys:
            self._client.change(cell.id, keys)
        return cell

    # ---- pictures and figures --------------------------------------------------------------------------------------

    def image(self, name: str, data: Any, *, vmin: Optional[float] = None, vmax: Optional[float] = None, caption: Optional[str] = None) -> Cell:
        """A picture: a path, an http address, the bytes of a file, a PIL image, or an array or tensor.

        Arrays have the shape (H, W), (H, W, C) with 1 to 4 channels, or (N, H, W, C) or (N, H, W), which are drawn as a grid.
        uint8 is taken as it is, floats of 0 to 1 likewise, integers and colours of 0 to 255 too; all other values by their own
        range: grey floats above 1, and whatever is negative (a picture that was normalised). ``vmin`` and ``vmax`` say what
        becomes black and white. Colours in the first axis (torch) need ``permute(1, 2, 0)``. What changes after the call does not change the picture.
        """
        cell = self._made(name, Cell, {})
        keys: Dict[str, Any] = {"type": "img", **_note(caption)}
        if isinstance(data, str) and data.startswith(("http://", "https://", "data:", "./images/")):
            self._client.change(cell.id, {**keys, "value": data})
        else:
            content = pictures.picture(data, vmin=vmin, vmax=vmax)
            self._client.media(cell.id, keys, content, pictures.media_type(content))
        return cell

    def gif(self, name: str, frames: Any, *, fps: float = 10, caption: Optional[str] = None) -> Cell:
        """A moving picture: the path or the bytes of a file, or frames as :meth:`image` takes them, of one size.

        Frames become an animated PNG, which keeps every colour. An array has the shape (N, H, W, C) or (N, H, W).
        """
        cell = self._made(name, Cell, {})
        content = pictures.moving(frames, fps)
        self._client.media(cell.id, {"type": "img", **_note(caption)}, content, pictures.media_type(content))
        return cell

    def figure(self, name: str, figure: Any) -> Cell:
        """A figure of Matplotlib (interactive where mpld3 is installed, else SVG), Plotly, or anything with ``to_html``."""
        return self.html(name, figures.html_of(figure))

    def html(self, name: str, text: str) -> Cell:
        """HTML in a frame of its own: its scripts run, nothing is loaded from other addresses."""
        return self._set(name, "html", _text(text, "html"))

    def text(self, name: str, markdown: str) -> Cell:
        """Markdown."""
        return self._set(name, "text", _text(markdown, "text"))

    # ---- values ----------------------------------------------------------------------------------------------------

    def table(self, name: str, rows: Any, *, columns: Optional[Sequence[str]] = None) -> Cell:
        """A table: rows as lists or dicts, a dict of columns, or a DataFrame. Items are texts, numbers, booleans or None."""
        return self._set(name, "table", kinds.table(rows, columns))

    def histogram(self, name: str, values: Any = None, *, counts: Any = None, edges: Any = None, steps: Any = None, view: Optional[str] = None, unit: Optional[str] = None) -> Cell:
        """Raw ``values`` of any shape, which the server puts into bins, or ``counts`` (N) with ``edges`` (N + 1).

        With ``steps`` (S) it is one over steps: ``values`` a list of S lists, ``counts`` (S, N); ``view``: ``heat`` or ``ridge``.
        """
        return self._set(name, "histogram", kinds.histogram(values, counts, edges, steps, view, unit))

    def heatmap(self, name: str, matrix: Any, *, rows: Any = None, columns: Any = None, row_label: Optional[str] = None, column_label: Optional[str] = None, unit: Optional[str] = None) -> Cell:
        """A matrix (R, C), as a confusion matrix; ``rows`` and ``columns`` name its R rows, from the top, and C columns."""
        return self._set(name, "heatmap", kinds.heatmap(matrix, rows, columns, row_label, column_label, unit))

    def bar(self, name: str, values: Any, *, labels: Any = None, unit: Optional[str] = None, horizontal: Optional[bool] = None) -> Cell:
        """Bars: ``{"adam": 0.93, "sgd": 0.91}``, a list with ``labels``, or lists side by side: ``{"train": [1, 2], "val": [2, 3]}``."""
        return self._set(name, "bar", kinds.bar(values, labels, unit, horizontal))

    def scatter(self, name: str, x: Any, y: Any, *, labels: Any = None, x_label: Optional[str] = None, y_label: Optional[str] = None) -> Cell:
        """Points (N) and (N), coloured by ``labels`` (N); at most 100,000 and 100 labels."""
        return self._set(name, "scatter", kinds.scatter(x, y, labels, x_label, y_label))

    def number(self, name: str, value: Any, *, unit: Optional[str] = None, previous: Any = None, trend: Any = None, better: Optional[str] = None) -> Cell:
        """One large number, with the one before, the line of its ``trend``, and whether ``up`` or ``down`` is ``better``."""
        return self._set(name, "number", kinds.single(plain.number(value, "value"), unit, previous, trend, better))

    def subplots(self, rows: int = 1, columns: int = 1, *, name: str = "subplots") -> Subplots:
        """Cells in Matplotlib's arrangement: ``cells = board.subplots(2, 3)``, then ``cells[0, 1].plot(y)``."""
        return Subplots.of(self, rows, columns, name)

    def show_config(self) -> Cell:
        """Shows ``config`` as a table."""
        name = "config" if self.run is None else f"config/{self.run}"
        rows = [[key, value if isinstance(value, (str, bool, int, float)) or value is None else str(value)] for key, value in self.config.items()]
        return self.table(name, rows, columns=["name", "value"])

    # ---- the end ---------------------------------------------------------------------------------------------------

    def flush(self, timeout: Optional[float] = 5) -> bool:
        """Waits until the server has answered all that was logged before, ``timeout`` seconds at most, None for as long as it takes; whether it has."""
        return self._client.flush(timeout)

    def close(self, timeout: Optional[float] = 5) -> bool:
        """As :meth:`flush`; then ends the thread and removes the spool. What is not sent stays in it, and a warning says where.

        The end of the process does the same. Boards of one process at one server share a spool, so this is for all of them; what is
        logged afterwards begins a new one.
        """
        return self._client.close(timeout)

    # ---- cells -----------------------------------------------------------------------------------------------------

    def _set(self, name: str, kind: str, value: Any) -> Cell:
        cell = self._made(name, Cell, {})
        self._client.change(cell.id, {"type": kind, "value": value})
        return cell

    def _made(self, name: str, kind: Type[C], about: Dict[str, Any]) -> C:
        """The cell of this name; made where it is missing."""
        cell = self._cells.get(name)
        if cell is None:
            names.cell_name(name)
            cell = kind(self, name, names.cell_id(self.name, name))
            self._client.cell(cell.id, {"board": self.name, "name": name, **about})
            cell = self._cells.setdefault(name, cell)
        if type(cell) is not kind:
            what = {Line: "a line", Axes: "a subplot"}.get(type(cell), "no line")
            raise ValueError(f"the cell {name!r} of board {self.name!r} is {what}; give the other one another name")
        return cell


def _note(caption: Optional[str]) -> Dict[str, Any]:
    return {} if caption is None else {"description": str(caption)}


def _text(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a string, not {type(text).__name__}")
    return text

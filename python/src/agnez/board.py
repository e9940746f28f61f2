"""A board: the place of one experiment's cells, and the calls that fill it."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from time import time
from typing import Any, TypeVar

from ._errors import wrap_exceptions
from ._log import print_once, warn_once
from ._metrics import Metrics
from ._transport import credentials
from ._transport.client import Client
from ._values import cell_values, convert, figures, images, names
from .cell import Cell, Line, line_settings
from .subplots import Axes, Subplots

_finite = math.isfinite
#: Sets of metrics that have a record form of their own; beyond that, each metric is written by itself.
_MAX_FAST_PATHS = 2000
#: Rows of a table that the server takes.
_MAX_CONFIG_ROWS = 10_000

C = TypeVar("C", bound=Cell)


class Board:
    """A named page of cells at an Agnez server: ``http://localhost:3000/b/<name>``.

    ``name``: 1 to 64 letters, digits, ``-``, ``_``, ``.``, the first one no ``.``. ``url``: the server, without it ``AGNEZ_URL`` or
    ``http://localhost:3000``; the link that the server prints (``#token=``) is one too. ``token``: the access token, where the
    server wants one, without it that of the address or ``AGNEZ_TOKEN``. ``run``: the name of this run; its series are named after it, so that runs meet in one chart.
    ``config``: hyperparameters, shown as a table. ``spool``: the folder for what is not sent yet, without it
    ``AGNEZ_SPOOL`` or the user's state folder. ``mode``: ``online``; ``offline``, which leaves everything in the spool for
    ``python -m agnez replay``; or ``disabled``, which writes and sends nothing; without it ``AGNEZ_MODE``.

    No call waits for the server or raises because of it: each writes what it was given into the spool and returns; a thread sends
    it. Wrong arguments raise TypeError or ValueError at once. Boards may be used by several threads, after a fork, and in other
    processes to which they are pickled, with their cells. A token that was given to this process goes along only to a child that
    ``multiprocessing`` begins, never into a file: elsewhere ``AGNEZ_TOKEN`` is needed.
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
        self._client = Client.of(self.url, spool, self.mode)
        if not credentials.is_configured(url) and self.mode == "online":
            print_once(
                "address",
                f"agnez: AGNEZ_URL is not set: writing to {self.url}/b/{self.name}, whatever answers there.",
            )
        self._fast_paths = self._client.new_fast_paths()
        self._cells: dict[str, Cell] = {}
        #: With what each of them is created where the server has none of its id.
        self._metadata: dict[str, dict[str, Any]] = {}
        self._step: Any = 0
        #: Of each metric the series, and of each series the metric.
        self._series_of: dict[str, tuple[str, str]] = {}
        self._metrics: dict[tuple[str, str], str] = {}
        if config is not None:
            self.show_config()

    def __repr__(self) -> str:
        return f"<agnez.Board {self.name!r} at {self.url}>"

    def __getstate__(self) -> dict[str, Any]:
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in ("_client", "_fast_paths")
        }
        secret = credentials.explicit_token(self.url)
        if secret is not None and _is_spawning():
            # It goes through a pipe to a child of this process, as the keys of multiprocessing do, and nowhere else.
            state["token"] = secret
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        secret = state.pop("token", None)
        self.__dict__.update(state)
        credentials.register_server(self.url, secret)
        self._client = Client.of(self.url, self._spool, self.mode)
        self._fast_paths = self._client.new_fast_paths()
        for id, about in self._metadata.items():
            self._client.cell(id, about)

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- numbers -------------------------------------------------------------------------------------------------

    def log(
        self,
        metrics: Mapping[Any, Any] | None = None,
        /,
        step: Any = None,
        commit: bool | None = None,
        **named: Any,
    ) -> None:
        """Logs metrics: ``log(step=i, loss=0.3)``, ``log({"loss": 0.3, "acc/val": 0.9}, step=i)``.

        Each becomes a point of a line cell that is made when missing: ``loss`` of the cell ``loss``, ``acc/val`` of the series
        ``val`` in the cell ``acc``. ImageArray are scalars of Python, numpy, torch, jax or tensorflow, NaN and infinities included;
        nested dicts are groups; ``agnez.Image`` and its kind, texts, figures and DataFrames go to cells of their own; a list or an
        array is a line for each of its values, a histogram where they are more than 64. What cannot be shown is left out, counted,
        and said once: no value and no name raises. ``step``: a finite number; without it the last one
        and 1, from 0; after ``commit=False`` the next call has the same. The time of the points is that of the call.
        """
        now = time()
        if metrics is not None:
            # A copy: another thread may change the caller's.
            named = (
                {**metrics} if metrics.__class__ is dict and not named else _merged(metrics, named)
            )
        elif not named:
            raise TypeError("log takes at least one metric: log(loss=0.3)")
        if step is None:
            step = self._step
        try:
            write, pack, sync, number, tail, spool = self._fast_paths[tuple(named)]
            if step.__class__ is float:
                if not _finite(step):
                    raise ValueError
            elif step.__class__ is not int:
                # Small numbers of numpy would begin again at zero.
                step = convert.to_step(step)
            write(pack(sync, number, now, step, *named.values(), tail))
        except Exception:
            # The first time, when a segment is full, and for all that is not plain. It also says what is wrong.
            self._log(named, step, now, commit)
            return
        self._step = step if commit is False else step + 1
        if spool.is_sender_asleep:
            spool.wakeup.set()

    def _log(self, named: dict[Any, Any], step: Any, now: float, commit: bool | None) -> None:
        """The long way of :meth:`log`: makes cells, takes scalars and media of all sorts."""
        at = convert.to_step(step)
        found = Metrics(named)
        for name in found.numbers:
            group, _, last = name.rpartition("/")
            if group == last and group in found.numbers:
                # Of loss and loss/loss the former keeps its name, whatever their order.
                self._series_for(group)
        series = [self._series_for(name) for name in found.numbers]
        after = 0 if commit is False else 1
        self._step = int(at) + after if at == int(at) else at + after
        values = list(found.numbers.values())
        if values:
            if len(self._fast_paths) < _MAX_FAST_PATHS:
                self._client.points(series, now, [at], [values])
                form = self._client.fast_path(series)
                if form is not None and list(named) == list(found.numbers):
                    self._fast_paths[tuple(named)] = form
            else:
                for one, value in zip(series, values):
                    self._client.points([one], now, [at], [[value]])
        for name, shown in found.shown.items():
            try:
                shown._show(self, self._free_name(name, (Cell,), "value"))
            except Exception as error:  # A picture that is none, a figure that cannot be drawn.
                found.skip(name, shown, f" ({type(error).__name__}: {convert.describe(error)})")
        if found.odd:
            self._client.skip(found.odd)

    def _series_for(self, metric: str) -> tuple[str, str]:
        """The series of a metric, a cell's id and a name, which no other metric of this board has."""
        known = self._series_of.get(metric)
        if known is not None:
            return known
        cell, part = names.split_metric(metric, self.run)
        id = self._get_or_create(self._free_name(cell, (Line,), "line"), Line, {"type": "line"}).id
        series, number = part, 1
        while self._metrics.setdefault((id, series), metric) != metric:
            # loss/loss beside loss has its whole name.
            whole = names.to_name(metric if self.run is None else f"{self.run}/{metric}")
            series = whole if number == 1 and whole != part else names.to_name(f"{part} ({number})")
            number += 1
        if series != part:
            warn_once(
                f"series {metric}",
                f"The metric {metric!r} is shown as {series!r}: {self._metrics[id, part]!r} is {part!r} in the cell {cell!r}.",
            )
        return self._series_of.setdefault(metric, (id, series))

    def _free_name(self, name: str, kinds: tuple[type[Cell], ...], what: str) -> str:
        """The name itself, or one like it where a cell of another kind has it."""
        free, number = name, 1
        while type(self._cells.get(free)) not in (type(None), *kinds):
            free = names.to_name(f"{name} ({what}{'' if number == 1 else f' {number}'})")
            number += 1
        if free != name:
            warn_once(
                f"kind {name}",
                f"The metric {name!r} is shown in the cell {free!r}: {name!r} is a cell of another kind.",
            )
        return free

    def _points(
        self, cell: Line, columns: dict[str, list[float]], steps: Sequence[float], now: float
    ) -> None:
        self._client.points(
            [(cell.id, series) for series in columns], now, steps, list(zip(*columns.values()))
        )

    def _series(self, name: Any) -> str:
        return names.to_name(name if self.run is None else f"{self.run}/{names.to_name(name)}")

    def line(
        self,
        name: str,
        *,
        title: str | None = None,
        x: str | None = None,
        y: str | None = None,
        smooth: float | None = None,
        unit: str | None = None,
        hidden: list[str] | None = None,
    ) -> Line:
        """A line cell: ``line("loss", y="log").append(train=0.3, val=0.4)``.

        ``x``: ``step``, ``relative`` or ``wall``; ``y``: ``linear`` or ``log``; ``smooth``: 0 to 0.999; ``unit``: of the values;
        ``hidden``: series that are not drawn. Settings that are given
        are added to those that this process gave before; together they replace all that the page has.
        """
        cell = self._get_or_create(name, Line, {"type": "line"})
        keys: dict[str, Any] = {} if title is None else {"name": title}
        settings = line_settings(x, y, smooth, unit, hidden)
        if settings:
            cell._chart = {**cell._chart, **settings}
            keys["chart"] = cell._chart
        if keys:
            self._client.patch(cell.id, keys)
        return cell

    # ---- pictures and figures --------------------------------------------------------------------------------------

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
        """A picture: a path, an http address, the bytes of a file, a PIL image, or an array or tensor.

        Arrays have the shape (H, W), (H, W, C) with 1 to 4 channels, or (N, H, W, C) or (N, H, W), which are drawn as a grid; so are
        squares of 2 to 4 pixels: (64, 3, 3) are 64 kernels, (3, 3, 3) is one picture.
        uint8 is taken as it is, floats of 0 to 1 likewise (colours up to 1.1, which are clipped), integers and colours of 0 to 255
        too; all other values by their own range: grey floats above 1, bright colours, and whatever is negative (a picture that was
        normalised). ``vmin`` and ``vmax`` say what becomes black and white. Tensors of torch may have 3 or 4 colours in their first
        axis; other arrays need a transpose. One of more than 1000 pixels that is 16 times as long as wide is folded into pieces.
        What changes after the call does not change the picture.
        """
        cell = self._get_or_create(name, Cell, {})
        keys: dict[str, Any] = {"type": "img", **_note(caption)}
        if images.is_url(data):
            self._client.patch(cell.id, {**keys, "value": data})
        else:
            content = images.encode_image(data, vmin=vmin, vmax=vmax)
            self._client.patch_image(cell.id, keys, content, images.media_type(content))
        return cell

    @wrap_exceptions
    def gif(self, name: str, frames: Any, *, fps: float = 10, caption: str | None = None) -> Cell:
        """A moving picture: the path or the bytes of a file, or frames as :meth:`image` takes them, of one size.

        Frames become an animated PNG, which keeps every colour; all of them have one scale. An array has the shape (N, H, W, C) or (N, H, W).
        """
        cell = self._get_or_create(name, Cell, {})
        content = images.encode_animation(frames, fps)
        self._client.patch_image(
            cell.id, {"type": "img", **_note(caption)}, content, images.media_type(content)
        )
        return cell

    @wrap_exceptions
    def figure(self, name: str, figure: Any) -> Cell:
        """A figure of Matplotlib (interactive where mpld3 is installed, else SVG), Plotly, or anything with ``to_html``."""
        return self.html(name, figures.to_html(figure))

    @wrap_exceptions
    def html(self, name: str, text: str) -> Cell:
        """HTML in a frame of its own: its scripts run, nothing is loaded from other addresses."""
        return self._set(name, "html", _text(text, "html"))

    @wrap_exceptions
    def text(self, name: str, markdown: str) -> Cell:
        """Markdown."""
        return self._set(name, "text", _text(markdown, "text"))

    # ---- values ----------------------------------------------------------------------------------------------------

    @wrap_exceptions
    def table(self, name: str, rows: Any, *, columns: Sequence[str] | None = None) -> Cell:
        """A table: rows as lists or dicts, a dict of columns, or a DataFrame. Items are texts, numbers, booleans
        or None; anything else is its text. Before the columns of a DataFrame stands its index, where that is more than a count from 0.
        ``columns`` are the names of rows that are lists; of other rows and of columns those that are shown, in this order, or new names for all."""
        return self._set(name, "table", cell_values.table(rows, columns))

    @wrap_exceptions
    def histogram(
        self,
        name: str,
        values: Any = None,
        *,
        counts: Any = None,
        edges: Any = None,
        steps: Any = None,
        view: str | None = None,
        unit: str | None = None,
    ) -> Cell:
        """Raw ``values`` of any shape, which the server puts into bins, or ``counts`` (N) with ``edges`` (N + 1).

        With ``steps`` (S) it is one over steps: ``values`` a list of S lists, ``counts`` (S, N); ``view``: ``heat`` or ``ridge``.
        """
        return self._set(
            name, "histogram", cell_values.histogram(values, counts, edges, steps, view, unit)
        )

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
        """A matrix (R, C), as a confusion matrix; ``rows`` and ``columns`` name its R rows, from the top, and C columns."""
        return self._set(
            name,
            "heatmap",
            cell_values.heatmap(matrix, rows, columns, row_label, column_label, unit),
        )

    @wrap_exceptions
    def bar(
        self,
        name: str,
        values: Any,
        *,
        labels: Any = None,
        unit: str | None = None,
        horizontal: bool | None = None,
    ) -> Cell:
        """Bars: ``{"adam": 0.93, "sgd": 0.91}``, a list with ``labels``, or lists side by side: ``{"train": [1, 2], "val": [2, 3]}``."""
        return self._set(name, "bar", cell_values.bar(values, labels, unit, horizontal))

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
        """Points (N) and (N), coloured by ``labels`` (N); at most 100,000 and 100 labels."""
        return self._set(name, "scatter", cell_values.scatter(x, y, labels, x_label, y_label))

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
        """One large number, with the one before, the line of its ``trend``, and whether ``up`` or ``down`` is ``better``."""
        return self._set(
            name,
            "number",
            cell_values.number(convert.to_number(value, "value"), unit, previous, trend, better),
        )

    def subplots(self, rows: int = 1, columns: int = 1, *, name: str = "subplots") -> Subplots:
        """Cells in Matplotlib's arrangement: ``cells = board.subplots(2, 3)``, then ``cells[0, 1].plot(y)``."""
        return Subplots.of(self, rows, columns, name)

    def show_config(self) -> Cell:
        """Shows ``config`` as a table."""
        name = "config" if self.run is None else f"config/{self.run}"
        items = list(self.config.items())
        if len(items) > _MAX_CONFIG_ROWS:
            warn_once(
                "config", f"The first {_MAX_CONFIG_ROWS} of {len(items)} hyperparameters are shown."
            )
        return self.table(
            names.to_name(name),
            [[convert.to_label(key), value] for key, value in items[:_MAX_CONFIG_ROWS]],
            columns=["name", "value"],
        )

    # ---- the end ---------------------------------------------------------------------------------------------------

    def flush(self, timeout: float | None = 5) -> bool:
        """Waits until the server has answered all that was logged before, ``timeout`` seconds at most, None for as long as it takes; whether it has."""
        return self._client.flush(timeout)

    def close(self, timeout: float | None = 5) -> bool:
        """As :meth:`flush`; then ends the thread and removes the spool. What is not sent stays in it, and a warning says where.

        The end of the process does the same. Boards of one process at one server share a spool, so this is for all of them; what is
        logged afterwards begins a new one.
        """
        return self._client.close(timeout)

    # ---- cells -----------------------------------------------------------------------------------------------------

    def _set(self, name: str, kind: str, value: Any) -> Cell:
        cell = self._get_or_create(name, Cell, {})
        self._client.patch(cell.id, {"type": kind, "value": value})
        return cell

    def _get_or_create(self, name: str, kind: type[C], about: dict[str, Any]) -> C:
        """The cell of this name; made where it is missing."""
        cell = self._cells.get(name)
        if cell is None:
            names.check_name(name)
            cell = kind(self, name, names.cell_id(self.name, name))
            self._metadata[cell.id] = {"board": self.name, "name": name, **about}
            self._client.cell(cell.id, self._metadata[cell.id])
            cell = self._cells.setdefault(name, cell)
        if type(cell) is not kind:
            what = {Line: "a line", Axes: "a subplot"}.get(type(cell), "no line")
            raise ValueError(
                f"the cell {name!r} of board {self.name!r} is {what}; give the other one another name"
            )
        return cell


def _is_spawning() -> bool:
    """Whether this pickle is for a child that multiprocessing is beginning."""
    context: Any = sys.modules.get("multiprocessing.context")
    return context is not None and context.get_spawning_popen() is not None


def _note(caption: str | None) -> dict[str, Any]:
    return {} if caption is None else {"description": convert.to_label(caption)}


def _text(text: Any, what: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be a string, not {type(text).__name__}")
    return convert.to_utf8(text)


def _merged(metrics: Any, named: dict[str, Any]) -> dict[Any, Any]:
    """The metrics of a call that gives a dict and names; of two of one name the latter counts."""
    try:
        merged = {**metrics, **named}
    except TypeError:
        if hasattr(metrics, "keys"):
            raise
        raise TypeError(
            f"log takes a dict of metrics, not {convert.describe_type(metrics)}: log({{'loss': 0.3}})"
        ) from None
    if named and len(merged) < len(metrics) + len(named):
        both = next(name for name in named if name in metrics)
        warn_once(
            f"both {both}",
            f"The metric {both!r} is there twice in one call, in the dict and by its name: the latter is shown.",
        )
    return merged

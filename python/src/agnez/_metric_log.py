"""``log``: metrics of a call as points of series, and as cells of other kinds."""

from __future__ import annotations

import math
from time import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _metrics
from ._log import warn_once
from ._transport.client import Client
from ._values import convert, names
from .cell import Cell, Line

if TYPE_CHECKING:
    from .board import Board

#: Sets of metric names with a fast path; metrics of further sets are written one by one.
_MAX_FAST_PATHS = 2000

_is_finite = math.isfinite
_float_types, _to_real = convert.FLOAT_TYPES, convert.to_real
C = TypeVar("C", bound=Cell)


class MetricLog:
    """The base of :class:`agnez.Board` that logs metrics."""

    run: str | None

    def __init__(self, client: Client) -> None:
        self._use_client(client)
        self._cells: dict[str, Cell] = {}
        #: The step of a call without one.
        self._next_step: Any = 0
        #: The series (a cell's id and a name) of each metric, and the metric of each series.
        self._series_of: dict[str, tuple[str, str]] = {}
        self._metric_of: dict[tuple[str, str], str] = {}

    def log(
        self,
        metrics: Any = None,
        step: Any = None,
        commit: Any = None,
        **named: Any,
    ) -> None:
        """Logs metrics: ``log(loss=0.3)``, ``log({"loss": 0.3, "acc/val": 0.9}, step=7)``.

        Each metric becomes a point of a line cell, which is created if missing: ``loss`` in the
        cell ``loss``, ``acc/val`` as the series ``val`` in the cell ``acc``. A metric that is
        called like an argument goes into the dict.

        :param metrics: a dict of metrics; ``named`` adds more. Values are scalars of Python, numpy,
            torch, jax or tensorflow, NaN and infinities included. Nested dicts are groups. Media
            such as ``agnez.Image``, texts, figures and DataFrames go to cells of their own. A list
            or an array is a line for each value; with more than 64 values it is a histogram. What
            cannot be shown is skipped, counted, and logged once: no value and no name raises.
        :param step: a finite number. Without it, the previous step plus one is used, starting at 0.
        :param commit: False: the next call without a step uses this call's step again.

        The time of the points is that of the call. The arguments have no narrower types, so that
        type checkers accept ``log(**{"acc/val": 0.9})``.
        """
        now = time()
        if metrics.__class__ is dict and not named:
            # A copy: another thread may change the caller's dict.
            named = {**metrics}
        elif metrics is not None:
            named = _merge(metrics, named)
        elif not named:
            raise TypeError("log takes at least one metric: log(loss=0.3)")
        if step is None:
            step = self._next_step
        key = (*named,)
        try:
            write, pack, head, trailer, spool, is_plain = self._fast_paths[key]
            if step.__class__ is not int and (step.__class__ is not float or not _is_finite(step)):
                # Small integers of numpy would overflow when 1 is added.
                step = convert.to_step(step)
            values: Any = named.values()
            if is_plain:
                # struct.pack takes whatever has __float__, also numpy's complex numbers and time
                # spans. A sum shows the presence of any such value by its type, in one C call.
                if sum(values, 0.0).__class__ is not float:
                    raise TypeError
            else:
                values = [
                    value if value.__class__ in _float_types else _to_real(value)
                    for value in values
                ]
            write(pack(head, now, step, *values, trailer))
        except Exception:
            # New metrics, a full segment, or an unusual value. It also reports wrong arguments.
            self._log_slow(named, step, now, commit)
            return
        self._next_step = step if commit is False else step + 1
        if spool.is_sender_asleep:
            spool.wakeup.set()

    def _use_client(self, client: Client) -> None:
        self._client = client
        # The client holds only a weak reference to the owner of the dict.
        self._fast_path_owner = client.new_fast_paths()
        self._fast_paths = self._fast_path_owner.by_names

    def _log_slow(self, named: dict[Any, Any], step: Any, now: float, commit: bool | None) -> None:
        """:meth:`log` for any values; creates cells, and registers a fast path."""
        at = convert.to_step(step)
        found = _metrics.Metrics(named)
        for name in found.numbers:
            group, _, last = name.rpartition("/")
            if group == last and group in found.numbers:
                # Of `loss` and `loss/loss`, `loss` keeps its name, whatever their order.
                self._series_for(group)
        series = [self._series_for(name) for name in found.numbers]
        self._next_step = (int(at) if at == int(at) else at) + (0 if commit is False else 1)
        values = list(found.numbers.values())
        if values and len(self._fast_paths) < _MAX_FAST_PATHS:
            self._client.points(series, now, [at], [values])
            self._register_fast_path(named, found, series)
        elif values:
            for one, value in zip(series, values):
                self._client.points([one], now, [at], [[value]])
        for name, media in found.media.items():
            try:
                media._show(cast("Board", self), self._free_name(name, (Cell,), "value"))
            except Exception as error:  # A file that is no picture, a figure that fails to draw.
                reason = f" ({type(error).__name__}: {convert.describe(error)})"
                found.skip(name, media, reason)
        if found.skipped:
            self._client.count_unsupported(found.skipped)

    def _register_fast_path(
        self, named: dict[Any, Any], found: _metrics.Metrics, series: list[tuple[str, str]]
    ) -> None:
        path = self._client.fast_path(series)
        if path is None or list(named) != list(found.numbers):
            return
        key = tuple(named)
        is_plain = all(type(value) in (float, int, bool) for value in named.values())
        known = self._fast_paths.get(key)
        # Where other types came before, they will come again.
        self._fast_paths[key] = (*path, is_plain and (known is None or known[-1]))

    def _series_for(self, metric: str) -> tuple[str, str]:
        """The series of a metric, a cell's id and a name, which no other metric shares."""
        known = self._series_of.get(metric)
        if known is not None:
            return known
        cell, part = names.split_metric(metric, self.run)
        line = self._get_or_create(self._free_name(cell, (Line,), "line"), Line, {"type": "line"})
        series, number = part, 1
        while self._metric_of.setdefault((line.id, series), metric) != metric:
            # Beside `loss`, `loss/loss` has its whole name.
            whole = names.to_name(metric if self.run is None else f"{self.run}/{metric}")
            is_first = number == 1 and whole != part
            series = whole if is_first else names.to_name(f"{part} ({number})")
            number += 1
        if series != part:
            other = self._metric_of[line.id, part]
            warn_once(
                f"series {metric}",
                f"The metric {metric!r} is shown as {series!r}: {other!r} is {part!r} "
                f"in the cell {cell!r}.",
            )
        return self._series_of.setdefault(metric, (line.id, series))

    def _free_name(self, name: str, kinds: tuple[type[Cell], ...], suffix: str) -> str:
        """The name itself, or a similar one if a cell of another kind has it."""
        free, number = name, 1
        while type(self._cells.get(free)) not in (type(None), *kinds):
            free = names.to_name(f"{name} ({suffix}{'' if number == 1 else f' {number}'})")
            number += 1
        if free != name:
            warn_once(
                f"kind {name}",
                f"The metric {name!r} is shown in the cell {free!r}: "
                f"{name!r} is a cell of another kind.",
            )
        return free

    def _get_or_create(self, name: str, kind: type[C], metadata: dict[str, Any]) -> C:
        raise NotImplementedError


def _merge(metrics: Any, named: dict[str, Any]) -> dict[Any, Any]:
    """The metrics of a call that gives a mapping and keywords; a keyword replaces a key."""
    try:
        merged = {**metrics, **named}
    except TypeError:
        if hasattr(metrics, "keys"):
            raise
        raise TypeError(
            f"log takes a dict of metrics, not {convert.describe_type(metrics)}: "
            "log({'loss': 0.3})"
        ) from None
    if named and len(merged) < len(metrics) + len(named):
        both = next(name for name in named if name in metrics)
        warn_once(
            f"both {both}",
            f"The metric {both!r} is there twice in one call, in the dict and by its name: "
            "the latter is shown.",
        )
    return merged

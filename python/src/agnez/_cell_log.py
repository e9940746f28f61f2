"""``log`` of a board: each metric is a series of a line cell."""

from __future__ import annotations

from typing import Any, TypeVar

from ._messages import warn_once
from ._metric_log import MetricLog
from ._transport.client import Client
from ._value_methods import ValueMethods
from ._values import names
from .cell import Cell, Line
from .media import Media

C = TypeVar("C", bound=Cell)


class CellLog(MetricLog, ValueMethods[Cell]):
    """The base of :class:`agnez.Board` that logs metrics into its cells."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._cells: dict[str, Cell] = {}
        #: The series (a cell's id and a name) of each metric, and the metric of each series.
        self._series_of: dict[str, tuple[str, str]] = {}
        self._metric_of: dict[tuple[str, str], str] = {}

    def _series(self, metrics: list[str]) -> list[tuple[str, str]]:
        known = set(metrics)
        for name in metrics:
            group, _, last = name.rpartition("/")
            if group == last and group in known:
                # Of `loss` and `loss/loss`, `loss` keeps its name, whatever their order.
                self._series_for(group)
        return [self._series_for(name) for name in metrics]

    def _show_media(self, name: str, media: Media, step: float, now: float) -> None:
        media._show(self, self._free_name(name, (Cell,), "value"))

    def _series_for(self, metric: str) -> tuple[str, str]:
        """The series of a metric, a cell's id and a name, which no other metric shares."""
        known = self._series_of.get(metric)
        if known is not None:
            return known
        cell, part = names.split_metric(metric)
        line = self._get_or_create(self._free_name(cell, (Line,), "line"), Line, {"type": "line"})
        series, number = part, 1
        while self._metric_of.setdefault((line.id, series), metric) != metric:
            # Beside `loss`, `loss/loss` has its whole name.
            whole = names.to_name(metric)
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

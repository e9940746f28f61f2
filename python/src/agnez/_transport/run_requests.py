"""Builds the requests of runs: documents, points, values and console output (docs/runs.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .._spool.record import Batch, Layout, Row, RunKey
from .http import Request

#: Metrics in a request.
METRICS_PER_REQUEST = 1000
_CONSOLE_TYPE = "text/plain; charset=utf-8"

#: A row's layout and which of its parts a request has, from the first to before the second.
_Slice = tuple[Layout, Row, int, int]


def run_path(run: RunKey, rest: str = "") -> str:
    """The path of a run, or of ``rest`` below it."""
    board, id = run
    return f"/boards/{quote(board, safe='')}/runs/{quote(id, safe='')}{rest}"


def patch_request(run: RunKey, body: bytes, key: str | None = None) -> Request:
    """Changes keys of a run's document; creates the run if it is missing."""
    return Request("PATCH", run_path(run, "?upsert=true"), body, key=key, board=run[0], run=run[1])


def value_request(run: RunKey, name: str, value: Mapping[str, Any], body: bytes) -> Request:
    """Logs a value that is no number: ``body`` is its JSON, with its type."""
    at = f'[{{"step":{value["step"]!r},"time":{value["time"]!r},{json.dumps(name)}:'
    request = _log_request(run, at.encode() + body + b"}]")
    request.values = [name]
    return request


def console_request(run: RunKey, texts: Iterable[str]) -> Request:
    """Appends to a run's console output."""
    body = "".join(texts).encode("utf-8", "replace")
    path = run_path(run, "/console")
    return Request("POST", path, body, _CONSOLE_TYPE, board=run[0], run=run[1], is_optional=True)


def log_requests(batch: Batch, layouts: Mapping[int, Layout]) -> Iterator[Request]:
    """The points of all runs of a batch, in the order of the calls of each run."""
    for run in dict.fromkeys(layouts[number].run for number in batch.rows):
        if run is not None:
            for part in _slices(batch, layouts, run):
                yield _points_request(run, part)


def count_log_requests(batch: Batch, layouts: Mapping[int, Layout]) -> int:
    """How many requests :func:`log_requests` makes."""
    runs = {layouts[number].run for number in batch.rows} - {None}
    return sum(1 for run in runs if run is not None for _ in _slices(batch, layouts, run))


def split_by_metric(request: Request) -> list[Request]:
    """Splits refused points, so that one metric does not hold up the others."""
    objects = json.loads(request.body)
    names = dict.fromkeys(name for each in objects for name in each)
    parts = []
    run = (request.board or "", request.run or "")
    for name in names:
        if name in ("step", "time"):
            continue
        rows = [
            {"step": each["step"], "time": each["time"], name: each[name]}
            for each in objects
            if name in each
        ]
        part = _log_request(run, json.dumps(rows, separators=(",", ":")).encode())
        part.points = {(run[1], name): len(rows)}
        parts.append(part)
    return parts


def _log_request(run: RunKey, body: bytes) -> Request:
    return Request("POST", run_path(run, "/log"), body, board=run[0], run=run[1])


def _slices(batch: Batch, layouts: Mapping[int, Layout], run: RunKey) -> Iterator[list[_Slice]]:
    """Groups the rows of a run into requests of at most :data:`METRICS_PER_REQUEST` metrics."""
    part: list[_Slice] = []
    known: set[str] = set()
    last: tuple[int, int] | None = None
    taken = dict.fromkeys(batch.rows, 0)
    for number, count in batch.order:
        layout, start = layouts[number], taken[number]
        taken[number] = start + count
        if layout.run != run:
            continue
        for row in batch.rows[number][start : start + count]:
            for first in range(0, len(layout.parts), METRICS_PER_REQUEST):
                end = min(first + METRICS_PER_REQUEST, len(layout.parts))
                if last != (number, first):
                    last = (number, first)
                    more = {name for _, name in layout.parts[first:end]}
                    if len(known | more) > METRICS_PER_REQUEST:
                        yield part
                        part, known = [], set()
                    known |= more
                part.append((layout, row, first, end))
    if part:
        yield part


def _points_request(run: RunKey, part: Sequence[_Slice]) -> Request:
    rows = []
    points: dict[tuple[str, str], int] = {}
    templates: dict[tuple[int, int], str] = {}
    for layout, (time, step, *values), first, end in part:
        template = templates.get((layout.number, first))
        if template is None:
            template = templates[layout.number, first] = _template(layout.parts[first:end])
        shown: Sequence[Any] = values[first:end]
        if not math.isfinite(sum(shown, 0.0)):
            shown = [_Json(value) for value in shown]
        rows.append(template % (step, time, *shown))
        for _, name in layout.parts[first:end]:
            points[run[1], name] = points.get((run[1], name), 0) + 1
    request = _log_request(run, f"[{','.join(rows)}]".encode())
    request.points = points
    return request


def _template(parts: Iterable[tuple[str, str]]) -> str:
    """The JSON object of a row, to be filled with ``%``."""
    names = ["," + json.dumps(name).replace("%", "%%") + ":%r" for _, name in parts]
    return '{"step":%r,"time":%r' + "".join(names) + "}"


class _Json:
    """A float whose ``repr`` is JSON: NaN and infinities are texts."""

    __slots__ = ("value",)

    def __init__(self, value: float) -> None:
        self.value = value

    def __repr__(self) -> str:
        if math.isfinite(self.value):
            return repr(self.value)
        text = "NaN" if math.isnan(self.value) else "Infinity"
        return f'"-{text}"' if self.value == -math.inf else f'"{text}"'

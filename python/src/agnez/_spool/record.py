"""The record format of a spool: encoding for each call, decoding for the sender.

A spool is a folder: segments ``000000.seg`` hold the records, ``cells.jsonl`` defines the cells and
layouts that records refer to, larger values are in files of their own; ``state`` and ``spool.json``
complete it. Numbers are little-endian. A record begins with the spool's sync marker (4 random
bytes) and a u32:

================  ================================================================================
layout number     points: f64 time (seconds since 1970, UTC), f64 step, an f64 for each series of
                  the layout, and the u32 with all bits inverted, which marks the record complete
0xffffffff        a change: u32 length, then JSON: a target and ``"keys": {...}``
================  ================================================================================

The target of a change is one of these:

======================================================  ==========================================
``"cell": id``                                          the document of a cell
``"run": [board, id]``                                  the document of a run
``"run": […], "name": …, "step": …, "time": …``         a value of a run that is no number
``"run": […], "console": true``                         console output, in the key ``text``
``"board": name, "part": "layout"``                     the layout of a board: the body of a request
``"board": name, "part": "marks"``                      a mark on the charts of a board
======================================================  ==========================================

Zeros follow the last record of a segment. Where neither a record nor zeros stand, because a process
was killed while writing, decoding continues at the next sync marker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

#: The u32 that marks a change; layout numbers are below it.
CHANGE = 0xFFFFFFFF
HEAD = struct.Struct("<4sI")
CHANGE_HEAD = struct.Struct("<4sII")
#: Bytes of the longest change in a segment; longer ones go to files of their own.
CHANGE_BYTES = 65536

#: What a script changes of a board, and how.
BOARD_PARTS = {"layout": "PUT", "marks": "POST"}

#: One row of points: time, step, one value for each series of the layout.
Row = tuple[float, ...]
#: A board's name and a run's id.
RunKey = tuple[str, str]


class Layout:
    """The series of one ``log`` call.

    A part is a cell's id and a series' name; with ``run``, an empty text and a metric's name.
    """

    __slots__ = ("number", "parts", "run", "struct", "trailer")

    def __init__(
        self, number: int, parts: list[tuple[str, str]], run: RunKey | None = None
    ) -> None:
        self.number = number
        self.parts = parts
        self.run = run
        #: Head, time, step, values, trailer.
        self.struct = struct.Struct(f"<{HEAD.size}sdd{len(parts)}dI")
        self.trailer = number ^ 0xFFFFFFFF

    def head(self, sync: bytes) -> bytes:
        """The first bytes of each record of this layout."""
        return HEAD.pack(sync, self.number)

    def row(self, sync: bytes, time: float, step: float, values: Iterable[float]) -> bytes:
        """Encodes one point for each series."""
        return self.struct.pack(self.head(sync), time, step, *values, self.trailer)


@dataclass
class Batch:
    """Consecutive records, grouped by what they change."""

    #: Rows by layout number, in the order of the calls.
    rows: dict[int, list[Row]] = field(default_factory=dict)
    #: The order of rows across layouts: a layout number and how many of its rows follow.
    order: list[tuple[int, int]] = field(default_factory=list)
    #: Changed keys by cell; a later value of a key replaces an earlier one.
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Changed keys by run, before and after the first points of the run in this batch: the end of
    #: a run follows its points.
    run_changes: dict[RunKey, dict[str, Any]] = field(default_factory=dict)
    late_run_changes: dict[RunKey, dict[str, Any]] = field(default_factory=dict)
    #: Values by run and name, each with its ``step``, ``time`` and ``keys``; the last one counts.
    run_values: dict[tuple[RunKey, str], dict[str, Any]] = field(default_factory=dict)
    #: Console output by run.
    console: dict[RunKey, list[str]] = field(default_factory=dict)
    #: Layouts and marks of boards, in the order of the calls: a board, ``layout`` or ``marks``, and
    #: the body of a request.
    board_changes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    #: Value files of all changes, including those that a later change replaced.
    files: list[str] = field(default_factory=list)
    #: Bytes of the spool that the batch covers.
    size: int = 0
    #: Whether decoding skipped bytes that are no record.
    is_torn: bool = False

    def count_changes(self) -> int:
        """How many cells, runs, values, layouts and marks the batch changes."""
        runs = {*self.run_changes, *self.late_run_changes}
        values = len(self.run_values) + len(self.console)
        return len(self.changes) + len(runs) + values + len(self.board_changes)

    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.rows and not self.count_changes()


def encode_change(sync: bytes, target: Mapping[str, Any], keys: Mapping[str, Any]) -> bytes:
    """Encodes a change. NaN and infinities must be strings (ValueError)."""
    document = {**target, "keys": keys}
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return CHANGE_HEAD.pack(sync, CHANGE, len(text)) + text


def decode(data: bytes, sync: bytes, layouts: Mapping[int, Layout], *, is_end: bool) -> Batch:
    """Decodes the records at the beginning of ``data`` that can be sent together.

    Without ``is_end`` an incomplete record at the end is left for the next call. The batch ends
    before a change that replaces the value of a line with points in this batch, and before one of
    the step metrics of a run with points in it: both must reach the server in their order.
    """
    batch = Batch()
    at = 0
    while at < len(data):
        end: int | None = _decode_points(data, at, sync, layouts, batch)
        if end == at:
            end = _decode_change(data, at, sync, batch, layouts)
        if end == at:
            end = data.find(sync, at + 1)
            if end < 0:
                end = len(data) if is_end else None
            batch.is_torn |= end is not None and data[at:end].strip(b"\0") != b""
        if end is None:
            break
        at = end
    batch.size = at
    return batch


def _decode_points(
    data: bytes, at: int, sync: bytes, layouts: Mapping[int, Layout], batch: Batch
) -> int:
    """Decodes consecutive points of one layout. Returns their end, ``at`` if there are none."""
    if len(data) - at < HEAD.size:
        return at
    marker, number = HEAD.unpack_from(data, at)
    layout = layouts.get(number) if marker == sync else None
    if layout is None:
        return at
    size, head, trailer = layout.struct.size, layout.head(sync), layout.trailer
    count = (len(data) - at) // size
    rows: list[Row] = []
    for row in layout.struct.iter_unpack(memoryview(data)[at : at + count * size]):
        if row[0] != head or row[-1] != trailer:
            break
        rows.append(row[1:-1])
    if rows:
        batch.order.append((number, len(rows)))
        known = batch.rows.setdefault(number, rows)
        if known is not rows:
            known.extend(rows)
    return at + len(rows) * size


def _decode_change(
    data: bytes, at: int, sync: bytes, batch: Batch, layouts: Mapping[int, Layout]
) -> int | None:
    """Decodes one change. Returns its end, ``at`` if there is none, None if the batch must end."""
    if len(data) - at < CHANGE_HEAD.size:
        return at
    marker, kind, length = CHANGE_HEAD.unpack_from(data, at)
    start = at + CHANGE_HEAD.size
    end = cast(int, start + length)
    if marker != sync or kind != CHANGE or end > len(data):
        return at
    try:
        document = json.loads(data[start:end])
        keys = document["keys"]
        file: Any = keys["file"]["name"] if "file" in keys else None
        if not isinstance(keys, dict):
            return at
        if "board" in document:
            _add_board_change(document["board"], document["part"], keys, batch)
            return end
        is_cell = "cell" in document
        if is_cell and not _add_cell_change(document["cell"], keys, batch, layouts):
            return None
        if not is_cell and not _add_run_change(document, keys, batch, layouts):
            return None
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError):
        return at
    if "file" in keys:
        batch.files.append(file)
    return end


def _add_cell_change(
    cell: Any, keys: dict[str, Any], batch: Batch, layouts: Mapping[int, Layout]
) -> bool:
    """Adds a change of a cell; False if it belongs to the next batch. TypeError: no cell."""
    if not isinstance(cell, str):
        raise TypeError("a cell's id is a string")
    is_value = "value" in keys or "file" in keys
    if is_value and any(cell == part[0] for number in batch.rows for part in layouts[number].parts):
        return False
    _merge(batch.changes.setdefault(cell, {}), keys)
    return True


def _add_board_change(board: Any, part: Any, keys: dict[str, Any], batch: Batch) -> None:
    """Adds a layout or a mark of a board. TypeError or ValueError if it is none."""
    if not isinstance(board, str):
        raise TypeError("a board's name is a string")
    if part not in BOARD_PARTS:
        raise ValueError("no part of a board")
    batch.board_changes.append((board, part, keys))


def _add_run_change(
    document: dict[str, Any], keys: dict[str, Any], batch: Batch, layouts: Mapping[int, Layout]
) -> bool:
    """Adds a change of a run; False if it belongs to the next batch.

    TypeError or ValueError if it is none.
    """
    board, id = document["run"]
    run: RunKey = (board, id)
    if not isinstance(board, str) or not isinstance(id, str):
        raise TypeError("a run's board and id are strings")
    if "name" in document:
        name, step, time = document["name"], float(document["step"]), float(document["time"])
        if not isinstance(name, str):
            raise TypeError("a value's name is a string")
        batch.run_values[run, name] = {"step": step, "time": time, "keys": keys}
    elif document.get("console") is True:
        if not isinstance(keys["text"], str):
            raise TypeError("console output is a string")
        batch.console.setdefault(run, []).append(keys["text"])
    else:
        has_points = any(layouts[number].run == run for number in batch.rows)
        if has_points and "stepMetrics" in keys:
            # The charts of the following points depend on them.
            return False
        changes = batch.late_run_changes if has_points else batch.run_changes
        _merge(changes.setdefault(run, {}), keys)
    return True


def _merge(changes: dict[str, Any], keys: dict[str, Any]) -> None:
    if "value" in keys or "file" in keys:
        changes.pop("value", None)
        changes.pop("file", None)
    changes.update(keys)

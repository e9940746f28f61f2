"""The record format of a spool: encoding for each call, decoding for the sender.

A spool is a folder: segments ``000000.seg`` hold the records, ``cells.jsonl`` defines the cells and
layouts that records refer to, larger values are in files of their own; ``state`` and ``spool.json``
complete it. Numbers are little-endian. A record begins with the spool's sync marker (4 random
bytes) and a u32:

================  ================================================================================
layout number     points: f64 time (seconds since 1970, UTC), f64 step, an f64 for each series of
                  the layout, and the u32 with all bits inverted, which marks the record complete
0xffffffff        a change of a cell: u32 length, then JSON ``{"cell": id, "keys": {...}}``
================  ================================================================================

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

#: One row of points: time, step, one value for each series of the layout.
Row = tuple[float, ...]


class Layout:
    """The series of one ``log`` call: each a cell's id and a series' name."""

    __slots__ = ("number", "parts", "struct", "trailer")

    def __init__(self, number: int, parts: list[tuple[str, str]]) -> None:
        self.number = number
        self.parts = parts
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
    runs: list[tuple[int, int]] = field(default_factory=list)
    #: Changed keys by cell; a later value of a key replaces an earlier one.
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Value files of all changes, including those that a later change replaced.
    files: list[str] = field(default_factory=list)
    #: Bytes of the spool that the batch covers.
    size: int = 0
    #: Whether decoding skipped bytes that are no record.
    is_torn: bool = False


def encode_change(sync: bytes, cell: str, keys: Mapping[str, Any]) -> bytes:
    """Encodes a change of a cell. NaN and infinities in ``keys`` must be strings (ValueError)."""
    document = {"cell": cell, "keys": keys}
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return CHANGE_HEAD.pack(sync, CHANGE, len(text)) + text


def decode(data: bytes, sync: bytes, layouts: Mapping[int, Layout], *, is_end: bool) -> Batch:
    """Decodes the records at the beginning of ``data`` that can be sent together.

    Without ``is_end`` an incomplete record at the end is left for the next call. The batch ends
    before a change that replaces the value of a line with points in this batch: both must reach
    the server in their order.
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
        batch.runs.append((number, len(rows)))
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
        cell, keys = document["cell"], document["keys"]
        file: Any = keys["file"]["name"] if "file" in keys else None
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError):
        return at
    if not isinstance(cell, str) or not isinstance(keys, dict):
        return at
    is_value = "value" in keys or "file" in keys
    if is_value and any(cell == part[0] for number in batch.rows for part in layouts[number].parts):
        return None
    previous = batch.changes.setdefault(cell, {})
    if is_value:
        previous.pop("value", None)
        previous.pop("file", None)
    if "file" in keys:
        batch.files.append(file)
    previous.update(keys)
    return end

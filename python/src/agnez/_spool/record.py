"""The bytes of a spool: what is written with every call, and how it is read back.

A spool is a folder: segments ``000000.seg`` with the records, ``cells.jsonl`` that says what the records name, larger values in
files of their own, ``state`` and ``spool.json``. Little-endian. A record begins with the spool's sync marker (4 random bytes)
and a u32:

=====================  =====================================================================================================
layout's number        points: f64 time (seconds since 1970, UTC), f64 step, an f64 for each of the layout's series, and the
                       u32 again with all bits turned, which says that the record is whole
0xffffffff             a change of a cell: u32 length and so many bytes of JSON, ``{"cell": id, "keys": {...}}``
=====================  =====================================================================================================

After the last record of a segment there are zeros. Where neither a record nor zeros stand (a process was killed while it wrote one),
reading goes on at the next marker.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CHANGE = 0xFFFFFFFF
HEAD = struct.Struct("<4sI")
CHANGE_HEAD = struct.Struct("<4sII")
#: The longest change that stands in a segment; longer ones are in files of their own.
CHANGE_BYTES = 65536

#: A row of points: time, step, one value for each series of the layout.
Row = tuple[float, ...]


class Layout:
    """The series that one call of ``log`` names: each a cell's id and a series' name."""

    __slots__ = ("number", "parts", "struct", "trailer")

    def __init__(self, number: int, parts: list[tuple[str, str]]) -> None:
        self.number = number
        self.parts = parts
        self.struct = struct.Struct(f"<4sIdd{len(parts)}dI")
        self.trailer = number ^ 0xFFFFFFFF

    def row(self, sync: bytes, time: float, step: float, values: Iterable[float]) -> bytes:
        """A record of one point for each series."""
        return self.struct.pack(sync, self.number, time, step, *values, self.trailer)


@dataclass
class Batch:
    """Consecutive records, sorted by what they concern."""

    #: For each layout's number its rows, in the order of the calls.
    rows: dict[int, list[Row]] = field(default_factory=dict)
    #: How the rows of several layouts follow each other: a layout's number, and how many of its rows come next.
    runs: list[tuple[int, int]] = field(default_factory=list)
    #: For each cell the keys that change: a later value of a key replaces an earlier one.
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The files of all changes, those included that a later change has replaced.
    files: list[str] = field(default_factory=list)
    #: How many bytes it takes.
    size: int = 0
    #: Whether bytes were passed over that are no record.
    is_torn: bool = False


def encode_change(sync: bytes, cell: str, keys: Mapping[str, Any]) -> bytes:
    """A change of a cell as a record. NaN and infinities in ``keys`` must be strings already (ValueError)."""
    text = json.dumps({"cell": cell, "keys": keys}, separators=(",", ":"), allow_nan=False).encode()
    return CHANGE_HEAD.pack(sync, CHANGE, len(text)) + text


def decode(data: bytes, sync: bytes, layouts: Mapping[int, Layout], *, is_end: bool) -> Batch:
    """The records at the beginning of ``data`` that can be sent together.

    Without ``is_end`` an incomplete record at the end is left for later. The batch ends before a change that gives a line
    a new value after points of it, since the two must not change places.
    """
    batch = Batch()
    at = 0
    while at < len(data):
        past: int | None = _decode_points(data, at, sync, layouts, batch)
        if past == at:
            past = _decode_change(data, at, sync, batch, layouts)
        if past == at:
            past = data.find(sync, at + 1)
            if past < 0:
                past = len(data) if is_end else None
            batch.is_torn |= past is not None and data[at:past].strip(b"\0") != b""
        if past is None:
            break
        at = past
    batch.size = at
    return batch


def _decode_points(
    data: bytes, at: int, sync: bytes, layouts: Mapping[int, Layout], batch: Batch
) -> int:
    """Reads the run of points of one layout that begins here; answers where it ends."""
    if len(data) - at < HEAD.size:
        return at
    marker, number = HEAD.unpack_from(data, at)
    layout = layouts.get(number) if marker == sync else None
    if layout is None:
        return at
    size, tail = layout.struct.size, layout.trailer
    count = (len(data) - at) // size
    rows: list[Row] = []
    for row in layout.struct.iter_unpack(memoryview(data)[at : at + count * size]):
        if row[0] != sync or row[1] != number or row[-1] != tail:
            break
        rows.append(row[2:-1])
    if rows:
        batch.runs.append((number, len(rows)))
        known = batch.rows.setdefault(number, rows)
        if known is not rows:
            known.extend(rows)
    return at + len(rows) * size


def _decode_change(
    data: bytes, at: int, sync: bytes, batch: Batch, layouts: Mapping[int, Layout]
) -> int | None:
    """Reads the change that begins here; answers where it ends, `at` where there is none, nothing where the batch must end."""
    if len(data) - at < CHANGE_HEAD.size:
        return at
    marker, kind, length = CHANGE_HEAD.unpack_from(data, at)
    start = at + CHANGE_HEAD.size
    past: int = start + length
    if marker != sync or kind != CHANGE or past > len(data):
        return at
    try:
        told = json.loads(data[start:past])
        cell, keys = told["cell"], told["keys"]
        file: Any = keys["file"]["name"] if "file" in keys else None
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError):
        return at
    if not isinstance(cell, str) or not isinstance(keys, dict):
        return at
    is_value = "value" in keys or "file" in keys
    if is_value and any(cell == part[0] for number in batch.rows for part in layouts[number].parts):
        return None
    before = batch.changes.setdefault(cell, {})
    if is_value:
        before.pop("value", None)
        before.pop("file", None)
    if "file" in keys:
        batch.files.append(file)
    before.update(keys)
    return past

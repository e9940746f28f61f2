"""A batch of records as requests: the same bytes always give the same requests, with the same keys."""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._spool import record
from .http import Request, cell_path

#: The server takes 1000 series in a request.
SERIES_PER_REQUEST = 500

#: Of each cell and series: steps, values, times.
Numbers = dict[tuple[str, str], tuple["array[float]", "array[float]", "array[float]"]]


def to_requests(
    batch: record.Batch,
    layouts: Mapping[int, record.Layout],
    folder: Path | None,
    writer: str,
    first: int,
) -> list[Request]:
    """The requests for a batch, in order, with keys from ``<writer>:<first>`` on. One that has lost its file is left out."""
    made: list[Request] = []
    number = first
    for cell, keys in batch.changes.items():
        body = _patch_body(keys, folder)
        if body is not None:
            made.append(
                Request("PATCH", cell_path(cell), body, key=f"{writer}:{number}", cells=[cell])
            )
        number += 1
    numbers = _points_by_series(batch, layouts)
    series = list(numbers)
    for at in range(0, len(series), SERIES_PER_REQUEST):
        part = {name: numbers[name] for name in series[at : at + SERIES_PER_REQUEST]}
        made.append(_encode_points(part, f"{writer}:{number}"))
        number += 1
    return made


def count_requests(batch: record.Batch, layouts: Mapping[int, record.Layout]) -> int:
    """How many keys :func:`to_requests` uses."""
    series = {part for number in batch.rows for part in layouts[number].parts}
    return len(batch.changes) + -(-len(series) // SERIES_PER_REQUEST)


def split_by_cell(request: Request) -> list[Request]:
    """A refused request for several cells as one for each, so that one cell cannot hold up the others."""
    groups: dict[str, Numbers] = {}
    for (cell, series), lists in decode_points(request.body).items():
        groups.setdefault(cell, {})[cell, series] = lists
    writer, _, number = (request.key or "").rpartition(":")
    return [
        _encode_points(numbers, f"{writer}.{number}:{at}")
        for at, numbers in enumerate(groups.values())
    ]


def _patch_body(keys: Mapping[str, Any], folder: Path | None) -> bytes | None:
    """A change's JSON; nothing where its file was dropped."""
    kept = keys.get("file")
    if kept is None:
        return json.dumps(keys, separators=(",", ":"), allow_nan=False).encode()
    path = value_file(folder, kept["name"])
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    rest = {name: value for name, value in keys.items() if name != "file"}
    value: bytes = data
    if kept.get("media") is not None:
        value = (
            b'"data:' + str(kept["media"]).encode() + b";base64," + base64.b64encode(data) + b'"'
        )
    text = json.dumps(rest, separators=(",", ":"), allow_nan=False).encode()
    return text[:-1] + (b"," if rest else b"") + b'"value":' + value + b"}"


def value_file(folder: Path | None, name: Any) -> Path | None:
    """The file of a larger value; nothing where the name is not one that a spool gives, whatever its records say."""
    if folder is None or not isinstance(name, str) or not re.fullmatch(r"[0-9]{6,}\.value", name):
        return None
    path = folder / name
    return None if path.is_symlink() else path


def _points_by_series(batch: record.Batch, layouts: Mapping[int, record.Layout]) -> Numbers:
    numbers: Numbers = {}
    parts = [part for number in batch.rows for part in layouts[number].parts]
    if len(set(parts)) == len(parts):
        for number, rows in batch.rows.items():
            _append_rows(numbers, layouts[number], rows)
        return numbers
    # A series that several layouts have gets its points in the order of the calls.
    taken = dict.fromkeys(batch.rows, 0)
    for number, run in batch.runs:
        start = taken[number]
        _append_rows(numbers, layouts[number], batch.rows[number][start : start + run])
        taken[number] = start + run
    return numbers


def _append_rows(numbers: Numbers, layout: record.Layout, rows: Sequence[record.Row]) -> None:
    times, steps, *values = zip(*rows)
    x, t = array("d", steps), array("d", times)
    for part, column in zip(layout.parts, values):
        y = array("d", column)
        known = numbers.get(part)
        if known is None:
            numbers[part] = (x[:], y, t[:])
        else:
            for old, new in zip(known, (x, y, t)):
                old.extend(new)


def _bytes(numbers: array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = array("d", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _encode_points(numbers: Numbers, key: str) -> Request:
    """The binary form of ``POST /points``, as docs/rest.md has it."""
    out = [struct.pack("<4sBBHQI", b"AGNZ", 1, 1, 0, 0, len(numbers))]
    for (cell, series), (x, y, t) in numbers.items():
        id, name = cell.encode(), series.encode()
        out.append(
            struct.pack(
                f"<B{len(id)}sH{len(name)}sQBI",
                len(id),
                id,
                len(name),
                name,
                2**64 - 1,
                1 | 4,
                len(y),
            )
        )
        out += [_bytes(x), _bytes(y), _bytes(t)]
    cells = list(dict.fromkeys(cell for cell, _ in numbers))
    return Request("POST", "/points", b"".join(out), "application/octet-stream", key, cells)


def decode_points(body: bytes) -> Numbers:
    """Reads what :func:`_encode_points` has written."""
    numbers: Numbers = {}
    for part, *lists in _decode_parts(body):
        numbers[part] = (lists[0], lists[1], lists[2])
    return numbers


def _decode_parts(body: bytes) -> Iterator[tuple[Any, ...]]:
    (parts,) = struct.unpack_from("<I", body, 16)
    at = 20
    for _ in range(parts):
        cell = body[at + 1 : at + 1 + body[at]].decode()
        at += 1 + body[at]
        (length,) = struct.unpack_from("<H", body, at)
        series = body[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _, _, n = struct.unpack_from("<QBI", body, at)
        at += 13
        lists = []
        for _ in range(3):
            numbers = array("d", body[at : at + 8 * n])
            if sys.byteorder == "big":
                numbers.byteswap()
            lists.append(numbers)
            at += 8 * n
        yield ((cell, series), *lists)

"""Builds the requests of a batch: equal bytes always give equal requests with equal keys."""

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
from . import run_requests
from .http import Request, board_path, cell_path

#: The server takes 1000 series in a request.
SERIES_PER_REQUEST = 500

#: Value of a frame's `from`: the series continues at its end.
_APPEND = 2**64 - 1
#: Which columns a frame has: x and t beside y.
_HAS_X, _HAS_T = 1, 4

#: Steps, values and times by cell and series.
Points = dict[tuple[str, str], "tuple[array[float], array[float], array[float]]"]


def to_requests(
    batch: record.Batch,
    layouts: Mapping[int, record.Layout],
    folder: Path | None,
    writer: str,
    first: int,
) -> list[Request]:
    """The requests of a batch, in order, with the keys ``<writer>:<first>`` and following.

    A change whose value file is missing is left out; its key stays unused.
    """
    requests: list[Request] = []
    for number, request in enumerate(_requests(batch, layouts, folder), first):
        if request is not None:
            request.key = f"{writer}:{number}"
            requests.append(request)
    return requests


def _requests(
    batch: record.Batch, layouts: Mapping[int, record.Layout], folder: Path | None
) -> Iterator[Request | None]:
    """The requests without their keys; None for a change whose value file is missing."""
    for cell, keys in batch.changes.items():
        body = _patch_body(keys, folder)
        yield Request("PATCH", cell_path(cell), body, cells=[cell]) if body is not None else None
    for run, keys in batch.run_changes.items():
        yield run_requests.patch_request(run, _encode(keys))
    for (run, name), value in batch.run_values.items():
        body = _patch_body(value["keys"], folder)
        yield run_requests.value_request(run, name, value, body) if body is not None else None
    points = _points_by_series(batch, layouts)
    series = list(points)
    for at in range(0, len(series), SERIES_PER_REQUEST):
        yield _encode_points({name: points[name] for name in series[at : at + SERIES_PER_REQUEST]})
    yield from run_requests.log_requests(batch, layouts)
    for run, texts in batch.console.items():
        yield run_requests.console_request(run, texts)
    # The cells that they name are there by now.
    for board, part, keys in batch.board_changes:
        method = record.BOARD_PARTS[part]
        yield Request(method, board_path(board, part), _encode(keys), board=board)
    for run, keys in batch.late_run_changes.items():
        yield run_requests.patch_request(run, _encode(keys))


def count_requests(batch: record.Batch, layouts: Mapping[int, record.Layout]) -> int:
    """How many keys :func:`to_requests` uses."""
    numbers = [number for number in batch.rows if layouts[number].run is None]
    series = {part for number in numbers for part in layouts[number].parts}
    changes = len(batch.changes) + len(batch.run_changes) + len(batch.late_run_changes)
    points = -(-len(series) // SERIES_PER_REQUEST) + run_requests.count_log_requests(batch, layouts)
    return changes + len(batch.run_values) + points + len(batch.console) + len(batch.board_changes)


def split(request: Request) -> list[Request]:
    """Splits refused points by cell, or by a run's metric: one does not hold up the others."""
    parts = run_requests.split_by_metric(request) if request.run else _split_by_cell(request)
    writer, _, number = (request.key or "").rpartition(":")
    for at, part in enumerate(parts):
        part.key = f"{writer}.{number}:{at}"
    return parts


def _split_by_cell(request: Request) -> list[Request]:
    groups: dict[str, Points] = {}
    for (cell, series), columns in decode_points(request.body).items():
        groups.setdefault(cell, {})[cell, series] = columns
    return [_encode_points(points) for points in groups.values()]


def _encode(keys: Mapping[str, Any]) -> bytes:
    return json.dumps(keys, separators=(",", ":"), allow_nan=False).encode()


def _patch_body(keys: Mapping[str, Any], folder: Path | None) -> bytes | None:
    """The JSON of a change; None if its value file was dropped."""
    file = keys.get("file")
    if file is None:
        return _encode(keys)
    path = value_file(folder, file["name"])
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    rest = {name: value for name, value in keys.items() if name != "file"}
    value: bytes = data
    if file.get("media") is not None:
        media = str(file["media"]).encode()
        value = b'"data:' + media + b";base64," + base64.b64encode(data) + b'"'
    text = _encode(rest)
    return text[:-1] + (b"," if rest else b"") + b'"value":' + value + b"}"


def value_file(folder: Path | None, name: Any) -> Path | None:
    """The path of a value file; None for a name that no spool gives, such as a path elsewhere."""
    if folder is None or not isinstance(name, str) or not re.fullmatch(r"[0-9]{6,}\.value", name):
        return None
    path = folder / name
    return None if path.is_symlink() else path


def _points_by_series(batch: record.Batch, layouts: Mapping[int, record.Layout]) -> Points:
    points: Points = {}
    numbers = [number for number in batch.rows if layouts[number].run is None]
    parts = [part for number in numbers for part in layouts[number].parts]
    if len(set(parts)) == len(parts):
        for number in numbers:
            _append_rows(points, layouts[number], batch.rows[number])
        return points
    # Several layouts share a series: its points follow the order of the calls.
    taken = dict.fromkeys(numbers, 0)
    for number, count in batch.order:
        if number not in taken:
            continue
        start = taken[number]
        _append_rows(points, layouts[number], batch.rows[number][start : start + count])
        taken[number] = start + count
    return points


def _append_rows(points: Points, layout: record.Layout, rows: Sequence[record.Row]) -> None:
    times, steps, *values = zip(*rows)
    x, t = array("d", steps), array("d", times)
    for part, column in zip(layout.parts, values):
        y = array("d", column)
        known = points.get(part)
        if known is None:
            points[part] = (x[:], y, t[:])
        else:
            for old, new in zip(known, (x, y, t)):
                old.extend(new)


def _encode_points(points: Points) -> Request:
    """Encodes the binary body of ``POST /points`` (docs/rest.md)."""
    out = [struct.pack("<4sBBHQI", b"AGNZ", 1, 1, 0, 0, len(points))]
    for (cell, series), (x, y, t) in points.items():
        id, name = cell.encode(), series.encode()
        header = f"<B{len(id)}sH{len(name)}sQBI"
        flags = _HAS_X | _HAS_T
        out.append(struct.pack(header, len(id), id, len(name), name, _APPEND, flags, len(y)))
        out += [_to_bytes(x), _to_bytes(y), _to_bytes(t)]
    cells = list(dict.fromkeys(cell for cell, _ in points))
    counts = {part: len(y) for part, (_, y, _) in points.items()}
    body = b"".join(out)
    return Request("POST", "/points", body, "application/octet-stream", cells=cells, points=counts)


def _to_bytes(numbers: array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = array("d", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def decode_points(body: bytes) -> Points:
    """Decodes the output of :func:`_encode_points`."""
    points: Points = {}
    for part, *columns in _decode_parts(body):
        points[part] = (columns[0], columns[1], columns[2])
    return points


def _decode_parts(body: bytes) -> Iterator[tuple[Any, ...]]:
    (parts,) = struct.unpack_from("<I", body, 16)
    at = 20
    for _ in range(parts):
        cell = body[at + 1 : at + 1 + body[at]].decode()
        at += 1 + body[at]
        (length,) = struct.unpack_from("<H", body, at)
        series = body[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _, _, count = struct.unpack_from("<QBI", body, at)
        at += 13
        columns = []
        for _ in range(3):
            numbers = array("d", body[at : at + 8 * count])
            if sys.byteorder == "big":
                numbers.byteswap()
            columns.append(numbers)
            at += 8 * count
        yield ((cell, series), *columns)

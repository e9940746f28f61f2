"""Arranges pixels: a grid of pictures, and the pieces of a very long picture."""

from __future__ import annotations

import math

from .._messages import warn_once
from . import image_scale
from .png import Pixels


def grid(data: bytes, shape: tuple[int, int, int, int]) -> Pixels:
    """Pictures side by side, a white pixel apart, in about as many rows as columns."""
    count, height, width, channels = shape
    if count == 1:
        return Pixels(width, height, channels, data)
    columns = image_scale.grid_columns(count)
    rows = math.ceil(count / columns)
    return _tile(
        [
            data[at : at + height * width * channels]
            for at in range(0, len(data), height * width * channels)
        ],
        width,
        height,
        channels,
        columns,
        rows,
    )


def _tile(
    parts: list[bytes], width: int, height: int, channels: int, columns: int, rows: int
) -> Pixels:
    across, down = columns * (width + 1) - 1, rows * (height + 1) - 1
    out = bytearray(b"\xff" * (across * down * channels))
    stride = width * channels
    for at, part in enumerate(parts):
        top, left = at // columns * (height + 1), at % columns * (width + 1)
        for row in range(height):
            start = ((top + row) * across + left) * channels
            out[start : start + stride] = part[row * stride : (row + 1) * stride]
    return Pixels(across, down, channels, bytes(out))


def fold(whole: Pixels) -> Pixels:
    """Cuts a very long picture into pieces, a white pixel apart.

    Pieces of a high picture are side by side, those of a wide one below each other.
    """
    count = image_scale.fold_count(whole.width, whole.height)
    if count == 1:
        return whole
    is_high = whole.height > whole.width
    length = math.ceil(max(whole.width, whole.height) / count)
    stride = whole.width * whole.channels
    if is_high:
        width, height = whole.width, length
        parts = [
            whole.data[at * stride * length : (at + 1) * stride * length] for at in range(count)
        ]
    else:
        width, height, piece = length, whole.height, length * whole.channels
        rows = [whole.data[at : at + stride] for at in range(0, len(whole.data), stride)]
        parts = [
            b"".join(row[at * piece : (at + 1) * piece].ljust(piece, b"\xff") for row in rows)
            for at in range(count)
        ]
    size = width * height * whole.channels
    parts = [part.ljust(size, b"\xff") for part in parts if part]
    warn_once(
        "folded",
        f"A picture of {whole.width} x {whole.height} pixels is folded into {len(parts)} pieces, "
        f"{'from left to right' if is_high else 'from top to bottom'}: "
        "it would be a line in its cell.",
    )
    columns, lines = (len(parts), 1) if is_high else (1, len(parts))
    return _tile(parts, width, height, whole.channels, columns, lines)

"""PNG and animated PNG, with zlib alone (W3C, Portable Network Graphics, third edition, 2025)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}


@dataclass(frozen=True)
class Pixels:
    """``height`` rows of ``width`` pixels of ``channels`` bytes.

    Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    """

    width: int
    height: int
    channels: int
    data: bytes

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.channels not in _COLOUR:
            raise ValueError(
                "a picture has at least one pixel and 1 to 4 channels, "
                f"not {self.width} x {self.height} x {self.channels}"
            )
        if len(self.data) != self.width * self.height * self.channels:
            raise ValueError("a picture's bytes do not fit its size")


def encode_png(pixels: Pixels) -> bytes:
    """A PNG file."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _header(pixels)
        + _chunk(b"IDAT", _compress(pixels))
        + _chunk(b"IEND", b"")
    )


def encode_apng(frames: Sequence[Pixels], fps: float) -> bytes:
    """An animated PNG file that plays ``frames``, all of one size, ``fps`` a second, for ever.

    Unlike GIF it keeps every colour.
    """
    first = frames[0]
    if any(
        (frame.width, frame.height, frame.channels) != (first.width, first.height, first.channels)
        for frame in frames
    ):
        raise ValueError("all frames must have the same size and channels")
    if not 0.01 <= fps <= 1000:
        raise ValueError(f"fps must be 0.01 to 1000, not {fps}")
    out: list[bytes] = [
        b"\x89PNG\r\n\x1a\n",
        _header(first),
        _chunk(b"acTL", struct.pack(">II", len(frames), 0)),
    ]
    # The delay is a fraction of two u16: up to 655 fps it keeps hundredths.
    delay = (100, round(fps * 100)) if fps <= 655 else (1, round(fps))
    number = 0
    for at, frame in enumerate(frames):
        out.append(
            _chunk(
                b"fcTL",
                struct.pack(">IIIIIHHBB", number, frame.width, frame.height, 0, 0, *delay, 0, 0),
            )
        )
        number += 1
        data = _compress(frame)
        if at == 0:
            out.append(_chunk(b"IDAT", data))
        else:
            out.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
            number += 1
    return b"".join(out) + _chunk(b"IEND", b"")


def _header(pixels: Pixels) -> bytes:
    return _chunk(
        b"IHDR",
        struct.pack(">IIBBBBB", pixels.width, pixels.height, 8, _COLOUR[pixels.channels], 0, 0, 0),
    )


def _compress(pixels: Pixels) -> bytes:
    stride = pixels.width * pixels.channels
    data = pixels.data
    # Filter 0: row differences would be smaller, but slow to compute in Python.
    rows = b"".join(b"\0" + data[at : at + stride] for at in range(0, len(data), stride))
    return zlib.compress(rows, 4)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

"""Sound as a page with a player: a file, or samples as a WAV file."""

from __future__ import annotations

import base64
import html
import io
import math
import mimetypes
import os
import struct
import wave
from typing import Any

from . import convert
from .arrays import to_float_array

#: The server takes values of 8 MiB, which base64 makes 6 of.
MAX_BYTES = 6_200_000
#: The largest sample of 16 bits.
_FULL_SCALE = 32767
#: The first bytes of a file, at an offset, and its media type.
_SIGNATURES = (
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (4, b"ftyp", "audio/mp4"),
)


def encode(data: Any, sample_rate: Any) -> tuple[bytes, str]:
    """The bytes and the media type of a path, of a file's bytes, or of samples.

    Samples are one list, or have the shape (N, channels): floats from -1 to 1, which are clipped,
    or integers of 16 bits. They need a ``sample_rate`` in Hz. ValueError for other data.
    """
    if isinstance(data, (str, os.PathLike)):
        with open(data, "rb") as file:
            content = file.read()
        named = mimetypes.guess_type(os.fspath(data))[0] or ""
        return content, named if named.startswith("audio/") else _media_type(content)
    if isinstance(data, (bytes, bytearray)):
        return bytes(data), _media_type(data)
    if sample_rate is None:
        raise ValueError("samples need sample_rate=, in Hz")
    return _encode_wav(data, int(sample_rate)), "audio/wav"


def to_html(content: bytes, kind: str, caption: str | None) -> str:
    """A player for a file of the media type ``kind``. ValueError if it is too large."""
    if len(content) > MAX_BYTES:
        size = len(content) / 1e6
        raise ValueError(f"the sound has {size:.1f} MB, the server takes {MAX_BYTES / 1e6:.1f}")
    uri = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    text = "" if caption is None else f"<p>{html.escape(caption)}</p>"
    return f'<audio controls style="width:100%" src="{uri}"></audio>{text}'


def _media_type(content: bytes | bytearray) -> str:
    for offset, signature, kind in _SIGNATURES:
        if content[offset : offset + len(signature)] == signature:
            return kind
    raise ValueError("the file is no sound that browsers play, as WAV, MP3, Ogg and FLAC are")


def _encode_wav(samples: Any, rate: int) -> bytes:
    data, channels = _array_to_pcm(samples) if hasattr(samples, "shape") else _list_to_pcm(samples)
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(data)
    return output.getvalue()


def _array_to_pcm(samples: Any) -> tuple[bytes, int]:
    """Samples as little-endian integers of 16 bits, and the number of channels."""
    import numpy as np

    is_whole = convert.dtype_kind(samples) in ("i", "u")
    numbers = to_float_array(samples)
    if numbers.ndim not in (1, 2):
        raise ValueError(f"samples have the shape (N,) or (N, channels), not {numbers.shape}")
    scaled = np.nan_to_num(numbers) * (1 if is_whole else _FULL_SCALE)
    data = np.clip(scaled, -_FULL_SCALE - 1, _FULL_SCALE).astype("<i2").tobytes()
    return data, numbers.shape[1] if numbers.ndim == 2 else 1


def _list_to_pcm(samples: Any) -> tuple[bytes, int]:
    rows = convert.to_list(samples, "samples")
    channels = 1
    if rows and isinstance(rows[0], (list, tuple)):
        channels = len(rows[0])
        rows = [one for row in rows for one in convert.to_list(row, "samples")]
    scale = 1 if all(isinstance(one, int) for one in rows) else _FULL_SCALE
    numbers = [convert.to_number(one, "a sample") * scale for one in rows]
    finite = [one if math.isfinite(one) else 0 for one in numbers]
    clipped = [int(min(max(one, -_FULL_SCALE - 1), _FULL_SCALE)) for one in finite]
    return struct.pack(f"<{len(clipped)}h", *clipped), channels

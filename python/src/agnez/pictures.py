"""Pictures of any kind as bytes of a file: paths, PIL images, arrays, lists."""

from __future__ import annotations

import io
import math
import os
import sys
from typing import Any, List, Optional, Tuple

from .plain import listed
from .png import Pixels, animated, still
from .tell import tell_once

_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"), (b"BM", "image/bmp"))


def media_type(data: bytes) -> str:
    """By the first bytes: PNG, JPEG, GIF, WebP, AVIF, BMP or SVG; ValueError for anything else."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    if data[:1000].lstrip().startswith((b"<svg", b"<?xml")) and b"<svg" in data[:1000]:
        return "image/svg+xml"
    raise ValueError("the bytes are no PNG, JPEG, GIF, WebP, AVIF, BMP or SVG picture")


def picture(data: Any, *, vmin: Optional[float] = None, vmax: Optional[float] = None) -> bytes:
    """A picture's file: bytes and paths as they are, anything else as PNG. Shapes as in :meth:`agnez.Board.image`."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        media_type(bytes(data))
        return bytes(data)
    if isinstance(data, (str, os.PathLike)):
        with open(data, "rb") as file:
            content: bytes = file.read()
        media_type(content)
        return content
    if callable(getattr(data, "save", None)) and hasattr(data, "mode"):
        out = io.BytesIO()
        (data if data.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else data.convert("RGB")).save(out, format="PNG")
        png: bytes = out.getvalue()
        return png
    return still(pixels(data, vmin=vmin, vmax=vmax))


def moving(frames: Any, fps: float) -> bytes:
    """A moving picture's file: a path or bytes as they are, frames as an animated PNG."""
    if isinstance(frames, (bytes, bytearray, str, os.PathLike)):
        return picture(frames)
    pictures = [_from_pil(frame) if hasattr(frame, "mode") else pixels(frame) for frame in frames]
    if not pictures:
        raise ValueError("frames must hold at least one picture")
    return animated(pictures, fps)


def _from_pil(image: Any) -> Pixels:
    image = image.convert("RGBA" if image.mode in ("LA", "RGBA", "P") else "RGB")
    return Pixels(image.width, image.height, len(image.getbands()), image.tobytes())


def pixels(data: Any, *, vmin: Optional[float] = None, vmax: Optional[float] = None) -> Pixels:
    """An array's pixels."""
    for name in ("detach", "cpu"):
        method = getattr(data, name, None)
        if callable(method) and hasattr(data, "shape"):
            data = method()
    if not hasattr(data, "shape"):
        data = listed(data, "a picture")
        if "numpy" not in sys.modules:
            return _from_lists(data, vmin, vmax)
    import numpy as np  # The array's own library, or that of the arrays around it.

    array = np.asarray(data)
    if array.dtype.kind not in "biuf":
        array = array.astype(np.float64)
    if array.ndim not in (2, 3, 4) or array.size == 0:
        raise ValueError(f"a picture has the shape (H, W), (H, W, C) or (N, H, W, C), not {array.shape}")
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[1] > 4 and array.shape[2] > 4:
        tell_once("channels first", f"A picture of the shape {array.shape} is drawn as a grid of {array.shape[0]} grey ones. If the first axis holds colours: .permute(1, 2, 0) in torch, .transpose(1, 2, 0) in numpy.")
    is_many = array.ndim == 4 or array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)
    if array.ndim == 2 or array.ndim == 3 and is_many:
        array = array[..., None]
    if array.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(f"a picture has 1 to 4 channels in its last axis, not {array.shape[-1]}: colours in another one need a transpose (torch: permute)")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    elif array.dtype != np.uint8 or vmin is not None or vmax is not None:
        finite = array[np.isfinite(array)].astype(np.float64)
        low, high = _range(float(finite.min()) if finite.size else 0.0, float(finite.max()) if finite.size else 1.0, array.shape[-1], array.dtype.kind, vmin, vmax)
        with np.errstate(invalid="ignore"):
            array = np.nan_to_num((array.astype(np.float64) - low) * (255.0 / (high - low)), nan=0.0, posinf=255.0, neginf=0.0)
        array = np.clip(np.rint(array), 0, 255).astype(np.uint8)
    if is_many:
        array = _grid(np, array)
    height, width, channels = array.shape
    return Pixels(width, height, channels, array.tobytes())


def _range(low: float, high: float, channels: int, kind: str, vmin: Optional[float], vmax: Optional[float]) -> Tuple[float, float]:
    """What becomes black and white: 0 to 1 or 0 to 255 where the values lie there, else the values' own range. Grey floats above
    1 have their own range too, unless there is but one of them."""
    if low >= 0 and high <= 1 and kind == "f":
        least, most = 0.0, 1.0
    elif low >= 0 and high <= 255 and (kind != "f" or channels > 2 or low == high):
        least, most = 0.0, 255.0
    else:
        least, most = low, high
    least, most = (least if vmin is None else vmin), (most if vmax is None else vmax)
    if not (math.isfinite(least) and math.isfinite(most)):
        raise ValueError("vmin and vmax must be finite")
    return least, most if most > least else least + 1.0


def _grid(np: Any, array: Any) -> Any:
    """Pictures side by side, a pixel of white between them, about as many rows as columns."""
    count, height, width, channels = array.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    out = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), 255, np.uint8)
    for at in range(count):
        top, left = at // columns * (height + 1), at % columns * (width + 1)
        out[top : top + height, left : left + width] = array[at]
    return out


def _from_lists(data: List[Any], vmin: Optional[float], vmax: Optional[float]) -> Pixels:
    """Nested lists of the shape (H, W) or (H, W, C), without numpy."""
    rows = [listed(row, "a row of pixels") for row in data]
    width = len(rows[0]) if rows else 0
    if not width or any(len(row) != width for row in rows):
        raise ValueError("all rows of a picture must have the same length, at least one pixel")
    points = [listed(pixel, "a pixel") if hasattr(pixel, "__iter__") else [pixel] for row in rows for pixel in row]
    channels = len(points[0])
    if any(len(point) != channels for point in points):
        raise ValueError("all pixels of a picture must have the same channels")
    values = [float(value) for point in points for value in point]
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    is_whole = all(isinstance(value, int) for point in points for value in point)
    low, high = _range(min(finite), max(finite), channels, "i" if is_whole else "f", vmin, vmax)
    # NaN is the only number that differs from itself; it is black.
    scaled = ((0.0 if value != value else (value - low) / (high - low)) for value in values)
    return Pixels(width, len(rows), channels, bytes(round(255 * min(max(value, 0.0), 1.0)) for value in scaled))

"""Encodes pictures of any kind as image files: paths, PIL images, arrays, lists."""

from __future__ import annotations

import io
import itertools
import math
import os
import sys
from typing import Any

from .._messages import warn_once
from . import image_scale, tiling
from .convert import to_list
from .json_types import to_json_numbers
from .png import Pixels, encode_apng, encode_png

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
#: Frames of an animation: more would exceed the server's size limit anyway.
_FRAMES = 5000
#: Pixels of a side that PNG readers accept.
_SIDE = 32768


def media_type(data: bytes) -> str:
    """The media type by the first bytes: PNG, JPEG, GIF, WebP, AVIF, BMP or SVG.

    ValueError for anything else.
    """
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


def is_url(data: Any) -> bool:
    """Whether the page fetches the picture itself."""
    return isinstance(data, str) and data.startswith(("http://", "https://", "data:", "./images/"))


def encode_image(data: Any, *, vmin: float | None = None, vmax: float | None = None) -> bytes:
    """An image file: bytes and files stay as they are, other values become PNG.

    Shapes and scales are those of :meth:`agnez.Board.image`.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        media_type(bytes(data))
        return bytes(data)
    if isinstance(data, (str, os.PathLike)):
        with open(data, "rb") as file:
            content: bytes = file.read()
        media_type(content)
        return content
    if callable(getattr(data, "savefig", None)):
        out = io.BytesIO()
        data.savefig(out, format="png")
        return out.getvalue()
    if _is_pil(data):
        if image_scale.fold_count(data.width, data.height) > 1:
            return encode_png(tiling.fold(_pil_to_pixels(data)))
        out = io.BytesIO()
        (data if data.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else data.convert("RGB")).save(
            out, format="PNG"
        )
        png: bytes = out.getvalue()
        return png
    return encode_png(to_pixels(data, vmin=vmin, vmax=vmax))


def convert_mode(content: bytes, mode: str) -> bytes:
    """An image file converted to a mode of PIL (``L``, ``RGB``).

    Unchanged if PIL is not installed or does not know the mode.
    """
    try:
        from PIL import Image

        out = io.BytesIO()
        Image.open(io.BytesIO(content)).convert(mode).save(out, format="PNG")
        return out.getvalue()
    except Exception as error:
        warn_once(
            f"mode {mode}",
            f"A picture is shown as it is, not in the mode {mode!r} "
            f"({type(error).__name__}: {error}).",
        )
        return content


def encode_animation(frames: Any, fps: float) -> bytes:
    """An animated image file: bytes and files stay as they are, frames become animated PNG.

    All frames have one scale.
    """
    if isinstance(frames, (bytes, bytearray, str, os.PathLike)):
        return encode_image(frames)
    if hasattr(frames, "shape"):
        frames = to_array(frames)
    if not hasattr(frames, "__iter__"):
        raise TypeError(
            "frames must be a path, bytes, an array or a list of pictures, "
            f"not {type(frames).__name__}"
        )
    given = list(itertools.islice(iter(frames), _FRAMES + 1))
    if len(given) > _FRAMES:
        raise ValueError(f"a film has at most {_FRAMES} frames")
    if not given:
        raise ValueError("frames must hold at least one picture")
    read = [frame if _is_pil(frame) else _parse(frame) for frame in given]
    # With scales of their own, frames would flicker and could not be compared.
    common = _common_limits(
        [frame for frame in read if isinstance(frame, ImageArray) and not frame.is_bytes]
    )
    return encode_apng(
        [
            _scale_to_pixels(frame, common)
            if isinstance(frame, ImageArray)
            else _pil_to_pixels(frame)
            for frame in read
        ],
        fps,
    )


def _is_pil(data: Any) -> bool:
    return callable(getattr(data, "save", None)) and hasattr(data, "mode")


def _pil_to_pixels(image: Any) -> Pixels:
    image = image.convert("RGBA" if image.mode in ("LA", "RGBA", "P") else "RGB")
    return Pixels(image.width, image.height, len(image.getbands()), image.tobytes())


def to_pixels(data: Any, *, vmin: float | None = None, vmax: float | None = None) -> Pixels:
    """The pixels of an array."""
    read = _parse(data)
    if vmin is not None or vmax is not None:
        read.is_bytes = False
    return tiling.fold(_scale_to_pixels(read, _common_limits([read], vmin, vmax)))


# ---- values --------------------------------------------------------------------------------------


class ImageArray:
    """One picture before scaling, or several that form a grid.

    ``array`` has the shape (N, H, W, C); without numpy it is a flat list of the same items.
    """

    def __init__(
        self,
        array: Any,
        shape: tuple[int, int, int, int],
        low: float,
        high: float,
        is_float: bool,
        is_whole: bool,
    ) -> None:
        self.array, self.shape = array, shape
        self.low, self.high = low, high
        self.is_float, self.is_whole = is_float, is_whole
        #: Whether the values are bytes already, which keep their scale.
        self.is_bytes = str(getattr(array, "dtype", "")) in ("uint8", "bool")


def to_array(data: Any) -> Any:
    """A NumPy array of numbers from an array of any library."""
    for name in ("detach", "cpu"):
        method = getattr(data, name, None)
        if callable(method):
            data = method()
    is_torch = callable(getattr(data, "permute", None))
    if callable(getattr(data, "toarray", None)):
        data = data.toarray()
    import numpy as np  # The array's own library, or that of the arrays around it.

    try:
        array = np.asarray(data)
    except Exception:
        # The only way for torch's bfloat16.
        array = np.asarray(to_list(data, "a picture"))
    if array.dtype.kind not in "biuf":
        if array.dtype.kind in "cmMSU":
            raise TypeError(f"a picture must hold numbers, not {array.dtype}")
        try:
            array = array.astype(np.float64)
        except Exception:
            raise TypeError(f"a picture must hold numbers, not {array.dtype}") from None
    if is_torch and image_scale.has_channels_first(array.shape):
        array = np.moveaxis(array, -3, -1)
    return array


def _parse(data: Any) -> ImageArray:
    if not hasattr(data, "shape"):
        data = to_list(data, "a picture")
        if "numpy" not in sys.modules:
            return _parse_lists(data)
        try:
            import numpy as np

            data = (
                np.stack([to_array(item) for item in data])
                if data and all(hasattr(item, "shape") for item in data)
                else data
            )
            np.asarray(data, dtype=np.float64)
        except Exception:
            raise ValueError(
                "all rows of a picture must have the same length, "
                "at least one pixel, and hold numbers"
            ) from None
    import numpy as np

    array = to_array(data)
    if array.ndim not in (2, 3, 4) or array.size == 0:
        raise ValueError(
            f"a picture has the shape (H, W), (H, W, C) or (N, H, W, C), not {array.shape}"
        )
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[1] > 4 and array.shape[2] > 4:
        warn_once(
            "channels first",
            f"A picture of the shape {array.shape} is drawn as a grid of "
            f"{array.shape[0]} grey ones. "
            "If the first axis holds colours: .permute(1, 2, 0) in torch, "
            ".transpose(1, 2, 0) in numpy.",
        )
    is_many = image_scale.is_batch(array.shape)
    if array.ndim == 2 or (array.ndim == 3 and is_many):
        array = array[..., None]
    if array.shape[-1] not in (1, 2, 3, 4):
        raise ValueError(
            f"a picture has 1 to 4 channels in its last axis, not {array.shape[-1]}: "
            "colours in another one need a transpose (torch: permute)"
        )
    if not is_many:
        array = array[None]
    if max(array.shape) > _SIDE:
        raise ValueError(
            f"a picture has at most {_SIDE} pixels in a row or column, not the shape {array.shape}"
        )
    if array.dtype in (np.uint8, np.bool_):
        return ImageArray(array, array.shape, 0.0, 255.0, False, True)
    finite = array[np.isfinite(array)].astype(np.float64)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return ImageArray(
        array,
        array.shape,
        low,
        high,
        array.dtype.kind == "f",
        bool((finite == np.rint(finite)).all()),
    )


def _parse_lists(data: list[Any]) -> ImageArray:
    """Nested lists (H, W), (H, W, C), (N, H, W) or (N, H, W, C), without numpy."""
    shape: list[int] = []
    level: list[Any] = [data]
    while level and hasattr(level[0], "__iter__") and not isinstance(level[0], (str, bytes)):
        if len(shape) == 4:
            raise ValueError("a picture has the shape (H, W), (H, W, C) or (N, H, W, C)")
        lists = [to_list(item, "a part of a picture") for item in level]
        if len({len(item) for item in lists}) > 1 or not lists[0]:
            raise ValueError("all rows of a picture must have the same length, at least one pixel")
        shape.append(len(lists[0]))
        level = [item for part in lists for item in part]
    if len(shape) not in (2, 3, 4):
        raise ValueError(
            f"a picture has the shape (H, W), (H, W, C) or (N, H, W, C), not {tuple(shape)}"
        )
    is_many = image_scale.is_batch(shape)
    full = tuple(
        shape
        if len(shape) == 4
        else [*shape, 1]
        if len(shape) == 3 and is_many
        else [1, *shape]
        if len(shape) == 3
        else [1, *shape, 1]
    )
    values = [
        math.nan if item is None else float(item) for item in to_json_numbers(level, "a picture")
    ]
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    is_float = all(isinstance(value, bool) for value in level) or not all(
        isinstance(value, int) for value in level
    )
    return ImageArray(
        values,
        (full[0], full[1], full[2], full[3]),
        min(finite),
        max(finite),
        is_float,
        all(value.is_integer() for value in finite),
    )


# ---- bytes ---------------------------------------------------------------------------------------


def _common_limits(
    read: list[ImageArray], vmin: float | None = None, vmax: float | None = None
) -> tuple[float, float]:
    """The values that become black and white in all pictures."""
    if not read:
        return 0.0, 255.0
    low, high, channels = (
        min(one.low for one in read),
        max(one.high for one in read),
        max(one.shape[-1] for one in read),
    )
    return image_scale.limits(
        low,
        high,
        channels,
        any(one.is_float for one in read),
        all(one.is_whole for one in read),
        vmin,
        vmax,
    )


def _scale_to_pixels(read: ImageArray, common: tuple[float, float]) -> Pixels:
    low, high = common
    if isinstance(read.array, list):
        # NaN, the only number that differs from itself, is black.
        scaled = ((0.0 if value != value else (value - low) / (high - low)) for value in read.array)
        return tiling.grid(
            bytes(round(255 * min(max(value, 0.0), 1.0)) for value in scaled), read.shape
        )
    import numpy as np

    array = read.array
    if array.dtype == np.bool_ and read.is_bytes:
        array = array.astype(np.uint8) * 255
    elif not read.is_bytes:
        with np.errstate(invalid="ignore", over="ignore"):
            # Halve first: the range between the largest doubles exceeds a double.
            unit = (array.astype(np.float64) / 2 - low / 2) / (high / 2 - low / 2)
            array = np.clip(
                np.rint(np.nan_to_num(unit * 255.0, nan=0.0, posinf=255.0, neginf=0.0)), 0, 255
            ).astype(np.uint8)
    return tiling.grid(np.ascontiguousarray(array).tobytes(), read.shape)

"""Arrays of video frames in the layouts of other libraries."""

from __future__ import annotations

from typing import Any

from . import image_scale, images


def to_frames(frames: Any) -> Any:
    """Frames as :func:`agnez._values.images.encode_animation` takes them.

    (T, C, H, W) becomes (T, H, W, C). (N, T, C, H, W) becomes one animation of N side by side, a
    white pixel apart. Other values are returned unchanged.
    """
    shape = getattr(frames, "shape", None)
    if shape is None or len(shape) not in (4, 5):
        return frames
    import numpy as np

    array = images.to_array(frames)
    if array.ndim == 5:
        array = _side_by_side(
            np, array if image_scale.has_channels_last(array.shape) else np.moveaxis(array, -3, -1)
        )
    elif image_scale.has_frame_channels_first(array.shape):
        array = np.moveaxis(array, 1, -1)
    return array


def _side_by_side(np: Any, films: Any) -> Any:
    count, length, height, width, channels = films.shape
    columns = image_scale.grid_columns(count)
    rows = -(-count // columns)
    white = 1 if films.dtype.kind == "f" and films.size and np.nanmax(films) <= 1.1 else 255
    whole = np.full(
        (length, rows * (height + 1) - 1, columns * (width + 1) - 1, channels), white, films.dtype
    )
    for at in range(count):
        top, left = at // columns * (height + 1), at % columns * (width + 1)
        whole[:, top : top + height, left : left + width] = films[at]
    return whole

"""Many images as one: the grids of the 2015 collection, on NumPy.

All functions return ``uint8`` arrays for :meth:`agnez.Board.image` and :meth:`agnez.Board.gif`.
Values are scaled to 0 to 255; NaN and minus infinity are black, infinity is white.
"""

from __future__ import annotations

import math
from typing import Any

from ._optional import import_optional

#: An array of NumPy.
Array = Any


def img_grid(
    images: Any,
    rows_cols: tuple[int, int] | None = None,
    rescale: bool = True,
    *,
    channels_last: bool = False,
) -> Array:
    """Images side by side, a white pixel apart.

    :param images: ``(N, H, W)``, ``(N, C, H, W)``, or with ``channels_last`` ``(N, H, W, C)``; C is
        1, 3 or 4.
    :param rows_cols: rows and columns; as square as possible by default. ValueError if the images
        do not fit.
    :param rescale: True: one scale for all images; False: a scale for each.
    :returns: ``(rows * (H + 1) - 1, cols * (W + 1) - 1)``, and a last axis of C if C is not 1.
    """
    images = _images(images, 4, channels_last)
    rows, cols = _arrangement(len(images), rows_cols)
    scaled = _unit(images) if rescale else _each(images)
    return _bytes(_pasted(scaled, rows, cols))


def video_grid(
    videos: Any,
    rows_cols: tuple[int, int] | None = None,
    rescale: bool = True,
    *,
    channels_last: bool = False,
) -> Array:
    """Videos side by side, frame by frame: :func:`img_grid` along time, with one scale.

    :param videos: ``(T, N, H, W)``, ``(T, N, C, H, W)``, or with ``channels_last``
        ``(T, N, H, W, C)``: T frames of N videos.
    :returns: ``(T, height, width)`` or ``(T, height, width, C)``, for :meth:`agnez.Board.gif`.
    """
    np = import_optional("numpy", "agnez.grids")
    videos = _images(videos, 5, channels_last)
    rows, cols = _arrangement(videos.shape[1], rows_cols)
    # One scale for all frames of a video, else it would flicker.
    scaled = _unit(videos) if rescale else np.swapaxes(_each(np.swapaxes(videos, 0, 1)), 0, 1)
    frames = [_bytes(_pasted(frame, rows, cols)) for frame in scaled]
    return np.stack(frames) if frames else np.zeros((0, 1, 1), np.uint8)


def grid2d(
    weights: Any,
    example_width: int | None = None,
    display_cols: int | None = None,
    pad_row: int = 1,
    pad_col: int = 1,
    rescale: bool = True,
) -> Array:
    """The rows of a matrix as small pictures, such as the weights of a layer's units.

    Each row is divided by its largest absolute value: 0 is the same grey in every picture.

    :param weights: ``(N, P)``: N pictures of P pixels, row by row.
    :param example_width: width of a picture; the root of P by default. ValueError if it does not
        divide P.
    :param display_cols: pictures in a row; the root of N by default.
    :param pad_row: black pixels above, between and below the pictures.
    :param pad_col: black pixels beside the pictures.
    :param rescale: True: the whole range from black to white; False: -1 is black, 0 grey, 1 white.
    :returns: ``(pad_row + rows * (height + pad_row), pad_col + cols * (width + pad_col))``.
    """
    np = import_optional("numpy", "agnez.grids")
    weights = np.asarray(weights, float)
    if weights.ndim != 2 or 0 in weights.shape:
        raise ValueError(
            "weights must be a matrix with one picture in each row, "
            f"not an array of shape {weights.shape}"
        )
    count, pixels = weights.shape
    width = example_width or round(math.sqrt(pixels))
    if pixels % width:
        raise ValueError(
            f"rows of {pixels} pixels are no pictures of width {width}: give example_width"
        )
    height = pixels // width
    cols = display_cols or int(math.sqrt(count))
    rows = -(-count // cols)
    finite = np.where(np.isfinite(weights), weights, 0)
    largest = np.abs(finite).max(axis=1, keepdims=True)
    pictures = (finite / np.where(largest > 0, largest, 1)).reshape(count, height, width)
    whole = np.full((pad_row + rows * (height + pad_row), pad_col + cols * (width + pad_col)), -1.0)
    for at, picture in enumerate(pictures):
        top = pad_row + at // cols * (height + pad_row)
        left = pad_col + at % cols * (width + pad_col)
        whole[top : top + height, left : left + width] = picture
    return _bytes(_unit(whole) if rescale else (whole + 1) / 2)


def pref_grid(
    above: Any, below: Any, num_preferred: int = 9, abs_value: bool = True, pad_row: int = 5
) -> Array:
    """The units of the layer below that each unit prefers: a row of pictures for each unit.

    :param above: ``(U, N)``: weights of U units to N units below.
    :param below: ``(N, P)``: the pictures of the units below, as :func:`grid2d` takes them.
    :param num_preferred: pictures in a row, the largest weight first.
    :param abs_value: order by absolute weights; False: by positive weights.
    :param pad_row: black pixels between the rows.
    :returns: a picture of U rows and ``num_preferred`` columns.
    """
    np = import_optional("numpy", "agnez.grids")
    above, below = np.asarray(above, float), np.asarray(below, float)
    if above.ndim != 2 or below.ndim != 2 or above.shape[1] != below.shape[0]:
        raise ValueError(
            f"above must be (U, N) and below (N, P), not {above.shape} and {below.shape}"
        )
    strength = np.nan_to_num(np.abs(above) if abs_value else above)
    preferred = min(num_preferred, below.shape[0])
    order = np.argsort(-strength, axis=1, kind="stable")[:, :preferred]
    return grid2d(below[order.ravel()], display_cols=preferred, pad_row=pad_row)


def _images(images: Any, axes: int, channels_last: bool) -> Array:
    """Float images with the channels last; ``axes`` includes the channel axis."""
    np = import_optional("numpy", "agnez.grids")
    images = np.asarray(images, float)
    if images.ndim == axes - 1:
        images = images[..., None]
    elif images.ndim == axes and not channels_last:
        images = np.moveaxis(images, -3, -1)
    elif images.ndim != axes:
        raise ValueError(
            f"images must have {axes - 1} or {axes} axes, not the shape {images.shape}"
        )
    if 0 in images.shape[-3:] or images.shape[-1] not in (1, 3, 4):
        hint = (
            "channels_last=True says that they come last"
            if not channels_last
            else "they are taken from the last axis"
        )
        raise ValueError(f"images have 1, 3 or 4 channels, not {images.shape[-1]}: {hint}")
    return images


def _arrangement(count: int, rows_cols: tuple[int, int] | None) -> tuple[int, int]:
    if rows_cols is None:
        cols = max(1, math.ceil(math.sqrt(count)))
        return max(1, -(-count // cols)), cols
    rows, cols = rows_cols
    if rows < 1 or cols < 1 or rows * cols < count:
        raise ValueError(f"{count} images do not fit into {rows} rows of {cols}")
    return rows, cols


def _pasted(images: Array, rows: int, cols: int) -> Array:
    """``(N, H, W, C)`` from 0 to 1 as one image on white."""
    np = import_optional("numpy", "agnez.grids")
    _, height, width, channels = images.shape
    whole = np.ones((rows * (height + 1) - 1, cols * (width + 1) - 1, channels))
    for at, image in enumerate(images):
        top, left = at // cols * (height + 1), at % cols * (width + 1)
        whole[top : top + height, left : left + width] = image
    return whole[..., 0] if channels == 1 else whole


def _each(images: Array) -> Array:
    np = import_optional("numpy", "agnez.grids")
    return np.stack([_unit(image) for image in images]) if len(images) else images


def _unit(values: Array) -> Array:
    """Scales the finite values to 0 to 1; 0.5 if all are equal."""
    np = import_optional("numpy", "agnez.grids")
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low == high:
        scaled = np.where(np.isfinite(values), 0.5, values)
    else:
        # Halve first: the range between the largest doubles exceeds a double.
        scaled = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.nan_to_num(np.clip(scaled, 0, 1), nan=0)


def _bytes(unit: Array) -> Array:
    np = import_optional("numpy", "agnez.grids")
    return np.round(255 * unit).astype(np.uint8)

"""How an image's values become bytes, and which axes of a shape are channels.

Works on numbers and shapes only, without numpy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Overshoot of resizing and rounding above 1, up to which colours from 0 to 1 are clipped.
_COLOUR_HAIR = 0.1
#: The same for grey values: one step of 255.
_GREY_HAIR = 1 / 255
#: Colours that are fractions are 0 to 255 if the highest is at least this; else own range.
_LEAST_OF_255 = 16
#: A picture of this aspect ratio and length is folded: it would be a line in its cell.
FOLD_RATIO = 16
FOLD_LENGTH = 1000


def limits(
    low: float,
    high: float,
    channels: int,
    is_float: bool,
    is_whole: bool,
    vmin: float | None,
    vmax: float | None,
) -> tuple[float, float]:
    """The values that become black and white.

    That is 0 to 1 or 0 to 255 if the values lie there, else the values' own range. Grey floats
    above 1 have their own range as well, unless all are equal. ``is_whole``: all values are
    integers.
    """
    is_colour = channels > 2
    hair = _COLOUR_HAIR if is_colour or low == high else _GREY_HAIR
    if is_float and low >= -hair and high <= 1 + hair and (low >= 0 or high >= 4 * hair):
        least, most = 0.0, 1.0
    elif (
        low >= 0
        and high <= 255
        and (not is_float or low == high or (is_colour and (is_whole or high >= _LEAST_OF_255)))
    ):
        least, most = 0.0, 255.0
    else:
        least, most = low, high
    least, most = (least if vmin is None else float(vmin)), (most if vmax is None else float(vmax))
    if not (math.isfinite(least) and math.isfinite(most)):
        raise ValueError("vmin and vmax must be finite")
    return least, most if most > least else least + 1.0


def is_batch(shape: Sequence[int]) -> bool:
    """Whether an array of this shape holds several pictures, along its first axis.

    (H, W, C) with 1 to 4 channels is one picture, (N, H, W) several. Squares of 2, 3 or 4 pixels
    are kernels: (64, 3, 3) are 64 of them. (2, 2, 2), (3, 3, 3) and (4, 4, 4), which could be
    either, are one picture.
    """
    if len(shape) != 3:
        return len(shape) == 4
    count, height, width = shape
    if width not in (1, 2, 3, 4):
        return True
    return height == width != count and width > 1


def has_channels_first(shape: Sequence[int]) -> bool:
    """Whether the shape is (C, H, W) or (N, C, H, W), as in torch."""
    if len(shape) not in (3, 4) or shape[-1] in (1, 2, 3, 4):
        return False
    return shape[-3] in (3, 4) or (len(shape) == 4 and shape[-3] == 1)


def has_channels_last(shape: Sequence[int]) -> bool:
    """Whether the last axis has 1, 3 or 4 channels, and the channel axis of torch does not."""
    return shape[-1] in (1, 3, 4) and shape[-3] not in (1, 3, 4)


def has_frame_channels_first(shape: Sequence[int]) -> bool:
    """Whether frames are (T, C, H, W) and not (T, H, W, C).

    Ambiguous shapes are the former, as in other libraries.
    """
    return shape[1] in (1, 3, 4) and not has_channels_last(shape)


def grid_columns(count: int) -> int:
    """How many of ``count`` pictures are side by side in a grid."""
    return math.ceil(math.sqrt(count))


def fold_count(width: int, height: int) -> int:
    """How many pieces a very long picture is folded into; 1 for any other picture.

    Folded, it is about as wide as high.
    """
    long, short = max(width, height), min(width, height)
    if long <= FOLD_LENGTH or long < FOLD_RATIO * short:
        return 1
    return max(2, round(math.sqrt(long / (short + 1))))

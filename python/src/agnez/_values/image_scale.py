"""Which of a picture's values are black and white, and which shapes are colours. Numbers only; no array's own methods."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: What resizing and rounding adds to floats of 0 to 1: so far above 1 colours are white.
_COLOUR_HAIR = 0.1
#: Grey ones: a step of 255.
_GREY_HAIR = 1 / 255
#: Colours as fractions above 1 are bright ones of 0 to 1 (own range); from here on they are of 0 to 255.
_LEAST_OF_255 = 16
#: A picture of this proportion and length would be a line in its cell, or a column that no screen holds: it is folded.
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
    """What becomes black and white: 0 to 1 or 0 to 255 where the values lie there, else the values' own range.

    Grey floats above 1 have their own range too, unless there is but one of them. ``is_whole``: all values are whole numbers.
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
    """Whether an array of this shape holds several pictures, in its first axis.

    (H, W, C) with 1 to 4 channels is one picture, (N, H, W) several; so are squares of 2, 3 or 4 pixels, which are kernels:
    (64, 3, 3) are 64 of them. (3, 3, 3) may be either, and is one picture, as (2, 2, 2) and (4, 4, 4) are.
    """
    if len(shape) != 3:
        return len(shape) == 4
    count, height, width = shape
    if width not in (1, 2, 3, 4):
        return True
    return height == width != count and width > 1


def has_channels_first(shape: Sequence[int]) -> bool:
    """Whether the colours are in the first axis of a picture, or the second one of several, as in torch: (3, H, W), (N, 3, H, W)."""
    if len(shape) not in (3, 4) or shape[-1] in (1, 2, 3, 4):
        return False
    return shape[-3] in (3, 4) or (len(shape) == 4 and shape[-3] == 1)


def has_channels_last(shape: Sequence[int]) -> bool:
    """Whether the last axis holds 1, 3 or 4 colours, and the one that torch has for them does not."""
    return shape[-1] in (1, 3, 4) and shape[-3] not in (1, 3, 4)


def has_frame_channels_first(shape: Sequence[int]) -> bool:
    """Whether frames are (T, C, H, W) and not (T, H, W, C). Where both may be meant they are the former, as films are elsewhere."""
    return shape[1] in (1, 3, 4) and not has_channels_last(shape)


def grid_columns(count: int) -> int:
    """How many of so many pictures stand side by side."""
    return math.ceil(math.sqrt(count))


def fold_count(width: int, height: int) -> int:
    """Into how many pieces a very long picture is folded, so that it is about as wide as high; 1 for any other."""
    long, short = max(width, height), min(width, height)
    if long <= FOLD_LENGTH or long < FOLD_RATIO * short:
        return 1
    return max(2, round(math.sqrt(long / (short + 1))))

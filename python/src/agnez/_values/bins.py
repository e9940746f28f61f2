"""Histogram bins, as ``numpy.histogram`` makes them, without numpy."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from . import convert

#: Bins that the server takes.
MAX_BINS = 1000
#: Bins if only a range is given.
DEFAULT_BINS = 10


def bin_edges(
    numbers: Sequence[float], bins: Any, limits: tuple[float, float] | None
) -> list[float]:
    """The edges (N + 1) of N bins.

    ``bins``: how many of equal width, or the ascending edges themselves. ``limits``: the outer
    edges; without them the lowest and the highest finite value. ValueError for anything else.
    """
    if not convert.is_scalar(bins):
        edges = [convert.to_step(edge) for edge in convert.to_list(bins, "bins")]
        if len(edges) < 2 or any(right <= left for left, right in zip(edges, edges[1:])):
            raise ValueError("bins must be at least two edges that ascend")
        return edges
    count = convert.to_step(bins)
    if count != int(count) or not 1 <= count <= MAX_BINS:
        raise ValueError(f"bins must be 1 to {MAX_BINS}, not {bins}")
    if limits is not None:
        low, high = (convert.to_step(end) for end in limits)
    else:
        finite = [number for number in numbers if math.isfinite(number)]
        low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low > high:
        raise ValueError(f"range must ascend, not be {low} to {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    # A weighted sum of both ends: their difference may exceed a double.
    edges = [low * (1 - at / count) + high * (at / count) for at in range(int(count) + 1)]
    if any(right <= left for left, right in zip(edges, edges[1:])):
        raise ValueError(f"{bins} bins from {low} to {high} are narrower than a double can tell")
    return edges


def count_values(numbers: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many values each bin has. A bin includes its left edge; the last one also its right."""
    counts = [0] * (len(edges) - 1)
    for number in numbers:
        if edges[0] <= number <= edges[-1]:
            counts[min(bisect_right(edges, number) - 1, len(counts) - 1)] += 1
    return counts

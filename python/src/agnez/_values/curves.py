"""Curves of a classifier over all thresholds of its scores.

``scores`` and ``truth`` have an item for each example: its score of a class, and whether it is a
member. Some examples are members, and some are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

#: Points of a curve; of a longer one, some are left out at equal distances.
MAX_POINTS = 1000


def roc(scores: Sequence[float], truth: Sequence[bool]) -> tuple[list[float], list[float]]:
    """False and true positive rates, from the highest threshold to the lowest."""
    positives = sum(truth)
    negatives = len(truth) - positives
    counts = _thin([(0, 0), *_counts(scores, truth)])
    return [false / negatives for _, false in counts], [true / positives for true, _ in counts]


def precision_recall(
    scores: Sequence[float], truth: Sequence[bool]
) -> tuple[list[float], list[float]]:
    """Recalls and precisions, from the highest threshold to the lowest."""
    positives = sum(truth)
    counts = _thin(list(_counts(scores, truth)))
    return [true / positives for true, _ in counts], [
        true / (true + false) for true, false in counts
    ]


def _counts(scores: Sequence[float], truth: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """How many members and others have at least each score, from the highest score down."""
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    true = false = 0
    for position, at in enumerate(order):
        true, false = true + truth[at], false + (not truth[at])
        # Equal scores are one threshold.
        if position + 1 == len(order) or scores[order[position + 1]] != scores[at]:
            yield true, false


def _thin(counts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(counts) <= MAX_POINTS:
        return counts
    last = len(counts) - 1
    return [counts[round(at * last / (MAX_POINTS - 1))] for at in range(MAX_POINTS)]

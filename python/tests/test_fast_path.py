"""The fast path of ``log`` treats every value as the first call with its name did."""

from __future__ import annotations

import math
import warnings
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from server import Server

np = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    "first", [1.0, 1, True, np.float32(1), np.float64(1), np.int8(1), np.array(1.0)]
)
@pytest.mark.parametrize(
    "value", [np.complex64(2 + 3j), np.complex128(2 + 3j), 2 + 3j, np.array(2 + 3j)]
)
def test_a_complex_number_after_a_real_one_keeps_its_imaginary_part(
    server: Server, board: Any, name: str, first: Any, value: Any
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for step, each in enumerate([first, first, value, first]):
            board.log(z=each, step=step)
    assert board.flush(60)
    cells = server.named(name)
    assert server.pairs(cells["z"]["_id"], "z") == [(0, 1), (1, 1), (3, 1)]
    assert server.pairs(cells["z"]["_id"], "real") == [(2, 2)]
    assert server.pairs(cells["z"]["_id"], "imag") == [(2, 3)]


@pytest.mark.parametrize("first", [1.0, np.float32(1), np.array(1.0), np.array(1)], ids=repr)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.timedelta64(1500, "ms"), 1.5),
        (timedelta(milliseconds=1500), 1.5),
        (np.timedelta64("NaT"), None),
        (np.ma.masked, None),
        (None, None),
        (Fraction(3, 2), 1.5),
        (np.array([[1.5]]), 1.5),
        (np.array(1.5, np.float16), 1.5),
        (np.array(1.5, np.longdouble), 1.5),
        (np.array(1.5, object), 1.5),
        (np.array(2**63, np.uint64), 2.0**63),
        (np.array(True), 1.0),
        (np.array(1_500_000_000, "m8[ns]"), 1.5),
        (np.array("NaT", "m8[ns]"), None),
        (np.array(7, "M8[ns]"), None),
        (np.array(10**400, object), math.inf),
        (np.float16(1.5), 1.5),
        (np.datetime64("2026-01-01"), None),
        (10**400, math.inf),
    ],
    ids=repr,
)
def test_a_value_is_the_same_after_a_plain_number(
    server: Server, board: Any, name: str, first: Any, value: Any, expected: Any
) -> None:
    for step, each in enumerate([first, first, value, first, value]):
        board.log({"a": each, "b": 0.5}, step=step)
    board.log(alone=value, step=0)
    assert board.flush(60)
    shown = [] if expected is None else [(2, expected), (4, expected)]
    points = sorted([(0, 1), (1, 1), (3, 1), *shown])
    assert server.pairs(f"{name}-a", "a") == points
    assert server.pairs(f"{name}-b", "b") == [(step, 0.5) for step in range(5)]
    if expected is not None:
        assert server.pairs(f"{name}-alone", "alone") == [(0, expected)]


def test_scalars_of_numpy_take_the_fast_path(board: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    board.log({"a": np.float32(1), "b": np.int64(2)})
    board.log({"a": np.float32(1), "b": np.int64(2)})
    board.log(c=1.0)
    monkeypatch.setattr(board, "_log_slow", lambda *_: pytest.fail("the slow path"))
    board.log({"a": np.float32(1), "b": np.int64(2)})
    board.log({"a": 1.0, "b": 2})
    board.log(c=2)
    board.log(c=math.nan)

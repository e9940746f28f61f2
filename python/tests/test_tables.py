# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="name-defined"
"""Tables and number lists of any items, and DataFrames."""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

import pytest

from odd_values import (
    Broken,
    Colour,
    Tensor,
    frame,
    series,
)
from server import Server

np = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (np.int64(2**60 + 1), 2**60 + 1),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (10**30, str(10**30)),
        (decimal.Decimal("0.5"), 0.5),
        (decimal.Decimal("0.12345678901234567890123"), "0.12345678901234567890123"),
        (datetime.datetime(2020, 1, 2, 3), "2020-01-02 03:00:00"),
        (np.datetime64("2020-01-02", "ns"), "2020-01-02T00:00:00.000000000"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (1 + 2j, "(1+2j)"),
        (Colour.RED, "Colour.RED"),
        (math.nan, "NaN"),
        (None, None),
        ([1, 2], "[1, 2]"),
        ("a\ud800", "a?"),
        (Broken(), "<Broken instance>"),
        (object(), "<object object>"),
    ],
)
def test_items_of_tables_keep_their_type_and_digits(
    server: Server, board: Any, name: str, value: Any, item: Any
) -> None:
    board.table("t", [[value]])
    assert board.flush(60)
    assert server.named(name)["t"]["value"]["rows"] == [[item]]


NUMBERS = [
    None,
    True,
    decimal.Decimal("0.5"),
    np.float16(0.5),
    np.int64(2**60 + 1),
    math.nan,
    datetime.timedelta(seconds=2),
    np.datetime64("NaT"),
    10**400,
    Tensor(0.5),
]


SHOWN = [None, 1, 0.5, 0.5, 2**60 + 1, "NaN", 2, None, "Infinity", 0.5]


def test_numbers_of_every_kind_are_drawn(server: Server, board: Any, name: str) -> None:
    count = len(NUMBERS)
    board.bar("bar", NUMBERS)
    board.bar("dict", dict(enumerate(NUMBERS)))
    board.histogram("histogram", NUMBERS)
    board.heatmap("heatmap", [NUMBERS, NUMBERS])
    board.scatter("scatter", range(count), NUMBERS)
    board.number("number", np.float32(0.5), previous=decimal.Decimal("0.25"), trend=NUMBERS)
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    assert (
        cells["bar"]["values"]
        == cells["dict"]["values"]
        == cells["histogram"]["values"]
        == cells["scatter"]["y"]
        == cells["number"]["trend"]
        == SHOWN
    )
    assert cells["dict"]["labels"] == [str(at) for at in range(count)] and cells["heatmap"][
        "values"
    ] == [SHOWN, SHOWN]
    assert (cells["number"]["value"], cells["number"]["previous"]) == (0.5, 0.25)


def test_columns_of_tables_are_selected_or_renamed(server: Server, board: Any, name: str) -> None:
    pandas = pytest.importorskip("pandas")
    whole = pandas.DataFrame({"a": [1], "b": [2]})
    for at, rows in enumerate((whole, {"a": [1], "b": [2]}, [{"a": 1, "b": 2}])):
        board.table(f"turned {at}", rows, columns=["b", "a"])
        board.table(f"one {at}", rows, columns=["b"])
    for at, rows in enumerate((whole, {"a": [1], "b": [2]})):
        board.table(f"renamed {at}", rows, columns=["a", "c"])
        for wrong in (["b", "c"], ["c"], ["a", "b", "c"]):
            with pytest.raises(ValueError, match="columns= must be some of a, b, or 2 new names"):
                board.table("wrong", rows, columns=wrong)
    board.table("texts", [{1: "x", 2: "y"}], columns=["2", "1"])
    board.table("places", pandas.DataFrame([[3, 4]]), columns=["1"])
    board.histogram("frame", whole)
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    for at in range(3):
        assert cells[f"turned {at}"] == {"columns": ["b", "a"], "rows": [[2, 1]]}
        assert cells[f"one {at}"] == {"columns": ["b"], "rows": [[2]]}
    for at in range(2):
        assert cells[f"renamed {at}"] == {"columns": ["a", "c"], "rows": [[1, 2]]}
    assert cells["texts"] == {"columns": ["2", "1"], "rows": [["y", "x"]]}
    assert cells["places"] == {"columns": ["1"], "rows": [[4]]}
    assert cells["frame"] == {"values": [1, 2]}


def test_tables_of_frames(server: Server, board: Any, name: str) -> None:
    pandas = pytest.importorskip("pandas")
    board.table("index", frame())
    board.table("counted", pandas.DataFrame({"a": [1, 2], "b": [0.5, None]}))
    board.table(
        "levels",
        pandas.DataFrame(
            [[1, 2]],
            columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")]),
            index=pandas.MultiIndex.from_tuples([("r", 1)], names=["k", None]),
        ),
    )
    board.table("twice", pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    board.table("series", series())
    board.table("times", pandas.DataFrame({"t": pandas.to_datetime(["2020-01-02", None])}))
    board.table("keys", [{1: "a", 2: "b"}])
    board.table("mixed", [{1: "a", "1": "b"}, {math.nan: "c", 1: "d"}])
    board.table("columns", {1: [1], "1": [2]})
    board.table("chosen", [{1: "a", 2: "b"}], columns=[2])
    board.table("numpy", np.array([(1, 0.5)], dtype=[("n", "i8"), ("x", "f8")]))
    board.bar("bar", series())
    board.heatmap("heatmap", frame())
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    assert cells["index"] == {
        "columns": ["index", "n", "x"],
        "rows": [["first", 2**60 + 1, 0.5], ["second", 3, "NaN"]],
    }
    assert cells["counted"] == {"columns": ["a", "b"], "rows": [[1, 0.5], [2, "NaN"]]}
    assert cells["levels"] == {
        "columns": ["k", "level 1", "a / x", "a / y"],
        "rows": [["r", 1, 1, 2]],
    }
    assert cells["twice"] == {"columns": ["a", "a (2)"], "rows": [[1, 2]]}
    assert cells["series"] == {"columns": ["index", "value"], "rows": [["cat", 1.5], ["dog", 2.5]]}
    assert cells["times"]["rows"] == [["2020-01-02 00:00:00"], [None]]
    assert cells["keys"] == {"columns": ["1", "2"], "rows": [["a", "b"]]}
    assert cells["mixed"] == {
        "columns": ["1", "1 (2)", "nan"],
        "rows": [["a", "b", None], ["d", None, "c"]],
    }
    assert cells["columns"] == {"columns": ["1", "1 (2)"], "rows": [[1, 2]]}
    assert cells["chosen"] == {"columns": ["2"], "rows": [["b"]]}
    assert cells["numpy"] == {"columns": ["n", "x"], "rows": [[1, 0.5]]}
    assert cells["bar"] == {"labels": ["cat", "dog"], "values": [1.5, 2.5]}
    assert cells["heatmap"] == {
        "values": [[2**60 + 1, 0.5], [3, "NaN"]],
        "rows": ["first", "second"],
        "columns": ["n", "x"],
    }

"""Names of metrics, series and boards: every key has one, and names never collide."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _metrics
from odd_values import (
    Colour,
)
from server import Server


@pytest.mark.parametrize(
    ("key", "cell", "series"),
    [
        (3, "3", "3"),
        (math.nan, "nan", "nan"),
        (None, "None", "None"),
        ((1, 2), "(1, 2)", "(1, 2)"),
        ("a\nb", "a\\nb", "a\\nb"),
        ("a\x85b", "a\\x85b", "a\\x85b"),
        ("a\ud800", "a\\ud800", "a\\ud800"),
        ("", "(no name)", "(no name)"),
        ("/", "/", "/"),
        ("a/", "a/", "a/"),
        ("/a", "/a", "/a"),
        ("a//b", "a/", "b"),
        (Colour.RED, "Colour.RED", "Colour.RED"),
        (b"a", "b'a'", "b'a'"),
    ],
)
def test_every_key_has_a_name(
    server: Server, board: Any, name: str, key: Any, cell: Any, series: Any
) -> None:
    for step in range(2):
        board.log({key: 7, "other": 1}, step=step)
    assert board.flush(60)
    document = server.named(name)[cell]
    assert server.pairs(document["_id"], series) == [(0, 7), (1, 7)]


def test_long_keys_have_names_of_their_own(server: Server, board: Any, name: str) -> None:
    board.log({"x" * 300 + "a": 1, "x" * 300 + "b": 2, "y" * 190 + "/" + "z" * 300: 3}, step=0)
    assert board.flush(60)
    found = sorted(
        server.pairs(id, series)[0][1]
        for id, cell in server.cells(name).items()
        for series in cell["value"]["series"]
    )
    assert found == [1, 2, 3]


@pytest.mark.parametrize("together", [True, False])
def test_names_never_collide(
    server: Server,
    name: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    together: Any,
) -> None:
    board = agnez.Board(name, url=server.url)
    metrics = {"loss/loss": 1, "loss": 2}
    for step in range(2):
        for part in [metrics] if together else [{"loss": 2}, {"loss/loss": 1}]:
            board.log(part, step=step)
    assert board.flush(60)
    (cell,) = server.cells(name).values()
    found = {series: server.pairs(cell["_id"], series) for series in cell["value"]["series"]}
    assert found == {"loss": [(0, 2), (1, 2)], "loss/loss": [(0, 1), (1, 1)]}


@pytest.mark.parametrize(
    "metrics",
    [{"a": {"b": 1}, "a/b": 2}, {3: 1, "3": 2}, {"a\n": 1, "a\\n": 2}, {1: 1, 1.5: 2, "1": 3}],
)
def test_two_metrics_of_one_name_are_two_lines_with_one_warning(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, metrics: Any
) -> None:
    for step in range(3):
        board.log(metrics, step=step)
    assert board.flush(60)
    found = sorted(
        tuple(value for _, value in server.pairs(id, series))
        for id, cell in server.cells(name).items()
        for series in cell["value"]["series"]
    )
    assert found == [(value,) * 3 for value in range(1, len(metrics) + 1)]
    assert caplog.text.count("twice in one call") == 1


def test_a_name_given_twice_warns(board: Any, caplog: pytest.LogCaptureFixture) -> None:
    board.log({"loss": 1}, loss=2)
    assert "twice in one call" in caplog.text


def test_cells_of_different_kinds_do_not_collide(server: Server, board: Any, name: str) -> None:
    board.log({"x": 1, "y": "text"}, step=0)
    board.log({"x": agnez.Image([[0, 1]]), "y": 2}, step=1)
    board.log({"x": 3, "y": "more"}, step=2)
    assert board.flush(60)
    cells = server.named(name)
    assert {cell: document["type"] for cell, document in cells.items()} == {
        "x": "line",
        "y": "text",
        "x (value)": "img",
        "y (line)": "line",
    }
    assert (
        server.pairs(cells["x"]["_id"], "x") == [(0, 1), (2, 3)] and cells["y"]["value"] == "more"
    )


class Named:
    """A key that shows as some text, as others do."""

    def __init__(self, text: Any) -> None:
        self._text = text

    def __str__(self) -> Any:
        return self._text


def test_names_that_come_again_and_again_stay_apart(caplog: pytest.LogCaptureFixture) -> None:
    from agnez._values import convert

    many = _metrics.METRICS - 1
    found = _metrics.Metrics({Named("same"): float(at) for at in range(many)})
    assert list(found.numbers) == ["same", *(f"same ({at})" for at in range(2, many + 1))] and list(
        found.numbers.values()
    ) == list(map(float, range(many)))
    # As long as names may be: with its number each is cut.
    long = _metrics.Metrics({Named("x" * 200): float(at) for at in range(5)})
    assert sorted(long.numbers.values()) == [0, 1, 2, 3, 4] and all(
        len(name) <= 200 for name in long.numbers
    )
    taken = _metrics.Metrics({"a": 0.0, "a (2)": 1.0, Named("a"): 2.0, Named("a (2)"): 3.0})
    assert taken.numbers == {"a": 0, "a (2)": 1, "a (3)": 2, "a (2) (2)": 3}
    assert convert.unique_labels(["a"] * 20_000) == ["a", *(f"a ({at})" for at in range(2, 20_001))]
    assert convert.unique_labels(["a", "a (2)", "a", "a"]) == ["a", "a (2)", "a (3)", "a (4)"]


@pytest.mark.parametrize(
    "board_name",
    [
        "a",
        "A.b-c_9",
        "x" * 64,
        "a.",
        "-",
        "_",
        "",
        ".hidden",
        "..",
        "x" * 65,
        "a b",
        "ü",
        "a/b",
        "a\n",
    ],
)
def test_the_rule_for_boards_is_that_of_the_server(server: Server, board_name: Any) -> None:
    import urllib.error

    from agnez._values import names

    try:
        server.ask("/values", {"board": board_name, "name": "x"})
        is_taken = True
    except urllib.error.HTTPError:
        is_taken = False
    try:
        names.check_board_name(board_name)
        assert is_taken
    except ValueError:
        assert not is_taken
    assert names.check_board_name(names.to_board_name(board_name))

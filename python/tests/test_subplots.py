# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="assignment"
"""Subplots, histogram bins and titles of axes."""

from __future__ import annotations

import math
from typing import Any

import pytest

import agnez
from server import Server, sent


def test_subplots(server: Server, board: Any, name: str) -> None:
    cells = board.subplots(2, 3)
    assert cells.shape == (2, 3) and len(cells) == 2 and len(cells.flat) == 6
    cells[0, 0].plot([1, 2, math.nan], label="a")
    cells[0, 0].plot([0, 2], [3, 4], "r--", label="b").set_yscale("log")
    cells[0, 1].hist([1, 2, 2, 3], bins=[0, 2, 4])
    cells[0][2].scatter([1], [2], c=["x"]).set_title("Scatter").set_xlabel("age")
    cells[1, 0].imshow([[0, 1], [1, 0]])
    cells[1, 1].bar(["a", "b"], [1, 2])
    sent(board)
    assert len(server.cells(name)) == 6
    documents = {
        (row, column): server.cell(cells[row, column].id) for row in range(2) for column in range(3)
    }
    (block,) = server.ask(f"/boards/{name}/layout")["blocks"]
    assert block["mosaic"] == "ABC;DEF"
    assert list(block["cells"].values()) == [axes.id for axes in cells.flat]
    first = documents[0, 0]["_id"]
    assert documents[0, 0]["chart"] == {"y": "log"}
    assert [point[:2] for point in server.points(first, "b")] == [(0, 3), (2, 4)]
    assert [point[0] for point in server.points(first, "a")] == [0, 1, 2]
    assert documents[0, 1]["value"] == {"counts": [1, 3], "edges": [0, 2, 4]}
    assert documents[0, 2]["name"] == "Scatter" and documents[0, 2]["value"]["x_label"] == "age"
    assert "description" not in documents[0, 2]
    assert documents[1, 0]["type"] == "img"
    assert documents[1, 1]["value"] == {"labels": ["a", "b"], "values": [1, 2]}
    assert "type" not in documents[1, 2] and documents[1, 2]["name"] == ""
    cells[0, 0].clear()
    sent(board)
    assert server.cell(first)["value"]["series"] == {}


def test_one_row_of_subplots_needs_one_index(board: Any) -> None:
    row = board.subplots(1, 3, name="row")
    assert (
        [axes.id for axes in row]
        == [row[0, at].id for at in range(3)]
        == [row[at].id for at in range(3)]
    )
    column = board.subplots(2, name="column")
    assert column[1].id == column[1, 0].id


def test_a_second_arrangement_leaves_the_first_one(server: Server, board: Any, name: str) -> None:
    board.subplots(1, 2, name="first")
    board.subplots(2, 1, name="second")
    board.subplots(1, 2, name="first")
    wide = board.subplots(1, 20, name="wide")
    sent(board)
    blocks = server.ask(f"/boards/{name}/layout")["blocks"]
    assert [block["mosaic"] for block in blocks] == ["AB", "A;B"]
    assert all(len(block["cells"]) == 2 for block in blocks)
    assert server.cell(wide[0].id)["layout"] == {"width": 1}


def test_bins_are_those_of_numpy(server: Server, board: Any, name: str) -> None:
    numpy = pytest.importorskip("numpy")
    values = [0.5, 1, 2, 2.5, 9, math.nan]
    cells = board.subplots(2, 3)
    cells[0, 0].hist(values, bins=5)
    cells[0, 1].hist(values, bins=numpy.int64(3), range=(0, 3))
    cells[0, 2].hist(values, 4.0)
    cells[1, 0].hist([7, 7], bins=2)
    cells[1, 1].hist(values, bins="auto")
    cells[1, 2].hist([], bins=2)
    sent(board)
    shown = [server.cell(axes.id)["value"] for axes in cells.flat]
    for value, (data, bins, limits) in zip(
        shown,
        [
            (values[:-1], 5, None),
            (values[:-1], 3, (0, 3)),
            (values[:-1], 4, None),
            ([7, 7], 2, None),
        ],
    ):
        counts, edges = numpy.histogram(data, bins, limits)
        assert value["counts"] == counts.tolist() and value["edges"] == pytest.approx(
            edges.tolist(), rel=1e-15
        )
    assert shown[4] == {"values": [0.5, 1, 2, 2.5, 9, "NaN"]} and shown[5] == {
        "counts": [0, 0],
        "edges": [0, 0.5, 1],
    }
    for wrong in (0, -1, 2.5, 1001, [2, 1], [1]):
        with pytest.raises(ValueError, match="bins must be"):
            cells[0, 0].hist(values, bins=wrong)


def test_titles_of_axes_are_in_the_chart_and_replace_no_description(
    server: Server, board: Any, name: str
) -> None:
    draw = {
        "line": lambda axes: axes.plot([1, 2]),
        "bar": lambda axes: axes.bar(["a", "b"], [1, 2]),
        "histogram": lambda axes: axes.hist([1, 2, 3]),
        "scatter": lambda axes: axes.scatter([1], [2]),
    }
    for at, axes in enumerate(board.subplots(2, 4).flat):
        kind = list(draw)[at % 4]
        axes.set_description("mine").set_xlabel("ag\ne")
        # Before and after the drawing.
        if at < 4:
            draw[kind](axes).set_ylabel("height")
        else:
            draw[kind](axes.set_ylabel("height"))
            draw[kind](axes)
    sent(board)
    cells = server.cells(name).values()
    assert len(cells) == 8
    for cell in cells:
        titles = cell["chart"] if cell["type"] == "line" else cell["value"]
        assert (titles["x_label"], titles["y_label"], cell["description"]) == (
            "ag e",
            "height",
            "mine",
        )


def test_a_line_keeps_its_scale_beside_its_titles(server: Server, board: Any, name: str) -> None:
    axes = board.subplots(1, 1)[0].set_yscale("log").plot([1, 2]).set_xlabel("epoch")
    sent(board)
    assert server.cell(axes.id)["chart"] == {"y": "log", "x_label": "epoch"}
    axes.set_yscale("linear").set_ylabel("x" * 300)
    sent(board)
    chart = server.cell(axes.id)["chart"]
    assert chart == {"y": "linear", "x_label": "epoch", "y_label": "x" * 199 + "…"}


def test_a_picture_has_the_titles_below_its_description(
    server: Server, board: Any, name: str
) -> None:
    axes = board.subplots(1, 1)[0].set_xlabel("column").set_description("mine")
    axes.imshow([[0, 255]]).set_ylabel("row")
    sent(board)
    assert server.cell(axes.id)["description"] == "mine\nx: column, y: row"
    axes.set_description("changed")
    sent(board)
    assert server.cell(axes.id)["description"] == "changed\nx: column, y: row"
    axes.plot([1, 2])
    sent(board)
    cell = server.cell(axes.id)
    assert cell["description"] == "changed" and cell["chart"]["y_label"] == "row"
    axes.imshow([[0, 255]])
    sent(board)
    assert server.cell(axes.id)["description"] == "changed\nx: column, y: row"
    axes.clear()
    sent(board)
    assert server.cell(axes.id)["description"] == "changed"


def test_calls_of_a_board_take_titles(server: Server, board: Any, name: str) -> None:
    titles = {"x_label": "epoch", "y_label": "loss"}
    board.line("line", y="log", **titles).append(a=1)
    board.bar("bar", {"a": 1}, **titles)
    board.histogram("histogram", [1, 2], **titles)
    board.scatter("scatter", [1], [2], **titles)
    sent(board)
    cells = server.named(name)
    assert cells["line"]["chart"] == {"y": "log", **titles}
    for kind in ("bar", "histogram", "scatter"):
        assert {key: cells[kind]["value"][key] for key in titles} == titles


def test_titles_and_units_of_values_are_one_short_line(
    server: Server, board: Any, name: str
) -> None:
    board.bar("bar", {"a": [1]}, x_label="two\nlines", y_label="y" * 300, unit="k\tg")
    board.heatmap("heatmap", [[1]], row_label="r" * 201, column_label="c\n", unit="u" * 300)
    board.number("number", 1, unit="per\nsecond")
    sent(board)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    bar, heatmap = cells["bar"], cells["heatmap"]
    assert (bar["x_label"], bar["y_label"], bar["unit"]) == ("two lines", "y" * 199 + "…", "k g")
    assert (heatmap["row_label"], heatmap["column_label"]) == ("r" * 199 + "…", "c ")
    assert heatmap["unit"] == "u" * 199 + "…"
    assert cells["number"]["unit"] == "per second"


def test_bins_of_a_histogram_are_honoured(server: Server, board: Any, name: str) -> None:
    board.histogram("equal", [0, 1, 2, 3, math.nan], bins=2)
    board.histogram("edges", [0, 1, 2, 3], bins=[0, 1, 3])
    board.histogram("steps", [[0, 1], [3]], bins=3, steps=[5, 6])
    board.log(wandb=agnez.Histogram([0, 1, 2, 4], num_bins=4))
    sent(board)
    cells = server.named(name)
    assert cells["equal"]["value"] == {"counts": [2, 2], "edges": [0, 1.5, 3]}
    assert cells["edges"]["value"] == {"counts": [1, 3], "edges": [0, 1, 3]}
    assert cells["steps"]["value"] == {
        "counts": [[1, 1, 0], [0, 0, 1]],
        "edges": [0, 1, 2, 3],
        "steps": [5, 6],
    }
    assert cells["wandb"]["value"] == {"counts": [1, 1, 1, 1], "edges": [0, 1, 2, 3, 4]}
    for wrong in ({"bins": 0}, {"bins": 1001}):
        with pytest.raises(ValueError, match="bins must be"):
            board.histogram("equal", [1, 2], **wrong)
    for wrong in ({"counts": [1], "edges": [0, 1], "bins": 2}, {"values": [1], "edges": [0, 1]}):
        with pytest.raises(TypeError, match="edges="):
            board.histogram("equal", **wrong)

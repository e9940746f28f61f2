"""Every everyday call, and what REST then gives back."""

from __future__ import annotations

import math
from typing import Any

import pytest

import agnez
from server import Server, sent


def test_a_line_with_settings(server: Server, board: Any, name: str) -> None:
    line = board.line(
        "curve",
        title="Curve",
        x_scale="log",
        y="log",
        smooth=0.6,
        unit="s",
        hidden=["raw"],
        y_range=(0, None),
        goal_lines={"target": 0.5},
        hide_superseded=True,
    )
    line.append(train=0.3, val=[0.1, 0.2]).append({"train": 0.2}, step=7).append(
        train=[1, 2], step=[8, 9.5]
    )
    line.append(val=5)
    sent(board)
    document = server.cell(line.id)
    assert (document["name"], document["chart"]) == (
        "Curve",
        {
            "x_scale": "log",
            "y": "log",
            "y_range": [0, None],
            "hide_superseded": True,
            "goal_lines": [{"y": 0.5, "label": "target"}],
            "smooth": 0.6,
            "unit": "s",
            "hidden": ["raw"],
        },
    )
    assert [point[:2] for point in server.points(line.id, "train")] == [
        (0, 0.3),
        (7, 0.2),
        (8, 1),
        (9.5, 2),
    ]
    assert [point[:2] for point in server.points(line.id, "val")] == [(0, 0.1), (1, 0.2), (10.5, 5)]


def test_a_line_along_a_metric(server: Server, board: Any, name: str) -> None:
    line = board.line("curve", x_metric="train/tokens")
    sent(board)
    chart = {"x": "metric", "x_metric": "train/tokens"}
    assert server.cell(line.id)["chart"] == chart


def test_cells_of_values(server: Server, board: Any, name: str) -> None:
    board.text("text", "# Hi")
    board.html("html", "<b>x</b>")
    board.table("rows", [["a", 1], ["b", math.nan]], columns=["run", "acc"])
    board.table("dicts", [{"a": 1}, {"a": 2, "b": True}])
    board.table("columns", {"a": [1, 2], "b": ["x", None]})
    board.histogram("raw", [[0.1, 0.2], [0.3, 0.4]])
    board.histogram("binned", counts=[5, 7], edges=[0, 1, 2], unit="s")
    board.histogram("steps", steps=[0, 100], counts=[[5, 7], [6, 6]], edges=[0, 1, 2], view="ridge")
    board.heatmap(
        "matrix",
        [[50, 2], [3, math.inf]],
        rows=["cat", "dog"],
        columns=["cat", "dog"],
        row_label="truth",
    )
    board.bar("bar", {"adam": 0.93, "sgd": 0.91}, unit="%", horizontal=True)
    board.bar("side", {"train": [1, 2], "val": [2, 3]}, labels=["a", "b"])
    board.scatter("scatter", [1, 2], [3, 4], labels=["a", "b"], x_label="x")
    cell = (
        board.number("number", 0.93, previous=0.9, trend=[0.5, 0.93], better="up")
        .set_title("Accuracy")
        .set_description("of *val*")
        .set(pos=3, extra=[math.nan])
    )
    sent(board)
    of = {
        cell["_id"].split("-")[1]: (cell["type"], cell["value"])
        for cell in server.cells(name).values()
    }
    assert of["text"] == ("text", "# Hi")
    assert of["html"] == ("html", "<b>x</b>")
    assert of["rows"] == ("table", {"columns": ["run", "acc"], "rows": [["a", 1], ["b", "NaN"]]})
    assert of["dicts"] == ("table", {"columns": ["a", "b"], "rows": [[1, None], [2, True]]})
    assert of["columns"] == ("table", {"columns": ["a", "b"], "rows": [[1, "x"], [2, None]]})
    assert of["raw"] == ("histogram", {"values": [0.1, 0.2, 0.3, 0.4]})
    assert of["binned"] == ("histogram", {"counts": [5, 7], "edges": [0, 1, 2], "unit": "s"})
    assert of["steps"] == (
        "histogram",
        {"counts": [[5, 7], [6, 6]], "edges": [0, 1, 2], "steps": [0, 100], "view": "ridge"},
    )
    assert of["matrix"] == (
        "heatmap",
        {
            "values": [[50, 2], [3, "Infinity"]],
            "rows": ["cat", "dog"],
            "columns": ["cat", "dog"],
            "row_label": "truth",
        },
    )
    assert of["bar"] == (
        "bar",
        {"labels": ["adam", "sgd"], "values": [0.93, 0.91], "unit": "%", "horizontal": True},
    )
    assert of["side"] == ("bar", {"labels": ["a", "b"], "series": {"train": [1, 2], "val": [2, 3]}})
    assert of["scatter"] == (
        "scatter",
        {"x": [1, 2], "y": [3, 4], "label": ["a", "b"], "x_label": "x"},
    )
    assert of["number"] == (
        "number",
        {"value": 0.93, "previous": 0.9, "trend": [0.5, 0.93], "better": "up"},
    )
    document = server.cell(cell.id)
    assert (document["name"], document["description"], document["pos"], document["extra"]) == (
        "Accuracy",
        "of *val*",
        3,
        ["NaN"],
    )


def test_changes_made_on_the_page_stay(server: Server, board: Any, name: str) -> None:
    board.log(loss=1)
    board.text("note", "one")
    sent(board)
    server.ask(f"/values/{name}-loss", {"name": "Renamed", "chart": {"y": "log"}}, "PATCH")
    board.close()
    again = agnez.Board(name, url=server.url)
    again.log(loss=2)
    again.text("note", "two")
    assert again.flush(60)
    assert (server.cell(f"{name}-loss")["name"], server.cell(f"{name}-loss")["chart"]) == (
        "Renamed",
        {"y": "log"},
    )
    assert server.cell(f"{name}-note")["value"] == "two"
    assert len(server.cells(name)) == 2


def test_cells_stand_in_the_order_of_the_first_calls(server: Server, board: Any, name: str) -> None:
    board.log(first=1, second=2)
    board.line("third", y="log").append(a=1)
    board.log(fourth=1)
    board.text("fifth", "x")
    board.subplots(1, 2, name="plots")
    board.log(last=1)
    sent(board)
    assert [cell["name"] for cell in server.cells(name).values()] == [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "",
        "",
        "last",
    ]


def test_large_values_and_the_last_of_many(server: Server, board: Any, name: str) -> None:
    for number in range(20):
        board.text("large", f"{number}\n" + "x" * 300_000)
    sent(board)
    value = server.cell(f"{name}-large")["value"]
    assert value.startswith("19\n") and len(value) == 300_003
    assert not list(board._client.spool.folder.glob("*.value"))


def test_a_value_larger_than_the_server_takes_is_dropped_with_a_warning(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    board.text("large", "x" * (9 << 20))
    board.log(loss=1)
    sent(board)
    assert "was dropped" in caplog.text
    assert server.points(f"{name}-loss", "loss")


def test_any_name_has_its_own_cell(server: Server, board: Any, name: str) -> None:
    metrics = [
        "plain",
        "with space",
        "with/slash/deep",
        "ü",
        "with-hyphen",
        "with_hyphen",
        "x" * 200,
        "x" * 199,
        "a/b",
        "b/b",
    ]
    for at, metric in enumerate(metrics):
        board.log({metric: at}, step=0)
    sent(board)
    found = {}
    for id, cell in server.cells(name).items():
        for series in cell["value"]["series"]:
            found[cell["name"], series] = server.points(id, series)[0][1]
    expected = {}
    for at, metric in enumerate(metrics):
        cell, _, series = metric.rpartition("/")
        expected[cell or metric, series if cell else metric] = at
    assert found == expected


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda board: board.log(), TypeError, "at least one metric"),
        (lambda board: board.log(loss=1, step="a"), TypeError, "step must be a number"),
        (lambda board: board.log(loss=1, step=math.nan), ValueError, "step must be finite"),
        (lambda board: board.line("x", y="logg"), ValueError, "y must be one of"),
        (lambda board: board.line("x", y_range=(1, 0)), ValueError, "lower end first"),
        (lambda board: board.line("x", y_range=("a", 0)), ValueError, "two numbers or None"),
        (lambda board: board.line("x", x_scale="ln"), ValueError, "x_scale must be one of"),
        (lambda board: board.line("x", x="metric"), ValueError, "needs x_metric"),
        (lambda board: board.line("x", goal_lines=[float("nan")]), ValueError, "finite numbers"),
        (lambda board: board.line("x", smoth=1), TypeError, "smoth"),
        (lambda board: board.line("x").append(), TypeError, "at least one series"),
        (lambda board: board.line("x").append(a=[1, 2], step=[1]), ValueError, "step has 1 items"),
        (lambda board: board.text("t", 3), TypeError, "text must be a string"),
        (lambda board: board.text("t", "x").append(a=1), TypeError, "is no line"),
        (lambda board: board.line("t") and board.text("t", "x"), ValueError, "is a line"),
        (lambda board: board.heatmap("h", [[1], [1, 2]]), ValueError, "same length"),
        (lambda board: board.table("t", [[1, 2], [1]]), ValueError, "each row"),
        (lambda board: board.scatter("s", [1], [1, 2]), ValueError, "same length"),
        (lambda board: board.histogram("h"), TypeError, "either values"),
        (lambda board: board.image("i", b"no picture"), ValueError, "no PNG"),
        (lambda board: board.image("i", "/no/such/file.png"), OSError, "No such file"),
        (lambda board: board.subplots(0, 2), ValueError, "1 to 20"),
        (lambda board: board.figure("f", 3), TypeError, "Matplotlib or Plotly"),
        (lambda board: agnez.Board("a b"), ValueError, "board's name"),
        (lambda board: agnez.Board(".hidden"), ValueError, "does not begin with '.'"),
        (lambda board: board.text("a\nb", "x"), ValueError, "control characters"),
        (lambda board: board.line(""), ValueError, "1 to 200 characters"),
        (lambda board: agnez.Board(url="localhost:3000"), ValueError, "http://"),
        (lambda board: agnez.log({"loss": 1}), RuntimeError, "agnez.init"),
        (lambda board: agnez.init(proyect="x"), TypeError, "proyect"),
    ],
)
def test_wrong_arguments_raise_in_the_callers_line(
    board: Any, call: Any, error: Any, says: Any
) -> None:
    with pytest.raises(error, match=says):
        call(board)


def test_an_unsupported_value_does_not_affect_the_rest_of_its_call(
    server: Server, board: Any, name: str
) -> None:
    board.log(good=1, bad=object(), also="text")
    board.log(good=2)
    sent(board)
    assert (
        server.pairs(f"{name}-good", "good") == [(0, 1), (1, 2)]
        and server.cell(f"{name}-also")["value"] == "text"
    )

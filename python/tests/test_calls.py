# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="assignment"
"""Every everyday call, and what REST then gives back."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

import agnez
from server import Server, bits


def sent(board: Any) -> None:
    assert board.flush(60)


def test_metrics_become_line_cells(server: Server, board: Any, name: str) -> None:
    for step in range(3):
        board.log(step=step, loss=1 / (step + 1), **{"acc/val": 0.5 + step})
    board.log({"loss": 0.1, "acc": {"train": 7}}, step=10)
    sent(board)
    cells = server.cells(name)
    assert {cell["name"]: cell["type"] for cell in cells.values()} == {
        "loss": "line",
        "acc": "line",
    }
    assert [point[:2] for point in server.points(f"{name}-loss", "loss")] == [
        (0, 1),
        (1, 0.5),
        (2, 1 / 3),
        (10, 0.1),
    ]
    assert [point[:2] for point in server.points(f"{name}-acc", "val")] == [
        (0, 0.5),
        (1, 1.5),
        (2, 2.5),
    ]
    assert [point[:2] for point in server.points(f"{name}-acc", "train")] == [(10, 7)]


def test_without_a_step_they_count_on(server: Server, board: Any, name: str) -> None:
    board.log(loss=1)
    board.log(loss=2)
    board.log(loss=3, step=10)
    board.log(loss=4)
    sent(board)
    assert [point[0] for point in server.points(f"{name}-loss", "loss")] == [0, 1, 10, 11]


def test_runs_meet_in_one_chart(server: Server, board: Any, name: str) -> None:
    for run in ("adam", "sgd"):
        other = agnez.Board(name, url=server.url, run=run, config={"lr": 0.1})
        other.log(step=0, loss=1, **{"acc/val": 2})
        sent(other)
    assert set(server.cell(f"{name}-loss")["value"]["series"]) == {"adam", "sgd"}
    assert set(server.cell(f"{name}-acc")["value"]["series"]) == {"adam/val", "sgd/val"}
    tables = [cell for cell in server.cells(name).values() if cell["type"] == "table"]
    assert [table["value"] for table in tables] == [
        {"columns": ["name", "value"], "rows": [["lr", 0.1]]}
    ] * 2


HARD = [
    0.1,
    -0.0,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    math.inf,
    -math.inf,
    1 / 3,
    2**53 + 0.0,
]


def test_numbers_come_back_bit_for_bit(server: Server, board: Any, name: str) -> None:
    for step, value in enumerate(HARD):
        board.log(step=step + 0.1, hard=value)
    board.log(step=100, hard=math.nan)
    sent(board)
    points = server.points(f"{name}-hard", "hard")
    assert [bits(point[1]) for point in points[:-1]] == [bits(value) for value in HARD]
    assert [bits(point[0]) for point in points[:-1]] == [
        bits(step + 0.1) for step in range(len(HARD))
    ]
    assert math.isnan(points[-1][1])


def test_times_are_those_of_the_calls(
    server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([1.8e9, 1.8e9 + 1 / 3, 1.8e9 + 2])
    monkeypatch.setattr("agnez._metric_log.time", lambda: next(times))
    for step in range(3):
        board.log(step=step, loss=step)
    sent(board)
    assert [point[2] for point in server.points(f"{name}-loss", "loss")] == [
        1.8e9,
        1.8e9 + 1 / 3,
        1.8e9 + 2,
    ]


def test_scalars_of_other_libraries(server: Server, board: Any, name: str) -> None:
    numpy = pytest.importorskip("numpy")

    class Tensor:
        """As torch's and jax's: no number itself, and one item."""

        shape = ()

        def item(self) -> Any:
            return 4.5

    for step, value in enumerate(
        [
            True,
            2,
            numpy.float32(0.1),
            numpy.int64(7),
            numpy.array(3.5),
            numpy.float16(0.5),
            Tensor(),
        ]
    ):
        board.log(step=numpy.int64(step), loss=value)
    sent(board)
    assert [point[:2] for point in server.points(f"{name}-loss", "loss")] == list(
        enumerate([1, 2, float(numpy.float32(0.1)), 7, 3.5, 0.5, 4.5])
    )


def test_the_order_of_calls_holds_where_calls_share_a_series(
    server: Server, board: Any, name: str
) -> None:
    for step in range(0, 3000, 3):
        board.log(step=step, loss=step)
        board.log(step=step + 1, loss=step + 1, acc=1)
        board.log(step=step + 2, acc=2, loss=step + 2)
    sent(board)
    assert [point[0] for point in server.points(f"{name}-loss", "loss")] == list(range(3000))


def test_threads_lose_and_mix_nothing(server: Server, board: Any, name: str) -> None:
    def work(number: Any) -> None:
        for step in range(2000):
            board.log({f"t{number}": step, "all": number}, step=step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent(board)
    for number in range(8):
        assert [point[:2] for point in server.points(f"{name}-t{number}", f"t{number}")] == [
            (step, step) for step in range(2000)
        ]
    everything = sorted(point[:2] for point in server.points(f"{name}-all", "all"))
    assert everything == sorted((step, number) for number in range(8) for step in range(2000))


def test_a_line_with_settings(server: Server, board: Any, name: str) -> None:
    line = board.line("curve", title="Curve", y="log", smooth=0.6, unit="s", hidden=["raw"])
    line.append(train=0.3, val=[0.1, 0.2]).append({"train": 0.2}, step=7).append(
        train=[1, 2], step=[8, 9.5]
    )
    line.append(val=5)
    sent(board)
    document = server.cell(line.id)
    assert (document["name"], document["chart"]) == (
        "Curve",
        {"y": "log", "smooth": 0.6, "unit": "s", "hidden": ["raw"]},
    )
    assert [point[:2] for point in server.points(line.id, "train")] == [
        (0, 0.3),
        (7, 0.2),
        (8, 1),
        (9.5, 2),
    ]
    assert [point[:2] for point in server.points(line.id, "val")] == [(0, 0.1), (1, 0.2), (10.5, 5)]


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


def test_what_a_person_has_changed_stays(server: Server, board: Any, name: str) -> None:
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


def test_many_metrics_of_which_some_are_there(server: Server, board: Any, name: str) -> None:
    server.ask("/values", {"_id": f"{name}-m77", "board": name, "name": "Mine", "type": "line"})
    for step in range(3):
        board.log({f"m{at}": at for at in range(700)}, step=step)
    sent(board)
    assert len(server.cells(name)) == 700 and server.cell(f"{name}-m77")["name"] == "Mine"
    for at in (0, 77, 499, 500, 699):
        assert [point[:2] for point in server.points(f"{name}-m{at}", f"m{at}")] == [
            (step, at) for step in range(3)
        ]


def test_large_values_and_the_last_of_many(server: Server, board: Any, name: str) -> None:
    for number in range(20):
        board.text("large", f"{number}\n" + "x" * 300_000)
    sent(board)
    value = server.cell(f"{name}-large")["value"]
    assert value.startswith("19\n") and len(value) == 300_003
    assert not list(board._client.spool.folder.glob("*.value"))


def test_a_value_that_no_server_takes_is_dropped_and_told(
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
    documents = {
        (cell["layout"]["row"], cell["layout"]["column"]): cell
        for cell in server.cells(name).values()
    }
    assert len(documents) == 6 and all(
        cell["layout"]["columns"] == 3 for cell in documents.values()
    )
    assert [
        cell["layout"]["column"]
        for cell in sorted(documents.values(), key=lambda cell: cell["createdAt"])
    ] == [0, 1, 2, 0, 1, 2]
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


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda board: board.log(), TypeError, "at least one metric"),
        (lambda board: board.log(loss=1, step="a"), TypeError, "step must be a number"),
        (lambda board: board.log(loss=1, step=math.nan), ValueError, "step must be finite"),
        (lambda board: board.line("x", y="logg"), ValueError, "y must be one of"),
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


def test_what_cannot_be_shown_takes_nothing_from_the_rest_of_its_call(
    server: Server, board: Any, name: str
) -> None:
    board.log(good=1, bad=object(), also="text")
    board.log(good=2)
    sent(board)
    assert (
        server.pairs(f"{name}-good", "good") == [(0, 1), (1, 2)]
        and server.cell(f"{name}-also")["value"] == "text"
    )


def test_a_step_that_is_none_leaves_nothing_behind(server: Server, board: Any, name: str) -> None:
    with pytest.raises(TypeError):
        board.log(good=1, step="x")
    board.log(good=2)
    sent(board)
    assert server.pairs(f"{name}-good", "good") == [(0, 2)]


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
    shown = [
        cell["value"]
        for cell in sorted(
            server.cells(name).values(),
            key=lambda cell: (cell["layout"]["row"], cell["layout"]["column"]),
        )
    ]
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


def test_labels_and_a_note_stand_together(server: Server, board: Any, name: str) -> None:
    axes = board.subplots(1, 1)[0]
    axes.set_xlabel("age").set_description("of the first run").set_ylabel("height")
    sent(board)
    (cell,) = server.cells(name).values()
    assert cell["description"] == "of the first run\nx: age, y: height"
    axes.set_description("changed")
    sent(board)
    assert server.cell(cell["_id"])["description"] == "changed\nx: age, y: height"


def test_both_calls_of_log_take_the_same(server: Server, board: Any, name: str) -> None:
    board.log({"loss": 1}, 5)
    board.log({"loss": 2}, step=6, commit=False)
    board.log(acc=3)
    board.log(acc=4)
    sent(board)
    assert server.pairs(f"{name}-loss", "loss") == [(5, 1), (6, 2)] and server.pairs(
        f"{name}-acc", "acc"
    ) == [(6, 3), (7, 4)]


def test_axis_labels_never_replace_a_description(server: Server, board: Any, name: str) -> None:
    line, points = board.subplots(1, 2)
    line.set(description="mine").set_xlabel("age")
    points.set_description("mine").set_xlabel("age")
    points.scatter([1], [2]).set_ylabel("height")
    sent(board)
    cells = sorted(server.cells(name).values(), key=lambda cell: cell["layout"]["column"])
    assert cells[0]["description"] == "mine\nx: age"
    # A scatter chart has labels of its own; the description keeps what it had before.
    assert cells[1]["description"].startswith("mine")
    assert cells[1]["value"] == {"x": [1], "y": [2], "x_label": "age", "y_label": "height"}


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


def test_metrics_is_the_name_of_the_dict(server: Server, board: Any, name: str) -> None:
    board.log(metrics={"loss": 1}, step=3)
    board.log({"step": 5, "metrics": 6}, loss=2)
    sent(board)
    assert server.pairs(f"{name}-loss", "loss") == [(3, 1), (4, 2)]
    assert server.pairs(f"{name}-step", "step") == [(4, 5)]
    assert server.pairs(f"{name}-metrics", "metrics") == [(4, 6)]
    with pytest.raises(TypeError, match="log takes a dict of metrics"):
        board.log(metrics=0.3)


def test_all_calls_of_log_count_the_same_steps(server: Server, name: str) -> None:
    with agnez.init(project=name, url=server.url) as run:
        run.log({"loss": 1}, step=5)
        assert run.step == 6
        agnez.log(loss=2)
        agnez.log(loss=3, commit=False)
        run.board.log(acc=4)
        run.board.log(acc=5)
        assert run.board.flush(60)
    assert server.pairs(f"{name}-loss", "loss") == [(5, 1), (6, 2), (7, 3)]
    assert server.pairs(f"{name}-acc", "acc") == [(7, 4), (8, 5)]

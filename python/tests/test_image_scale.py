"""Arguments that are unusual, and what is said about those that are wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest

from agnez._values import images
from server import Server

np = pytest.importorskip("numpy")


def grey(value: Any, **named: Any) -> Any:
    return images.to_pixels(value, **named).data


def test_colours_that_were_normalised_are_not_black() -> None:
    picture = np.linspace(-2.1, 2.6, 4 * 5 * 3).reshape(4, 5, 3)
    data = grey(picture)
    assert min(data) == 0 and max(data) == 255 and sorted(data) == list(data)
    assert grey(picture.tolist()) == data
    assert grey(np.full((2, 2, 3), 200.0)) == bytes([200]) * 12
    assert grey(np.full((2, 2), 200.0)) == grey([[200.0] * 2] * 2) == bytes([200]) * 4
    assert grey(np.array([[[0.0, 127.0, 255.0]]])) == bytes([0, 127, 255])
    assert grey(np.array([[[0, 30000, 60000]]])) == bytes([0, 128, 255])
    assert grey(np.full((1, 1), -3.0)) == b"\0"


def test_channels_in_the_first_axis_warn_once(caplog: pytest.LogCaptureFixture) -> None:
    images.to_pixels(np.zeros((3, 8, 8)))
    images.to_pixels(np.zeros((3, 9, 9)))
    assert caplog.text.count("permute(1, 2, 0)") == 1
    with pytest.raises(ValueError, match="permute"):
        images.to_pixels(np.zeros((2, 3, 8, 8)))


@pytest.mark.parametrize(
    ("step", "after"),
    [
        (np.uint8(255), 256),
        (np.int8(127), 128),
        (np.float16(2048), 2049),
        (np.float32(2**24), 2**24 + 1),
        (2.5, 3.5),
        (True, 2),
    ],
)
def test_small_steps_of_numpy_go_on(
    server: Server, board: Any, name: str, step: Any, after: Any
) -> None:
    board.log(loss=0, step=0)
    board.log(loss=1, step=step)
    board.log(loss=2)
    board.log(other=3, step=step)
    board.log(other=4)
    assert board.flush(60)
    assert [point[0] for point in server.pairs(f"{name}-loss", "loss")] == [0, float(step), after]
    assert [point[0] for point in server.pairs(f"{name}-other", "other")] == [float(step), after]


def test_settings_of_a_line_are_added(server: Server, board: Any) -> None:
    line = board.line("c", y="log").append(a=1)
    board.line("c", smooth=0.5)
    assert board.flush(60) and server.cell(line.id)["chart"] == {"y": "log", "smooth": 0.5}
    line.set(chart={"unit": "s"})
    board.line("c", x="wall", title="C")
    assert board.flush(60) and server.cell(line.id)["chart"] == {"unit": "s", "x": "wall"}


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda board: board.histogram("h", ["a"]), TypeError, "values must hold numbers, not str"),
        (
            lambda board: board.histogram("h", counts=["a"], edges=[0, 1]),
            TypeError,
            "counts must hold numbers",
        ),
        (
            lambda board: board.histogram("h", counts=[1], edges=[0, "b"]),
            TypeError,
            "edges must hold numbers",
        ),
        (
            lambda board: board.histogram("h", [[1], ["a"]], steps=[0, 1]),
            TypeError,
            "values must hold numbers",
        ),
        (
            lambda board: board.histogram("h", [[1], [2]], steps=[0, "a"]),
            TypeError,
            "steps must hold numbers",
        ),
        (lambda board: board.bar("b", {"a": "x"}), TypeError, "values must hold numbers"),
        (
            lambda board: board.bar("b", {"s": [1, "x"]}),
            TypeError,
            "the series 's' must hold numbers",
        ),
        (
            lambda board: board.heatmap("m", [[1, "x"]]),
            TypeError,
            "a row of the matrix must hold numbers",
        ),
        (lambda board: board.scatter("s", ["x"], [1]), TypeError, "x must hold numbers"),
        (lambda board: board.scatter("s", [1], ["x"]), TypeError, "y must hold numbers"),
        (lambda board: board.number("n", 1, trend=["x"]), TypeError, "trend must hold numbers"),
        (lambda board: board.number("n", 1, previous="x"), TypeError, "previous must hold numbers"),
        (
            lambda board: board.log(loss=1, step=10**5000),
            ValueError,
            "step must be a number that a double can hold",
        ),
        (lambda board: board.log([1]), TypeError, "log takes a dict of metrics, not list"),
        (lambda board: board.log(0.5), TypeError, "log takes a dict of metrics, not float"),
    ],
)
def test_wrong_arguments_raise_at_the_call(board: Any, call: Any, error: Any, says: Any) -> None:
    board.log(loss=1)
    with pytest.raises(error, match=says):
        call(board)


def test_numbers_of_any_kind_are_drawn(server: Server, board: Any, name: str) -> None:
    board.scatter("s", np.array([1, 2]), [np.float32(0.5), math.nan])
    board.histogram("h", [np.array([1.5, 2]), [3, [4, np.float64(math.inf)]]])
    board.bar("b", {"a": None, "b": np.int64(2), "c": True})
    assert board.flush(60)
    of = {id.split("-")[1]: cell["value"] for id, cell in server.cells(name).items()}
    assert of["s"] == {"x": [1, 2], "y": [0.5, "NaN"]}
    assert of["h"] == {"values": [1.5, 2, 3, 4, "Infinity"]}
    assert of["b"]["values"] == [None, 2, 1]

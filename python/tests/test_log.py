"""``log``: points, steps, times and runs."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

import agnez
from run_server import RunServer
from server import Server, bits, sent


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


def test_a_step_that_is_none_leaves_nothing_behind(server: Server, board: Any, name: str) -> None:
    with pytest.raises(TypeError):
        board.log(good=1, step="x")
    board.log(good=2)
    sent(board)
    assert server.pairs(f"{name}-good", "good") == [(0, 2)]


def test_both_calls_of_log_take_the_same(server: Server, board: Any, name: str) -> None:
    board.log({"loss": 1}, 5)
    board.log({"loss": 2}, step=6, commit=False)
    board.log(acc=3)
    board.log(acc=4)
    sent(board)
    assert server.pairs(f"{name}-loss", "loss") == [(5, 1), (6, 2)] and server.pairs(
        f"{name}-acc", "acc"
    ) == [(6, 3), (7, 4)]


def test_metrics_is_the_name_of_the_dict(server: Server, board: Any, name: str) -> None:
    board.log(metrics={"loss": 1}, step=3)
    board.log({"step": 5, "metrics": 6}, loss=2)
    sent(board)
    assert server.pairs(f"{name}-loss", "loss") == [(3, 1), (4, 2)]
    assert server.pairs(f"{name}-step", "step") == [(4, 5)]
    assert server.pairs(f"{name}-metrics", "metrics") == [(4, 6)]
    with pytest.raises(TypeError, match="log takes a dict of metrics"):
        board.log(metrics=0.3)


def test_all_calls_of_log_count_the_same_steps(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r", url=runs.url) as run:
        run.log({"loss": 1}, step=5)
        assert run.step == 6
        agnez.log(loss=2)
        agnez.log(loss=3, commit=False)
        agnez.log(acc=4)
        run.log(acc=5)
    assert runs.pairs(name, "r", "loss") == [(5, 1), (6, 2), (7, 3)]
    assert runs.pairs(name, "r", "acc") == [(7, 4), (8, 5)]

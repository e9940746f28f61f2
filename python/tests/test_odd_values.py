# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="misc, name-defined, no-untyped-call"
"""Odd values in every call: none raises, each kind warns once, and the right document arrives."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

import agnez
from agnez import _metrics
from odd_values import (
    ODD,
    Sparse,
    arrived,
)
from run_server import RunServer
from server import Server

np = pytest.importorskip("numpy")


@pytest.mark.parametrize("case", ODD)
def test_log_takes_any_metric(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, case: Any
) -> None:
    made, expected = ODD[case]
    for step in range(2):
        board.log({"before": 1, "m": made(), "after": 2}, step=step)
    board.log({"before": 3}, step=2)
    assert board.flush(60)
    assert (
        server.pairs(f"{name}-before", "before") == [(0, 1), (1, 1), (2, 3)]
        and len(server.pairs(f"{name}-after", "after")) == 2
    )
    found = arrived(server, name)
    odd = board._client.spool.dropped()["unsupported"]
    if expected is None:
        assert found == {} and odd == 2
        assert caplog.text.count("cannot be shown") == 1
    elif isinstance(expected, str):
        assert found == {"": expected} and not odd
    else:
        assert found == expected
        assert caplog.text.count("\n") <= 2


@pytest.mark.parametrize("case", ODD)
def test_a_line_takes_any_series(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, case: Any
) -> None:
    made, expected = ODD[case]
    line = board.line("l")
    for step in range(2):
        line.append({"before": 1, "m": made()}, step=step)
    assert board.flush(60)
    assert server.pairs(line.id, "before") == [(0, 1), (1, 1)]
    if isinstance(expected, dict) and list(expected) == [""]:
        assert server.pairs(line.id, "m")[0] == (0, expected[""])
    assert caplog.text.count("\n") <= 1


@pytest.mark.parametrize("case", ODD)
def test_tables_and_configs_take_any_item(
    server: Server, runs: RunServer, board: Any, name: str, case: Any
) -> None:
    made = ODD[case][0]
    board.table("t", [[made(), "beside"]], columns=["odd", "text"])
    board.table("d", [{"odd": made()}])
    with agnez.init(
        project=name, name="run", url=runs.url, config={"odd": made(), "lr": 0.1}
    ) as run:
        run.config.odd = made()
        run.config.update(other=made())
        run.summary["odd"] = made()
    assert board.flush(60)
    cells = server.named(name)
    ((item, beside),) = cells["t"]["value"]["rows"]
    assert beside == "beside" and cells["d"]["value"] == {"columns": ["odd"], "rows": [[item]]}
    document = runs.run(name)
    assert document["config"] == {"odd": document["config"]["odd"], "lr": 0.1, "other": ANY}
    assert document["summary"] == {"odd": ANY} and document["status"] == "finished"
    plain = (type(None), str, int, float, bool)
    assert isinstance(document["config"]["odd"], (*plain, list, dict))
    assert item is None or isinstance(item, (str, int, float, bool))


ENTRIES = {
    "bar": lambda board, odd, at: board.bar(f"b{at}", odd),
    "histogram": lambda board, odd, at: board.histogram(f"h{at}", odd),
    "scatter": lambda board, odd, at: board.scatter(f"s{at}", odd, odd),
    "heatmap": lambda board, odd, at: board.heatmap(f"m{at}", odd),
    "number": lambda board, odd, at: board.number(f"n{at}", odd),
    "table": lambda board, odd, at: board.table(f"t{at}", odd),
    "text": lambda board, odd, at: board.text(f"x{at}", odd),
    "html": lambda board, odd, at: board.html(f"p{at}", odd),
    "image": lambda board, odd, at: board.image(f"i{at}", odd),
    "gif": lambda board, odd, at: board.gif(f"g{at}", odd),
    "figure": lambda board, odd, at: board.figure(f"f{at}", odd),
    "step": lambda board, odd, at: board.log(loss=1, step=odd),
    "set": lambda board, odd, at: board.text(f"c{at}", "x").set(odd=odd, nested=[{"odd": odd}]),
    "note": lambda board, odd, at: board.text(f"c{at}", "x").set_description(odd),
    "caption": lambda board, odd, at: board.image(f"c{at}", [[0, 1]], caption=odd),
    "plot": lambda board, odd, at: board.subplots(1, 1, name=str(at))[0].plot(odd),
    "hist": lambda board, odd, at: board.subplots(1, 1, name=str(at))[0].hist(odd, bins=4),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_wrong_use_raises_one_sentence_and_nothing_else_raises(
    server: Server, board: Any, name: str, entry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for at, (case, (made, _)) in enumerate(ODD.items()):
        try:
            ENTRIES[entry](board, made(), at)
        except (TypeError, ValueError, OSError) as error:
            if len(str(error)) <= 10 or "\n" in str(error):
                pytest.fail(f"{case}: {error!r} is no sentence")
    board.log(done=1)
    assert board.flush(60)
    assert server.pairs(f"{name}-done", "done")[0][1] == 1
    assert "refused" not in caplog.text


def test_skipped_values_are_counted_on_the_board_and_at_the_end(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    from server import eventually

    for step in range(3):
        board.log({"loss": step, "odd": object()}, step=step)
    assert board.flush(60)
    eventually(
        lambda: (
            server.named(name).get("agnez: not sent", {}).get("value")
            == "- 3 values left out: they cannot be shown"
        )
    )
    board.close(60)
    assert "Not sent: 3 values left out: they cannot be shown." in caplog.text


def test_a_picture_too_large_is_not_a_full_spool(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    board.image("large", np.random.default_rng(0).integers(0, 256, (2200, 2200, 3), dtype=np.uint8))
    board.log(loss=1)
    board.close(60)
    assert (
        "the spool was full" not in caplog.text
        and "1 pictures or values dropped: larger than the server takes" in caplog.text
    )


def test_a_log_call_without_metrics(server: Server, board: Any, name: str) -> None:
    board.log({})
    board.log({"loss": 1})
    assert board.flush(60) and server.pairs(f"{name}-loss", "loss") == [(1, 1)]


def test_the_limits_of_one_call(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(_metrics, "METRICS", 5)
    board.log({f"m{at}": at for at in range(9)}, step=0)
    board.log(picture=[object()] * 100, step=0)
    assert board.flush(60)
    # What was left out is reported on the board after the flush, or beside it.
    assert (
        set(server.named(name)) - {"agnez: not sent"} == {"m0", "m1", "m2", "m3", "m4"}
        and "after 5 others" in caplog.text
    )


def test_sparse_arrays_are_not_written_out_without_a_bound() -> None:
    class Wide(Sparse):
        shape = (10**6, 10**6)

        def __init__(self) -> None:
            self.nnz = 1

        def toarray(self) -> None:
            raise MemoryError

    from agnez._values import convert

    with pytest.raises(TypeError):
        convert.to_list(Wide(), "it")

# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="attr-defined, union-attr"
"""Invalid responses and damaged spools: the sender and replays of other spools go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez.__main__ import main
from agnez._transport import delivery, sender
from agnez._transport.replay import replay
from server import Other, Server, eventually

DEEP = b"[" * 60_000


@pytest.mark.parametrize(
    "answer",
    [
        DEEP,
        b'{"_id":' + DEEP,
        b"[" * 3_000_000,
        b"\xff\xfe",
        b'{"className":' + DEEP,
        b'{"_id":"\\ud800"',
        b"\x00" * 100,
    ],
)
@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 413, 500])
def test_an_answer_that_cannot_be_read_is_tried_again(
    tmp_path: Path, name: str, answer: Any, status: Any
) -> None:
    bodies = []

    def say(method: Any, path: Any, body: Any, headers: Any) -> Any:
        bodies.append(body)
        if len(bodies) <= 2:
            return status, "application/json", answer
        return 201, "application/json", b'{"_id":"x","appended":1}'

    with Other(say) as other:
        board = agnez.Board(name, url=other.url, spool=str(tmp_path / "s"))
        board.log(loss=1, step=0)
        assert board.flush(30)
        board.log(loss=2, step=1)
        assert board.flush(30) and board._client._sender._thread.is_alive()
        board.close(10)


def test_a_batch_that_always_fails_is_quarantined_and_the_rest_is_sent(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    real, failed = delivery.Delivery.deliver, []

    def deliver(self: Any, request: Any) -> Any:
        if any(cell.endswith("-bad") for cell in request.cells):
            failed.append(request)
            raise RecursionError("maximum recursion depth exceeded")
        return real(self, request)

    monkeypatch.setattr(delivery.Delivery, "deliver", deliver)
    monkeypatch.setattr(delivery, "BACK_OFF_S", (0.001, 0.01))
    board.text("bad", "x")
    assert board.flush(60)
    for step in range(5):
        board.log(loss=step, step=step)
    assert board.flush(60)
    assert (
        server.pairs(f"{name}-loss", "loss") == [(step, step) for step in range(5)]
        and len(failed) == 3
    )
    folder = board._client.spool.folder
    board.close(10)
    assert (
        len((folder / "refused.jsonl").read_text().splitlines()) == 1
        and "is tried again" in caplog.text
    )
    monkeypatch.setattr(delivery.Delivery, "deliver", real)
    replay(folder, refused=True)
    assert server.named(name)["bad"]["value"] == "x" and not folder.exists()


def test_each_window_has_its_own_tries(
    server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[bytes] = []
    real = delivery.Delivery.send

    def send(self: Any, batch: Any, first: Any) -> Any:
        # All tries of the first one fail, and of the second one all but the last.
        if len(failed) < 5:
            failed.append(bytes(self.outbox._bytes))
            raise MemoryError
        return real(self, batch, first)

    monkeypatch.setattr(delivery.Delivery, "send", send)
    monkeypatch.setattr(delivery, "BACK_OFF_S", (0.001, 0.01))
    board.text("first", "x")
    eventually(lambda: len(failed) >= 3)
    board.text("second", "y")
    eventually(lambda: "second" in server.named(name))
    assert board.flush(60) and len(set(failed)) == 2
    named = server.named(name)
    assert named["second"]["value"] == "y" and "first" not in named
    folder = board._client.spool.folder
    assert len((folder / "refused.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [
        RecursionError,
        MemoryError,
        KeyError,
        UnicodeDecodeError("utf-8", b"x", 0, 1, "no"),
        SystemError,
    ],
)
@pytest.mark.parametrize("where", ["next_batch", "finish_batch", "_save_state", "has_more"])
def test_the_thread_survives_temporary_failures(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    error: Any,
    where: Any,
) -> None:
    board.log(loss=0, step=0)
    assert board.flush(60)
    monkeypatch.setattr(delivery, "BACK_OFF_S", (0.001, 0.01))
    failures: list[int] = []
    outbox = board._client._sender._outbox
    real = getattr(outbox, where)

    def failing(*args: Any) -> Any:
        if len(failures) < 4:
            failures.append(1)
            raise error
        return real(*args)

    monkeypatch.setattr(outbox, where, failing)
    for step in range(1, 6):
        board.log(loss=step, step=step)
    eventually(lambda: len(server.pairs(f"{name}-loss", "loss")) == 6)
    assert board.flush(60) and server.pairs(f"{name}-loss", "loss") == [
        (step, step) for step in range(6)
    ]
    assert board._client._sender._thread.is_alive()


def test_a_failed_report_does_not_block_values(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sender.Sender, "_show", lambda *_: 1 / 0)
    board.log(loss=1, odd=object(), step=0)
    eventually(lambda: "What is not sent cannot be shown" in caplog.text)
    board.log(loss=2, step=1)
    assert board.flush(60) and server.pairs(f"{name}-loss", "loss") == [(0, 1), (1, 2)]


DAMAGES = {
    "spool.json": [
        b"",
        b"[" * 100_000,
        b"\xff\xfe",
        b"[]",
        b"1",
        b"{}",
        b'{"writer":1,"sync":"00","url":3}',
        b'{"writer":"w","sync":"zz","url":"http://x"}',
        b'{"writer":"w","sync":"00","url":"http://x"}',
        b'{"parent":[1]}',
    ],
    "cells.jsonl": [
        b"",
        b"[" * 100_000,
        b"\xff\xfe\n1\n[]\n",
        b'{"layout":0}\n',
        b'{"layout":"x","series":[]}\n',
        b'{"layout":-1,"series":[["a","b"]]}\n',
        b'{"layout":0,"series":[[1,2]]}\n',
        b'{"layout":0,"series":5}\n',
        b'{"layout":' + b"9" * 5000 + b',"series":[]}\n',
        b'{"id":[],"cell":{}}\n{"id":"a"}\n{"id":"b","cell":3}\n',
        b'{"layout":99999999999,"series":[["a","b"]]}',
    ],
    "state": [
        b"",
        b"[" * 500,
        b"\xff" * 512,
        b"[" * 100_000,
        b'{"sum":1}',
        b"null",
        b'{"segment":"x","sum":1}',
    ],
    "000000.seg": [b"", b"\xff" * 5000, b"[" * 5000],
    "refused.jsonl": [
        b"[" * 100_000 + b"\n",
        b"\xff\n1\nnull\n{}\n",
        b'{"records":"!!","key":1}\n',
        b'{"method":"POST","path":"/x","body":"e30=","type":"a","key":"k","cells":[1]}\n',
    ],
}
CASES = [(file, at) for file, damages in DAMAGES.items() for at in range(len(damages))]


def offline_spool(root: Any, name: str, url: Any) -> Any:
    """The spool of a board of this process that sent nothing."""
    board = agnez.Board(name, url=url, spool=str(root), mode="offline")
    for step in range(20):
        board.log(loss=step, step=step)
    board.text("note", "x")
    folder = board._client.spool.folder
    board.close(0)
    return folder


@pytest.mark.parametrize(("file", "at"), CASES)
def test_a_damaged_spool_stops_neither_a_training_nor_the_replay_of_others(
    server: Server, name: str, tmp_path: Path, file: Any, at: Any
) -> None:
    root = tmp_path / "spools"
    # The damaged one comes first.
    offline_spool(tmp_path / "made", f"{name}-d", server.url).rename(tmp_path / "damaged")
    good = offline_spool(root, name, server.url)
    (tmp_path / "damaged").rename(root / "0-damaged")
    with open(root / "0-damaged" / file, "wb") as damaged:
        damaged.write(DAMAGES[file][at])
    board = agnez.Board(f"{name}-t", url=server.url, spool=str(root))
    board.log(loss=1)
    assert board.close(60)
    assert main(["replay", str(root), "--url", server.url, "--refused", "--timeout", "20"]) in (
        0,
        1,
    )
    assert not good.exists() and server.pairs(f"{name}-loss", "loss") == [
        (step, step) for step in range(20)
    ]
    assert main(["spools", str(root)]) == 0

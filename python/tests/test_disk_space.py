# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, operator, union-attr"
"""What a spool holds open and on disk, and what is there when a call is cut off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._spool import paths, record, segment, spool
from agnez._transport.replay import replay
from server import Server, free_port

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
needs_maps = pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="there is no /proc")


def maps(folder: Any) -> Any:
    with open("/proc/self/maps") as file:
        return [line.split()[-1] for line in file if str(folder) in line and ".seg" in line]


@needs_maps
def test_metrics_that_are_seldom_logged_hold_no_segments(
    server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "SEGMENT_BYTES", 1 << 16)
    other = agnez.Board(name + "2", url=server.url, spool=board._client._root)
    for at in range(12):
        board.log({f"m{at}": at}, step=0)
        other.log({f"o{at}": at}, step=0)
        for step in range(2000):
            board.log(loss=step, step=step)
        board.log({f"m{at}": at}, step=1)
    assert board.flush(60)
    assert len(set(maps(board._client.spool.folder))) <= 3
    assert server.pairs(f"{name}-m3", "m3") == [(0, 3), (1, 3)]


@needs_fork
@needs_maps
def test_a_forked_child_holds_nothing_of_its_parents(server: Server, board: Any, name: str) -> None:
    board.log(loss=1, step=0)
    assert board.flush(60)
    folder, wire = board._client.spool.folder, board._client._sender._connection
    fd = wire._connection.sock.fileno()
    socket = os.readlink(f"/proc/self/fd/{fd}")
    read, write = os.pipe()
    child = os.fork()
    if not child:
        held = maps(folder) + [
            fd
            for fd in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{fd}")
            and os.readlink(f"/proc/self/fd/{fd}") == socket
        ]
        os.write(write, repr(held).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1000) == b"[]"
    os.close(read)
    os.close(write)
    board.log(loss=2, step=1)
    assert board.flush(60) and server.pairs(f"{name}-loss", "loss") == [(0, 1), (1, 2)]


def test_an_abandoned_spool_takes_the_space_of_its_records(
    server: Server, name: str, tmp_path: Path
) -> None:
    board = agnez.Board(name, url=f"http://127.0.0.1:{free_port()}", spool=str(tmp_path / "left"))
    for step in range(100):
        board.log(loss=step, step=step)
    folder = board._client.spool.folder
    assert not board.close(1)
    assert (folder / "000000.seg").stat().st_size < 8192 and not (folder / "spare").exists()
    assert paths.list_spools(tmp_path / "left") == [folder]
    replay(folder, url=server.url)
    assert (
        server.pairs(f"{name}-loss", "loss") == [(step, step) for step in range(100)]
        and not folder.exists()
    )


def test_layouts_are_defined_before_records_use_them(
    board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.log(loss=1)
    one = board._client.spool

    def cut(self: Any, what: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(spool.Spool, "_define", cut)
        with pytest.raises(KeyboardInterrupt):
            board.log(other=1)
        with pytest.raises(KeyboardInterrupt):
            one.points([("x", "y")], 0.0, [0], [[1.0]])
    board.log(other=1)
    definitions = (one.folder / "cells.jsonl").read_text()
    assert definitions.count('"other"') >= 2 and len(one.layouts) == len(
        one._numbers
    ) == definitions.count('"layout"')


def test_records_from_memory_count_as_unsent_until_answered(
    board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.log(loss=1)
    assert board.flush(60)
    outbox, one = board._client._sender._outbox, board._client.spool
    seen = []
    monkeypatch.setattr(outbox, "_from_disk", lambda: None)
    read = record.decode

    def watched(*args: Any, **named: Any) -> Any:
        seen.append(outbox.is_done_until(None))
        return read(*args, **named)

    monkeypatch.setattr(record, "decode", watched)
    with one.lock:
        one.memory.append(one.layouts[0].row(one.sync, 0.0, 5, [7.0]), 1)
    one.wakeup.set()
    assert board.flush(60) and seen and not any(seen)

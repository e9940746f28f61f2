# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="misc, union-attr"
"""Full segments, spools and disks: dropped values are counted, and no others are lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._spool import memory_buffer, paths, segment
from server import PATIENCE_S, Server, eventually, free_port, script, steps


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> int:
    """Segments of 64 KiB, so that a test fills several of them. Their bytes."""
    size = 1 << 16
    for module in ("agnez._spool.spool_dir", "agnez._spool.segment"):
        monkeypatch.setattr(f"{module}.SEGMENT_BYTES", size)
    return size


@pytest.mark.usefixtures("small_segments")
def test_many_segments(server: Server, board: Any, name: str) -> None:
    for step in range(30_000):
        board.log(step=step, loss=step)
    assert board._client.spool.dir._next > 10
    assert board.flush(60)
    assert steps(server, f"{name}-loss", "loss") == list(range(30_000))
    assert len(list(board._client.spool.folder.glob("*.seg"))) <= 2


@pytest.mark.usefixtures("small_segments")
def test_an_interrupt_between_two_segments(
    server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.log(step=0, loss=0)
    disk = board._client.spool.dir
    interrupts: list[int] = []
    real = disk._use

    def use(segment: Any) -> None:
        if not interrupts:
            interrupts.append(segment.number)
            raise KeyboardInterrupt
        real(segment)

    monkeypatch.setattr(disk, "_use", use)
    logged = [0]
    for step in range(1, 5000):
        try:
            board.log(step=step, loss=step)
            logged.append(step)
        except KeyboardInterrupt:
            assert interrupts == [1]
    assert board.flush(60) and not board._client.spool.is_disk_failed
    assert len(logged) == 4999 and steps(server, f"{name}-loss", "loss") == logged


def test_a_full_spool_drops_pictures_before_numbers_and_says_so(
    tmp_path: Path,
    name: str,
    small_segments: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AGNEZ_SPOOL_MIB", "1")
    monkeypatch.setattr(memory_buffer, "MEMORY_BYTES", 1 << 17)
    server = Server(tmp_path / "server", free_port())
    board = agnez.Board(name, url=server.url)
    for number in range(20):
        board.html("page", str(number) * 100_000)
        board.html(f"page{number}", "x" * 100_000)
    spool = board._client.spool
    dropped = spool.dropped()
    assert dropped["changes"] > 0 and dropped["points"] == 0
    total = 60_000
    for step in range(total):
        board.log(step=step, loss=step)
    dropped = spool.dropped()
    assert dropped["points"] > 0
    size = sum(entry.stat().st_size for entry in board._client.spool.folder.iterdir())
    assert size < (1 << 20) + 2 * small_segments
    server.start()
    try:
        assert board.flush(60)
        found = steps(server, f"{name}-loss", "loss")
        assert len(found) == total - dropped["points"] and found == list(range(len(found)))
        eventually(
            lambda: any(
                f"{dropped['points']} points dropped" in str(cell.get("value"))
                for cell in server.cells(name).values()
            )
        )
        board.log(step=total, loss=total)
        assert board.flush(60) and steps(server, f"{name}-loss", "loss")[-1] == total
        board.close()
        assert f"{dropped['points']} points" in caplog.text
    finally:
        server.kill()


@pytest.mark.usefixtures("small_segments")
def test_a_disk_that_takes_nothing_for_a_while(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("agnez._spool.spool._RETRY_DISK_S", 0.0)
    real = segment._allocate
    is_full = False

    def take_room(fd: Any, size: Any) -> None:
        if is_full:
            raise OSError(28, "No space left on device")
        real(fd, size)

    monkeypatch.setattr(segment, "_allocate", take_room)
    for step in range(12_000):
        is_full = 3000 <= step < 9000
        board.log(step=step, loss=step)
        if step % 1000 == 0:
            board.text("note", str(step))
    assert board.flush(60)
    assert steps(server, f"{name}-loss", "loss") == list(range(12_000))
    assert server.cell(f"{name}-note")["value"] == "11000"
    assert (
        "takes no more (No space left on device)" in caplog.text
        and not board._client.spool.is_disk_failed
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of file sizes")
def test_a_limit_on_the_size_of_files(server: Server, tmp_path: Path, name: str) -> None:
    process = script(
        f"""
        import agnez, resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        board = agnez.Board({name!r})
        for step in range(5000):
            board.log(step=step, loss=step)
        board.html("page", "x" * 100_000)
        """,
        tmp_path / "spool",
        server.url,
    )
    errors = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 0 and "Traceback" not in errors
    assert steps(server, f"{name}-loss", "loss") == list(range(5000))
    assert len(server.cell(f"{name}-page")["value"]) == 100_000


def test_a_folder_that_cannot_be_made(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(paths, "fallback_root", lambda: tmp_path / "file" / "no")
    board = agnez.Board(name, url=server.url, spool=str(tmp_path / "file" / "spool"))
    for step in range(1000):
        board.log(step=step, loss=step)
    board.text("note", "y" * 100_000)
    assert board.close(60)
    assert steps(server, f"{name}-loss", "loss") == list(range(1000))
    assert len(server.cell(f"{name}-note")["value"]) == 100_000

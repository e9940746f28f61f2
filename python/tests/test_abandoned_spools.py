# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="attr-defined, func-returns-value"
"""Spools of ended processes: damage, lost segments, and other users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._spool import paths
from agnez._transport.replay import replay
from server import AWAY, Server, abandoned_spool


def test_a_name_that_no_server_takes_is_refused_at_the_call(board: Any) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        board.text("\udfff", "x")
    with pytest.raises(ValueError, match="surrogates"):
        board.line("\ud800")
    board.log({"\U0001f600": 1})


def test_a_thread_that_has_ended_keeps_the_spool(
    server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.log(loss=1)
    assert board.flush(60)
    monkeypatch.setattr(board._client._sender._outbox, "next_batch", lambda: 1 / 0)
    board.log(loss=2)
    assert board._client._sender._ended.wait(60)
    folder = board._client.spool.folder
    code = "import sys; from agnez.__main__ import main; sys.exit(main(['replay', sys.argv[1]]))"

    def again() -> Any:
        command = [sys.executable, "-c", code, str(folder)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    assert "belongs to a process that is running" in again()
    assert not board.close(1)
    assert "1 points" in again() and not folder.exists()
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1), (1, 2)]


@pytest.mark.parametrize("damage", ["torn", "flipped", "empty", "missing", "old"])
def test_a_damaged_state_loses_nothing(
    server: Server, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, damage: Any
) -> None:
    folder = abandoned_spool(
        tmp_path / "spool",
        f"""
        for module in (agnez._spool.spool_dir, agnez._spool.segment):
            module.SEGMENT_BYTES = 1 << 16
        board = agnez.Board({name!r})
        for step in range(5000):
            board.log(step=step, loss=step)
    """,
    )
    state = folder / "state"
    with pytest.MonkeyPatch.context() as patch:
        count = []
        real = agnez._transport.replay.Delivery.send

        def send(self: Any, batch: Any, first: Any) -> None:
            count.append(first)
            if len(count) == 5:
                raise KeyboardInterrupt
            real(self, batch, first)

        patch.setattr(agnez._transport.replay.Delivery, "send", send)
        with pytest.raises(KeyboardInterrupt):
            replay(folder, url=server.url)
    good = json.loads(state.read_bytes())
    assert good["segment"] > 0 and good["number"] > 0
    if damage == "missing":
        state.unlink()
    elif damage == "old":
        state.write_bytes(json.dumps({**good, "segment": 99}).encode())
    else:
        data = state.read_bytes()
        state.write_bytes(
            {
                "torn": data[:20],
                "flipped": data.replace(b'"segment": ', b'"segment": 9'),
                "empty": b"",
            }[damage]
        )
    # Cut off once more: the second run goes on with the keys of the first.
    with pytest.MonkeyPatch.context() as patch:
        count[:] = [0] * 3
        patch.setattr(
            agnez._transport.replay.Delivery,
            "send",
            lambda self, batch, first: (real(self, batch, first), send(self, batch, first)),
        )
        with pytest.raises(KeyboardInterrupt):
            replay(folder, url=server.url)
    replay(folder, url=server.url)
    assert not folder.exists() and "is damaged" in caplog.text
    found = [int(step) for step, _ in server.pairs(f"{name}-loss", "loss")]
    assert set(found) == set(range(5000)) and len(found) < 7000


def test_a_lost_segment_does_not_hide_the_next(server: Server, tmp_path: Path, name: str) -> None:
    folder = abandoned_spool(
        tmp_path / "spool",
        f"""
        for module in (agnez._spool.spool_dir, agnez._spool.segment):
            module.SEGMENT_BYTES = 1 << 16
        board = agnez.Board({name!r})
        for step in range(6000):
            board.log(step=step, loss=step)
    """,
    )
    assert (folder / "000002.seg").exists()
    (folder / "000001.seg").unlink()
    replay(folder, url=server.url)
    found = [int(step) for step, _ in server.pairs(f"{name}-loss", "loss")]
    assert not folder.exists() and found[0] == 0 and found[-1] == 5999 and len(found) < 6000


def test_a_segment_that_cannot_be_read_stays(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = abandoned_spool(tmp_path / "spool", f"agnez.Board({name!r}).log(loss=1)")
    with monkeypatch.context() as patch:
        patch.setattr(
            "agnez._transport.outbox.SegmentFile",
            lambda path: (_ for _ in ()).throw(PermissionError()),
        )
        assert "cannot be removed" in replay(folder, url=server.url)
    replay(folder, url=server.url)
    assert not folder.exists() and server.pairs(f"{name}-loss", "loss") == [(0, 1)]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_spool_names_files_of_its_own_only(
    server: Server, tmp_path: Path, name: str, is_link: Any
) -> None:
    secret = tmp_path / "secret"
    secret.write_text('"mine"')
    folder = abandoned_spool(
        tmp_path / "spool",
        f"board = agnez.Board({name!r})\nboard.text('t', 'a')\n"
        "board.html('page', 'x' * 100_000)\nboard.log(loss=1)",
    )
    if is_link:
        (folder / "000000.value").unlink()
        (folder / "000000.value").symlink_to(secret)
    else:
        data = (folder / "000000.seg").read_bytes()
        at = data.index(b'{"cell":"' + f"{name}-page".encode())
        length = int.from_bytes(data[at - 4 : at], "little")
        document = json.loads(data[at : at + length])
        document["keys"]["file"]["name"] = str(secret)
        text = json.dumps(document).encode()
        (folder / "000000.seg").write_bytes(
            data[: at - 4] + len(text).to_bytes(4, "little") + text + data[at + length :]
        )
    replay(folder, url=server.url)
    assert secret.read_text() == '"mine"' and not folder.exists()
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    assert "mine" not in json.dumps(server.cells(name)) and f"{name}-page" not in server.cells(name)


unix = pytest.mark.skipif(sys.platform == "win32", reason="files have no owners")


@unix
@pytest.mark.parametrize("wrong", ["link", "open", "owner"])
def test_a_common_folder_that_another_may_have_made_is_not_used(
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    wrong: Any,
) -> None:
    common = tmp_path / "common"
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(paths, "fallback_root", lambda: common)
    if wrong == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        common.symlink_to(tmp_path / "elsewhere")
    else:
        common.mkdir(mode=0o700)
        if wrong == "open":
            common.chmod(0o777)
        else:
            monkeypatch.setattr(os, "getuid", lambda: common.stat().st_uid + 1)
    board = agnez.Board(name, url=AWAY, spool=str(tmp_path / "file" / "spool"))
    board.log(loss=1)
    assert board._client.spool.folder is None and "other users can write into it" in caplog.text
    assert not list(common.iterdir())


@unix
def test_the_spool_of_another_user_is_left_alone(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = abandoned_spool(tmp_path / "spool", f"agnez.Board({name!r}).log(loss=1)")
    before = sorted(entry.name for entry in folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
        with pytest.raises(ValueError, match="another user"):
            replay(folder, url=server.url)
        assert not list(paths.abandoned_spools(tmp_path / "spool"))
    assert sorted(entry.name for entry in folder.iterdir()) == before and not server.has(
        f"{name}-loss"
    )
    replay(folder, url=server.url)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]

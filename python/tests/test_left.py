# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, attr-defined, func-returns-value, operator, union-attr"
"""Spools of ended processes: replay, damage, refusals, and servers that fail."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import textwrap
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._spool import paths
from agnez._transport import request_builder
from agnez._transport.refused import retry_key
from agnez._transport.replay import replay
from server import Server

AWAY = "http://127.0.0.1:9"


def left(spool: Any, code: Any, url: Any = AWAY) -> Any:
    """The spool of a process that ran the code and ended without a word."""
    env = {**os.environ, "AGNEZ_SPOOL": str(spool), "AGNEZ_URL": url}
    code = "import agnez, os\n" + textwrap.dedent(code) + "\nos._exit(0)"
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=60).returncode == 0
    return paths.list_spools(spool)[-1]


def refused(server: Server, tmp_path: Path, name: str, rest: Any = 0) -> Any:
    """A spool with a refused point, whose cell is a text, and ``further`` requests after it."""
    server.ask("/values", {"_id": f"{name}-bad", "board": name, "type": "text", "value": "mine"})
    board = agnez.Board(name, url=server.url, spool=str(tmp_path / "spool"))
    board.log(step=0, bad=7)
    assert board.flush(60)
    for number in range(rest):
        board.text(f"t{number}", "x")
    folder = board._client.spool.folder
    assert board.flush(60) and board.close(60)
    assert folder.is_dir()
    return folder


def test_what_was_refused_outlives_a_replay_without_a_server(
    server: Server, tmp_path: Path, name: str
) -> None:
    folder = refused(server, tmp_path, name)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            replay(folder, url=AWAY, refused=True, timeout=0.05)
    assert folder.is_dir()
    # Not tried: it stays.
    assert "1 request was refused" in replay(folder)
    server.ask(f"/values/{name}-bad", method="DELETE")
    replay(folder, refused=True)
    assert not folder.exists() and server.pairs(f"{name}-bad", "bad") == [(0, 7)]


def test_a_replay_of_what_was_refused_that_is_killed(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = refused(server, tmp_path, name)
    with monkeypatch.context() as patch:
        patch.setattr(
            "agnez._transport.replay.Delivery.deliver",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            replay(folder, refused=True)
    # Refused again, with a line that is no request.
    with open(folder / "refused.jsonl", "a") as file:
        file.write('{"a": 1}\n')
    assert "2 requests were refused" in replay(folder, refused=True)
    server.ask(f"/values/{name}-bad", method="DELETE")
    assert "1 request was refused" in replay(folder, refused=True)
    assert (
        server.pairs(f"{name}-bad", "bad") == [(0, 7)] and not (folder / "refused.before").exists()
    )


def test_what_was_refused_is_sent_though_many_requests_followed(
    server: Server, tmp_path: Path, name: str
) -> None:
    folder = refused(server, tmp_path, name, rest=200)
    server.ask(f"/values/{name}-bad", method="DELETE")
    line = (folder / "refused.jsonl").read_text()
    replay(folder, refused=True)
    assert not folder.exists() and server.pairs(f"{name}-bad", "bad") == [(0, 7)]
    # The same once more has no effect, also as an older version has written it.
    document = json.loads(line)
    assert ".r" in document["key"] and retry_key(document["key"]) == document["key"]
    assert retry_key("ab:5") == "ab.r5:0" and retry_key("ab.5:3") == "ab.5.r3:0"


def test_a_name_that_no_server_takes_is_refused_at_the_call(board: Any) -> None:
    for call in (
        lambda: board.text("\udfff", "x"),
        lambda: board.line("\ud800"),
        lambda: agnez.Board("b", run="\ud800"),
    ):
        with pytest.raises(ValueError, match="surrogates"):
            call()
    board.log({"\U0001f600": 1})


def test_records_that_cannot_be_sent_are_put_aside(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agnez._values.names.check_name", lambda name: name)
        board.log({"x/bad\ud800": 1}, step=0)
        board.html("page", "x" * 100_000)
        assert board.flush(60)
    for step in range(5):
        board.log(loss=step, step=step)
        assert board.flush(60)
    assert (
        server.pairs(f"{name}-loss", "loss") == [(step, step) for step in range(5)]
        and "cannot be sent" in caplog.text
    )
    folder = board._client.spool.folder
    board.close(60)
    assert len((folder / "refused.jsonl").read_text().splitlines()) == 1
    assert "request was refused" in replay(folder, refused=True)
    # As a later version would that can send it.
    monkeypatch.setattr(
        "agnez._transport.request_builder._encode_points",
        lambda numbers, key, real=request_builder._encode_points: real(
            {(cell, "bad"): lists for (cell, _), lists in numbers.items()}, key
        ),
    )
    replay(folder, refused=True)
    assert not folder.exists()
    assert any(
        "bad" in cell.get("value", {}).get("series", {})
        for cell in server.cells(name).values()
        if isinstance(cell.get("value"), dict)
    )
    assert server.named(name)["page"]["value"] == "x" * 100_000


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


class Other:
    """Another program's server: answers every request with ``say(method, path, body)``."""

    def __init__(self, say: Any) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                status, kind, text = say(
                    self.command,
                    self.path,
                    self.rfile.read(int(self.headers["Content-Length"])),
                    self.headers,
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PATCH = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>It works</html>",
        b"",
        b"{}",
        b"[]",
        b'{"ok": true}',
        b"1",
        b"<html>" + b" " * 100_000 + b'"_id"',
    ],
)
def test_an_answer_of_something_else_is_none(
    server: Server, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    with Other(lambda *_: (200, "text/html", answer)) as other:
        board = agnez.Board(name, url=other.url)
        board.log(loss=1, step=0)
        assert not board.flush(0.3)
        folder = board._client.spool.folder
        assert not board.close(0.3)
    assert "something else than Agnez answers there" in caplog.text
    replay(folder, url=server.url)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)] and not folder.exists()


def test_a_large_value_is_accepted(server: Server, board: Any, name: str) -> None:
    board.html("page", "x" * 300_000)
    board.table("rows", [[1, "y" * 100_000]], columns=["a", "b"])
    assert board.flush(60)
    assert len(server.cell(f"{name}-page")["value"]) == 300_000


@pytest.mark.parametrize("status", [413, 414])
def test_what_a_proxy_finds_too_large_holds_up_nothing(
    server: Server, tmp_path: Path, name: str, status: Any
) -> None:
    def say(method: Any, path: Any, body: Any, headers: Any) -> Any:
        if len(body) > 50_000:
            return status, "text/html", b"<html>too large</html>"
        names = {
            key: value
            for key, value in headers.items()
            if key in ("Content-Type", "Idempotency-Key")
        }
        with urllib.request.urlopen(
            urllib.request.Request(server.url + path, body, names, method=method), timeout=60
        ) as answer:
            return answer.status, "application/json", answer.read()

    with Other(say) as proxy:
        board = agnez.Board(name, url=proxy.url)
        board.html("page", "x" * 100_000)
        board.log(loss=1, step=0)
        assert board.flush(60)
        folder = board._client.spool.folder
        board.close(60)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    assert json.loads((folder / "refused.jsonl").read_text())["status"] == status
    replay(folder, url=server.url, refused=True)
    assert len(server.cell(f"{name}-page")["value"]) == 100_000 and not folder.exists()


@pytest.mark.parametrize("damage", ["torn", "flipped", "empty", "missing", "old"])
def test_a_damaged_state_loses_nothing(
    server: Server, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, damage: Any
) -> None:
    folder = left(
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
    folder = left(
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
    folder = left(tmp_path / "spool", f"agnez.Board({name!r}).log(loss=1)")
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
    folder = left(
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
    folder = left(tmp_path / "spool", f"agnez.Board({name!r}).log(loss=1)")
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

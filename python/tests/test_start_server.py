# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="union-attr"
"""Starting a server: the question at a terminal, and `start_server`."""

from __future__ import annotations

import errno
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agnez import _server
from first_minute import LOOP, UNATTENDED, at_port, bare, errors_of, refuses
from server import (
    BINARY,
    PATIENCE_S,
    Other,
    Server,
    free_port,
)

#: The environment of a person at a desk, for each test here.
__all__ = ["bare"]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The server's program on PATH, its data in a folder of the test; ended after the test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "agnez").symlink_to(BINARY)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AGNEZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AGNEZ_IMAGES", str(tmp_path / "images"))
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "state" / "spool"))
    yield folder / "agnez"
    log = tmp_path / "pids"
    for pid in log.read_text().split() if log.exists() else []:
        os.kill(int(pid), signal.SIGTERM)


def in_terminal(code: str, tmp_path: Path, answer: str | None, **env: str) -> tuple[str, float]:
    """What a script shows at a terminal, where the question gets this answer; and the seconds."""
    script = tmp_path / "script.py"
    note = "running = [str(each.pid) for each in agnez._server._started if each.poll() is None]"
    script.write_text(f"{code}\n{note}\nopen('pids', 'a').write(' '.join([*running, '']))\n")
    start = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.environ.update(env)
        os.execv(sys.executable, [sys.executable, str(script)])
    shown = b""
    try:
        while select.select([terminal], [], [], PATIENCE_S)[0]:
            try:
                more = os.read(terminal, 4096)
            except OSError:
                break
            if not more:
                break
            shown += more
            if b"[Y/n]" in shown and answer is not None:
                os.write(terminal, answer.encode())
                answer = None
    finally:
        os.close(terminal)
        code_of = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    text = shown.decode()
    assert code_of == 0, text
    return text, time.monotonic() - start


BRIEF = """
board = agnez.Board("first")
board.log(loss=1, step=0)
print("flushed" if board.flush(2) else "kept")
board.close(0.5)
"""


@pytest.mark.parametrize("answer", ["\n", "y\n", "Yes\n"])
def test_a_person_at_a_terminal_is_offered_a_server(
    program: Path, tmp_path: Path, answer: str
) -> None:
    text, _ = in_terminal(at_port(BRIEF, free_port()), tmp_path, answer)
    assert text.count("Start a server now? [Y/n]") == 1, text
    assert "a server runs at http://localhost:" in text and "flushed" in text, text
    assert "logged 1 point of 1 metric" in text and "Nothing answers" not in text, text
    assert (tmp_path / "data").is_dir()


@pytest.mark.parametrize("answer", ["n\n", "what?\n", "\x04"])
def test_a_person_may_decline(program: Path, tmp_path: Path, answer: str) -> None:
    text, _ = in_terminal(at_port(BRIEF, free_port()), tmp_path, answer)
    assert "AGNEZ_START=0 ends this question." in text and "kept" in text, text
    assert "Nothing answers at" in text and not (tmp_path / "data").exists()


def test_a_question_without_an_answer_does_not_stop_a_training(
    program: Path, tmp_path: Path
) -> None:
    code = at_port("import agnez._server\nagnez._server._QUESTION_S = 0.5\n" + BRIEF, free_port())
    text, took = in_terminal(code, tmp_path, None)
    assert "[Y/n]" in text and "no answer" in text and "kept" in text, text
    assert took < 30 and not (tmp_path / "data").exists()


def test_a_half_typed_answer_is_discarded(program: Path, tmp_path: Path) -> None:
    code = """
import agnez._server, select, sys, termios, tty
agnez._server._QUESTION_S = 0.5
agnez.Board("first").log(loss=1)
# Shows what is typed without the end of its line.
tty.setcbreak(0, termios.TCSANOW)
print("found input" if select.select([0], [], [], 0.2)[0] else "found none")
"""
    text, _ = in_terminal(at_port(code, free_port()), tmp_path, "hal")
    assert "no answer" in text and "found none" in text, text


@pytest.mark.parametrize(
    "env",
    [
        {"AGNEZ_START": "0"},
        {"AGNEZ_QUIET": "1"},
        {"RANK": "1"},
        {"LOCAL_RANK": "2"},
        *({name: "1"} for name in UNATTENDED),
        {"AGNEZ_URL": "http://127.0.0.1:9"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_a_server_is_never_offered_elsewhere(
    program: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    code = at_port("board = agnez.Board('first')\nboard.log(loss=1)\nboard.close(0.1)", free_port())
    text, _ = in_terminal(code, tmp_path, None, **env)
    assert "[Y/n]" not in text and not (tmp_path / "data").exists(), text


def test_a_server_is_offered_only_where_none_listens_and_there_is_a_program(
    program: Path, server: Server, tmp_path: Path
) -> None:
    text, _ = in_terminal(at_port(BRIEF, server.port), tmp_path, None)
    assert "[Y/n]" not in text and "flushed" in text, text
    program.unlink()
    text, _ = in_terminal(at_port(BRIEF, free_port()), tmp_path, None)
    assert "[Y/n]" not in text and "kept" in text, text


def test_a_process_without_a_terminal_is_not_asked(program: Path, tmp_path: Path) -> None:
    lines = errors_of(at_port(LOOP, free_port()), tmp_path, "", stdin=subprocess.DEVNULL)
    assert "[Y/n]" not in "".join(lines) and not (tmp_path / "data").exists()


def test_the_warning_in_a_notebook_names_the_call(program: Path, tmp_path: Path) -> None:
    kernel = "import sys, types\nsys.modules['IPython'] = types.SimpleNamespace("
    kernel += "get_ipython=lambda: types.SimpleNamespace(kernel=1))\n"
    lines = errors_of(kernel + at_port(LOOP, free_port()), tmp_path, "")
    assert ": start a server with `agnez`, or here with `agnez.start_server()`." in lines[1]


def test_start_server_starts_one_once(program: Path, tmp_path: Path) -> None:
    port = free_port()
    text, _ = in_terminal(
        at_port(
            """
board = agnez.Board("first")
board.log(loss=1, step=0)
assert not board.flush(0.2)
print(agnez.start_server(), agnez.start_server(), board.flush(60))
""",
            port,
        ),
        tmp_path,
        None,
        AGNEZ_START="0",
    )
    url = f"http://localhost:{port}"
    assert f"{url} {url} True" in text and text.count("a server runs at") == 1, text
    log = tmp_path / "state" / "server.log"
    assert "until its process" in text, text
    assert f"its data is in {tmp_path / 'data'}, its log in {log}." in text, text
    assert "Agnez" in log.read_text()
    # It goes on without the process that started it, and the next one finds it.
    text, _ = in_terminal(at_port("print(agnez.start_server())", port), tmp_path, None)
    assert "a server runs" not in text and url in text, text


def test_the_log_is_for_its_user_only(program: Path, tmp_path: Path) -> None:
    log = tmp_path / "new" / "state" / "server.log"
    os.close(_server._open_log(log))
    assert log.stat().st_mode & 0o777 == 0o600 and log.parent.stat().st_mode & 0o777 == 0o700
    log.write_text("earlier\n")
    log.chmod(0o644)
    output = _server._open_log(log)
    os.write(output, b"later\n")
    os.close(output)
    assert log.stat().st_mode & 0o777 == 0o600 and log.read_text() == "earlier\nlater\n"
    log.write_bytes(bytes(_server._LOG_BYTES + 1))
    os.close(_server._open_log(log))
    assert log.read_bytes() == b""
    # No link of another user to a file of this one.
    log.rename(tmp_path / "file")
    log.symlink_to(tmp_path / "file")
    with pytest.raises(OSError, match="symbolic link"):
        _server._open_log(log)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "server.log").symlink_to(tmp_path / "file")
    assert "server.log cannot be written" in start_server_fails("", tmp_path, free_port())


def test_start_server_prints_the_link_that_the_server_wrote(program: Path, tmp_path: Path) -> None:
    port = free_port()
    link = f"http://localhost:{port}/#token=agz_first"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token").write_text(f"http://localhost:1/#token=agz_other\n{link}\n")
    text, _ = in_terminal(at_port("agnez.start_server()", port), tmp_path, None)
    assert f"with an access token: {link}\r\n" in text and "agz_other" not in text, text


@pytest.mark.parametrize(
    ("codes", "is_refused"),
    [
        ({"::1": "EAFNOSUPPORT", "127.0.0.1": "ECONNREFUSED"}, True),
        ({"::1": "ENETUNREACH", "127.0.0.1": "ECONNREFUSED"}, True),
        ({"::1": "ECONNREFUSED", "127.0.0.1": "EHOSTUNREACH"}, True),
        ({"::1": "EADDRNOTAVAIL", "127.0.0.1": "EAFNOSUPPORT"}, False),
        ({"::1": "ECONNREFUSED", "127.0.0.1": "EAGAIN"}, False),
    ],
)
@pytest.mark.parametrize("is_raised", [False, True])
def test_a_machine_may_have_one_address_family(
    monkeypatch: pytest.MonkeyPatch, codes: dict[str, str], is_refused: bool, is_raised: bool
) -> None:
    class Probe(socket.socket):
        def connect_ex(self, address: Any) -> int:
            code: int = getattr(errno, codes[address[0]])
            if is_raised:
                raise OSError(code, os.strerror(code))
            return code

    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, 3000)) for host in ("::1", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", Probe)
    assert _server._is_refused("http://localhost:3000") == is_refused


def start_server_fails(code: str, tmp_path: Path, port: int) -> str:
    tries = "try:\n    agnez.start_server()\nexcept RuntimeError as error:\n    print(error)"
    text, _ = in_terminal(at_port(code + tries, port), tmp_path, None)
    return text.strip()


def test_start_server_says_why_it_cannot(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_URL", "http://127.0.0.1:9")
    assert "AGNEZ_URL names another server" in start_server_fails("", tmp_path, free_port())
    monkeypatch.delenv("AGNEZ_URL")
    with Other(refuses, is_marked=False) as other:
        text = start_server_fails("", tmp_path, other.server.server_port)
        assert "another program than Agnez answers" in text and other.changes == []
    program.unlink()
    program.write_text("#!/bin/sh\necho broken; exit 3\n")
    program.chmod(0o755)
    text = start_server_fails("", tmp_path, free_port())
    assert "ended with code 3" in text and "server.log says why" in text
    assert (tmp_path / "state" / "server.log").read_text() == "broken\n"
    program.write_bytes(b"\x7fELF no program")
    text = start_server_fails("", tmp_path, free_port())
    assert f"`{program}` cannot be started" in text
    program.unlink()
    assert "there is no program `agnez`" in start_server_fails("", tmp_path, free_port())


def test_the_program_beside_python_comes_before_that_on_path(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    assert _server.find_program() == str(program)
    beside = tmp_path / "venv"
    beside.mkdir()
    shutil.copy(program, beside / "agnez")
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    assert _server.find_program() == str(beside / "agnez")


@pytest.mark.parametrize("executable", ["", None])
@pytest.mark.parametrize("path", ["", ".", "bin", f"{os.pathsep}bin{os.pathsep}"])
def test_a_program_in_the_current_folder_is_not_started(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executable: Any, path: str
) -> None:
    shutil.copy(program, tmp_path / "agnez")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", executable)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path / "none"))
    monkeypatch.setenv("PATH", path)
    assert _server.find_program() is None
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{program.parent}")
    assert _server.find_program() == str(program)
    program.unlink()
    program.write_text("not executable")
    assert _server.find_program() is None

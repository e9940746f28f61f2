# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="union-attr"
"""The first minute: the lines about a board, absent and foreign servers, and starting one."""

from __future__ import annotations

import errno
import os
import pty
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _environment, _server
from agnez.__main__ import main
from agnez._spool import paths
from agnez._transport import client
from agnez._transport.delivery import Delivered
from agnez._transport.replay import replay
from server import (
    AWAY,
    BINARY,
    PATIENCE_S,
    Other,
    Server,
    abandoned_spool,
    eventually,
    free_port,
    script,
)

LOOP = """
    import agnez
    board = agnez.Board("first")
    for step in range(20):
        board.log(step=step, loss=step, acc=step)
    board.text("note", "hi")
"""
RANKS = (
    "RANK",
    "OMPI_COMM_WORLD_RANK",
    "SLURM_PROCID",
    "LOCAL_RANK",
    "NODE_RANK",
    "GROUP_RANK",
)
UNATTENDED = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST", "CI")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a person at a desk."""
    for name in list(os.environ):
        is_cluster = name.startswith(_environment._CLUSTER_PREFIXES)
        if is_cluster or name in (*UNATTENDED, *RANKS, "AGNEZ_QUIET", "AGNEZ_URL", "AGNEZ_START"):
            monkeypatch.delenv(name)


def at_port(code: str, port: int) -> str:
    """The code of a script for which another address is the default, and PATH has the program."""
    return (
        "import agnez, agnez._server, shutil\n"
        f'agnez._transport.credentials.DEFAULT_URL = "http://localhost:{port}"\n'
        'agnez._server.find_program = lambda: shutil.which("agnez")\n'
        f"{textwrap.dedent(code)}"
    )


def errors_of(code: str, tmp_path: Path, url: str, **named: Any) -> list[str]:
    """What a script writes on standard error."""
    process = script(code, tmp_path / "spool", url, **named)
    errors: str = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 0, errors
    return errors.splitlines()


# ---- the lines of a board ------------------------------------------------------------------------


def test_a_board_has_a_line_at_its_start_and_one_at_its_end(
    own_server: Server, tmp_path: Path
) -> None:
    link = f"{own_server.url}/b/first"
    assert errors_of(LOOP, tmp_path, own_server.url) == [
        f"agnez: the board first is at {link}",
        f"agnez: logged 40 points of 2 metrics and 1 other cell: {link}",
    ]


def test_each_board_is_named_once_until_it_is_closed(
    server: Server, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for _ in range(2):
        for run in ("a", "b"):
            agnez.Board(name, url=server.url, run=run).log(loss=1)
        other = agnez.Board(f"{name}-other", url=server.url)
        other.text("note", "hi")
        assert other.close(60)
        link = f"{server.url}/b/{name}"
        assert sorted(capsys.readouterr().err.splitlines()) == [
            f"agnez: logged 1 cell: {link}-other",
            f"agnez: logged 2 points of 2 metrics: {link}",
            f"agnez: the board {name} is at {link}",
            f"agnez: the board {name}-other is at {link}-other",
        ]


def test_agnez_quiet_is_silent(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_QUIET", "1")
    assert errors_of(LOOP, tmp_path, server.url) == []
    monkeypatch.setenv("AGNEZ_QUIET", "0")
    assert len(errors_of(LOOP, tmp_path, server.url)) == 2


@pytest.mark.parametrize("variable", RANKS)
def test_only_rank_0_prints_lines(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    assert errors_of(LOOP, tmp_path, server.url) == []
    monkeypatch.setenv(variable, "0")
    assert len(errors_of(LOOP, tmp_path, server.url)) == 2


def test_the_rank_of_the_innermost_launcher_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    # torchrun on the second node of a Slurm job, whose rendezvous made it the first.
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("RANK", "0")
    assert _environment.is_first_process()
    # And on the first node, the second process.
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("RANK", "1")
    assert not _environment.is_first_process()


@pytest.mark.parametrize(
    ("ranks", "is_first"),
    [
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "0"}, True),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "GROUP_RANK": "1"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "1"}, True),
        ({"LOCAL_RANK": "0", "NODE_RANK": "0"}, True),
    ],
)
def test_one_process_of_all_nodes_is_the_first(
    monkeypatch: pytest.MonkeyPatch, ranks: dict[str, str], is_first: bool
) -> None:
    for name, rank in ranks.items():
        monkeypatch.setenv(name, rank)
    assert _environment.is_first_process() == is_first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_is_silent(server: Server, tmp_path: Path) -> None:
    code = """
        import agnez, multiprocessing, os
        board = agnez.Board("family")
        board.log(parent=1)
        def work():
            board.log(child=1)
            agnez.Board("of-the-child").log(loss=1)
        context = multiprocessing.get_context("fork")
        worker = context.Process(target=work)
        worker.start()
        worker.join()
        if os.fork() == 0:
            agnez.Board("of-the-fork").log(loss=1)
            raise SystemExit
        os.wait()
    """
    link = f"{server.url}/b/family"
    assert errors_of(code, tmp_path, server.url) == [
        f"agnez: the board family is at {link}",
        f"agnez: logged 1 point of 1 metric: {link}",
    ]


def test_a_closed_standard_error_is_no_error(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    board = agnez.Board(name, url=server.url)
    board.log(loss=1)
    assert board.close(60)


def test_only_what_the_server_accepted_is_counted(
    server: Server, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    server.ask("/values", {"_id": f"{name}-bad", "board": name, "type": "text", "value": "mine"})
    board = agnez.Board(name, url=server.url)
    for step in range(3):
        board.log(step=step, good=1, bad=1)
    board.text("note", "hi")
    assert board.close(60)
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"agnez: logged 3 points of 1 metric and 1 other cell: {server.url}/b/{name}"
    )


def test_a_failure_of_the_last_line_ends_nothing(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Delivered) -> str:
        raise RuntimeError("Set changed size during iteration")

    monkeypatch.setattr(Delivered, "__str__", fail)
    board = agnez.Board(name, url=server.url)
    board.log(loss=1)
    assert board.close(60)


def test_a_client_that_cannot_be_closed_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    closed = []

    class Broken:
        url = "http://first"

        def close(self, _: float) -> None:
            raise OSError("disk")

    class Whole:
        def close(self, timeout: float) -> None:
            closed.append(timeout)

    monkeypatch.setattr(client, "_clients", {"a": Broken(), "b": Whole()})
    client.close_all(1)
    client._clients.clear()
    assert len(closed) == 1 and "http://first cannot be closed (OSError: disk)" in caplog.text


def test_an_offline_board_says_where_its_values_are(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_MODE", "offline")
    own = tmp_path / "my spools"
    code = f"import agnez; agnez.Board({name!r}, spool={str(own)!r}).log(loss=1, step=0)"
    first, last = errors_of(code, tmp_path, server.url)
    command = f"python -m agnez replay {shlex.quote(str(own))}"
    assert first == f"agnez: the board {name} is offline: `{command}` sends what is logged."
    assert "python -m agnez replay" in last
    # The line's own arguments send it.
    printed = re.search("`python -m agnez (.*)`", first)
    assert printed and main(shlex.split(printed[1])) == 0
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    monkeypatch.setenv("AGNEZ_MODE", "disabled")
    assert errors_of(LOOP, tmp_path, server.url) == []


# ---- no server -----------------------------------------------------------------------------------


def test_without_a_server_a_line_says_how_to_start_one(tmp_path: Path) -> None:
    port = free_port()
    lines = errors_of(at_port(LOOP, port), tmp_path, "")
    (folder,) = paths.list_spools(tmp_path / "spool")
    url = f"http://localhost:{port}"
    assert lines[0] == f"agnez: the board first is at {url}/b/first"
    assert lines[1] == (
        f"agnez: Nothing answers at {url}: start a server with `agnez`. "
        f"What is logged is kept in {folder}, and sent when Agnez answers."
    )
    assert len(lines) == 3 and f"replay {folder}" in lines[2]


def test_what_was_logged_is_sent_to_a_server_that_is_started_later(
    tmp_path: Path, name: str
) -> None:
    server = Server(tmp_path / "server", free_port())
    process = script(
        at_port(
            f"""
            board = agnez.Board({name!r})
            board.log(loss=1, step=0)
            assert not board.flush(0.3)
            print("logged", flush=True)
            assert board.flush(60)
            """,
            server.port,
        ),
        tmp_path / "spool",
        "",
    )
    assert process.stdout.readline() == "logged\n"
    server.start()
    try:
        errors = process.communicate(timeout=PATIENCE_S)[1]
        assert process.returncode == 0 and errors.splitlines()[-1] == (
            f"agnez: logged 1 point of 1 metric: http://localhost:{server.port}/b/{name}"
        )
        assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    finally:
        server.kill()


# ---- something else answers ----------------------------------------------------------------------


def refuses(*_: Any) -> Any:
    return 200, "application/json", b'{"_id": "a", "appended": 1}'


@pytest.mark.parametrize("status", [200, 204, 400, 404, 405, 501, 302, 401, 403, 500, 502, 503])
def test_nothing_is_written_to_another_program(
    server: Server, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    with Other(refuses, is_marked=False, status=status) as other:
        board = agnez.Board(name, url=other.url)
        board.log(loss=1, step=0)
        board.text("note", "hi")
        eventually(lambda: len(other.questions) > 2)
        (folder,) = paths.list_spools(tmp_path / "spool")
        assert not board.close(0.3) and other.changes == []
    if status in (401, 403):
        problem = f"A proxy or another program at {other.url} wants an access token ({status})"
    elif status in (302, 500, 502, 503):
        problem = f"{other.url} answers {status}, and not as Agnez does: it is a proxy that"
    else:
        problem = f"Another program than Agnez answers at {other.url}. Nothing is written to it:"
    assert problem in caplog.text and f"is kept in {folder}" in caplog.text
    assert sum("kept in" in each.message for each in caplog.records) == 1
    replay(folder, url=server.url)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)] and not folder.exists()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_program_of_this_machine_gets_no_token(
    name: str, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with Other(refuses, is_marked=False, status=404) as other:
        url = f"http://{host}:{other.server.server_port}"
        board = agnez.Board(name, url=url, token="agz_secret")
        board.log(loss=1)
        eventually(lambda: len(other.questions) > 1)
        board.close(0.1)
        assert all("Authorization" not in headers for headers in other.questions)
    # Its 401 to a request without a token says that it is Agnez: then it gets the token.
    tokens = []

    def accepts(*request: Any) -> Any:
        tokens.append(request[3].get("Authorization"))
        return refuses()

    with Other(accepts, status=401) as other:
        url = f"http://{host}:{other.server.server_port}"
        board = agnez.Board(name, url=url, token="agz_secret")
        board.log(loss=1)
        assert board.flush(60)
        assert set(tokens) == {"Bearer agz_secret"}
        assert "Authorization" not in other.questions[0]


def test_a_program_at_the_default_address_gets_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_TOKEN", "agz_secret")
    with Other(refuses, is_marked=False, status=404) as other:
        port = other.server.server_port
        lines = errors_of(at_port(LOOP, port), tmp_path, "")
        assert other.questions and other.changes == []
        assert all("Authorization" not in headers for headers in other.questions)
    assert lines[1].startswith(
        f"agnez: Another program than Agnez answers at http://localhost:{port}. "
        "Nothing is written to it: start Agnez with `agnez --port 3001`, and set AGNEZ_URL=http://localhost:3001."
    )


def test_a_server_that_takes_the_place_of_another_program_gets_everything(
    tmp_path: Path, name: str
) -> None:
    port = free_port()
    board = agnez.Board(name, url=f"http://127.0.0.1:{port}")
    with Other(refuses, is_marked=False, port=port) as other:
        board.log(loss=1, step=0)
        eventually(lambda: len(other.questions) > 1)
        assert other.changes == []
    server = Server(tmp_path / "server", port).start()
    try:
        assert board.flush(60)
        assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    finally:
        server.kill()


def test_another_program_that_takes_the_place_of_the_server_gets_nothing(
    own_server: Server, name: str
) -> None:
    board = agnez.Board(name, url=own_server.url)
    board.log(loss=1, step=0)
    assert board.flush(60)
    own_server.kill()
    with Other(refuses, is_marked=False, port=own_server.port) as other:
        board.log(loss=2, step=1)
        eventually(lambda: len(other.questions) > 1)
        assert other.changes == []
    own_server.start()
    assert board.flush(60)
    assert own_server.pairs(f"{name}-loss", "loss") == [(0, 1), (1, 2)]


def test_a_replay_to_another_program_ends_at_once(tmp_path: Path, name: str) -> None:
    folder = abandoned_spool(tmp_path / "spool", f"agnez.Board({name!r}).log(loss=1)")
    with Other(refuses, is_marked=False, status=404) as other:
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="Another program than Agnez answers"):
            replay(folder, url=other.url, timeout=60)
        assert time.monotonic() - start < 30 and other.changes == [] and folder.exists()


# ---- starting a server ---------------------------------------------------------------------------


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


# ---- python -m agnez -----------------------------------------------------------------------------


def test_the_command_explains_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "replay" in shown and "spools" in shown and str(paths.spool_root(None)) in shown
    for wrong, reason in (
        (["replay", "--timeout", "nan"], "nan is no number of seconds"),
        (["replay", "--timeout", "-1"], "-1 is no number of seconds"),
        (["send"], "invalid choice: 'send'"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2 and reason in capsys.readouterr().err


def test_the_list_of_spools_names_their_servers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = abandoned_spool(tmp_path / "spool", "agnez.Board('b').log(loss=1)", AWAY)
    assert main(["spools", str(tmp_path / "spool")]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{folder}  ") and line.endswith(f"  ended  {AWAY}\n")

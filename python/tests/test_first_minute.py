# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="union-attr"
"""The first minute: the lines about a board, absent and foreign servers."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _environment
from agnez.__main__ import main
from agnez._spool import paths
from agnez._transport import client
from agnez._transport.delivery import Delivered
from agnez._transport.replay import replay
from first_minute import LOOP, RANKS, at_port, bare, errors_of, refuses
from server import (
    PATIENCE_S,
    Other,
    Server,
    abandoned_spool,
    eventually,
    free_port,
    script,
)

#: The environment of a person at a desk, for each test here.
__all__ = ["bare"]

# ---- the lines of a board ------------------------------------------------------------------------


def test_a_board_has_a_line_at_its_start_and_one_at_its_end(
    own_server: Server, tmp_path: Path
) -> None:
    link = f"{own_server.url}/b/first"
    assert errors_of(LOOP, tmp_path, own_server.url) == [
        f"agnez: the board first is at {link}",
        f"agnez: logged 40 points of 2 metrics and 1 other cell: {link}",
    ]


def test_a_sweep_has_a_line_for_each_run_and_one_at_its_end(
    server: Server, tmp_path: Path, name: str
) -> None:
    code = f"""
        import agnez
        for at in range(3):
            with agnez.init(project="{name}", name=f"try {{at}}", id=f"r{{at}}", capture=()) as run:
                for step in range(10):
                    run.log({{"loss": step, "acc": step}}, step=step)
    """
    link = f"{server.url}/b/{name}"
    assert errors_of(code, tmp_path, server.url) == [
        *(f"agnez: the run try {at} is at {link}?run=r{at}" for at in range(3)),
        f"agnez: logged 60 points of 2 metrics in 3 runs: {link}",
    ]


def test_each_board_is_named_once_until_it_is_closed(
    server: Server, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for _ in range(2):
        for metric in ("a", "b"):
            agnez.Board(name, url=server.url).log({metric: 1})
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

        def print_totals(self) -> None:
            closed.append(0)

    monkeypatch.setattr(client, "_clients", {"a": Broken(), "b": Whole()})
    client.close_all(1)
    client._clients.clear()
    assert len(closed) == 2 and "http://first cannot be closed (OSError: disk)" in caplog.text


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

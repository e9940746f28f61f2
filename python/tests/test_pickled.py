# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="attr-defined"
"""Boards, cells and runs in other processes: pickled, spawned, with and without a token."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._transport import credentials
from run_server import RunServer
from server import PATIENCE_S, Server


def test_pickled_objects_write_to_the_same_cells(server: Server, name: str, tmp_path: Path) -> None:
    board = agnez.Board(name, url=server.url)
    line, text, axes = board.line("curve", y="log"), board.text("note", "x"), board.subplots(1, 2)
    line.append(a=1)
    board.log(loss=1)
    for again in (
        pickle.loads(pickle.dumps((board, line, text, axes))),
        copy.deepcopy((board, line, text, axes)),
    ):
        other, curve, note, places = again
        assert curve.board is other and (other.name, other.url) == (name, server.url)
        assert other.line("curve") is curve and curve.id == line.id
        curve.append(a=2)
        note.set_description("again")
        places[1].plot([1, 2])
        other.log(loss=2)
    assert board.flush(60)
    cells = server.named(name)
    assert server.pairs(line.id, "a") == [(0, 1), (1, 2), (1, 2)] and server.pairs(
        cells["loss"]["_id"], "loss"
    ) == [(0, 1), (1, 2), (1, 2)]
    assert cells["note"]["description"] == "again" and cells["curve"]["chart"] == {"y": "log"}


def test_a_cell_alone_is_made_where_the_server_has_lost_it(server: Server, name: str) -> None:
    line = agnez.Board(name, url=server.url).line("curve")
    again = pickle.loads(pickle.dumps(line))
    agnez._transport.client._clients.clear()
    again = pickle.loads(pickle.dumps(again))
    again.append(a=1)
    assert again.board.flush(60) and server.pairs(again.id, "a") == [(0, 1)]


SCRIPT = """
    import multiprocessing, sys
    import agnez

    def work(board, line, run, number):
        board.log({f"worker{number}": number}, step=number)
        line.append({f"worker{number}": number}, step=0)
        run.log({f"run{number}": number}, step=number)
        agnez.log({f"module{number}": number}, step=number)

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        token = {"token": sys.argv[3]} if len(sys.argv) > 3 else {}
        run = agnez.init(project=sys.argv[2], config={"lr": 0.1}, **token)
        board = agnez.Board(sys.argv[2])
        line = board.line("line")
        board.log(main=1, step=0)
        arguments = [(board, line, run, number) for number in range(2)]
        workers = [context.Process(target=work, args=each) for each in arguments]
        [worker.start() for worker in workers]
        [worker.join() for worker in workers]
        assert [worker.exitcode for worker in workers] == [0, 0]
    """


def spawned(tmp_path: Path, server: Any, name: str, method: Any, *args: Any) -> None:
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    env = {
        **os.environ,
        "AGNEZ_URL": server.url,
        "AGNEZ_SPOOL": str(tmp_path / "spool"),
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }
    done = subprocess.run(
        [sys.executable, str(path), method, name, *args],
        env=env,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_children_that_are_spawned(runs: RunServer, name: str, tmp_path: Path) -> None:
    spawned(tmp_path, runs, name, "spawn")
    run = runs.run(name)["_id"]
    assert runs.run(name)["config"] == {"lr": 0.1} and runs.run(name)["status"] == "finished"
    for number in range(2):
        cell = runs.cell_points[f"{name}-worker{number}", f"worker{number}"]
        assert cell == [(number, number)]
        assert runs.cell_points[f"{name}-line", f"worker{number}"] == [(0, number)]
        for kind in ("run", "module"):
            assert runs.pairs(name, run, f"{kind}{number}") == [(number, number)]
    assert not list((tmp_path / "spool").iterdir())


def test_a_token_is_in_no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_tokens", {})
    board = agnez.Board("b", url="http://127.0.0.1:9", token="agz_secret")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert b"agz_secret" not in pickle.dumps((board, board.line("l")), protocol)
    state = pickle.dumps(board)
    credentials._tokens.clear()
    again = pickle.loads(state)
    assert credentials.token_for(again.url) is None
    monkeypatch.setenv("AGNEZ_TOKEN", "agz_of_the_environment")
    assert credentials.token_for(again.url) == "agz_of_the_environment"


def test_a_token_goes_to_a_child_that_is_spawned(server: Server, name: str, tmp_path: Path) -> None:
    from server import Other

    seen = []

    def say(method: Any, path: Any, body: Any, headers: Any) -> Any:
        seen.append(headers.get("Authorization"))
        return (
            201,
            "application/json",
            b'[{"_id":"x"}]' if body.startswith(b"[") else b'{"_id":"x","appended":1}',
        )

    with Other(say) as other:
        spawned(tmp_path, other, name, "spawn", "agz_secret")
    assert seen and set(seen) == {"Bearer agz_secret"}

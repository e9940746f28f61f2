# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, attr-defined"
"""Runs in several processes and threads."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _environment
from run_server import RunServer
from server import PATIENCE_S, script

SYNC = b"\x01\x02\x03\x04"


def test_a_pickled_run_logs_and_never_ends_it(runs: RunServer, name: str) -> None:
    run = agnez.init(project=name, id="r1", url=runs.url, config={"lr": 0.1})
    run.log(loss=0)
    again = pickle.loads(pickle.dumps(run))
    assert (again.id, again.config.lr, again.step) == ("r1", 0.1, 1)
    again.log(loss=1)
    again.config.seed = 3
    again.finish()
    assert runs.run(name)["status"] == "running" and runs.run(name)["config"]["seed"] == 3
    run.finish()
    assert runs.run(name)["status"] == "finished"
    assert runs.pairs(name, "r1", "loss") == [(0, 0), (1, 1)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_logs_and_does_not_end_the_run(
    runs: RunServer, name: str, tmp_path: Path
) -> None:
    source = f"""
        import multiprocessing
        import agnez
        def work(number):
            agnez.log({{f"child{{number}}": number}}, step=number)
        run = agnez.init(project={name!r}, id="r1", capture=True)
        run.log(loss=1)
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=work, args=(number,)) for number in range(3)]
        [child.start() for child in children]
        [child.join() for child in children]
        assert [child.exitcode for child in children] == [0, 0, 0]
        run.flush(60)
        print("status:", run.id)
        """
    process = script(source, tmp_path, runs.url)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (0, "")
    statuses = [
        b"finished" in body for _, path, body in runs.changes if path.endswith("upsert=true")
    ]
    assert statuses[-1] and statuses.count(True) == 1
    for number in range(3):
        assert runs.pairs(name, "r1", f"child{number}") == [(number, number)]


def test_threads_share_a_run(runs: RunServer, name: str) -> None:
    run = agnez.init(project=name, id="r1", url=runs.url)

    def work(number: int) -> None:
        for step in range(500):
            run.log({f"m{number}": step}, step=step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish(timeout=PATIENCE_S)
    for number in range(4):
        points = runs.pairs(name, "r1", f"m{number}")
        assert points == [(step, step) for step in range(500)]


@pytest.mark.parametrize(
    ("variables", "rank"),
    [({"RANK": "1"}, 1), ({"SLURM_PROCID": "3"}, 3), ({"RANK": "0"}, 0), ({"LOCAL_RANK": "2"}, 2)],
)
def test_ranks_above_0_log_nothing_unless_they_have_a_number(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch, variables: Any, rank: int
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert _environment.rank() == rank
    with agnez.init(project=name, id="first", url=runs.url) as run:
        run.log(loss=1)
        assert run.disabled == (rank > 0)
    assert bool(runs.documents) == (rank == 0)
    with agnez.init(project=name, id="own", url=runs.url, rank=rank) as run:
        run.log(loss=1)
    assert runs.run(name, "own")["rank"] == rank

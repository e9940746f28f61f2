# Tests use private attributes.
# mypy: disable-error-code="attr-defined, union-attr"
"""``resume=``: which run a script continues."""

from __future__ import annotations

from pathlib import Path

import pytest

import agnez
from run_server import RunServer, finished
from server import PATIENCE_S, script


def test_allow_continues_after_the_last_step(runs: RunServer, name: str) -> None:
    first = finished(runs, name, id="r1", name="first", config={"lr": 0.1, "seed": 1})
    assert not first.resumed
    runs.run(name)["metrics"] = {"loss": {"lastStep": 41}, "system/cpu_percent": {"lastStep": 900}}
    runs.run(name)["exit"] = {"code": 1}
    again = agnez.init(project=name, url=runs.url, id="r1", config={"seed": 2}, resume="allow")
    assert again.resumed and again.name == "first" and again.step == 42
    assert dict(again.config) == {"lr": 0.1, "seed": 2}
    assert abs(again.start_time - first.start_time) < 0.1
    assert again.flush(PATIENCE_S)
    assert runs.run(name)["status"] == "running" and "exit" not in runs.run(name)
    again.log(loss=2)
    again.finish()
    assert runs.pairs(name, "r1", "loss") == [(0, 1), (42, 2)]
    assert not finished(runs, name, id="r2", resume="allow").resumed


def test_must_and_never(runs: RunServer, name: str) -> None:
    with pytest.raises(agnez.Error, match="has no run r1 to resume"):
        agnez.init(project=name, url=runs.url, id="r1", resume="must")
    finished(runs, name, id="r1", resume="never")
    with pytest.raises(agnez.Error, match="has a run r1 already"):
        agnez.init(project=name, url=runs.url, id="r1", resume="never")
    assert finished(runs, name, id="r1", resume="must").resumed
    assert agnez.run is None


def test_a_server_that_does_not_answer_ends_no_resumed_run(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = agnez.init(project=name, url="http://127.0.0.1:9", id="r1", resume="must")
    assert not run.resumed and "continues without its earlier state" in caplog.text
    run.finish(timeout=0)


def test_auto_continues_a_script_that_crashed(runs: RunServer, name: str, tmp_path: Path) -> None:
    source = f"""
        import os, sys
        import agnez
        run = agnez.init(project={name!r}, resume="auto")
        run.log(loss=1)
        print(run.id, run.resumed)
        run.flush(60)
        if not os.path.exists("crashed"):
            open("crashed", "w").close()
            os._exit(1)
        """
    said = []
    for _ in range(3):
        process = script(source, tmp_path / "spool", runs.url, cwd=tmp_path)
        said.append(process.communicate(timeout=PATIENCE_S)[0].split())
    assert said[0][0] == said[1][0] != said[2][0]
    assert [resumed for _, resumed in said] == ["False", "True", "False"]

# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, attr-defined"
"""Runs: what ``agnez.init`` sends, and that nothing of it is lost or comes twice."""

from __future__ import annotations

import argparse
import math
import os
import pickle
import signal
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._spool import paths
from agnez._transport import heartbeats
from agnez._transport.replay import replay
from run_server import RunServer
from server import AWAY, PATIENCE_S, abandoned_spool, eventually, script

SYNC = b"\x01\x02\x03\x04"


def test_a_run_from_begin_to_end(runs: RunServer, name: str) -> None:
    with agnez.init(
        project=name,
        name="first",
        id="r1",
        config={"lr": 0.1, "net": {"layers": [1, 2]}},
        group="g",
        tags=["a", "b"],
        notes="*n*",
        job_type="train",
        url=runs.url,
    ) as run:
        assert agnez.run is run and (run.id, run.name, run.url) == (
            "r1",
            "first",
            f"{runs.url}/b/{name}?run=r1",
        )
        for step in range(5):
            run.log({"loss": 1 / (step + 1), "acc/val": step}, step=step)
        run.log(alone=math.nan)
        run.log({"alone": -math.inf, "nested": {"a": {"b": 2}}}, step=6.5)
        run.config.lr = 0.2
        run.config.update({"seed": 7})
        run.summary["best"] = 0.9
        assert run.summary["loss"] == 0.2 and run.summary.best == 0.9
        assert math.isinf(run.summary["alone"]) and run.summary["nested/a/b"] == 2
        assert run.flush(PATIENCE_S)
        assert runs.run(name)["status"] == "running"
        eventually(lambda: (name, "r1") in runs.beats)
    document = runs.run(name, "r1")
    expected = {
        "name": "first",
        "status": "finished",
        "group": "g",
        "tags": ["a", "b"],
        "notes": "*n*",
        "job_type": "train",
        "interval": heartbeats.INTERVAL_S,
        "config": {"lr": 0.2, "net": {"layers": [1, 2]}, "seed": 7},
        "summary": {"best": 0.9},
    }
    assert {key: document.get(key) for key in expected} == expected
    assert runs.pairs(name, "r1", "loss") == [(step, 1 / (step + 1)) for step in range(5)]
    assert runs.pairs(name, "r1", "acc/val") == [(step, step) for step in range(5)]
    (one, two) = runs.pairs(name, "r1", "alone")
    assert one[0] == 5 and math.isnan(one[1]) and two == (6.5, -math.inf)
    assert runs.pairs(name, "r1", "nested/a/b") == [(6.5, 2)]
    assert agnez.run is None and not runs.cells
    assert not list(Path(os.environ["AGNEZ_SPOOL"]).glob("*"))


def test_names_and_ids_are_made(runs: RunServer, name: str) -> None:
    one = agnez.init(project=name, url=runs.url)
    two = agnez.init(project=name, url=runs.url, name="lr 0.1")
    assert one.id != two.id and one.name in one.id and "lr-0.1" in two.id and two.name == "lr 0.1"
    two.finish()
    assert runs.run(name, one.id)["status"] == "finished", "the next init finishes the run"
    assert runs.run(name, two.id)["name"] == "lr 0.1"
    for odd in ("a\nb", "", "x" * 500, "a/b", 7, "\ud800", "ü"):
        with agnez.init(project=name, url=runs.url, name=odd) as run:
            run.log(loss=1)
        assert runs.pairs(name, run.id, "loss") == [(0, 1)], odd


@pytest.mark.parametrize("id", ["", ".a", "a/b", "x" * 65, "ü", "a b", "-a"])
def test_ids_that_the_server_would_refuse(name: str, id: Any) -> None:
    with pytest.raises(ValueError, match="a run's id has 1 to 64"):
        agnez.Run(name, id, "x", url=AWAY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resume": "yes"}, "resume must be one of"),
        ({"mode": "onlin"}, "mode must be"),
        ({"capture": ["gpu"]}, "capture takes command, host, .* not 'gpu'"),
        ({"config": 5}, "config must be a dict, not int"),
        ({"wrong": 1}, "init takes no argument 'wrong'"),
    ],
)
def test_wrong_use_raises_before_anything_is_sent(
    runs: RunServer, name: str, arguments: Any, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        agnez.init(project=name, url=runs.url, **arguments)
    assert agnez.run is None and not runs.changes


def test_media_are_values_of_the_run(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r1", url=runs.url) as run:
        for step in range(3):
            run.log({"loss": step, "note": f"step {step}"}, step=step)
        run.log(
            {"picture": agnez.Image([[0, 255]], caption="c"), "table": agnez.Table(["a"], [[1]])}
        )
        big = [[(x * y) % 255 for x in range(300)] for y in range(300)]
        run.log({"big": agnez.Image(big), "many": list(range(100))}, step=9)
        run.alert("Low", "it is low", level=agnez.AlertLevel.WARN)
    note, picture = runs.values[name, "r1", "note"], runs.values[name, "r1", "picture"]
    assert note == {"step": 2, "type": "text", "value": "step 2"}
    assert picture["step"] == 3 and picture["value"].startswith("data:image/png;base64,")
    assert picture["type"] == "img" and picture["description"] == "c"
    assert runs.values[name, "r1", "table"]["value"] == {"columns": ["a"], "rows": [[1]]}
    assert runs.values[name, "r1", "big"]["step"] == 9
    assert runs.values[name, "r1", "many"]["type"] == "histogram"
    assert "it is low" in runs.values[name, "r1", "alert: Low"]["value"]
    assert runs.pairs(name, "r1", "loss") == [(0, 0), (1, 1), (2, 2)]


def test_metrics_called_step_and_time(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r1", url=runs.url) as run:
        run.log({"step": 5, "time": 6, "script/step": 7, "100%": 1, 'a"b\\': 2})
        assert run.summary["step"] == 5
        assert run.history("time")["value"] == [6]
    assert runs.metrics(name, "r1") == {
        "script/script/step",
        "script/time",
        "script/step",
        "100%",
        'a"b\\',
    }


def test_define_metric_gives_a_step(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r1", url=runs.url) as run:
        run.log({"loss": 0, "val/loss": 9})
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch", summary="min")
        assert run.flush(PATIENCE_S)
        assert runs.run(name)["stepMetrics"] == {"val/*": "epoch"}
        run.log({"loss": 1, "val/loss": 8, "epoch": 100})
        run.log({"loss": 2, "val/loss": 7})
        run.log({"val/loss": 6, "epoch": math.nan})
    assert runs.pairs(name, "r1", "val/loss") == [(0, 9), (100, 8), (100, 7), (3, 6)]
    assert runs.pairs(name, "r1", "loss") == [(0, 0), (1, 1), (2, 2)]


def test_a_step_metric_counts_also_after_calls_without_it(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r1", url=runs.url) as run:
        run.define_metric("val/*", step_metric="epoch")
        for value in range(2):
            run.log({"val/loss": value})
        run.log({"val/loss": 2, "epoch": math.nan})
        run.log({"epoch": 100})
        run.log({"val/loss": 3})
        copied = pickle.loads(pickle.dumps(run))
        copied.log({"val/loss": 4})
        assert ("epoch",) in run._fast_paths
        # The last definition of a name counts, and no metric is its own step.
        run.define_metric("*", step_metric="epoch")
        run.define_metric("val/?oss", step_metric="samples")
        run.log({"val/loss": 5, "samples": 7, "epoch": 101})
        assert run.flush(PATIENCE_S)
        assert list(runs.run(name)["stepMetrics"].items()) == [
            ("val/*", "epoch"),
            ("*", "epoch"),
            ("val/?oss", "samples"),
        ]
    assert runs.pairs(name, "r1", "val/loss") == [
        (0, 0),
        (1, 1),
        (2, 2),
        (100, 3),
        (100, 4),
        (7, 5),
    ]
    assert runs.pairs(name, "r1", "samples") == [(101, 7)]
    assert runs.pairs(name, "r1", "epoch")[-1] == (5, 101)


def test_texts_called_step_and_time(runs: RunServer, name: str) -> None:
    with agnez.init(project=name, id="r1", url=runs.url) as run:
        run.log({"step": "first", "time": agnez.Html("<b>x</b>"), "loss": 1})
    assert {metric for _, _, metric in runs.values} == {"script/step", "script/time"}


def test_the_summary_has_the_newest_values(name: str) -> None:
    with agnez.init(project=name, url=AWAY, mode="disabled") as off:
        off.log({"a": 1})
        assert dict(off.summary) == {"a": 1}
    run = agnez.init(project=name, url=AWAY, mode="offline")
    for value in range(3):
        run.log({"a": value, "b": 1})
    run.log({"a": 10})
    assert dict(run.summary) == {"a": 10, "b": 1}
    run.summary.update({"a": "own"})
    assert run.summary.a == "own" and run.summary.get("c") is None and len(run.summary) == 2
    run.log({"a": 11, "b": 2})
    assert dict(run.summary) == {"a": 11, "b": 2}
    with pytest.raises(AttributeError, match="no 'nothing'"):
        _ = run.summary.nothing
    del run.summary["a"]
    assert run.summary["a"] == 11
    run.finish(timeout=0)


# ---- the end -------------------------------------------------------------------------------------


def test_an_exception_ends_a_run_as_failed(runs: RunServer, name: str) -> None:
    with pytest.raises(RuntimeError), agnez.init(project=name, id="r1", url=runs.url):
        raise RuntimeError("x" * 5000 + " the end")
    document = runs.run(name)
    assert document["status"] == "failed" and document["exit"]["code"] == 1
    assert document["exit"]["traceback"].endswith("the end\n")
    assert len(document["exit"]["traceback"]) <= 2048


@pytest.mark.parametrize(
    ("error", "status", "exit"),
    [
        (KeyboardInterrupt(), "killed", None),
        (SystemExit(0), "finished", None),
        (SystemExit(), "finished", None),
        (SystemExit(3), "failed", {"code": 3}),
        (SystemExit("bad"), "failed", {"code": 1}),
    ],
)
def test_how_a_block_ends(
    runs: RunServer, name: str, error: BaseException, status: str, exit: Any
) -> None:
    with pytest.raises(type(error)), agnez.init(project=name, url=runs.url):
        raise error
    assert (runs.run(name)["status"], runs.run(name).get("exit")) == (status, exit)


@pytest.mark.parametrize(
    ("end", "status", "code", "exit"),
    [
        ("pass", "finished", 0, None),
        ("run.finish(exit_code=4)", "failed", 0, 4),
        ("1 / 0", "failed", 1, 1),
        ("sys.exit(3)", "failed", 3, 3),
        ("sys.exit()", "finished", 0, None),
        ("raise KeyboardInterrupt", "killed", None, None),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", "killed", -signal.SIGTERM, None),
    ],
)
def test_how_a_process_ends(
    runs: RunServer, name: str, tmp_path: Path, end: str, status: str, code: Any, exit: Any
) -> None:
    source = f"""
        import os, signal, sys, time
        import agnez
        run = agnez.init(project={name!r}, id="r1")
        for step in range(100):
            run.log(loss=step)
        {end}
        """
    process = script(source, tmp_path, runs.url)
    _, errors = process.communicate(timeout=PATIENCE_S)
    if code is not None:
        assert process.returncode == code, errors
    document = runs.run(name)
    assert (document["status"], document.get("exit", {}).get("code")) == (status, exit)
    assert ("ZeroDivisionError" in document.get("exit", {}).get("traceback", "")) == ("/" in end)
    assert runs.pairs(name, "r1", "loss") == [(step, step) for step in range(100)]


def test_a_kill_loses_nothing_and_a_replay_doubles_nothing(
    runs: RunServer, name: str, tmp_path: Path
) -> None:
    code = f"""
        run = agnez.init(project={name!r}, id="r1", config={{"lr": 0.1}})
        for step in range(20_000):
            run.log({{"loss": step, "acc": -step}}, step=step)
        run.log(note="a text")
        """
    folder = abandoned_spool(tmp_path, code)
    before = [(path, path.read_bytes()) for path in folder.iterdir()]
    replay(folder, url=runs.url)
    expected = [(step, step) for step in range(20_000)]
    assert runs.pairs(name, "r1", "loss") == expected and not folder.exists()
    folder.mkdir()
    for path, content in before:
        path.write_bytes(content)
    replay(folder, url=runs.url)
    assert runs.pairs(name, "r1", "loss") == expected
    assert runs.run(name)["status"] == "running" and runs.run(name)["config"] == {"lr": 0.1}
    assert runs.values[name, "r1", "note"]["value"] == "a text"


def test_an_absent_server_gets_everything_later(name: str, tmp_path: Path) -> None:
    server = RunServer()
    server.stop()
    run = agnez.init(project=name, id="r1", url=server.url)
    for step in range(100):
        run.log(loss=step)
    assert not run.flush(0.3)
    server.start()
    try:
        run.finish(timeout=PATIENCE_S)
        assert server.pairs(name, "r1", "loss") == [(step, step) for step in range(100)]
        assert server.run(name)["status"] == "finished"
    finally:
        server.stop()


def test_one_refused_metric_does_not_hold_up_the_others(
    runs: RunServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    runs.refused.add("bad")
    run = agnez.init(project=name, id="r1", url=runs.url)
    for step in range(10):
        run.log(good=step, bad=step)
    run.finish()
    assert runs.pairs(name, "r1", "good") == [(step, step) for step in range(10)]
    assert runs.metrics(name, "r1") == {"good"} and "refused values of the run r1" in caplog.text
    (folder,) = paths.list_spools(Path(os.environ["AGNEZ_SPOOL"]))
    runs.refused.clear()
    replay(folder, refused=True)
    assert runs.pairs(name, "r1", "bad") == [(step, step) for step in range(10)]


def test_a_deleted_run_stays_in_the_spool_until_it_is_resumed(
    runs: RunServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = agnez.init(project=name, id="r1", url=runs.url)
    run.log(loss=0)
    assert run.flush(PATIENCE_S)
    runs.deleted.add((name, "r1"))
    run.log(loss=1)
    run.finish()
    assert "the run r1 is deleted" in caplog.text
    (folder,) = paths.list_spools(Path(os.environ["AGNEZ_SPOOL"]))
    again = agnez.init(project=name, id="r1", url=runs.url, resume="allow")
    assert again.resumed and not runs.deleted
    replay(folder, refused=True)
    again.finish()
    assert runs.pairs(name, "r1", "loss") == [(0, 0), (1, 1)]


def test_heartbeats_come_while_nothing_is_logged(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "INTERVAL_S", 0.1)
    run = agnez.init(project=name, id="r1", url=runs.url)
    eventually(lambda: len(runs.beats) > 2)
    run.finish()
    count = len(runs.beats)
    assert agnez.Board(name, url=runs.url).flush(0.5) and len(runs.beats) == count


def test_argparse_and_any_board_name(runs: RunServer) -> None:
    config = argparse.Namespace(lr=0.5)
    with agnez.init(project="My project! (2)", url=runs.url, config=config) as run:
        assert run.config.lr == 0.5 and dict(run.config) == {"lr": 0.5}
        with pytest.raises(AttributeError, match="no 'rate'"):
            getattr(run.config, "rate")  # noqa: B009 - no static name
    assert runs.run("My-project-2")["config"] == {"lr": 0.5}

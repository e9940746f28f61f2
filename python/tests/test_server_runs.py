"""Runs at the real server: what the client sends is what it stores, and what can be read back."""

from __future__ import annotations

import math
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import reading
from agnez._spool import paths
from agnez._transport import heartbeats, reader
from agnez._transport.http import ServerConnection
from agnez._transport.replay import replay
from server import PATIENCE_S, Server, abandoned_spool, eventually


@pytest.fixture(autouse=True)
def address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", server.url)


def document(server: Server, board: str, run: str) -> Any:
    return server.ask(f"/boards/{board}/runs/{run}")


def test_a_run_from_begin_to_end(server: Server, name: str) -> None:
    with agnez.init(
        project=name,
        id="r1",
        name="first ü",
        config={"lr": 0.1, "net": {"layers": [1, 2]}, "hub_token": "0123456789abc"},
        group="g",
        tags=["a", "b"],
        notes="*n*",
        job_type="train",
        capture=True,
    ) as run:
        for step in range(100):
            run.log({"loss": 1 / (step + 1), "acc/val": step, "acc/train": -step}, step=step)
        run.log({"odd": math.nan, "epoch": 3, "step": 7, "time": 8}, step=3.5)
        run.log({"odd": -math.inf}, step=4.5)
        run.summary.update({"best": 0.9, "nan": math.nan})
        assert run.flush(PATIENCE_S)
        assert document(server, name, "r1")["status"] == "running"
        eventually(lambda: "heartbeatAt" in document(server, name, "r1"))
    found = document(server, name, "r1")
    expected = {
        "name": "first ü",
        "status": "finished",
        "group": "g",
        "tags": ["a", "b"],
        "notes": "*n*",
        "job_type": "train",
        "interval": 15,
        "config": {"lr": 0.1, "net": {"layers": [1, 2]}, "hub_token": "[redacted]"},
        "summary": {"best": 0.9, "nan": "NaN"},
    }
    assert {key: found.get(key) for key in expected} == expected
    assert {"startedAt", "endedAt", "host", "command", "python", "packages"} <= set(found)
    assert 0 <= found["took"] < PATIENCE_S and found["metrics"]["loss"]["points"] == 100
    assert set(found["metrics"]) >= {"acc/val", "acc/train", "odd", "script/step", "script/time"}
    assert {"loss", "acc", "odd"} <= set(server.named(name))
    assert not Path(os.environ["AGNEZ_SPOOL"]).exists() or not any(
        Path(os.environ["AGNEZ_SPOOL"]).iterdir()
    )


def test_console_output_is_stored_and_holds_nothing_up(server: Server, name: str) -> None:
    with agnez.init(project=name, id="r1", capture=["console"]) as run:
        for epoch in range(5):
            run.log(loss=1 / (epoch + 1), step=epoch)
            print("epoch", epoch)
        assert run.flush(PATIENCE_S)
    found = document(server, name, "r1")
    assert (found["status"], found["metrics"]["loss"]["points"]) == ("finished", 5)
    with urllib.request.urlopen(f"{server.url}/boards/{name}/runs/r1/console") as response:
        assert response.read().decode().splitlines() == [f"epoch {epoch}" for epoch in range(5)]
    assert not Path(os.environ["AGNEZ_SPOOL"]).exists() or not any(
        Path(os.environ["AGNEZ_SPOOL"]).iterdir()
    ), "everything was sent"


def test_points_come_back_as_they_were_logged(name: str) -> None:
    values = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, 1 / 3]
    run = agnez.init(project=name, id="r1")
    for step, value in enumerate(values):
        run.log(hard=value, step=step + 0.1)
    history = run.history("hard")
    assert list(map(repr, history["value"])) == list(map(repr, values))
    assert history["step"] == [step + 0.1 for step in range(len(values))]
    assert len(history["time"]) == len(values)
    with pytest.raises(agnez.Error):
        run.history("nothing")


def test_values_that_are_no_numbers(server: Server, name: str) -> None:
    with agnez.init(project=name, id="r1") as run:
        run.log({"picture": agnez.Image([[0, 255]], caption="c"), "text": "hello"}, step=3)
        run.log({"picture": agnez.Image([[0, 1]] * 300, caption="d")}, step=4)
        run.log({"table": agnez.Table(["a"], [[1], [None]]), "many": list(range(100))})
        run.alert("Low", "text")
    cells = server.named(name)
    types = {cell: found["type"] for cell, found in cells.items()}
    assert types == {
        "picture": "img",
        "text": "text",
        "table": "table",
        "many": "histogram",
        "alert: Low": "text",
    }
    assert cells["picture"]["description"] == "d"


def test_metrics_over_another_metric_have_charts_apart(server: Server, name: str) -> None:
    with agnez.init(project=name, id="r1") as run:
        run.log({"train/loss": 9, "val/loss": 9})
        run.define_metric("val/*", step_metric="epoch")
        for epoch in range(3):
            for _ in range(10):
                run.log({"train/loss": epoch})
            run.log({"val/loss": 10 + epoch, "epoch": epoch})
        history = run.history("val/loss")
    assert (history["step"], history["value"]) == ([0, 1, 2], [10, 11, 12])
    assert run.history("train/loss")["step"][-1] == 32
    charts = server.named(name)
    assert charts["loss by epoch"]["chart"]["x_label"] == "epoch"
    assert {"loss", "loss by epoch"} <= set(charts) and "val/loss" not in charts


def test_a_search_and_an_order(name: str) -> None:
    for number in range(4):
        config = {"lr": 10.0**-number, "layers": number}
        with agnez.init(project=name, id=f"r{number}", config=config, tags=["even"]) as run:
            run.log(loss=4 - number)
    found = agnez.runs(name, q="lr<0.05", sort="-layers")
    assert [run["_id"] for run in found] == ["r3", "r2"]
    assert [run["_id"] for run in agnez.runs(name, sort="metrics.loss.min", limit=1)] == ["r3"]
    assert len(agnez.runs(name, q="tag:even")) == 4 and agnez.runs(f"{name}-none") == []
    with pytest.raises(agnez.Error):
        agnez.runs(name, q="lr<")


def test_all_runs_are_read_in_pages(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        line = {"step": 1, "loss": "Infinity" if number == 6 else number}
        server.ask(f"/boards/{name}/runs/r{number}/log", line)
    monkeypatch.setattr(reading, "_RUNS_PER_REQUEST", 3)
    newest_first = [f"r{number}" for number in reversed(range(7))]
    assert [run["_id"] for run in agnez.runs(name)] == newest_first
    assert [run["_id"] for run in agnez.runs(name, limit=4)] == newest_first[:4]
    lower = agnez.runs(name, q="loss<5", sort="metrics.loss.last")
    assert [run["metrics"]["loss"]["last"] for run in lower] == [0, 1, 2, 3, 4]
    assert agnez.runs(name, q="run._id=r6")[0]["metrics"]["loss"]["last"] == math.inf
    read = reader.read

    def read_while_a_run_begins(*given: Any) -> Any:
        documents = read(*given)
        server.ask(f"/boards/{name}/runs/new{given[2]['$skip']}/log", {"loss": 1})
        return documents

    monkeypatch.setattr(reader, "read", read_while_a_run_begins)
    assert [run["_id"] for run in agnez.runs(name)] == newest_first, "each once"


def test_resume_and_deletion(server: Server, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(agnez.Error, match="has no run r1 to resume"):
        agnez.init(project=name, id="r1", resume="must")
    with agnez.init(project=name, id="r1", resume="allow", config={"a": 1}) as run:
        for step in range(5):
            run.log(loss=step)
        assert not run.resumed
    run = agnez.init(project=name, id="r1", resume="must", config={"b": 2})
    assert run.resumed and run.step == 5 and dict(run.config) == {"a": 1, "b": 2}
    run.log(loss=5)
    assert run.flush(PATIENCE_S) and document(server, name, "r1")["status"] == "running"
    assert "endedAt" not in document(server, name, "r1")
    server.ask(f"/boards/{name}/runs/r1", method="DELETE")
    run.log(loss=6)
    run.finish()
    assert "deleted" in caplog.text
    (folder,) = paths.list_spools(Path(os.environ["AGNEZ_SPOOL"]))
    again = agnez.init(project=name, id="r1", resume="allow")
    assert again.resumed
    replay(folder, refused=True)
    assert again.history("loss")["value"] == [0, 1, 2, 3, 4, 5, 6]


def test_a_killed_script_loses_nothing_and_a_replay_doubles_nothing(
    server: Server, name: str, tmp_path: Path
) -> None:
    code = f"""
        run = agnez.init(project={name!r}, id="r1", config={{"lr": 0.1}})
        for step in range(20_000):
            run.log({{"loss": step, "acc": -step}}, step=step)
        """
    folder = abandoned_spool(tmp_path, code)
    before = [(path, path.read_bytes()) for path in folder.iterdir()]
    replay(folder, url=server.url)
    folder.mkdir()
    for path, content in before:
        path.write_bytes(content)
    replay(folder, url=server.url)
    history = agnez.history(name, "r1", "loss")
    assert history["step"] == history["value"] == list(range(20_000))
    assert document(server, name, "r1")["config"] == {"lr": 0.1}


def test_two_scripts_on_one_run_are_warned(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeats, "INTERVAL_S", 0.1)
    run = agnez.init(project=name, id="r1")
    run.log(loss=1)
    assert run.flush(PATIENCE_S)
    other = heartbeats.Heartbeats()
    other.start((name, "r1"))
    connection = ServerConnection(run._url)

    def has_warned() -> bool:
        other.send_due(connection)
        return "Two processes write to this run" in caplog.text

    eventually(has_warned)
    connection.close()


@pytest.mark.parametrize(
    "odd", ["a/b/c", "x" * 300, "a\nb", "loss", "ü/é", "///", "train/", "/val", "-", "step", "a b%"]
)
def test_any_name_of_a_metric(name: str, odd: str) -> None:
    run = agnez.init(project=name, id="r1")
    run.log({odd: 1, "loss/val": 2, "val/loss": 3})
    run.log({odd: agnez.Html("<b>x</b>")})
    run.finish()
    assert not paths.list_spools(Path(os.environ["AGNEZ_SPOOL"])), "something was refused"


def test_groups_of_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {0.1: [0.9, 0.8, 0.7], 0.01: [0.5, math.nan, 0.3]}
    for lr, ends in values.items():
        for seed, end in enumerate(ends):
            config = {"lr": lr, "seed": seed, "net": {"kind": "mlp"}}
            with agnez.init(project=name, config=config) as run:
                run.log({"val/acc": 0.1})
                run.log({"val/acc": end})
    monkeypatch.setattr(reading, "_GROUPS_PER_REQUEST", 1)
    best, other = agnez.groups(name, by=["config.lr", "config.net.kind"], metric="val/acc")
    assert best["key"] == {"config.lr": 0.1, "config.net.kind": "mlp"}
    assert (best["runs"], best["n"], best["diverged"]) == (3, 3, 0)
    # The t value of 95 % with 2 degrees of freedom is 4.302653.
    assert best["mean"] == pytest.approx(0.8) and best["std"] == pytest.approx(0.1)
    assert best["half_width"] == pytest.approx(4.302653 * 0.1 / math.sqrt(3), rel=1e-6)
    assert (other["runs"], other["n"], other["diverged"]) == (3, 2, 1)
    assert other["mean"] == pytest.approx(0.4)
    (only,) = agnez.groups(name, by="config.lr", q="lr=0.1", metric="val/acc", stat="best")
    assert only["n"] == 3 and only["mean"] == pytest.approx(0.8)
    compared = agnez.groups(name, by="config.lr", metric="val/acc", baseline=only["id"])
    assert [one["is_baseline"] for one in compared] == [True, False]
    assert compared[1]["difference"]["value"] == pytest.approx(-0.4)
    with pytest.raises(agnez.Error):
        agnez.groups(name, by="config.nothing")

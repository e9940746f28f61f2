# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type"
"""Scripts for Weights & Biases with ``import agnez as wandb``: calls besides numbers."""

from __future__ import annotations

import os
import types
from pathlib import Path
from typing import Any

import pytest

import agnez as wandb
from agnez import _messages, _wandb
from agnez._spool import paths
from run_server import RunServer
from server import PATIENCE_S, Server, free_port, script, size_of

np = pytest.importorskip("numpy")


PIL = pytest.importorskip("PIL.Image")


def test_a_script_with_every_wandb_call(
    runs: RunServer,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    assert wandb.login(key="secret", relogin=True)
    wandb.setup()
    run = wandb.init(
        project=name,
        name="first",
        id="abc123",
        tags=["a"],
        notes="n",
        group="g",
        job_type="train",
        settings=wandb.Settings(start_method="fork"),
        resume="allow",
        mode="online",
        config={"lr": 0.1},
    )
    assert (run.id, run.name, run.project, run.tags, run.disabled, wandb.run.id) == (
        "abc123",
        "first",
        name,
        ("a",),
        False,
        "abc123",
    )
    wandb.define_metric("loss", step_metric="epoch", summary="min")
    run.define_metric("never/*", step_metric="step")
    wandb.config.update({"seed": 7}, allow_val_change=True)
    run.config.update(types.SimpleNamespace(layers=3))
    wandb.config.setdefaults({"lr": 9, "new": 1})
    wandb.log(
        {
            "loss": 1.0,
            "nothing": None,
            "text": "hello",
            "pictures": [wandb.Image(np.zeros((4, 4))), wandb.Image(np.zeros((4, 4)), caption="c")],
        },
        step=0,
    )
    wandb.log(data={"loss": 0.5}, step=1)
    wandb.log({"loss": 0.25}, 2, True)
    wandb.log({"acc": 0.5})
    wandb.log(
        {
            "mode": wandb.Image(np.zeros((4, 4, 3)), mode="L"),
            "boxes": wandb.Image(np.zeros((4, 4)), boxes={}, masks={}, file_type="png"),
        }
    )
    wandb.log(
        {
            "film": wandb.Video(np.zeros((2, 3, 8, 9), np.uint8), fps=4, format="mp4", caption="f"),
            "sound": wandb.Audio(np.zeros(10), sample_rate=10),
        }
    )
    wandb.log(
        {
            "table": wandb.Table(columns=["a", 2], data=[[1, None]]),
            "hist": wandb.Histogram([1, 2], num_bins=3),
            "page": wandb.Html("<b>x</b>", inject=False),
        }
    )
    table = wandb.Table(data=[[1], [2]], columns=["a"], allow_mixed_types=True)
    table.add_column("b", ["x", wandb.Image(np.zeros((2, 2)))])
    wandb.log({"added": table})
    wandb.watch(object(), log="all", log_freq=10)
    wandb.unwatch()
    wandb.save("model.h5")
    artifact = wandb.Artifact("model", type="model", metadata={"a": 1})
    artifact.add_file("model.h5")
    artifact.anything(1)
    with artifact.new_file("x"):
        pass
    run.log_artifact(artifact)
    wandb.log_artifact(artifact)
    run.use_artifact("model:latest")
    run.log_code(".")
    wandb.alert(
        title="Low accuracy", text="it is 0.5", level=wandb.AlertLevel.WARN, wait_duration=300
    )
    run.summary["best"] = np.float32(0.25)
    run.summary.update({"worst": 1.0})
    wandb.summary["other"] = None
    assert (
        run.summary.best == 0.25 and run.summary["acc"] == 0.5 and wandb.run.summary is run.summary
    )
    assert run.get_url() == run.url == f"{runs.url}/b/{name}?run=abc123"
    assert (run.get_project_url(), run.project_name()) == (f"{runs.url}/b/{name}", name)
    wandb.finish(exit_code=3, quiet=True)
    assert wandb.run is None and wandb.summary == {}
    assert runs.pairs(name, "abc123", "loss") == [(0, 1), (1, 0.5), (2, 0.25)]
    assert runs.pairs(name, "abc123", "acc") == [(3, 0.5)]
    values = {metric: value for (_, _, metric), value in runs.values.items()}
    types_of = {metric: value["type"] for metric, value in values.items()}
    assert types_of["text"] == "text"
    pictures = ("pictures/0", "pictures/1", "mode", "boxes", "film")
    assert {types_of[picture] for picture in pictures} == {"img"}
    assert size_of(values["film"]) == (9, 8) and values["pictures/1"]["description"] == "c"
    assert "nothing" not in values and "<audio" in values["sound"]["value"]
    assert values["table"]["value"] == {"columns": ["a", "2"], "rows": [[1, None]]}
    assert values["hist"]["type"] == "histogram" and values["page"]["value"] == "<b>x</b>"
    assert values["added"]["value"] == {
        "columns": ["a", "b"],
        "rows": [[1, "x"], [2, "<agnez.media.Image object>"]],
    }
    alert = values["alert: Low accuracy"]["value"]
    assert "Low accuracy" in alert and alert.startswith("WARN")
    expected = {
        "name": "first",
        "tags": ["a"],
        "notes": "n",
        "group": "g",
        "job_type": "train",
        "status": "failed",
        "exit": {"code": 3},
        "config": {"lr": 0.1, "seed": 7, "layers": 3, "new": 1},
        "summary": {"best": 0.25, "worst": 1.0, "other": None},
    }
    document = runs.run(name, "abc123")
    assert {key: document.get(key) for key in expected} == expected
    for said in (
        "agnez.login does nothing",
        "agnez.save does nothing",
        "agnez.Artifact does nothing",
        "agnez.watch shows nothing",
    ):
        assert caplog.text.count(said) == 1, said
    assert "secret" not in caplog.text + capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(_wandb.NO_OP_FUNCTIONS))
def test_no_op_functions_take_any_arguments_and_warn_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        getattr(wandb, name)(1, "two", three=3)
    assert caplog.text.count(f"agnez.{name} does nothing here") == 1


def test_unknown_names_and_arguments_still_raise() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'logg'"):
        getattr(wandb, "logg")  # noqa: B009 - no static name
    with pytest.raises(TypeError, match="'proyect'; did you mean 'project'"):
        wandb.init(proyect="x")
    with pytest.raises(TypeError, match="captoin"):
        wandb.Image(np.zeros((2, 2)), captoin="x")
    with pytest.raises(RuntimeError, match=r"agnez\.init"):
        wandb.alert("x", "y")
    with pytest.raises(ValueError, match="mode must be"):
        wandb.Board("b", mode="onlin")


@pytest.mark.parametrize("way", ["argument", "AGNEZ_MODE", "WANDB_MODE"])
def test_a_run_that_is_switched_off_sends_and_writes_nothing(
    own_server: Server,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    way: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spool = tmp_path / "spool"
    monkeypatch.setenv("AGNEZ_SPOOL", str(spool))
    if way != "argument":
        monkeypatch.setenv(way, "disabled")
    monkeypatch.setenv("AGNEZ_URL", own_server.url)
    with wandb.init(
        project=name, name="x", mode="disabled" if way == "argument" else None, config={"a": 1}
    ) as run:
        assert run.disabled
        run.log({"loss": 1, "picture": wandb.Image(np.zeros((2, 2))), "odd": object()})
        run.summary["a"] = 1
        run.alert("a", "b")
        run.board.subplots(1, 2)[0].plot([1, 2])
        with pytest.raises(TypeError):
            run.board.text("x", 3)
        assert run.board.flush(1)
    assert own_server.cells(name) == {} and not spool.exists()


def test_a_run_that_is_offline_leaves_all_to_a_replay(
    own_server: Server, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from agnez._transport.replay import replay

    board = wandb.Board(name, url=own_server.url, spool=str(tmp_path / "off"), mode="offline")
    for step in range(10):
        board.log(loss=step, step=step)
    assert not board.flush(5) and own_server.cells(name) == {}
    assert not board.close(1) and "python -m agnez replay" in caplog.text
    (folder,) = paths.list_spools(tmp_path / "off")
    replay(folder)
    assert (
        own_server.pairs(f"{name}-loss", "loss") == [(step, step) for step in range(10)]
        and not folder.exists()
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_an_offline_run_sends_nothing_of_its_children_either(
    own_server: Server, name: str, tmp_path: Path
) -> None:
    from agnez._transport.replay import replay

    # The child ends without a word, as a worker that is killed.
    code = f"""
        import os
        import agnez
        board = agnez.Board({name!r}, mode="offline")
        board.log(loss=1, step=0)
        if os.fork() == 0:
            board.log(loss=2, step=1)
            os._exit(0)
        os.wait()
        assert not board.close(5)
        """
    assert script(code, tmp_path / "off", own_server.url).wait(PATIENCE_S) == 0
    assert own_server.cells(name) == {}
    folders = paths.list_spools(tmp_path / "off")
    assert len(folders) == 2
    for folder in folders:
        replay(folder)
    assert sorted(own_server.pairs(f"{name}-loss", "loss")) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_metrics_that_are_no_dict_and_names_of_the_module(name: str, mode: Any) -> None:
    pandas = pytest.importorskip("pandas")
    run = wandb.init(project=name, url=f"http://127.0.0.1:{free_port()}", mode=mode)
    assert (run.mode, run.offline, run.disabled) == (mode, mode == "offline", mode == "disabled")
    wandb.log(pandas.Series({"loss": 1.5, "acc": 0.5}))
    assert (run.summary["loss"], run.summary["acc"], run.step) == (1.5, 0.5, 1)
    wandb.log(pandas.DataFrame({"f1": [1, 2]}))
    assert (run.summary["f1/0"], run.summary["f1/1"]) == (1, 2)
    wandb.log(
        {"boxes": wandb.Image(np.zeros((4, 4)), classes=wandb.Classes([{"id": 0, "name": "cat"}]))}
    )
    assert (
        wandb.util.generate_id() != wandb.util.generate_id() and len(wandb.util.generate_id(5)) == 5
    )
    wandb.finish(timeout=0)


def test_warnings_have_a_bound(caplog: pytest.LogCaptureFixture) -> None:
    for at in range(_messages.MAX_MESSAGES + 50):
        _messages.warn_once(f"what {at}", "text")
    assert (
        caplog.text.count("\n") == _messages.MAX_MESSAGES + 1 and "no further ones" in caplog.text
    )

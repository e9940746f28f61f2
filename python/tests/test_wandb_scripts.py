"""Typical scripts for Weights & Biases run to their end with ``import agnez as wandb``."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from run_server import RunServer
from server import PATIENCE_S, script

np = pytest.importorskip("numpy")
pytest.importorskip("PIL.Image")
pytest.importorskip("matplotlib")

SCRIPTS = {
    "quick start": """
        wandb.login()
        run = wandb.init(project=PROJECT, config={"learning_rate": 0.02, "architecture": "CNN"})
        for epoch in range(2, 10):
            wandb.log({"acc": 1 - 2 ** -epoch, "loss": 2 ** -epoch})
        wandb.finish()
        """,
    "arguments": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.1)
        parser.add_argument("--layers", nargs="*", default=[64, 64])
        args = parser.parse_args([])
        wandb.init(project=PROJECT, entity="team", name="args", dir="/tmp", save_code=True,
                   config=args, reinit=True, anonymous="allow", monitor_gym=True, force=False,
                   settings=wandb.Settings(start_method="thread", console="off"))
        wandb.config.update({"batch_size": 32, "nested": {"a": 1}}, allow_val_change=True)
        wandb.config.update(args, allow_val_change=True)
        wandb.config.dropout = 0.5
        wandb.config["seed"] = 3
        assert wandb.config.lr == 0.1 and wandb.config.get("missing", 5) == 5
        assert "lr" in wandb.config.keys() and dict(wandb.config)["seed"] == 3
        for _ in range(3):
            wandb.log({"loss": wandb.config.lr})
        wandb.run.summary["best_accuracy"] = 0.9
        wandb.run.summary.update({"worst": 0.1, "note": "text"})
        wandb.summary["other"] = np.float32(3)
        """,
    "epochs as steps": """
        with wandb.init(project=PROJECT) as run:
            run.define_metric("epoch", hidden=True)
            run.define_metric("train/*", step_metric="epoch", summary="min", goal="minimize")
            wandb.define_metric("val/loss", step_metric=wandb.define_metric("epoch"))
            for epoch in range(3):
                run.log({"epoch": epoch, "train/loss": 1 / (epoch + 1)})
                run.log({"epoch": epoch, "val/loss": 1.5 / (epoch + 1)}, commit=True)
        """,
    "media": """
        import matplotlib
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
        from PIL import Image
        wandb.init(project=PROJECT, job_type="eval", tags=["media", "test"], notes="some *notes*")
        figure, axes = plt.subplots()
        axes.plot([1, 2, 3])
        pixels = np.random.rand(8, 8, 3)
        table = wandb.Table(columns=["id", "image", "guess"])
        for at in range(3):
            table.add_data(at, wandb.Image(pixels), "cat")
        wandb.log({
            "examples": [wandb.Image(pixels, caption=f"n {at}") for at in range(4)],
            "masked": wandb.Image(pixels, masks={"m": {"mask_data": np.zeros((8, 8))}}),
            "boxes": wandb.Image(Image.new("RGB", (8, 8)), boxes={"p": {"box_data": []}}),
            "from figure": wandb.Image(plt), "figure": figure, "also": wandb.Image(figure),
            "text": "plain text", "html": wandb.Html("<b>x</b>"), "nothing": None,
            "table": table, "frame": wandb.Table(data=[[1, 2]], columns=["a", "b"]),
            "histogram": wandb.Histogram(np.random.randn(100)),
            "counted": wandb.Histogram(np_histogram=np.histogram([1, 2, 3])),
            "video": wandb.Video(np.zeros((4, 3, 8, 8), np.uint8), fps=4, format="gif"),
            "audio": wandb.Audio(np.zeros(100), sample_rate=44100, caption="silence"),
            "points": wandb.Object3D(np.zeros((10, 3))), "molecule": wandb.Molecule("x.pdb"),
            "deep": {"a": {"b": [1, 2, {"c": 3}]}, "list": [0.1, 0.2], "array": np.arange(100)},
        })
        plt.close(figure)
        """,
    "files and artifacts": """
        import os
        run = wandb.init(project=PROJECT, resume=None, group="experiment", sync_tensorboard=True)
        artifact = wandb.Artifact("data", type="dataset", description="d", metadata={"n": 1})
        artifact.add_file("model.bin")
        artifact.add_dir("folder", name="x")
        artifact.add_reference("s3://bucket/x")
        with artifact.new_file("list.txt", mode="w") as file:
            file.write("text")
        run.log_artifact(artifact, aliases=["best"]).wait()
        folder = run.use_artifact("data:latest").download()
        os.path.join(folder, "x.bin")
        wandb.save(os.path.join(wandb.run.dir, "model.h5"), base_path="/tmp", policy="now")
        wandb.restore("model.h5")
        run.log_model("model.pt", name="m")
        run.link_artifact(artifact, "registry")
        run.log_code(".", include_fn=lambda path: path.endswith(".py"))
        run.mark_preempting()
        for other in wandb.Api().runs("team/project", filters={"state": "finished"}):
            print(other.summary["loss"], other.history())
        run.log({"done": 1})
        run.finish()
        """,
    "alerts and watch": """
        class Model:
            def parameters(self):
                return []
        wandb.init(project=PROJECT, magic=True, allow_val_change=True)
        wandb.watch(Model(), criterion=None, log="all", log_freq=10, log_graph=True)
        wandb.watch([Model(), Model()])
        wandb.log({"loss": 1})
        wandb.alert(title="Low accuracy", text="below 0.5", level=wandb.AlertLevel.WARN,
                    wait_duration=300)
        wandb.run.alert("Again", "text", level="ERROR")
        wandb.unwatch()
        wandb.termlog("text")
        wandb.finish(exit_code=0, quiet=True)
        """,
    "plots": """
        wandb.init(project=PROJECT)
        data = [[x, x * x] for x in range(10)]
        table = wandb.Table(data=data, columns=["x", "y"])
        truth, scores = [0, 1, 1], [[0.7, 0.3], [0.2, 0.8], [0.4, 0.6]]
        wandb.log({
            "line": wandb.plot.line(table, "x", "y", title="Line"),
            "bar": wandb.plot.bar(table, "x", "y", title="Bars"),
            "scatter": wandb.plot.scatter(table, "x", "y"),
            "histogram": wandb.plot.histogram(table, "y", title=None),
            "several": wandb.plot.line_series(xs=[0, 1], ys=[[1, 2], [3, 4]], keys=["a", "b"]),
            "confusion": wandb.plot.confusion_matrix(y_true=truth, preds=[0, 1, 0],
                                                     class_names=["cat", "dog"]),
            "roc": wandb.plot.roc_curve(truth, scores, labels=["cat", "dog"]),
            "pr": wandb.plot.pr_curve(truth, scores, labels=["cat", "dog"]),
        })
        """,
    "sweep": """
        def train():
            with wandb.init(project=PROJECT) as run:
                run.log({"loss": 1})
        sweep = wandb.sweep({"method": "bayes", "metric": {"name": "loss", "goal": "minimize"},
                             "early_terminate": {"type": "hyperband", "min_iter": 3},
                             "parameters": {"lr": {"min": 1e-5, "max": 0.1}}}, project=PROJECT)
        wandb.agent(sweep, function=train, count=2)
        train()
        train()
        """,
    "environment": """
        import os
        os.environ.update(WANDB_PROJECT=PROJECT, WANDB_NAME="named", WANDB_RUN_GROUP="g",
                          WANDB_TAGS="a,b", WANDB_NOTES="n", WANDB_API_KEY="x" * 40,
                          WANDB_SILENT="true", WANDB_RUN_ID="run-1", WANDB_RESUME="allow")
        wandb.setup()
        run = wandb.init()
        assert (run.name, run.id, run.group, run.tags) == ("named", "run-1", "g", ("a", "b"))
        assert wandb.run is run and run.project_name() == run.project == PROJECT
        run.name = "renamed"
        run.tags = run.tags + ("c",)
        run.notes = "other"
        run.log({"loss": 1})
        print(run.get_url(), run.path, run.step, run.resumed, run.mode, run.start_time)
        """,
    "odd steps": """
        run = wandb.init(project=PROJECT)
        run.log({"a": 1}, step=10)
        run.log({"b": 2}, step=10)
        run.log({"late": 3}, step=5)
        run.log({}, commit=False)
        run.log({"c": np.int64(4)}, step=np.int64(20))
        run.log({"d": 5}, 21, True)
        run.log({"x": float("nan"), "y": float("inf"), "z": True, 3: 4, ("t", 1): 2})
        run.log({"bytes": b"x", "set": {1}, "object": object(), "generator": (x for x in [])})
        run.log({"epoch": 1, "step": 2, "time": 3, "_step": 4, "_timestamp": 5})
        """,
    "a failure that is caught": """
        run = wandb.init(project=PROJECT, name="failed")
        try:
            run.log({"loss": 1})
            raise RuntimeError("out of memory")
        except RuntimeError:
            run.finish(exit_code=1)
        wandb.finish()
        with wandb.init(project=PROJECT, name="second", reinit="finish_previous") as run:
            run.log({"loss": 2})
        """,
    "lists of runs": """
        first = wandb.init(project=PROJECT, reinit="create_new")
        second = wandb.init(project=PROJECT, reinit="create_new")
        first.log({"loss": 1})
        second.log({"loss": 2})
        first.finish()
        same = wandb.init(project=PROJECT, reinit="return_previous")
        assert same is second
        second.finish()
        """,
}


def run(source: str, project: str, runs: RunServer, tmp_path: Path) -> Any:
    head = f"import agnez as wandb\nimport numpy as np\nPROJECT = {project!r}\n"
    return script(head + textwrap.dedent(source), tmp_path / "spool", runs.url, cwd=tmp_path)


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_script_runs_to_its_end(runs: RunServer, name: str, tmp_path: Path, case: str) -> None:
    process = run(SCRIPTS[case], name, runs, tmp_path)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors and "has failed" not in errors, errors
    documents = [document for (board, _), document in runs.documents.items() if board == name]
    assert documents
    statuses = {document["status"] for document in documents}
    assert statuses == ({"failed", "finished"} if case.startswith("a failure") else {"finished"})
    assert any(board == name for board, _, _ in runs.logged) or case in ("media", "plots")


def test_media_of_a_script_arrive(runs: RunServer, name: str, tmp_path: Path) -> None:
    process = run(SCRIPTS["media"], name, runs, tmp_path)
    _, errors = process.communicate(timeout=PATIENCE_S)
    kinds = {metric: value["type"] for (_, _, metric), value in runs.values.items()}
    pictures = ("examples/0", "examples/3", "masked", "boxes", "from figure", "also", "video")
    assert {kinds[picture] for picture in pictures} <= {"img", "html"}, errors
    assert kinds["figure"] == kinds["html"] == kinds["audio"] == "html"
    assert kinds["text"] == "text"
    assert kinds["table"] == kinds["frame"] == "table"
    assert kinds["histogram"] == kinds["counted"] == kinds["deep/array"] == "histogram"
    assert not {"points", "molecule", "nothing"} & set(kinds)
    for media in ("Object3D", "Molecule"):
        assert errors.count(f"is {media}") == 1
    run_id = runs.run(name)["_id"]
    assert {"deep/list/0", "deep/a/b/0", "deep/a/b/2/c"} <= runs.metrics(name, run_id)


def test_steps_of_a_metric(runs: RunServer, name: str, tmp_path: Path) -> None:
    process = run(SCRIPTS["epochs as steps"], name, runs, tmp_path)
    assert process.wait(PATIENCE_S) == 0
    run_id = runs.run(name)["_id"]
    for metric, first in (("train/loss", 1), ("val/loss", 1.5)):
        points = runs.pairs(name, run_id, metric)
        assert points == [(epoch, first / (epoch + 1)) for epoch in range(3)]


@pytest.mark.parametrize(
    ("mode", "case"),
    [
        *(("disabled", case) for case in SCRIPTS),
        *((mode, case) for mode in ("offline", "dryrun") for case in ("media", "environment")),
    ],
)
def test_a_script_in_another_mode_sends_nothing(
    runs: RunServer,
    name: str,
    tmp_path: Path,
    case: str,
    mode: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    process = run(SCRIPTS[case], name, runs, tmp_path)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert not runs.changes
    assert (tmp_path / "spool").exists() == (mode != "disabled")


def test_a_script_without_a_server_runs_to_its_end(name: str, tmp_path: Path) -> None:
    server = RunServer()
    server.stop()
    process = run(SCRIPTS["quick start"], name, server, tmp_path)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "takes nothing now" in errors

"""The blocks of docs/callbacks.md are run as they stand, each with what its framework needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from run_server import RunServer

np = pytest.importorskip("numpy")

import agnez
from agnez._transport import client

BLOCKS = re.findall(
    r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(), re.S
)


def run(
    word: Any, runs: RunServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **names: Any
) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    chosen = [block for block in BLOCKS if word in block]
    assert chosen, f"no block has {word}"
    names = {"agnez": agnez, **names}
    for block in chosen:
        exec(block, names)
    assert all(each.flush(30) for each in client.clients())


def test_blocks_of_keras(runs: RunServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fits = pytest.importorskip("test_keras")
    import agnez.grids  # noqa: F401

    x, y, _, _ = fits.digits()
    run("model.fit", runs, monkeypatch, tmp_path, model=fits.made_model(), x=x, y=y)
    fit = runs.run("mnist")
    assert (fit["status"], fit["config"]["epochs"]) == ("finished", 2)
    metrics = runs.metrics("mnist", fit["_id"])
    assert {"loss", "accuracy", "val_loss", "batch/loss", "learning rate"} <= metrics
    parts = {metric.partition("/")[0] for metric in metrics}
    assert {"weight norms", "gradient norms"} <= parts
    histograms = [name for _, _, name in runs.values]
    assert histograms and all(name.startswith("weights/") for name in histograms)
    assert {cell["name"] for cell in runs.cells.values()} == {"Loss plot", "Conv weights", "img"}


def test_blocks_of_torch(runs: RunServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = pytest.importorskip("test_torch")
    torch = pytest.importorskip("torch")
    x, y = lines.line(32)
    model = lines.made_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    run(
        "agnez.torch.watch",
        runs,
        monkeypatch,
        tmp_path,
        torch=torch,
        model=model,
        optimizer=optimizer,
        x=x,
        y=y,
    )
    fit = runs.run("mnist")
    parts = {metric.partition("/")[0] for metric in runs.metrics("mnist", fit["_id"])}
    assert {"weight norms", "gradient norms"} <= parts and fit["status"] == "finished"


def test_blocks_of_scikit_learn(
    runs: RunServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    loops = pytest.importorskip("test_sklearn")
    (x, y), (x_val, y_val) = loops.digits()
    run("agnez.sklearn", runs, monkeypatch, tmp_path, x=x, y=y, x_val=x_val, y_val=y_val)
    assert capsys.readouterr().out == "0\n1\n2\n3\n4\n"
    fit = runs.run("digits")
    assert fit["status"] == "finished" and fit["config"]["epochs"] == 5
    assert {"loss/train", "loss/val", "accuracy/val"} <= runs.metrics("digits", fit["_id"])
    assert runs.values["digits", fit["_id"], "confusion"]["type"] == "heatmap"
    assert [cell["name"] for cell in runs.cells.values()] == ["pets"]


def test_blocks_of_grids(runs: RunServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run("grids.img_grid(np", runs, monkeypatch, tmp_path)
    assert [cell["type"] for cell in runs.cells.values()] == ["img"] * 4

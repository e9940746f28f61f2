"""Scripts that were written for Weights & Biases."""

from __future__ import annotations

import math

import pytest

import agnez
from run_server import RunServer


def test_a_wandb_script_runs(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    wandb = agnez
    run = wandb.init(
        project=name,
        name="first",
        config={"lr": 0.1, "layers": [1, 2]},
        entity="team",
        tags=["x"],
        mode="online",
    )
    assert (
        wandb.run is run
        and wandb.config.lr == 0.1
        and wandb.config["lr"] == 0.1
        and "lr" in wandb.config
    )
    wandb.config.batch = 32
    wandb.config.update({"seed": 7}, allow_val_change=True)
    for epoch in range(3):
        wandb.log({"train": {"loss": 1 / (epoch + 1)}}, commit=False)
        wandb.log({"acc": math.nan, "img": wandb.Image([[0, 1]])})
    wandb.log({"acc": 1}, step=50)
    table = wandb.Table(columns=["id", "guess"])
    table.add_data(1, "cat")
    wandb.log({"table": table, "hist": wandb.Histogram([1, 2, 3]), "page": wandb.Html("<b></b>")})
    assert run.summary["acc"] == 1 and run.url.endswith(f"/b/{name}?run={run.id}")
    wandb.finish()
    assert wandb.run is None
    assert "ignores entity." in caplog.text
    document = runs.run(name)
    assert (document["name"], document["tags"]) == ("first", ["x"])
    assert document["config"] == {"lr": 0.1, "layers": [1, 2], "batch": 32, "seed": 7}
    id = document["_id"]
    assert runs.pairs(name, id, "train/loss") == [(0, 1), (1, 0.5), (2, 1 / 3)]
    assert [step for step, _ in runs.pairs(name, id, "acc")] == [0, 1, 2, 50]
    assert {metric: value["type"] for (_, _, metric), value in runs.values.items()} == {
        "img": "img",
        "table": "table",
        "hist": "histogram",
        "page": "html",
    }

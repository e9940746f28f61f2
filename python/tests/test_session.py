"""Scripts that were written for Weights & Biases."""

from __future__ import annotations

import argparse
import math

import pytest

import agnez
from server import Server


def test_a_wandb_script_runs(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AGNEZ_URL", server.url)
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
    assert run.summary["acc"] == 1 and run.url.endswith(f"/b/{name}")
    wandb.finish()
    assert wandb.run is None
    assert "entity, mode, tags" in caplog.text
    cells = {cell["name"]: cell for cell in server.cells(name).values()}
    assert [point[:2] for point in server.points(cells["train"]["_id"], "first/loss")] == [
        (0, 1),
        (1, 0.5),
        (2, 1 / 3),
    ]
    assert [point[0] for point in server.points(cells["acc"]["_id"], "first")] == [0, 1, 2, 50]
    assert {name: cells[name]["type"] for name in ("img", "table", "hist", "page")} == {
        "img": "img",
        "table": "table",
        "hist": "histogram",
        "page": "html",
    }
    assert cells["config/first"]["value"]["rows"] == [
        ["lr", 0.1],
        ["layers", "[1, 2]"],
        ["batch", 32],
        ["seed", 7],
    ]


def test_projects_may_have_any_name(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with agnez.init(project="My project! (2)", url=server.url) as run:
        assert run.board.name == "My-project-2"


def test_argparse_is_a_config(server: Server, name: str) -> None:
    with agnez.init(project=name, url=server.url, config=argparse.Namespace(lr=0.5)) as run:
        assert run.config.lr == 0.5 and dict(run.config) == {"lr": 0.5}
        with pytest.raises(AttributeError, match="no 'rate'"):
            getattr(run.config, "rate")  # noqa: B009 - no static name

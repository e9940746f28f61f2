# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="misc, name-defined"
"""Real trainings with PyTorch, Lightning and Hugging Face; skipped without those packages."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from run_server import RunServer
from server import Server

torch = pytest.importorskip("torch", exc_type=ImportError)

import agnez
import agnez.torch


def line(count: Any) -> Any:
    torch.manual_seed(3)
    x = torch.randn(count, 4)
    return x, (x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])) + 0.1


def made_model() -> Any:
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def test_a_watched_model_shows_weights_and_gradients(own_server: Server, tmp_path: Path) -> None:
    board = agnez.Board("watched", url=own_server.url, spool=str(tmp_path / "spool"))
    model, other = made_model(), torch.nn.Linear(4, 1)
    watch = agnez.torch.watch(model, board, every=2)
    x, y = line(64)
    weights, gradients = [], []
    for trained in (model, other):
        optimizer = torch.optim.SGD(trained.parameters(), lr=0.01)
        for step in range(5):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(trained(x), y).backward()
            optimizer.step()
            if trained is model and step % 2 == 0:
                both = [model[0].weight, model[0].bias]
                weights.append(
                    (
                        step,
                        math.sqrt(sum(float(each.detach().double().pow(2).sum()) for each in both)),
                    )
                )
                gradients.append(
                    (step, math.sqrt(sum(float(each.grad.double().pow(2).sum()) for each in both)))
                )
    watch.stop()
    assert watch.step == 5, "steps of another model's optimizer are not its own"
    assert board.flush(20)
    cells = own_server.named("watched")
    for kind, expected in (("weight", weights), ("gradient", gradients)):
        points = own_server.pairs(cells[f"{kind} norms"]["_id"], "0")
        assert [step for step, _ in points] == [step for step, _ in expected]
        assert [value for _, value in points] == pytest.approx(
            [value for _, value in expected], rel=1e-5
        )
        assert len(own_server.pairs(cells[f"{kind} norms"]["_id"], "2")) == 3
        spread = cells[f"{kind}s of 0"]["value"]
        assert spread["steps"] == [0, 2, 4] and [sum(counts) for counts in spread["counts"]] == [
            32,
            32,
            32,
        ]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    optimizer.step()
    assert watch.step == 5, "stopped is stopped"


def test_gradients_that_are_not_finite_are_shown(own_server: Server, tmp_path: Path) -> None:
    board = agnez.Board("broken", url=own_server.url, spool=str(tmp_path / "spool"))
    model = torch.nn.Linear(2, 1).to(torch.bfloat16)
    with agnez.torch.watch(model, board, every=1):
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        (model(torch.ones(1, 2, dtype=torch.bfloat16)) * float("inf")).sum().backward()
        optimizer.step()
    assert board.flush(20)
    cells = own_server.named("broken")
    ((step, value),) = own_server.pairs(cells["gradient norms"]["_id"], "Linear")
    assert step == 0 and math.isinf(value)
    assert "not finite" in cells["weights of Linear"]["description"]


def test_wrong_arguments_raise_at_once() -> None:
    with pytest.raises(TypeError, match=r"watch takes a torch\.nn\.Module, not int"):
        agnez.torch.watch(3)
    with pytest.raises(ValueError, match="every must be 1 or more"):
        agnez.torch.watch(made_model(), every=0)


def test_lightning_logs_to_a_board(own_server: Server, tmp_path: Path) -> None:
    pl = pytest.importorskip("lightning.pytorch")
    import agnez.lightning

    class Line(pl.LightningModule):
        def __init__(self, rate: Any = 0.05) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.model = made_model()

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

        def training_step(self, batch: Any) -> Any:
            loss = torch.nn.functional.mse_loss(self.model(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Any) -> None:
            self.log("val_loss", torch.nn.functional.mse_loss(self.model(batch[0]), batch[1]))

    data = torch.utils.data.TensorDataset(*line(64))
    loader = torch.utils.data.DataLoader(data, batch_size=16)
    board = agnez.Board("lightning", url=own_server.url, spool=str(tmp_path))
    logger = agnez.lightning.AgnezLogger(board)
    trainer = pl.Trainer(
        max_epochs=3,
        logger=logger,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(Line(), loader, loader)
    assert board.flush(20)
    cells = own_server.named("lightning")
    train, val = (own_server.pairs(cells["loss"]["_id"], phase) for phase in ("train", "val"))
    assert [step for step, _ in train] == list(range(12)) and [step for step, _ in val] == [
        3,
        7,
        11,
    ]
    assert val[-1][1] == pytest.approx(float(trainer.callback_metrics["val_loss"]))
    assert ["rate", 0.05] in cells["config"]["value"]["rows"]
    assert (logger.name, logger.version) == ("lightning", "")


def test_a_logger_survives_being_pickled(
    runs: RunServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lightning.pytorch")
    import pickle

    import agnez.lightning

    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    logger = pickle.loads(pickle.dumps(agnez.lightning.AgnezLogger("pickled", name="r")))
    logger.log_metrics({"train/loss": 1.5, "epoch": 0}, step=2)
    assert logger.experiment.flush(20)
    run = runs.run("pickled")
    assert run["name"] == "r" and logger.version == run["_id"]
    assert runs.pairs("pickled", run["_id"], "train/loss") == [(2, 1.5)]


def test_the_hugging_face_trainer_logs_to_a_board(own_server: Server, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    import agnez.huggingface

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = made_model()

        def forward(self, x: Any, labels: Any = None) -> Any:
            logits = self.model(x)
            return {"loss": torch.nn.functional.mse_loss(logits, labels), "logits": logits}

    class Data(torch.utils.data.Dataset):
        def __init__(self) -> None:
            self.x, self.y = line(32)

        def __len__(self) -> Any:
            return len(self.x)

        def __getitem__(self, at: Any) -> Any:
            return {"x": self.x[at], "labels": self.y[at]}

    board = agnez.Board("bert", url=own_server.url, spool=str(tmp_path / "spool"))
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"),
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_steps=1,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = transformers.Trainer(
        Line(),
        arguments,
        train_dataset=Data(),
        eval_dataset=Data(),
        callbacks=[agnez.huggingface.AgnezCallback(board)],
    )
    trainer.train()
    assert board.flush(20)
    cells = own_server.named("bert")
    logged = [
        (entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry
    ]
    assert own_server.pairs(cells["loss"]["_id"], "train") == logged and len(logged) == 8
    evaluated = [
        (entry["step"], entry["eval_loss"])
        for entry in trainer.state.log_history
        if "eval_loss" in entry
    ]
    assert own_server.pairs(cells["loss"]["_id"], "eval") == evaluated and len(evaluated) == 2
    assert (
        len(own_server.pairs(cells["learning_rate"]["_id"], "learning_rate")) == 8
        and "grad_norm" in cells
    )
    assert ["num_train_epochs", 2] in cells["arguments"]["value"]["rows"]
    assert "train_runtime" in [row[0] for row in cells["summary"]["value"]["rows"]]

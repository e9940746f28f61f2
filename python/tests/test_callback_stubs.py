# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, attr-defined, dict-item, func-returns-value, misc"
"""Callbacks for Hugging Face, Lightning and torch, with stubs of the packages and odd values."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from agnez._errors import log_exceptions, wrap_exceptions
from server import Server

np = pytest.importorskip("numpy")


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    module = types.ModuleType("transformers")
    module.TrainerCallback = type("TrainerCallback", (), {})
    monkeypatch.setitem(sys.modules, "transformers", module)
    monkeypatch.delitem(sys.modules, "agnez.huggingface", raising=False)
    yield
    sys.modules.pop("agnez.huggingface", None)


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in (
        "lightning",
        "lightning.pytorch",
        "lightning.pytorch.loggers",
        "lightning.pytorch.loggers.logger",
        "lightning.pytorch.utilities",
    ):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["lightning.pytorch.loggers.logger"].Logger = type("Logger", (), {})
    sys.modules["lightning.pytorch.utilities"].rank_zero_only = types.SimpleNamespace(rank=0)
    monkeypatch.delitem(sys.modules, "agnez.lightning", raising=False)
    yield
    sys.modules.pop("agnez.lightning", None)


STATE = types.SimpleNamespace(is_world_process_zero=True, global_step=7)
LOGS = {
    "loss": np.float32(0.5),
    "eval_loss": np.array(0.25),
    "eval_n": np.int64(3),
    "grad_norm": None,
    "lr": [1, 2],
    "odd": object(),
    "note": "x",
    5: 6,
    "epoch": 1.0,
}


def test_hugging_face_shows_numbers_of_numpy(
    server: Server, board: Any, name: str, transformers: Any
) -> None:
    import agnez.huggingface

    callback = agnez.huggingface.AgnezCallback(board)
    arguments = types.SimpleNamespace(
        to_sanitized_dict=lambda: {"lr": np.float32(0.5), "seed": 7, 3: None, "odd": [1, object]}
    )
    callback.on_train_begin(arguments, STATE, None)
    callback.on_log(None, STATE, None, LOGS)
    callback.on_log(
        None,
        STATE,
        None,
        {"train_runtime": np.float64(1.5), "train_loss": np.float32(0.5), "odd": None},
    )
    callback.on_train_begin(types.SimpleNamespace(to_sanitized_dict=lambda: 1 / 0), STATE, None)
    assert board.flush(60)
    cells = server.named(name)
    assert server.pairs(cells["loss"]["_id"], "train") == [(7, 0.5)] and server.pairs(
        cells["loss"]["_id"], "eval"
    ) == [(7, 0.25)]
    assert server.pairs(cells["n"]["_id"], "eval") == [(7, 3)] and server.pairs(
        cells["5"]["_id"], "5"
    ) == [(7, 6)]
    assert server.pairs(cells["lr"]["_id"], "0") == [(7, 1)] and cells["note"]["value"] == "x"
    assert cells["arguments"]["value"]["rows"][:2] == [["3", None], ["lr", 0.5]]
    assert cells["summary"]["value"]["rows"] == [
        ["train_runtime", 1.5],
        ["train_loss", 0.5],
        ["odd", None],
    ]


def test_lightning_shows_any_value(
    server: Server, board: Any, name: str, lightning: Any, caplog: pytest.LogCaptureFixture
) -> None:
    import agnez.lightning

    logger = agnez.lightning.AgnezLogger(board)
    logger.log_metrics({"train_loss": np.float32(0.5), "odd": object(), 3: 4}, step=2)
    logger.log_metrics({"train_loss": 1}, step=float("nan"))
    logger.log_hyperparams({"lr": np.float32(0.5), "net": object(), 3: {"a": 1}})
    logger.log_hyperparams(5)
    assert board.flush(60)
    cells = server.named(name)
    assert server.pairs(cells["loss"]["_id"], "train") == [(2, 0.5)] and server.pairs(
        cells["3"]["_id"], "3"
    ) == [(2, 4)]
    assert cells["config"]["value"]["rows"] == [
        ["lr", 0.5],
        ["net", "<object object>"],
        ["3", "{'a': 1}"],
    ]
    assert caplog.text.count("has failed") == 2


def test_a_watched_model_that_cannot_be_shown_goes_on(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hooks = []
    module = types.ModuleType("torch.optim.optimizer")
    module.register_optimizer_step_post_hook = lambda hook: (
        hooks.append(hook) or types.SimpleNamespace(remove=lambda: None)
    )
    for parent in ("torch", "torch.optim"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    monkeypatch.setitem(sys.modules, "torch.optim.optimizer", module)
    import agnez.torch

    class Parameter:
        grad = None

        def detach(self) -> None:
            raise RuntimeError("CUDA error")

    parameter = Parameter()
    model = types.SimpleNamespace(
        parameters=lambda: [parameter], named_parameters=lambda: [("a.w", parameter)]
    )
    agnez.torch.watch(model, board, every=1)
    for _ in range(3):
        hooks[0](types.SimpleNamespace(param_groups=[{"params": [parameter]}]))
    assert caplog.text.count("has failed") == 1 and "CUDA error" in caplog.text


def test_a_model_that_cannot_be_scored_is_trained_to_the_end(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("sklearn")
    from sklearn.linear_model import SGDRegressor

    import agnez.sklearn

    class Model(SGDRegressor):
        def score(self, *_: Any) -> None:
            raise RuntimeError("no")

    x = np.arange(20.0).reshape(-1, 1)
    assert list(agnez.sklearn.epochs_of(Model(), x, x[:, 0], board=board, epochs=3)) == [0, 1, 2]
    assert caplog.text.count("has failed") == 1


def test_interrupts_are_not_held_back() -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    for guard in (log_exceptions, wrap_exceptions):
        with pytest.raises(KeyboardInterrupt):
            guard(stop)(1)

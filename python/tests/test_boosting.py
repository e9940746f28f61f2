# mypy: disable-error-code="attr-defined"
"""XGBoost, LightGBM and Optuna: with stubs, and with the packages where they are installed."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

import pytest

from run_server import RunServer

np = pytest.importorskip("numpy")


@pytest.fixture(autouse=True)
def address(runs: RunServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)


@pytest.fixture
def data() -> Any:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 4))
    return x, x[:, 0] - 2 * x[:, 1] + 0.1 * random.normal(size=200)


# ---- stubs ---------------------------------------------------------------------------------------


def test_rounds_of_xgboost(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    callback = types.ModuleType("xgboost.callback")
    callback.TrainingCallback = type("TrainingCallback", (), {})
    monkeypatch.setitem(sys.modules, "xgboost", types.ModuleType("xgboost"))
    monkeypatch.setitem(sys.modules, "xgboost.callback", callback)
    monkeypatch.delitem(sys.modules, "agnez.integrations.xgboost", raising=False)
    module = importlib.import_module("agnez.integrations.xgboost")
    one = module.AgnezCallback(name, config={"eta": 0.3}, name="first")
    booster = types.SimpleNamespace(attributes=lambda: {"best_iteration": "1", "best_score": "0.5"})
    assert one.before_training(booster) is booster
    for at in range(3):
        values = [0.5 / (past + 1) for past in range(at + 1)]
        log = {"train": {"rmse": values}, "cv": {"rmse": [(value, 0.1) for value in values]}}
        assert one.after_iteration(booster, at, log) is False
    assert one.after_iteration(booster, 3, {"odd": {"rmse": []}}) is False
    assert one.after_training(booster) is booster
    run = runs.run(name)
    assert (run["name"], run["status"], run["config"]) == ("first", "finished", {"eta": 0.3})
    assert run["summary"] == {"best_iteration": 1, "best_score": 0.5}
    expected = [(at, 0.5 / (at + 1)) for at in range(3)]
    assert runs.pairs(name, run["_id"], "train/rmse") == expected
    assert runs.pairs(name, run["_id"], "cv/rmse") == expected
    assert caplog.text.count("has failed") == 1
    sys.modules.pop("agnez.integrations.xgboost")


def test_rounds_of_lightgbm(runs: RunServer, name: str) -> None:
    import agnez.lightgbm

    callback = agnez.lightgbm.AgnezCallback(name)
    for at in range(3):
        results = [("valid_0", "l2", 1 / (at + 1), False), ("cv", "auc", 0.5, True, 0.1)]
        callback(
            types.SimpleNamespace(
                params={"num_leaves": 7},
                iteration=at,
                end_iteration=3,
                evaluation_result_list=results,
            )
        )
    run = runs.run(name)
    assert (run["status"], run["config"]) == ("finished", {"num_leaves": 7})
    assert runs.pairs(name, run["_id"], "valid_0/l2") == [(0, 1), (1, 0.5), (2, 1 / 3)]
    assert runs.pairs(name, run["_id"], "cv/auc") == [(at, 0.5) for at in range(3)]


def test_trials_of_optuna(runs: RunServer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    import agnez.optuna

    own = agnez.init(project=f"{name}-own")
    callback = agnez.optuna.AgnezCallback(name, metric=["loss", "size"])
    study = types.SimpleNamespace(study_name="search")
    for number, state in enumerate(("COMPLETE", "PRUNED", "FAIL")):
        callback(
            study,
            types.SimpleNamespace(
                number=number,
                state=types.SimpleNamespace(name=state),
                params={"lr": 0.1 * number},
                intermediate_values={1: 0.5, 0: 1.0} if number else {},
                values=None if state == "FAIL" else [0.25, 3],
            ),
        )
    callback(study, None)
    assert agnez.run is own and own.flush(60)
    found = {run["name"]: run for (board, _), run in runs.documents.items() if board == name}
    assert {trial: run["status"] for trial, run in found.items()} == {
        "trial 0": "finished",
        "trial 1": "finished",
        "trial 2": "failed",
    }
    assert {run["group"] for run in found.values()} == {"search"}
    assert found["trial 1"]["config"] == {"lr": 0.1} and found["trial 1"]["tags"] == ["pruned"]
    assert found["trial 0"]["summary"] == {"loss": 0.25, "size": 3, "trial": 0}
    assert runs.pairs(name, found["trial 0"]["_id"], "loss") == [(0, 0.25)]
    assert runs.pairs(name, found["trial 1"]["_id"], "loss") == [(0, 1), (1, 0.5)]
    assert caplog.text.count("has failed") == 1


# ---- the packages --------------------------------------------------------------------------------


def test_a_training_of_xgboost(runs: RunServer, name: str, data: Any) -> None:
    xgboost = pytest.importorskip("xgboost")
    import agnez.xgboost

    x, y = data
    train, test = xgboost.DMatrix(x[:150], y[:150]), xgboost.DMatrix(x[150:], y[150:])
    results: dict[str, Any] = {}
    xgboost.train(
        {"max_depth": 2},
        train,
        num_boost_round=5,
        evals=[(train, "train"), (test, "val")],
        evals_result=results,
        verbose_eval=False,
        callbacks=[agnez.xgboost.AgnezCallback(name)],
    )
    run = runs.run(name)
    assert run["status"] == "finished"
    for side in ("train", "val"):
        values = [value for _, value in runs.pairs(name, run["_id"], f"{side}/rmse")]
        assert values == results[side]["rmse"]


def test_a_training_of_lightgbm(runs: RunServer, name: str, data: Any) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    import agnez.lightgbm

    x, y = data
    train = lightgbm.Dataset(x[:150], y[:150])
    results: dict[str, Any] = {}
    lightgbm.train(
        {"objective": "regression", "verbose": -1},
        train,
        num_boost_round=5,
        valid_sets=[train.create_valid(x[150:], y[150:])],
        callbacks=[lightgbm.record_evaluation(results), agnez.lightgbm.AgnezCallback(name)],
    )
    run = runs.run(name)
    assert run["status"] == "finished" and run["config"]["objective"] == "regression"
    values = [value for _, value in runs.pairs(name, run["_id"], "valid_0/l2")]
    assert values == results["valid_0"]["l2"] and len(values) == 5


def test_a_study_of_optuna(runs: RunServer, name: str) -> None:
    optuna = pytest.importorskip("optuna")
    import agnez.optuna

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -1, 1)
        for step in range(3):
            trial.report(x * step, step)
        if trial.number == 1:
            raise optuna.TrialPruned
        return float(x * x)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="squares")
    study.optimize(objective, n_trials=3, callbacks=[agnez.optuna.AgnezCallback(name)])
    assert agnez.Board(name).flush(60)
    found = {run["name"]: run for (board, _), run in runs.documents.items() if board == name}
    assert set(found) == {"trial 0", "trial 1", "trial 2"}
    for trial in study.trials:
        run = found[f"trial {trial.number}"]
        assert run["config"] == {"x": trial.params["x"]} and run["group"] == "squares"
        assert len(runs.pairs(name, run["_id"], "value")) == 3

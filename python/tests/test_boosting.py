# mypy: disable-error-code="attr-defined"
"""XGBoost, LightGBM and Optuna: with stubs, and with the packages where they are installed."""

from __future__ import annotations

import copy
import importlib
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez.integrations._target import Training
from run_server import RunServer
from server import PATIENCE_S, script

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


def lightgbm_round(callback: Any, at: int, rounds: int = 3, **params: Any) -> None:
    callback(
        types.SimpleNamespace(
            params=params,
            iteration=at,
            begin_iteration=0,
            end_iteration=rounds,
            evaluation_result_list=[("valid_0", "l2", 1 / (at + 1), False)],
        )
    )


def documents(runs: RunServer, name: str) -> Any:
    return [document for (board, _), document in runs.documents.items() if board == name]


def test_each_fold_is_a_run_where_early_stopping_ends_it(runs: RunServer, name: str) -> None:
    import agnez.lightgbm

    callback = agnez.lightgbm.AgnezCallback(name)
    for fold in range(5):
        # Another callback for the last fold.
        callback = callback if fold < 4 else agnez.lightgbm.AgnezCallback(name)
        for at in range(2):
            lightgbm_round(callback, at, 3, fold=fold)
    agnez.finish()
    found = documents(runs, name)
    assert [run["config"] for run in found] == [{"fold": fold} for fold in range(5)]
    assert {run["status"] for run in found} == {"finished"}
    for run in found:
        assert runs.pairs(name, run["_id"], "valid_0/l2") == [(0, 1), (1, 0.5)]


def test_a_run_of_the_script_takes_all_folds(runs: RunServer, name: str) -> None:
    import agnez.lightgbm

    with agnez.init(project=name) as run:
        callback = agnez.lightgbm.AgnezCallback(name)
        for fold in range(2):
            lightgbm_round(callback, 0, 3, fold=fold)
        assert agnez.run is run
    (found,) = documents(runs, name)
    assert found["status"] == "finished"
    assert runs.pairs(name, run.id, "valid_0/l2") == [(0, 1), (0, 1)]


def test_two_callbacks_in_turn_continue_neither_run(runs: RunServer, name: str) -> None:
    one, other = Training(name), Training(name)
    for number, training in enumerate((one, other, one, other)):
        training.begin()
        training.set_config({"fit": number})
    agnez.finish()
    found = [(run["config"], run["status"]) for run in documents(runs, name)]
    assert found == [({"fit": at}, "killed" if at < 3 else "finished") for at in range(4)]


@pytest.mark.parametrize("is_same", [True, False])
def test_a_training_does_not_continue_an_interrupted_one(
    runs: RunServer, name: str, is_same: bool
) -> None:
    callback = Training(name)
    callback.begin()
    callback.set_config({"lr": 0.1})
    callback = callback if is_same else Training(name)
    callback.begin()
    callback.set_config({"lr": 0.2})
    callback.end()
    assert agnez.run is None
    found = [(run["config"], run["status"]) for run in documents(runs, name)]
    assert found == [({"lr": 0.1}, "killed"), ({"lr": 0.2}, "finished")]


def test_a_watch_around_a_training_stays(runs: RunServer, name: str) -> None:
    around = Training(name)
    run = around.target
    inside = Training(name)
    inside.begin()
    assert inside.target is run
    inside.end()
    assert agnez.run is run
    around.end()
    (found,) = documents(runs, name)
    assert found["status"] == "finished"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_a_training_of_its_own(runs: RunServer, name: str, copied: Any) -> None:
    original = Training(name)
    copies = [copied(original) for _ in range(2)]
    assert agnez.run is None and not runs.documents
    original.begin()
    for one in [*copies, copied(original)]:
        one.begin()
        one.set_config({"a": 1})
        one.end()
    found = documents(runs, name)
    assert [run["status"] for run in found] == ["killed", *["finished"] * 3]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_training_in_a_process_that_is_spawned(
    runs: RunServer, name: str, tmp_path: Path, is_open: bool
) -> None:
    (tmp_path / "train.py").write_text(
        f"""
import multiprocessing
import agnez
from agnez.integrations._target import Training

def work(training):
    training.begin()
    training.target.log(child=1)
    training.end()

if __name__ == "__main__":
    training = Training({name!r})
    if {is_open}:
        training.begin()
        training.target.log(main=1)
    for _ in range(2):
        child = multiprocessing.get_context("spawn").Process(target=work, args=(training,))
        child.start()
        child.join()
        assert child.exitcode == 0
    if {is_open}:
        training.end()
"""
    )
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(agnez.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    found = documents(runs, name)
    assert [run["status"] for run in found] == ["finished"] * (1 if is_open else 2)
    assert sum(len(runs.pairs(name, run["_id"], "child")) for run in found) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_training_in_a_forked_child(runs: RunServer, name: str, tmp_path: Path) -> None:
    source = f"""
        import os
        from agnez.integrations._target import Training
        training = Training({name!r})
        training.begin()
        training.target.log(main=1)
        child = os.fork()
        if child == 0:
            training.begin()
            training.target.log(child=1)
            training.end()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        training.target.log(main=2)
        training.end()
        """
    process = script(source, tmp_path, runs.url)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    found = documents(runs, name)
    assert [run["status"] for run in found] == ["finished"] * 2
    points = [
        [len(runs.pairs(name, run["_id"], metric)) for metric in ("main", "child")] for run in found
    ]
    assert sorted(points) == [[0, 1], [2, 0]]


def test_trials_are_runs_of_their_own_whatever_the_environment_says(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agnez.optuna

    monkeypatch.setenv("WANDB_RUN_ID", "the-same")
    monkeypatch.setenv("WANDB_RESUME", "must")
    callback = agnez.optuna.AgnezCallback(name)
    for number in range(3):
        trial = types.SimpleNamespace(
            number=number,
            state=types.SimpleNamespace(name="COMPLETE"),
            params={"x": number},
            intermediate_values={},
            values=[number],
        )
        callback(types.SimpleNamespace(study_name="search"), trial)
    assert agnez.Board(name).flush(PATIENCE_S)
    found = documents(runs, name)
    assert [run["config"] for run in found] == [{"x": number} for number in range(3)]
    assert "the-same" not in {run["_id"] for run in found}


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

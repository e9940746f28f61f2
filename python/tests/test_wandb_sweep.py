"""``wandb.sweep`` and ``wandb.agent`` in one process."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import pytest

import agnez as wandb
from agnez import _sweep_space
from run_server import RunServer

PARAMETERS: dict[str, Any] = {
    "lr": {"values": [0.1, 0.01]},
    "layers": {"min": 1, "max": 3},
    "net": {"parameters": {"kind": {"value": "mlp"}, "dropout": {"values": [0.0, 0.5]}}},
}


@pytest.fixture(autouse=True)
def address(runs: RunServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)


def documents(runs: RunServer, board: str) -> list[Any]:
    return [document for (name, _), document in runs.documents.items() if name == board]


def test_a_grid_is_run_once_by_all_agents_together(runs: RunServer, name: str) -> None:
    sweep = wandb.sweep({"method": "grid", "parameters": PARAMETERS}, project=name)
    seen = []

    def train() -> None:
        run = wandb.init(config={"lr": 5, "seed": 7})
        # As scripts do with the defaults of their arguments.
        wandb.config.update({"lr": 9, "epochs": 1})
        wandb.config.lr = 9
        assert run.sweep_id == sweep and run.group == f"sweep {sweep}"
        seen.append(dict(run.config))
        run.log({"loss": wandb.config["lr"]})

    wandb.agent(f"team/project/{sweep}", train, count=5)
    assert len(seen) == 5
    wandb.agent(sweep, function=train)
    assert wandb.run is None and len(seen) == 12
    chosen = [(one["lr"], one["layers"], one["net"]["dropout"]) for one in seen]
    assert chosen == list(itertools.product([0.1, 0.01], [1, 2, 3], [0.0, 0.5]))
    assert all(one["net"]["kind"] == "mlp" for one in seen)
    assert all(one["seed"] == 7 and one["epochs"] == 1 for one in seen)
    found = documents(runs, name)
    assert {document["status"] for document in found} == {"finished"}
    assert [document["config"]["lr"] for document in found] == [one["lr"] for one in seen]
    for document in found:
        (point,) = runs.pairs(name, document["_id"], "loss")
        assert point == (0, document["config"]["lr"])


def test_random_values_have_their_distributions(runs: RunServer, name: str) -> None:
    parameters = {
        "uniform": {"min": 0.5, "max": 1.5},
        "int": {"min": 1, "max": 4},
        "log": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "exponent": {"distribution": "log_uniform", "min": -2, "max": 0},
        "inverse": {"distribution": "inv_log_uniform_values", "min": 1, "max": 10},
        "steps": {"distribution": "q_uniform", "min": 0, "max": 1, "q": 0.25},
        "sizes": {"distribution": "q_log_uniform_values", "min": 16, "max": 256, "q": 16},
        "normal": {"distribution": "normal", "mu": 100, "sigma": 1},
        "wide": {"distribution": "log_normal", "mu": 0, "sigma": 1},
        "beta": {"distribution": "beta", "a": 2, "b": 2},
        "choice": {"values": ["a", "b"], "probabilities": [0, 1]},
        "fixed": {"value": None},
    }
    drawn = list(itertools.islice(_sweep_space.configurations("random", parameters), 500))
    columns = {key: [one[key] for one in drawn] for key in parameters}
    for key, low, high in (
        ("uniform", 0.5, 1.5),
        ("log", 1e-5, 1e-1),
        ("exponent", 0.135, 1),
        ("inverse", 1, 10),
        ("normal", 90, 110),
        ("wide", 0, 1e3),
        ("beta", 0, 1),
    ):
        assert low <= min(columns[key]) < max(columns[key]) <= high, key
    assert set(columns["int"]) == {1, 2, 3, 4}
    assert set(columns["steps"]) == {0, 0.25, 0.5, 0.75, 1}
    assert set(columns["sizes"]) == set(range(16, 257, 16))
    assert set(columns["choice"]) == {"b"} and set(columns["fixed"]) == {None}
    # Half of the logarithms are below the middle one.
    assert 150 < sum(value < 1e-3 for value in columns["log"]) < 350


def test_bayes_is_random_and_a_cap_counts(
    runs: RunServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {
        "method": "bayes",
        "run_cap": 3,
        "early_terminate": {"type": "hyperband"},
        "metric": {"name": "loss"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
    }
    for _ in range(2):
        sweep = wandb.sweep(lambda: settings, project="elsewhere")
        wandb.agent(sweep, function=lambda: wandb.init(), project=name)
    assert len(documents(runs, name)) == 6
    assert len({document["config"]["lr"] for document in documents(runs, name)}) == 6
    assert caplog.text.count("'bayes' takes random values") == 1
    assert caplog.text.count("agnez.sweep ignores early_terminate") == 1


def test_a_call_that_fails_ends_its_run_only(
    runs: RunServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = wandb.sweep({"parameters": {"number": {"values": list(range(5))}}}, project=name)

    def train() -> None:
        number = wandb.init().config.number
        if number == 1:
            raise RuntimeError("out of memory")
        if number == 2:
            sys.exit(3)
        if number == 3:
            sys.exit(0)

    wandb.agent(sweep, train)
    found = documents(runs, name)
    ends = [(document["status"], document.get("exit", {}).get("code")) for document in found]
    assert ends == [
        ("finished", None),
        ("failed", 1),
        ("failed", 3),
        ("finished", None),
        ("finished", None),
    ]
    assert "out of memory" in found[1]["exit"]["traceback"] and "out of memory" in caplog.text


def test_an_agent_stops_where_nothing_works_or_a_person_stops_it(
    runs: RunServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"method": "random", "parameters": {"lr": {"values": [1, 2]}}}
    calls = []

    def fail() -> None:
        calls.append(wandb.init(project=name))
        raise RuntimeError

    wandb.agent(wandb.sweep(settings), fail)
    assert len(calls) == 5 and "first 5 calls of the sweep have failed" in caplog.text

    def interrupt() -> None:
        calls.append(wandb.init(project=name))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wandb.agent(wandb.sweep(settings), interrupt)
    assert len(calls) == 6
    wandb.finish()
    assert wandb.init(project=name, mode="disabled").sweep_id is None, "the sweep is over"


def test_agents_without_a_sweep_or_a_function_do_nothing(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        wandb.agent("abc", function=lambda: None)
        wandb.agent(wandb.sweep({"parameters": {"a": {"value": 1}}}))
    assert caplog.text.count("'abc' is not one of this process") == 1
    assert caplog.text.count("it takes the function to call") == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "sweep takes a dict, not NoneType"),
        ({}, "a sweep needs 'parameters'"),
        ({"method": "guess", "parameters": PARAMETERS}, "'method' must be one of grid, random"),
        ({"parameters": {"lr": 0.1}}, "the parameter 'lr' must be a dict"),
        ({"parameters": {"lr": {"values": []}}}, "'values' of the parameter 'lr' must be a list"),
        ({"parameters": {"lr": {"min": 0.0, "max": 1}}}, "a grid needs 'values' of .* 'lr'"),
        (
            {"method": "random", "parameters": {"lr": {"distribution": "odd"}}},
            "unknown distribution 'odd'",
        ),
        ({"method": "random", "parameters": {"lr": {"min": 1}}}, "'lr' is not a uniform one"),
        (
            {
                "method": "random",
                "parameters": {"lr": {"distribution": "log_uniform_values", "min": 0, "max": 1}},
            },
            "'lr' is not a log_uniform_values one",
        ),
    ],
)
def test_settings_without_a_meaning_raise(settings: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        wandb.sweep(settings)

# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type"
"""Histograms over steps: widening bins loses no value, and many steps are thinned evenly."""

from __future__ import annotations

from typing import Any

import pytest

np = pytest.importorskip("numpy")

from agnez.integrations import _tensors


class Shown:
    """Stands for a run: stores the latest histogram."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {}
        self.notes: list[str] = []

    def _log_at(self, named: dict[str, Any], step: Any) -> None:
        for name, chart in named.items():
            assert chart._keys["type"] == "histogram"
            self.shown[name] = chart._keys["value"]
            if "description" in chart._keys:
                self.notes.append(chart._keys["description"])


def test_bins_that_widen_stay_exact() -> None:
    random, shown = np.random.default_rng(1), Shown()
    spread = _tensors.HistogramOverSteps(shown, "w")
    given = [
        np.zeros(10),
        random.normal(0, 0.01, 1000),
        random.normal(0, 5, 500),
        np.array([300.0, -0.5]),
        random.normal(0, 1e-3, 70),
    ]
    for step, values in enumerate(given):
        spread.add(values, step)
    value = shown.shown["w"]
    assert (
        value["steps"] == [0, 1, 2, 3, 4]
        and value["edges"][0] == -512
        and value["edges"][-1] == 512
    )
    for counts, values in zip(value["counts"], given):
        assert counts == np.histogram(values, value["edges"])[0].tolist()


def test_non_finite_values_are_counted_in_the_description() -> None:
    shown = Shown()
    spread = _tensors.HistogramOverSteps(shown, "w")
    spread.add(np.array([np.nan, np.inf, 1.0]), 7)
    assert sum(shown.shown["w"]["counts"][0]) == 1
    assert shown.notes == ["2 of 3 values were not finite at step 7"]
    spread.add(np.full(3, np.nan), 8)
    assert sum(shown.shown["w"]["counts"][1]) == 0


def test_many_steps_are_thinned_evenly() -> None:
    shown = Shown()
    spread = _tensors.HistogramOverSteps(shown, "w")
    for step in range(1000):
        spread.add(np.array([1.0]), step)
    steps = shown.shown["w"]["steps"]
    assert _tensors.STEPS / 2 <= len(steps) <= _tensors.STEPS
    assert steps[0] == 0 and {after - before for before, after in zip(steps, steps[1:])} == {8}


def test_phases_are_series_of_one_cell() -> None:
    names = ["train_loss", "val/loss", "loss", "test_top 5/acc", "train_", "evaluation"]
    assert [_tensors.split_phase(name) for name in names] == [
        "loss/train",
        "loss/val",
        "loss",
        "top 5/acc/test",
        "train_",
        "evaluation",
    ]

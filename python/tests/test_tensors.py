"""Distributions over steps: bins that widen lose no value, and steps that are many are thinned evenly."""

import pytest

np = pytest.importorskip("numpy")

from agnez.integrations import _tensors


class Shown:
    """In place of a board: keeps the histogram that was shown last."""

    def __init__(self):
        self.told, self.notes = {}, []

    def histogram(self, name, **told):
        self.told[name] = told
        return self

    def note(self, text):
        self.notes.append(text)


def test_bins_that_widen_stay_exact():
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
    told = shown.told["w"]
    assert (
        told["steps"] == [0, 1, 2, 3, 4] and told["edges"][0] == -512 and told["edges"][-1] == 512
    )
    for counts, values in zip(told["counts"], given):
        assert counts == np.histogram(values, told["edges"])[0].tolist()


def test_what_is_not_finite_is_counted_apart():
    shown = Shown()
    spread = _tensors.HistogramOverSteps(shown, "w")
    spread.add(np.array([np.nan, np.inf, 1.0]), 7)
    assert sum(shown.told["w"]["counts"][0]) == 1
    assert shown.notes == ["2 of 3 values were not finite at step 7"]
    spread.add(np.full(3, np.nan), 8)
    assert sum(shown.told["w"]["counts"][1]) == 0


def test_many_steps_are_thinned_evenly():
    shown = Shown()
    spread = _tensors.HistogramOverSteps(shown, "w")
    for step in range(1000):
        spread.add(np.array([1.0]), step)
    steps = shown.told["w"]["steps"]
    assert _tensors.STEPS / 2 <= len(steps) <= _tensors.STEPS
    assert steps[0] == 0 and {after - before for before, after in zip(steps, steps[1:])} == {8}


def test_phases_are_series_of_one_cell():
    names = ["train_loss", "val/loss", "loss", "test_top 5/acc", "train_", "evaluation"]
    assert [_tensors.split_phase(name) for name in names] == [
        "loss/train",
        "loss/val",
        "loss",
        "top 5/acc/test",
        "train_",
        "evaluation",
    ]

# Tests use private attributes.
# mypy: disable-error-code="attr-defined, union-attr"
"""Reading back what a run logged."""

from __future__ import annotations

import pytest

import agnez
from run_server import RunServer, finished


def test_reading_back(runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agnez.reading, "_RUNS_PER_REQUEST", 2)
    monkeypatch.setattr(agnez.reading, "_POINTS_PER_REQUEST", 3)
    for number in range(5):
        finished(runs, name, id=f"r{number}")
    found = agnez.runs(name, url=runs.url)
    assert [run["_id"] for run in found] == [f"r{number}" for number in range(5)]
    assert len(agnez.runs(name, limit=3, url=runs.url)) == 3
    with agnez.init(project=name, id="r9", url=runs.url) as run:
        for value in (1.0, float("nan"), 3.0, float("inf"), 5.0):
            run.log(loss=value)
        history = run.history("loss")
    assert history["step"] == [0, 1, 2, 3, 4] and str(history["value"][1]) == "nan"
    assert history["value"][3] == float("inf") and len(history["time"]) == 5
    with pytest.raises(agnez.Error, match="has no metric acc"):
        agnez.history(name, "r9", "acc", url=runs.url)
    with pytest.raises(agnez.Error, match="is missing at column 2"):
        agnez.runs(name, q="(", url=runs.url)
    with pytest.raises(agnez.Error, match="does not answer"):
        agnez.runs(name, url="http://127.0.0.1:9")

"""The example of a comparison: 12 trainings, one of which diverges."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from run_server import RunServer
from server import PATIENCE_S

pytest.importorskip("sklearn")
EXAMPLE = Path(__file__).parents[2] / "examples/sweep.py"


def test_one_of_twelve_runs_diverges(runs: RunServer, name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--project", name, "--steps", "22", "--url", runs.url],
        env={**os.environ, "AGNEZ_CAPTURE": "0"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    documents = [document for (board, _), document in runs.documents.items() if board == name]
    configs = [document["config"] for document in documents]
    combinations = {(config["lr"], config["batch"], config["seed"]) for config in configs}
    assert len(documents) == len(combinations) == 12
    assert {document["status"] for document in documents} == {"finished"}
    diverged = []
    for document in documents:
        curves = [
            runs.pairs(name, document["_id"], metric)
            for metric in ("train/loss", "val/loss", "val/acc")
        ]
        for curve in curves:
            assert [step for step, _ in curve] == [0, 10, 20, 21][: len(curve)]
            assert all(math.isfinite(value) for _, value in curve[:-1])
        ends = [curve[-1][1] for curve in curves]
        if all(map(math.isnan, ends)):
            diverged.append(document)
        else:
            assert all(map(math.isfinite, ends)) and {len(curve) for curve in curves} == {4}
    assert [(one["config"]["lr"], one["config"]["batch"]) for one in diverged] == [(0.4, 16)]
    assert done.stdout.count("diverged before step") == 1

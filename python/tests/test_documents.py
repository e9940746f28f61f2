"""What the documents show is what runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import agnez
from run_server import RunServer
from server import PATIENCE_S

ROOT = Path(__file__).parents[2]


def blocks(document: Any) -> Any:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.S)


def test_the_recipes_show_the_example(runs: RunServer) -> None:
    example = ROOT / "examples/client.py"
    assert example.read_text(encoding="utf-8") in blocks("docs/python.md")
    done = subprocess.run(
        [sys.executable, str(example)],
        env={**os.environ, "AGNEZ_URL": runs.url},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    run = runs.run("digits")
    assert (run["name"], run["status"], run["summary"]) == ("first", "finished", {"best": 0.95})
    assert runs.metrics("digits", run["_id"]) == {"loss", "acc/train", "acc/val"}
    assert len(runs.pairs("digits", run["_id"], "loss")) == 200
    assert runs.values["digits", run["_id"], "sample"]["step"] == 150


def test_the_readme_runs(runs: RunServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    for block in blocks("README.md"):
        if "agnez" in block:
            exec(compile(block, "README.md", "exec"), {})
    assert agnez.Board("digits").flush(60)
    assert {"loss", "acc"} == {cell["name"] for cell in runs.cells.values()}
    compared = [document for (board, _), document in runs.documents.items() if board == "compare"]
    assert [document["config"] for document in compared] == [{"lr": 0.1}, {"lr": 0.3}]


def test_every_recipe_runs(runs: RunServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", runs.url)
    here: dict[str, Any] = {}
    for recipe in blocks("docs/python.md"):
        exec(compile(recipe, "docs/python.md", "exec"), here)
    assert agnez.Board("mnist").flush(60)
    assert len(here["losses"]["step"]) == 100 and here["also"] == here["losses"]
    assert {run["name"] for (board, _), run in runs.documents.items() if board == "mnist"} == {
        "adam",
        "first",
    }
    assert {
        "loss",
        "Learning rate",
        "sample",
        "film",
        "Loss",
        "runs",
        "weights",
        "confusion",
        "accuracy",
        "embedding",
        "best",
        "notes",
        "page",
    } <= {cell["name"] for cell in runs.cells.values()}
    assert [block["mosaic"] for block in runs.blocks] == ["ABC;DEF", "AAB;AAC", "hero-thirds"]


def test_every_public_thing_is_documented() -> None:
    for name in agnez.__all__:
        thing = getattr(agnez, name)
        if isinstance(thing, type):
            public = [
                member
                for key, member in vars(thing).items()
                if not key.startswith("_") and callable(member)
            ]
            assert thing.__doc__ and all(member.__doc__ for member in public), name

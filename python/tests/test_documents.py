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
from server import PATIENCE_S, Server

ROOT = Path(__file__).parents[2]


def blocks(document: Any) -> Any:
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.S)


def test_the_recipes_show_the_example(server: Server, tmp_path: Path) -> None:
    example = ROOT / "examples/client.py"
    assert example.read_text(encoding="utf-8") in blocks("docs/python.md")
    done = subprocess.run(
        [sys.executable, str(example)],
        env={**os.environ, "AGNEZ_URL": server.url},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    cells = {cell["name"]: cell for cell in server.cells("digits").values()}
    assert set(cells) == {"config/first", "loss", "acc", "sample", "Loss by epoch", "Weights"}
    assert cells["loss"]["value"]["series"]["first"]["points"] == 200
    assert set(cells["acc"]["value"]["series"]) == {"first/train", "first/val"}


def test_the_readme_runs(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", own_server.url)
    for block in blocks("README.md"):
        if "agnez" in block:
            exec(compile(block, "README.md", "exec"), {})
    assert agnez.Board("digits").flush(60)
    assert {"loss", "acc"} == {cell["name"] for cell in own_server.cells("digits").values()}
    compared = own_server.cells("compare").values()
    assert [(cell["name"], list(cell["value"]["series"])) for cell in compared] == [
        ("loss", ["lr 0.1", "lr 0.3"])
    ]


def test_every_recipe_runs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_URL", server.url)
    here: dict[str, Any] = {}
    for recipe in blocks("docs/python.md"):
        exec(compile(recipe, "docs/python.md", "exec"), here)
    assert agnez.Board("mnist").flush(60)
    found = {
        name: {cell["name"]: cell["type"] for cell in server.cells(name).values() if "type" in cell}
        for name in ("mnist", "compare")
    }
    assert {
        "loss",
        "acc",
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
        "config/first",
    } <= set(found["mnist"])
    assert found["compare"] == {"loss": "line", "config/adam": "table", "config/sgd": "table"}


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

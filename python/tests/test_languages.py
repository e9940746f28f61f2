"""The same small run in each installed language, twice: the board is the same afterwards."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server import Server

FOLDER = Path(__file__).parents[2] / "examples" / "languages"
LUA = next((name for name in ("lua5.4", "lua", "luajit") if shutil.which(name)), "lua5.4")
RUNS = {
    "python": ["python3", "run.py"],
    "shell": ["sh", "run.sh"],
    "javascript": ["node", "run.mjs"],
    "lua": [LUA, "run.lua"],
    "cpp": ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "run.cpp", "-lcurl", "-o"],
    "r": ["Rscript", "run.R"],
}
#: What must be there beside the interpreter, and how to ask for it.
NEEDS = {
    "lua": [LUA, "-e", 'require("socket.http")'],
    "cpp": ["sh", "-c", "echo '#include <curl/curl.h>' | g++ -E -x c++ - -o /dev/null"],
    "r": ["Rscript", "-e", "library(curl)"],
    "shell": ["sh", "-c", "curl --help all | grep -q fail-with-body && awk 'BEGIN {}'"],
}


@pytest.mark.parametrize("language", RUNS)
def test_a_run_twice_is_the_same_board(language: Any, own_server: Server, tmp_path: Path) -> None:
    command = RUNS[language]
    if not shutil.which(command[0]) or (
        language in NEEDS and subprocess.run(NEEDS[language], capture_output=True).returncode
    ):
        pytest.skip(f"{command[0]} or what the example needs is not installed (tools/languages.sh)")
    if language == "cpp":
        subprocess.run([*command, str(tmp_path / "run")], cwd=FOLDER, check=True)
        command = [str(tmp_path / "run")]
    for _ in range(2):
        subprocess.run(
            command,
            cwd=FOLDER,
            env={**os.environ, "AGNEZ_URL": own_server.url},
            check=True,
            timeout=60,
        )
    cells = own_server.named(language)
    assert {name: cell["type"] for name, cell in cells.items()} == {
        "Loss": "line",
        "About this run": "text",
    }
    assert cells["About this run"]["value"] == "50 steps, train loss **0.0169**"
    train, val = (own_server.pairs(cells["Loss"]["_id"], series) for series in ("train", "val"))
    assert [step for step, _ in train] == [step for step, _ in val] == list(range(50))
    # Each language's exp may differ in the last bit; the decimals between must not lose more.
    for step in range(50):
        assert math.isclose(train[step][1], math.exp(-step / 12), rel_tol=1e-15)
        assert math.isclose(val[step][1], math.exp(-step / 12) + step / 500, rel_tol=1e-15)


def test_a_run_without_a_server_says_so() -> None:
    unreachable = {**os.environ, "AGNEZ_URL": "http://localhost:9"}
    for language in ("python", "shell", "javascript"):
        if shutil.which(RUNS[language][0]):
            done = subprocess.run(
                RUNS[language],
                cwd=FOLDER,
                env=unreachable,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode and done.stderr, language

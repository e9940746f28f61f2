# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="union-attr"
"""The environment of a person at a desk, for tests of the first minute."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from agnez import _environment
from server import (
    PATIENCE_S,
    script,
)

LOOP = """
    import agnez
    board = agnez.Board("first")
    for step in range(20):
        board.log(step=step, loss=step, acc=step)
    board.text("note", "hi")
"""
RANKS = (
    "RANK",
    "OMPI_COMM_WORLD_RANK",
    "SLURM_PROCID",
    "LOCAL_RANK",
    "NODE_RANK",
    "GROUP_RANK",
)
UNATTENDED = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "KUBERNETES_SERVICE_HOST", "CI")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a person at a desk."""
    for name in list(os.environ):
        is_cluster = name.startswith(_environment._CLUSTER_PREFIXES)
        if is_cluster or name in (*UNATTENDED, *RANKS, "AGNEZ_QUIET", "AGNEZ_URL", "AGNEZ_START"):
            monkeypatch.delenv(name)


def at_port(code: str, port: int) -> str:
    """The code of a script for which another address is the default, and PATH has the program."""
    return (
        "import agnez, agnez._server, shutil\n"
        f'agnez._transport.credentials.DEFAULT_URL = "http://localhost:{port}"\n'
        'agnez._server.find_program = lambda: shutil.which("agnez")\n'
        f"{textwrap.dedent(code)}"
    )


def errors_of(code: str, tmp_path: Path, url: str, **named: Any) -> list[str]:
    """What a script writes on standard error."""
    process = script(code, tmp_path / "spool", url, **named)
    errors: str = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 0, errors
    return errors.splitlines()


def refuses(*_: Any) -> Any:
    return 200, "application/json", b'{"_id": "a", "appended": 1}'

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import agnez
from agnez import _active_run, _messages
from agnez._transport import client
from run_server import RunServer
from server import Server, temporary


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    folder = temporary()
    server = Server(folder).start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Any]:
    """One that a test may stop and start."""
    server = Server(tmp_path / "server").start()
    yield server
    server.kill()


@pytest.fixture
def runs() -> Iterator[Any]:
    """A server of runs that records what it gets."""
    server = RunServer()
    yield server
    server.stop()


@pytest.fixture
def name() -> Any:
    return f"b{uuid.uuid4().hex[:12]}"


@pytest.fixture
def board(server: Server, name: str, tmp_path: Path) -> Iterator[Any]:
    board = agnez.Board(name, url=server.url, spool=str(tmp_path / "spool"))
    yield board
    board.close()


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Each test has its own warnings, and never the spools of the person who runs it."""
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AGNEZ_QUIET", "1")
    monkeypatch.setenv("AGNEZ_CAPTURE", "0")
    monkeypatch.setattr(_messages, "_seen", set())
    yield
    while _active_run.run is not None:
        _active_run.run.finish(timeout=0.5)
    for one in client.clients():
        one.close(0.5)
    client._clients.clear()

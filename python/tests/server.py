"""The real server, for tests: on a free port, with a folder of its own, ended by its process."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

BINARY = Path(
    os.environ.get("AGNEZ_BIN", Path(__file__).parents[2] / "target/release/agnez")
).absolute()
#: Far above what anything takes on a busy machine: a test that waits so long has failed.
PATIENCE_S = 60


class Server:
    def __init__(self, folder: Path, port: int = 0, flags=()) -> None:
        self.folder = folder
        self.flags = list(flags)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> Server:
        env = {name: value for name, value in os.environ.items() if not name.startswith("AGNEZ_")}
        args = [
            str(BINARY),
            "--port",
            str(self.port),
            "--data",
            str(self.folder / "data"),
            "--images",
            str(self.folder / "images"),
            *self.flags,
        ]
        self.process = subprocess.Popen(
            args,
            env={**env, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in self.process.stdout:
            address = re.search(r"http://[^\s/]+:(\d+)", line)
            if address:
                self.port = int(address[1])
                self.url = f"http://127.0.0.1:{self.port}"
                # Nobody else reads its log, and a full pipe would stop it.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return self
        raise AssertionError(f"{BINARY} did not start: AGNEZ_BIN names another")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, path: str, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, data, method=method), timeout=PATIENCE_S
        ) as answer:
            return json.loads(answer.read())

    def cell(self, id: str):
        return self.ask(f"/values/{id}")

    def cells(self, board: str):
        return {cell["_id"]: cell for cell in self.ask(f"/values?board={board}")}

    def named(self, board: str):
        """The documents of a board by their names."""
        return {cell.get("name", cell["_id"]): cell for cell in self.ask(f"/values?board={board}")}

    def has(self, id: str) -> bool:
        try:
            self.cell(id)
            return True
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return False

    def points(self, id: str, series: str):
        """All points of a series: x, y, t."""
        out, start = [], 0
        while start is not None:
            page = self.ask(
                f"/values/{id}/points?series={urllib.parse.quote(series, safe='')}&from={start}&limit=10000"
            )
            out += [tuple(float(number) for number in point) for point in page["points"]]
            start = page["next"]
        return out

    def pairs(self, id: str, series: str):
        """All points of a series: x, y."""
        return [point[:2] for point in self.points(id, series)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def eventually(what, why: str = "") -> None:
    """Waits until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, why or "it did not happen"
        time.sleep(0.01)


def temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="agnez-python-"))


def steps(server, id, series):
    return [point[0] for point in server.points(id, series)]


def script(text, spool, url, **named):
    """A training script in a process of its own."""
    source = textwrap.dedent(text)
    # A fork beside a thread warns from Python 3.12 on; here it is what is tried.
    env = {
        **os.environ,
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        "AGNEZ_URL": url,
        "AGNEZ_SPOOL": str(spool),
    }
    return subprocess.Popen(
        [sys.executable, "-c", source],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **named,
    )

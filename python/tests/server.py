# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="no-any-return, union-attr"
"""The real server for tests: on a free port, with its own folder."""

from __future__ import annotations

import base64
import http.server
import io
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
from typing import Any

import agnez
from agnez._spool import paths

BINARY = Path(
    os.environ.get("AGNEZ_BIN", Path(__file__).parents[2] / "target/release/agnez")
).absolute()
#: Longer than anything takes on a busy machine.
PATIENCE_S = 60


class Server:
    def __init__(self, folder: Path, port: int = 0, flags: Any = ()) -> None:
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
                # Read its log: a full pipe would stop the server.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return self
        raise AssertionError(f"{BINARY} did not start: AGNEZ_BIN names another")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, path: str, body: Any = None, method: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, data, method=method), timeout=PATIENCE_S
        ) as answer:
            return json.loads(answer.read())

    def cell(self, id: str) -> Any:
        return self.ask(f"/values/{id}")

    def cells(self, board: str) -> Any:
        return {cell["_id"]: cell for cell in self.ask(f"/values?board={board}")}

    def named(self, board: str) -> Any:
        """The documents of a board by their names."""
        return {cell.get("name", cell["_id"]): cell for cell in self.ask(f"/values?board={board}")}

    def has(self, id: str) -> bool:
        try:
            self.cell(id)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False
        return True

    def points(self, id: str, series: str) -> Any:
        """All points of a series: x, y, t."""
        out, start = [], 0
        while start is not None:
            page = self.ask(
                f"/values/{id}/points?series={urllib.parse.quote(series, safe='')}"
                f"&from={start}&limit=10000"
            )
            out += [tuple(float(number) for number in point) for point in page["points"]]
            start = page["next"]
        return out

    def pairs(self, id: str, series: str) -> Any:
        """All points of a series: x, y."""
        return [point[:2] for point in self.points(id, series)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def eventually(what: Any, why: str = "") -> None:
    """Waits until something is so."""
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, why or "it did not happen"
        time.sleep(0.01)


def temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="agnez-python-"))


def steps(server: Server, id: Any, series: Any) -> Any:
    return [point[0] for point in server.points(id, series)]


def script(text: Any, spool: Any, url: Any, **named: Any) -> Any:
    """A training script in a process of its own."""
    source = textwrap.dedent(text)
    # Python 3.12 warns of a fork beside a thread, which tests try on purpose.
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


#: An address without a server.
AWAY = "http://127.0.0.1:9"


def abandoned_spool(spool: Path, code: str, url: str = AWAY) -> Path:
    """The spool of a process that ran the code and ended without closing it."""
    env = {**os.environ, "AGNEZ_SPOOL": str(spool), "AGNEZ_URL": url}
    code = "import agnez, os\n" + textwrap.dedent(code) + "\nos._exit(0)"
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=60).returncode == 0
    return paths.list_spools(spool)[-1]


def sent(board: agnez.Board) -> None:
    assert board.flush(60)


def size_of(cell: dict[str, Any]) -> Any:
    """Width and height of the picture in a cell."""
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(cell["value"].split(",", 1)[1]))).size


class Other:
    """Another program's server: answers every change with ``say(method, path, body, headers)``.

    It says in each response that it is Agnez, as a proxy in front of Agnez does, unless it is not
    ``is_marked``: then it answers every question with ``status``, and ``changes`` stays empty.
    """

    def __init__(
        self, say: Any, *, is_marked: bool = True, status: int = 200, port: int = 0
    ) -> None:
        self.changes: list[str] = []
        self.questions: list[Any] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def end_headers(self) -> None:
                if is_marked:
                    self.send_header("Agnez-Api", "1")
                super().end_headers()

            def do_HEAD(self) -> None:
                outer.questions.append(self.headers)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                outer.changes.append(f"{self.command} {self.path}")
                status, kind, text = say(
                    self.command,
                    self.path,
                    self.rfile.read(int(self.headers["Content-Length"])),
                    self.headers,
                )
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PATCH = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()

# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, index"
"""A server that takes requests with a token only, and the tokens of the tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agnez._transport import credentials

TOKEN = "agz_dGhpcy1tdXN0LWJlLXNlZW4tbm93aGVyZQ"
WRONG = "agz_d3JvbmctYnV0LXNlY3JldC1hcy13ZWxs"


def refusal(kind: str, message: str) -> dict[str, Any]:
    return {"className": kind, "message": message}


class StandIn:
    """A server under ``/agnez`` that accepts every request with the token."""

    def __init__(self, token: Any = TOKEN, context: Any = None) -> None:
        self.token = token
        self.seen: list[Any] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def end_headers(self) -> None:
                self.send_header("Agnez-Api", "1")
                super().end_headers()

            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                given = self.headers.get("Authorization")
                if given is None:
                    status, answer = 401, refusal("not-authenticated", "This server wants a token.")
                elif given == f"Bearer {WRONG}":
                    status, answer = 403, refusal("forbidden", f"The token {WRONG} may only read.")
                elif given != f"Bearer {stand_in.token}":
                    status, answer = 401, refusal("not-authenticated", "This token is not known.")
                else:
                    status, answer = 201, {"_id": "a", "appended": 1}
                stand_in.seen.append((status, self.path, given, body))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PATCH = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://localhost:{self.http.server_port}/agnez"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def statuses(self) -> Any:
        return {status for status, *_ in self.seen}

    def points(self) -> Any:
        """The bodies of points that were taken."""
        return [
            body
            for status, path, _, body in self.seen
            if status == 201 and path.endswith(("/points", "/log"))
        ]

    def end(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    for name in ("AGNEZ_TOKEN", "AGNEZ_URL", "AGNEZ_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(credentials, "_tokens", {})
    server = StandIn()
    yield server
    server.end()

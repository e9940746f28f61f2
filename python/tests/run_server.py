# mypy: disable-error-code="no-any-return"
"""A small server of runs that records what the client sends, and can be stopped and refuse."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import time
import urllib.parse
from typing import Any

import agnez
from agnez._transport import request_builder

_RUN = re.compile(r"/boards/([^/]+)/runs/([^/]+)(?:/(log|heartbeat|console|restore|history))?")


class RunServer:
    """Documents, points, values and console output of runs; of cells only their documents."""

    def __init__(self, port: int = 0) -> None:
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}
        #: By board, run and metric: step, value, time.
        self.logged: dict[tuple[str, str, str], list[Any]] = {}
        self.values: dict[tuple[str, str, str], Any] = {}
        self.consoles: dict[tuple[str, str], str] = {}
        self.beats: list[tuple[str, str]] = []
        self.cells: dict[str, dict[str, Any]] = {}
        self.cell_points: dict[tuple[str, str], list[Any]] = {}
        #: Blocks of layouts, in the order of the requests.
        self.blocks: list[dict[str, Any]] = []
        #: Method, path and body of each change.
        self.changes: list[tuple[str, str, bytes]] = []
        self.headers: list[Any] = []
        self.deleted: set[tuple[str, str]] = set()
        #: Metrics that are refused with 400.
        self.refused: set[str] = set()
        self._keys: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.port = port
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RunServer:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with outer._lock:
                    status, document = outer.respond(self.command, self.path, body, self.headers)
                text = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Agnez-Api", "1")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    # The client may have been killed.
                    with contextlib.suppress(OSError):
                        self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer

            def log_message(self, *_: Any) -> None:
                pass

        http.server.ThreadingHTTPServer.daemon_threads = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ---- for tests -------------------------------------------------------------------------------

    def run(self, board: str, id: str | None = None) -> Any:
        """The document of a run; without an id, of the only run of the board."""
        if id is None:
            (id,) = [run for name, run in self.documents if name == board]
        return self.documents[board, id]

    def pairs(self, board: str, id: str, metric: str) -> Any:
        """All points of a metric: step, value."""
        return [(step, value) for step, value, _ in self.logged.get((board, id, metric), [])]

    def metrics(self, board: str, id: str) -> Any:
        return {metric for name, run, metric in self.logged if (name, run) == (board, id)}

    # ---- requests --------------------------------------------------------------------------------

    def respond(self, method: str, path: str, body: bytes, headers: Any) -> tuple[int, Any]:
        if method == "HEAD":
            return 200, None
        url = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if method == "GET":
            return self._read(url.path, query)
        self.changes.append((method, path, body))
        self.headers.append(headers)
        key = headers.get("Idempotency-Key")
        if key is not None and key in self._keys:
            known, response = self._keys[key]
            assert known == (method, path, body), "one key for two requests"
            return response
        response = self._change(method, url.path, query, body)
        if key is not None and response[0] < 300:
            self._keys[key] = (method, path, body), response
        return response

    def _read(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        listed = re.fullmatch(r"/boards/([^/]+)/runs", path)
        if listed:
            runs = [doc for (board, _), doc in self.documents.items() if board == listed[1]]
            if query.get("q") == "(":
                return 400, {"className": "bad-request", "message": "q: ')' is missing at column 2"}
            start, most = int(query["$skip"]), int(query["$limit"])
            return 200, runs[start : start + most]
        if re.fullmatch(r"/boards/([^/]+)/layout", path):
            return 200, {"blocks": self.blocks, "cells": {id: {} for id in self.cells}}
        one = _RUN.fullmatch(path)
        if one is None:
            return 404, _error("not-found", f"there is no {path}")
        run = (one[1], one[2])
        if run in self.deleted:
            return 404, _error("not-found", "the run is deleted")
        if run not in self.documents:
            return 404, _error("not-found", f"there is no run {one[2]}")
        if one[3] != "history":
            return 200, self.documents[run]
        points = self.logged.get((*run, query["metric"]))
        if points is None:
            return 404, _error("not-found", f"the run has no metric {query['metric']}")
        start, most = int(query["from"]), int(query["limit"])
        steps, numbers, times = ([point[at] for point in points[start:][:most]] for at in range(3))
        return 200, {"step": steps, "value": numbers, "time": times, "total": len(points)}

    def _change(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        if method == "PUT" and path.endswith("/layout"):
            self.blocks += json.loads(body).get("blocks", [])
            return 200, {"blocks": self.blocks, "cells": {}}
        one = _RUN.fullmatch(path)
        if one is None:
            return self._change_cell(method, path, body)
        run, what = (one[1], one[2]), one[3]
        if what == "restore":
            if run not in self.documents:
                return 404, _error("not-found", f"there is no run {one[2]}")
            self.deleted.discard(run)
            return 200, self.documents[run]
        if run in self.deleted:
            return 410, _error("gone", f"the run {one[2]} is deleted")
        if what == "heartbeat":
            self.beats.append(run)
            return 204, None
        if method == "PATCH" and query.get("upsert") == "true":
            document = self.documents.setdefault(run, {"_id": one[2]})
            keys = json.loads(body)
            document.update(keys)
            for key in [key for key, value in keys.items() if value is None]:
                document.pop(key)
            return 200, document
        self.documents.setdefault(run, {"_id": one[2], "name": one[2], "status": "running"})
        if what == "console":
            self.consoles[run] = self.consoles.get(run, "") + body.decode()
            return 200, {"bytes": len(self.consoles[run].encode())}
        assert what == "log"
        return self._log(run, json.loads(body))

    def _log(self, run: tuple[str, str], objects: Any) -> tuple[int, Any]:
        assert isinstance(objects, list)
        if self.refused.intersection(name for each in objects for name in each):
            return 400, _error("bad-request", "this metric is refused")
        points = 0
        for each in objects:
            step, at = each.pop("step"), each.pop("time")
            assert abs(at - time.time()) < 1e6
            for name, value in each.items():
                if isinstance(value, dict):
                    self.values[(*run, name)] = {"step": step, **value}
                    continue
                self.logged.setdefault((*run, name), []).append((step, float(value), at))
                points += 1
        return 201, {"run": run[1], "points": points, "cells": {}}

    def _change_cell(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/points":
            for (cell, series), (x, y, _) in request_builder.decode_points(body).items():
                self.cell_points.setdefault((cell, series), []).extend(zip(x, y))
            return 201, {"appended": 1}
        documents = json.loads(body)
        if method == "POST":
            several = documents if isinstance(documents, list) else [documents]
            for document in several:
                self.cells.setdefault(document["_id"], document)
            return 201, documents
        id = urllib.parse.unquote(path.rpartition("/")[2])
        self.cells.setdefault(id, {"_id": id}).update(documents)
        return 200, self.cells[id]


def _error(name: str, message: str) -> dict[str, Any]:
    return {"className": name, "message": message}


def finished(runs: RunServer, board: str, **arguments: Any) -> Any:
    """A run of one point that has ended."""
    with agnez.init(project=board, url=runs.url, **arguments) as run:
        run.log(loss=1)
    return run

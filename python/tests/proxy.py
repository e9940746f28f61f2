"""A small HTTP proxy that does to a client what networks and servers do at their worst."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections import Counter as Counts

#: What the proxy does to a request. ``pass``: forwards it. ``hole``: never answers. ``drip``:
#: answers at one byte a second. ``fail``: answers 500 without forwarding it. ``cut``: forwards half
#: of the body, then closes. ``lose``: forwards it and drops the answer. ``garbage``: answers
#: something that is not HTTP. ``foreign``: answers 403 like another program. ``refuse``: does not
#: listen.
MODES = ("pass", "hole", "drip", "fail", "cut", "lose", "garbage", "foreign", "refuse")


class Proxy:
    """Listens at ``url`` and forwards to the server on a port.

    ``mode`` may change at any time; ``seen`` counts the requests of each mode.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.seen: Counts[str] = Counter()
        self._mode = "pass"
        self._listener: socket.socket | None = None
        self._port = 0
        self._is_ended = threading.Event()
        self._listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def mode(self) -> str:
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        assert mode in MODES
        self._mode = mode
        if mode == "refuse" and self._listener is not None:
            self._close_listener()
        elif mode != "refuse" and self._listener is None:
            self._listen()

    def wait_for(self, mode: str, count: int = 1) -> None:
        """Until so many requests more have met this fate; fails after 60 seconds."""
        target, until = self.seen[mode] + count, time.monotonic() + 60
        while self.seen[mode] < target:
            assert time.monotonic() < until, f"no request met '{mode}'"
            time.sleep(0.005)

    def end(self) -> None:
        self._is_ended.set()
        if self._listener is not None:
            self._close_listener()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                # Wakes the thread that waits in accept().
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        kept = b""
        with client:
            try:
                while not self._is_ended.is_set():
                    request, kept = _message(client, kept)
                    if not request or not self._answer(client, request):
                        return
            except OSError:
                return

    def _answer(self, client: socket.socket, request: bytes) -> bool:
        """Whether the line stays open."""
        mode = self._mode
        if request.startswith(b"HEAD ") and mode in ("lose", "cut", "drip"):
            # Fates of changes: the question whether this is Agnez passes.
            with socket.create_connection(("127.0.0.1", self.upstream), 20) as server:
                server.sendall(request)
                reply, _ = _message(server, b"")
                client.sendall(reply)
            return bool(reply)
        try:
            if mode == "hole":
                self.seen[mode] += 1
                client.settimeout(60)
                return bool(client.recv(1))
            if mode == "fail":
                client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
                return True
            if mode == "foreign":
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nlogin")
                return True
            if mode == "garbage":
                client.sendall(b"SSH-2.0-nothing\r\n\r\n")
                return False
            if mode == "refuse":
                _reset(client)
                return False
            head = request.index(b"\r\n\r\n") + 4
            with socket.create_connection(("127.0.0.1", self.upstream), 20) as server:
                if mode == "cut":
                    server.sendall(request[: head + (len(request) - head) // 2])
                    _reset(server)
                    _reset(client)
                    return False
                server.sendall(request)
                reply, _ = _message(server, b"")
            if mode == "lose":
                _reset(client)
                return False
            if mode == "drip":
                self.seen[mode] += 1
                for at in range(len(reply)):
                    client.sendall(reply[at : at + 1])
                    if self._is_ended.wait(1):
                        return False
                return True
            client.sendall(reply)
            return bool(reply)
        finally:
            if mode not in ("hole", "drip"):
                self.seen[mode] += 1


def _message(line: socket.socket, kept: bytes) -> tuple[bytes, bytes]:
    """One request or answer with its body, and what came after it; empty at the end."""
    data = kept
    while b"\r\n\r\n" not in data:
        more = line.recv(65536)
        if not more:
            return b"", b""
        data += more
    head = data.index(b"\r\n\r\n") + 4
    length = 0
    for field in data[:head].lower().split(b"\r\n"):
        if field.startswith(b"content-length:"):
            length = int(field.partition(b":")[2])
    while len(data) < head + length:
        more = line.recv(65536)
        if not more:
            return b"", b""
        data += more
    return data[: head + length], data[head + length :]


def _reset(line: socket.socket) -> None:
    """Closes with RST."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()

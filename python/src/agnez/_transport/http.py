"""Requests to the server: one connection that is kept, and a limit to the time of each request as a whole."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

from .credentials import token_for

_CONNECT_S = 3.0
# A connection would load the codec: a fork at that moment would leave the child without it.
"localhost".encode("idna")

#: A request has this time, and more for each byte it sends.
_REQUEST_S = 10.0
_BYTES_PER_S = 200_000
#: No answer of the server's is longer than a cell.
_ANSWER_BYTES = 32 << 20
_LONG_ANSWER_BYTES = 64 << 10
#: Every answer to a change has one of these.
_RESPONSE_KEYS = ("_id", "appended", "repeated")


@dataclass
class Request:
    """``path`` stands behind the server's address and begins with ``/``."""

    method: str
    path: str
    body: bytes = b""
    kind: str = "application/json"
    key: str | None = None
    #: The ids of the cells that it is about.
    cells: list[str] = field(default_factory=list)


@dataclass
class Response:
    status: int
    body: bytes
    #: Seconds, as the server asked for.
    retry_after: float | None = None

    def error(self) -> dict[str, Any]:
        """The server's error document, empty when somebody else answers at the address."""
        told = parse_json(self.body)
        return told if isinstance(told, dict) and "className" in told else {}

    @property
    def is_refusal(self) -> bool:
        """Whether sending the same again would give the same answer."""
        # 413 and 414 are a proxy's word as well: it will not let this through, and what comes behind it must not wait.
        return self.status in (413, 414) or (
            400 <= self.status < 500
            and self.status not in (401, 403, 408, 425, 429)
            and bool(self.error())
        )

    @property
    def is_denied(self) -> bool:
        """Whether a token is missing or wrong: with another one the same would be taken."""
        return self.status in (401, 403)

    @property
    def is_accepted(self) -> bool:
        """Whether the server says that it did what was asked: somebody else at its address may answer 200 as well."""
        if not 200 <= self.status < 300:
            return False
        if len(self.body) > _LONG_ANSWER_BYTES:
            # A cell with a large value: reading it would hold up the training.
            text = self.body.strip()
            return text[:1] + text[-1:] in (b"{}", b"[]") and any(
                b'"%s"' % name.encode() in text for name in _RESPONSE_KEYS
            )
        told = parse_json(self.body)
        first = told[0] if isinstance(told, list) and told else told
        return isinstance(first, dict) and any(name in first for name in _RESPONSE_KEYS)


def parse_json(text: bytes) -> Any:
    """What JSON says; nothing where it is none, whatever is wrong with it: half a character, nested deeper than the stack, larger than
    the memory."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        return None


class ServerUnreachable(Exception):
    """No answer: refused, reset, silent, too slow, or not HTTP."""


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes until a point in time, however slowly they come."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _DeadlineSocket:
    """What ``http.client`` reads an answer from."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._until))


def cell_path(id: str) -> str:
    return f"/values/{quote(id, safe='')}"


class ServerConnection:
    """To the server at an address that :func:`agnez.access.address` gave. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._base = parts.path
        self._is_tls = parts.scheme == "https"
        self._host, self._port = cast(str, parts.hostname), parts.port
        self._connection: http.client.HTTPConnection | None = None
        #: Nobody waits longer than that, whatever is on its way: ``time.monotonic()``.
        self.until = float("inf")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """In the child of a fork: closes its copy of the socket, and nothing that a thread of the parent may have locked."""
        sock = self._connection.sock if self._connection is not None else None
        self._connection = None
        if sock is not None:
            sock.close()

    def send(self, request: Request) -> Response:
        """Sends and waits for the answer. Raises nothing but :class:`ServerUnreachable`."""
        is_kept = self._connection is not None
        try:
            return self._once(request)
        except (
            Exception
        ) as error:  # Whatever a server does, or the system's name service: it is tried again.
            self.close()
            # A kept connection may have been closed by the server in the meantime. The request has a key, or may be repeated.
            if (
                is_kept
                and not isinstance(error, TimeoutError)
                and not isinstance(error, socket.timeout)
            ):
                try:
                    return self._once(request)
                except Exception as again:
                    error = again
                    self.close()
            raise ServerUnreachable(
                f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            ) from error

    def _once(self, request: Request) -> Response:
        now = time.monotonic()
        until = min(now + _REQUEST_S + len(request.body) / _BYTES_PER_S, self.until)
        if until <= now:
            raise TimeoutError("there is no time left")
        connection = self._connection
        if connection is None:
            make = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
            connection = make(self._host, self._port, timeout=min(_CONNECT_S, until - now))
            connection.connect()
            self._connection = connection
        sock = connection.sock
        sock.settimeout(until - time.monotonic())
        headers = {
            "Content-Type": request.kind,
            "Accept": "application/json",
            "User-Agent": "agnez-python",
        }
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
            # The keys of a process are numbered: of those the server keeps a batch, however long a request was kept here.
            headers["Idempotency-Window"] = "ascending"
        token = token_for(self._url)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection.putrequest(request.method, self._base + request.path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        # The answer is read from a socket that gives up when the time is over.
        patient = cast(socket.socket, _DeadlineSocket(sock, until))
        connection.response_class = lambda _, *args, **named: http.client.HTTPResponse(
            patient, *args, **named
        )  # type: ignore[assignment]
        response = connection.getresponse()
        body = response.read(_ANSWER_BYTES)
        wait = response.getheader("Retry-After")
        if not response.isclosed():
            self.close()
        try:
            retry_after = None if wait is None else max(0.0, float(wait))
        except ValueError:
            retry_after = None
        return Response(response.status, body, retry_after)

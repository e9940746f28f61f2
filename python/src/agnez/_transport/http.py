"""HTTP requests over one persistent connection, each with a deadline for the whole exchange."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

from . import credentials

_CONNECT_S = 3.0
# Connecting would import this codec: a fork at that moment would leave the child without it.
"localhost".encode("idna")

#: Deadline of a request, plus the time that its bytes take at this rate.
_REQUEST_S = 10.0
_BYTES_PER_S = 200_000
#: The longest response that is read: the server sends nothing longer than a cell.
_RESPONSE_BYTES = 32 << 20
#: Longer responses are not parsed as JSON, which would hold up the training.
_PARSED_RESPONSE_BYTES = 64 << 10
#: The header of every response of the server, errors included.
_MARK = "Agnez-Api"
#: How long one of them speaks for a new connection, in seconds: a proxy may close after each.
_TRUST_S = 1.0
#: Statuses with which a proxy answers for a server that it does not ask or does not reach.
_PROXY_STATUSES = (401, 403, 407, 408, 429, 500, 502, 503, 504)
#: Every response of the server to a change has one of these keys.
_RESPONSE_KEYS = ("_id", "appended", "repeated", "run", "bytes", "cells")


@dataclass
class Request:
    """``path`` begins with ``/`` and follows the server's address."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = "application/json"
    #: Value of ``Idempotency-Key``.
    key: str | None = None
    #: Ids of the cells that the request changes.
    cells: list[str] = field(default_factory=list)
    #: How many points it adds to each series: the id of a cell or of a run, and a name.
    points: dict[tuple[str, str], int] = field(default_factory=dict)
    #: The board and the id of the run that it changes.
    board: str | None = None
    run: str | None = None
    #: Names of the run's values that it changes.
    values: list[str] = field(default_factory=list)
    #: Whether a refusal is passed over: what it brings is not worth a retry.
    is_optional: bool = False

    @property
    def is_divisible(self) -> bool:
        """Whether it adds points to several cells, or of several metrics of a run."""
        return len(self.points) > 1 if self.run else len(self.cells) > 1


@dataclass
class Response:
    status: int
    body: bytes
    #: Seconds, from the header ``Retry-After``.
    retry_after: float | None = None
    #: Whether it comes from an Agnez server, and not from a proxy or another program.
    is_marked: bool = True
    #: What the server has noticed of the run, from the header ``Agnez-Warning``.
    warning: str | None = None

    def error(self) -> dict[str, Any]:
        """The server's error document; empty if another program answers at the address."""
        document = parse_json(self.body)
        return document if isinstance(document, dict) and "className" in document else {}

    @property
    def is_refusal(self) -> bool:
        """Whether the same request would get the same response again."""
        # A proxy may answer 413 and 414 as well: it will never pass the request on.
        if self.status in (413, 414):
            return True
        is_final = 400 <= self.status < 500 and self.status not in (401, 403, 408, 425, 429)
        return is_final and bool(self.error())

    @property
    def is_denied(self) -> bool:
        """Whether the token is missing or wrong: another token would be accepted."""
        return self.status in (401, 403)

    @property
    def is_accepted(self) -> bool:
        """Whether this is the server's confirmation; another program may answer 200 as well."""
        if not 200 <= self.status < 300:
            return False
        if self.status == 204:
            return self.is_marked
        if len(self.body) > _PARSED_RESPONSE_BYTES:
            # The document of a cell with a large value.
            text = self.body.strip()
            is_document = text[:1] + text[-1:] in (b"{}", b"[]")
            return is_document and any(b'"%s"' % key.encode() in text for key in _RESPONSE_KEYS)
        document = parse_json(self.body)
        first = document[0] if isinstance(document, list) and document else document
        return isinstance(first, dict) and any(key in first for key in _RESPONSE_KEYS)


def parse_json(text: bytes) -> Any:
    """Parses JSON. None if it is invalid, nested deeper than the stack, or exceeds the memory."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        return None


class UnreachableError(Exception):
    """No response: refused, reset, silent, too slow, or not HTTP."""


class NotAgnezError(Exception):
    """The program at the address does not say that it is Agnez. Nothing was written to it."""

    def __init__(self, status: int, retry_after: float | None) -> None:
        super().__init__(f"it answered {status}")
        self.status = status
        self.retry_after = retry_after

    @property
    def may_be_proxy(self) -> bool:
        """Whether a proxy in front of an Agnez server may answer so."""
        return self.status in _PROXY_STATUSES or 300 <= self.status < 400


#: Changes nothing, on a path that a proxy must let through for the client to work at all.
_PROBE = Request("HEAD", "/values?$limit=0")


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a deadline, however slowly its bytes arrive."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _DeadlineSocket:
    """The part of a socket from which ``http.client`` reads a response."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))


def cell_path(id: str) -> str:
    """The path of a cell."""
    return f"/values/{quote(id, safe='')}"


def board_path(board: str, part: str) -> str:
    """The path of a part of a board, such as ``layout``."""
    return f"/boards/{quote(board, safe='')}/{part}"


class ServerConnection:
    """A connection to an address of :func:`~agnez._transport.credentials.register_server`.

    Before it sends anything over a new connection, it asks for :data:`_MARK`: what listens at the
    address may be another program. Not for several threads at once.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._base = parts.path
        self._is_tls = parts.scheme == "https"
        self._host, self._port = cast(str, parts.hostname), parts.port
        #: A port of this machine may belong to any program of any user.
        self._is_loopback = not self._is_tls and self._host in credentials.LOOPBACK
        self._connection: http.client.HTTPConnection | None = None
        #: Whether the server at the other end of the connection is known to be Agnez.
        self._is_identified = False
        #: When the last response with the mark came.
        self._marked_at = float("-inf")
        #: No request lasts longer than this point of ``time.monotonic()``.
        self.deadline = float("inf")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def after_fork(self) -> None:
        """In the child of a fork: closes its copy of the socket.

        Objects that a thread of the parent may have locked stay untouched.
        """
        sock = self._connection.sock if self._connection is not None else None
        self._connection = None
        if sock is not None:
            sock.close()

    def send(self, request: Request) -> Response:
        """Sends a request and waits for its response.

        Raises only :class:`UnreachableError`, and :class:`NotAgnezError` before anything is sent.
        """
        was_open = self._connection is not None
        try:
            return self._exchange(request)
        except NotAgnezError:
            self.close()
            raise
        except Exception as error:  # Of the server, the network or the name service.
            self.close()
            self._marked_at = float("-inf")
            # The server may have closed an idle connection in the meantime. A second attempt is
            # safe: the request has a key, or repeating it has no effect.
            if was_open and not isinstance(error, (TimeoutError, socket.timeout)):
                try:
                    return self._exchange(request)
                except NotAgnezError:
                    self.close()
                    raise
                except Exception as again:
                    error = again
                    self.close()
            name = type(error).__name__
            raise UnreachableError(f"{name}: {error}" if str(error) else name) from error

    def identify(self) -> None:
        """Raises :class:`NotAgnezError` or :class:`UnreachableError` unless Agnez answers."""
        self.send(_PROBE)

    def _exchange(self, request: Request) -> Response:
        now = time.monotonic()
        deadline = min(now + _REQUEST_S + len(request.body) / _BYTES_PER_S, self.deadline)
        self._connect(deadline)
        if not self._is_identified:
            probe = self._send_and_receive(_PROBE, deadline)
            if not probe.is_marked:
                raise NotAgnezError(probe.status, probe.retry_after)
        return self._send_and_receive(request, deadline)

    def _send_and_receive(self, request: Request, deadline: float) -> Response:
        connection = self._connect(deadline)
        sock = connection.sock
        sock.settimeout(deadline - time.monotonic())
        path = self._base + request.path
        connection.putrequest(request.method, path, skip_accept_encoding=True)
        for name, value in self._headers(request).items():
            connection.putheader(name, value)
        connection.endheaders(request.body)
        # http.client has no deadline for a response as a whole: give it a socket that has one.
        reader = cast(socket.socket, _DeadlineSocket(sock, deadline))
        cast(Any, connection).response_class = lambda _, **named: http.client.HTTPResponse(
            reader, **named
        )
        response = connection.getresponse()
        body = response.read(_RESPONSE_BYTES)
        if not response.isclosed():
            self.close()
        try:
            wait = response.getheader("Retry-After")
            retry_after = None if wait is None else max(0.0, float(wait))
        except ValueError:
            retry_after = None
        self._is_identified = response.getheader(_MARK) is not None
        if self._is_identified:
            self._marked_at = time.monotonic()
        warning = response.getheader("Agnez-Warning")
        return Response(response.status, body, retry_after, self._is_identified, warning)

    def _connect(self, deadline: float) -> http.client.HTTPConnection:
        timeout = deadline - time.monotonic()
        if timeout <= 0:
            raise TimeoutError("there is no time left")
        if self._connection is None or self._connection.sock is None:
            make = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
            connection = make(self._host, self._port, timeout=min(_CONNECT_S, timeout))
            connection.connect()
            self._connection = connection
            self._is_identified = time.monotonic() - self._marked_at < _TRUST_S
        return self._connection

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {
            "Content-Type": request.content_type,
            "Accept": "application/json",
            "User-Agent": "agnez-python",
            "Content-Length": str(len(request.body)),
        }
        if request.key is not None:
            headers["Idempotency-Key"] = request.key
            # A process numbers its keys in ascending order: the server remembers a window of
            # them, however late a request arrives.
            headers["Idempotency-Window"] = "ascending"
        # A program of this machine gets no token before it has said what it is. Agnez says so in
        # its 401, too.
        is_unknown = request is _PROBE and self._is_loopback
        token = None if is_unknown else credentials.token_for(self._url)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return headers

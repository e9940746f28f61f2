"""Reads documents from the server, at once; only these calls raise because of it."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from .http import (
    NotAgnezError,
    Request,
    Response,
    ServerConnection,
    UnreachableError,
    parse_json,
)


class ReadError(Exception):
    """The server did not answer, or refused the request: one sentence."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        #: The status of the response; None without one.
        self.status = status


def read(url: str, path: str, query: dict[str, Any] | None = None, timeout: float = 30.0) -> Any:
    """The JSON of ``GET path``; :class:`ReadError` without it."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    full = f"{path}?{urlencode(given, doseq=True)}" if given else path
    return send(url, Request("GET", full), timeout)


def fetch(url: str, path: str, timeout: float = 30.0) -> bytes:
    """The body of ``GET path``; :class:`ReadError` without it."""
    return _send(url, Request("GET", path), timeout).body


def send(url: str, request: Request, timeout: float = 30.0) -> Any:
    """Sends one request at once. Returns the JSON of the response, or raises ReadError."""
    return parse_json(_send(url, request, timeout).body)


def _send(url: str, request: Request, timeout: float) -> Response:
    connection = ServerConnection(url)
    connection.deadline = time.monotonic() + timeout
    try:
        response = connection.send(request)
    except NotAgnezError as error:
        raise ReadError(f"another program than Agnez answers at {url} ({error})") from None
    except UnreachableError as error:
        raise ReadError(f"{url} does not answer ({error})") from error
    finally:
        connection.close()
    if response.status >= 300:
        message = response.error().get("message")
        raise ReadError(
            message if isinstance(message, str) else f"{url} answered {response.status}",
            response.status,
        )
    return response

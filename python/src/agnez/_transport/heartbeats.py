"""Heartbeats: signs of life of the runs of this process, which no record carries."""

from __future__ import annotations

import contextlib
import json
import secrets
import time

from .._messages import warn_once
from .._spool.record import RunKey
from .http import NotAgnezError, Request, ServerConnection, UnreachableError
from .run_requests import run_path

#: Seconds between two signs of a run; the server learns it with each of them.
INTERVAL_S = 15


class Heartbeats:
    """The runs of one client, and when the next sign of each is due.

    A sign that does not arrive is not repeated: the next one says the same.
    """

    def __init__(self) -> None:
        #: Points of ``time.monotonic()``.
        self._due: dict[RunKey, float] = {}
        #: Names this process, so that the server notices two writers.
        self._writer = secrets.token_hex(8)

    def start(self, run: RunKey) -> None:
        """The run gives signs from now on."""
        self._due[run] = time.monotonic()

    def stop(self, run: RunKey) -> None:
        """The run has ended."""
        self._due.pop(run, None)

    def clear(self) -> None:
        """In the child of a fork: the parent gives the signs."""
        self._due = {}
        self._writer = secrets.token_hex(8)

    def send_due(self, connection: ServerConnection) -> None:
        """Sends the signs that are due."""
        now = time.monotonic()
        for run, due in list(self._due.items()):
            if due > now:
                continue
            body = json.dumps({"interval": INTERVAL_S, "writer": self._writer}).encode()
            request = Request("POST", run_path(run, "/heartbeat"), body)
            with contextlib.suppress(NotAgnezError, UnreachableError):
                warning = connection.send(request).warning
                if warning:
                    warn_once(f"warning {run}", f"The run {run[1]}: {warning}")
            if run in self._due:
                self._due[run] = now + INTERVAL_S

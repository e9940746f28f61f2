"""Delivers batches: every request is repeated until the server accepts or refuses it."""

from __future__ import annotations

import json
import random
from typing import Callable

from .._log import warn_once
from .._spool import record
from . import request_builder
from .credentials import token_for
from .http import Request, Response, ServerConnection, UnreachableError
from .outbox import Outbox

#: First and longest pause between two attempts, in seconds.
BACK_OFF_S = (0.1, 10.0)
#: The longest pause that the server's ``Retry-After`` may ask for.
_RETRY_AFTER_S = 60.0
_CELLS_PER_REQUEST = 200


class StoppedError(Exception):
    """The time to send is over; what is left stays in the spool."""


class Delivery:
    """Sends batches to one server. The sender thread and a replay share it.

    ``pause(seconds, least)`` waits between two attempts, at least ``least`` seconds; what it raises
    ends the delivery.
    """

    def __init__(
        self, outbox: Outbox, connection: ServerConnection, pause: Callable[[float, float], None]
    ) -> None:
        self.outbox = outbox
        self.connection = connection
        self.is_connected = False
        #: Why the server denies access, as a sentence; empty once it does not.
        self.denied = ""
        #: The sentence that follows a warning about the server.
        self.outlook = "Training goes on; what is logged is kept and sent later."
        self._pause = pause
        self._created: set[str] = set()

    def send(self, batch: record.Batch, first: int) -> None:
        """Delivers a batch whose first key has the number ``first``.

        A batch from which no requests can be built is quarantined.
        """
        outbox = self.outbox
        try:
            requests = request_builder.to_requests(
                batch, outbox.layouts, outbox.folder, outbox.writer, first
            )
        except Exception as error:  # Of any record: the following ones must be sent.
            outbox.quarantine(batch, f"{type(error).__name__}: {error}")
            return
        missing = {cell for request in requests for cell in request.cells} - self._created
        if missing:
            # In the order of the calls, which is the order of the cells on the page.
            self._create_cells([id for id in list(outbox.cells) if id in missing])
        for request in requests:
            self.deliver(request)

    def deliver(self, request: Request) -> None:
        """Repeats the request until it is accepted, or refused and stored.

        Creates the request's cells first where the server has none with their ids.
        """
        if self.outbox.is_split(request):
            self._deliver_split(request)
            return
        for cell in request.cells:
            self._create_cell(cell)
        response = self.send_until_answered(request)
        if response.status == 404:
            # The server lost its cells, or a user deleted one: create it again for new values.
            self._created.difference_update(request.cells)
            for cell in request.cells:
                self._create_cell(cell)
            response = self.send_until_answered(request)
        if response.status < 300:
            return
        if request.path == "/points" and len(request.cells) > 1:
            # Saved first: after a crash the whole must not be accepted beside its parts.
            self.outbox.mark_split(request)
            self._deliver_split(request)
            return
        self.outbox.record_refused(request, response)

    def _deliver_split(self, request: Request) -> None:
        for part in request_builder.split_by_cell(request):
            self.deliver(part)

    def _create_cells(self, ids: list[str]) -> None:
        """Creates many cells in one request if the server has none of them, else one by one."""
        for start in range(0, len(ids), _CELLS_PER_REQUEST):
            some = ids[start : start + _CELLS_PER_REQUEST]
            documents = [{"_id": id, **self.outbox.cells[id]} for id in some]
            body = json.dumps(documents, allow_nan=False).encode()
            if len(some) > 1:
                response = self.send_until_answered(Request("POST", "/values", body))
                if response.status < 300:
                    self._created.update(some)
            for id in some:
                self._create_cell(id)

    def _create_cell(self, id: str) -> None:
        metadata = self.outbox.cells.get(id)
        if id in self._created or metadata is None:
            return
        body = json.dumps({"_id": id, **metadata}, allow_nan=False).encode()
        response = self.send_until_answered(Request("POST", "/values", body))
        # 409: the cell exists. Other refusals come again with the request that needs the cell.
        if response.status < 300 or response.status == 409:
            self._created.add(id)

    def send_until_answered(self, request: Request) -> Response:
        """Repeats the request until the server accepts or refuses it."""
        wait = BACK_OFF_S[0]
        while True:
            least = 0.0
            try:
                response = self.connection.send(request)
                if response.is_accepted or response.is_refusal:
                    self.is_connected, self.denied = True, ""
                    return response
                self.denied = _denied(response, self.outbox.url) if response.is_denied else ""
                reason = "something else than Agnez answers there"
                if response.status >= 300:
                    reason = f"it answered {response.status}"
                least = min(response.retry_after or 0.0, _RETRY_AFTER_S)
            except UnreachableError as error:
                reason, self.denied = str(error), ""
            self.is_connected = False
            url = self.outbox.url
            if self.denied:
                warn_once(f"denied {url}", f"{self.denied} {self.outlook}")
            else:
                warn_once(
                    f"unreachable {url}", f"{url} takes nothing now ({reason}). {self.outlook}"
                )
            self._pause(wait * random.uniform(0.5, 1.0), least)
            wait = min(2 * wait, BACK_OFF_S[1])


def _denied(response: Response, url: str) -> str:
    """A sentence without anything from the response, which could contain the token."""
    if token_for(url) is None:
        problem = "wants an access token"
    elif response.status == 401:
        problem = "does not know the access token"
    else:
        problem = "does not let the access token write"
    return (
        f"{url} {problem} ({response.status}): set AGNEZ_TOKEN, or give token=, "
        "to one that 'agnez token new write' prints there."
    )

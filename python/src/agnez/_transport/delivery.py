"""Delivers batches: every request is repeated until the server accepts or refuses it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Callable

from .. import _environment
from .._messages import warn_once
from .._spool import record
from . import credentials, request_builder
from .http import NotAgnezError, Request, Response, ServerConnection, UnreachableError
from .outbox import Outbox

#: First and longest pause between two attempts, in seconds.
BACK_OFF_S = (0.1, 10.0)
#: The longest pause that the server's ``Retry-After`` may ask for.
_RETRY_AFTER_S = 60.0
_CELLS_PER_REQUEST = 200


class StoppedError(Exception):
    """The time to send is over; what is left stays in the spool."""


@dataclass
class Delivered:
    """What the server has accepted of one board."""

    points: int = 0
    #: The id of a cell or of a run, and a name.
    series: set[tuple[str, str]] = field(default_factory=set)
    #: Ids of cells whose documents were changed, and runs' ids with names of values.
    changed: set[str | tuple[str, str]] = field(default_factory=set)

    def __str__(self) -> str:
        # Copies: the sender may add to the sets meanwhile.
        series, changed = set(self.series), set(self.changed)
        others = len(changed - {cell for cell, _ in series})
        parts = []
        if self.points:
            metrics = _count(len(series), "metric")
            parts.append(f"{_count(self.points, 'point')} of {metrics}")
        if others:
            parts.append(_count(others, "other cell" if self.points else "cell"))
        return " and ".join(parts)


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
        #: Why the server takes nothing until a person changes something, as a sentence; else empty.
        self.blocked = ""
        #: By the boards' names.
        self.delivered: dict[str, Delivered] = {}
        #: The sentence that follows a warning about the server.
        place = "in memory" if outbox.folder is None else f"in {outbox.folder}"
        self.outlook = f"What is logged is kept {place}, and sent when Agnez answers."
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
        accepted = [part for request in requests for part in self.deliver(request)]
        # At the end: a batch that fails in between is sent again.
        for part in accepted:
            self._count(part)

    def _count(self, accepted: Request) -> None:
        for series, points in accepted.points.items():
            delivered = self._delivered_to(accepted, series[0])
            delivered.points += points
            delivered.series.add(series)
        if accepted.method == "PATCH":
            for cell in accepted.cells:
                self._delivered_to(accepted, cell).changed.add(cell)
        for name in accepted.values:
            self._delivered_to(accepted, "").changed.add((accepted.run or "", name))

    def _delivered_to(self, request: Request, cell: str) -> Delivered:
        board = request.board or str(self.outbox.cells.get(cell, {}).get("board", "main"))
        return self.delivered.setdefault(board, Delivered())

    def deliver(self, request: Request) -> list[Request]:
        """Repeats the request until it is accepted, or refused and stored.

        Creates the request's cells first where the server has none with their ids. Returns what
        the server accepted: the request, or some of its parts.
        """
        if self.outbox.is_split(request):
            return self._deliver_split(request)
        for cell in request.cells:
            self._create_cell(cell)
        response = self.send_until_answered(request)
        if response.status >= 300 and request.is_optional:
            return []
        if response.status == 404:
            # The server lost its cells, or a user deleted one: create it again for new values.
            self._created.difference_update(request.cells)
            for cell in request.cells:
                self._create_cell(cell)
            response = self.send_until_answered(request)
        if response.status < 300:
            return [request]
        if request.is_divisible and response.status != 410:
            # Saved first: after a crash the whole must not be accepted beside its parts.
            self.outbox.mark_split(request)
            return self._deliver_split(request)
        self.outbox.record_refused(request, response)
        return []

    def _deliver_split(self, request: Request) -> list[Request]:
        parts = request_builder.split(request)
        return [accepted for part in parts for accepted in self.deliver(part)]

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
            url = self.outbox.url
            try:
                response = self.connection.send(request)
                if response.is_accepted or response.is_refusal:
                    self.is_connected, self.blocked = True, ""
                    return response
                self.blocked = _denied(response.status, url) if response.is_denied else ""
                reason = "something else than Agnez answers there"
                if response.status >= 300:
                    reason = f"it answered {response.status}"
                problem = f"{url} takes nothing now ({reason})."
                least = response.retry_after or 0.0
            except NotAgnezError as error:
                problem, least = _not_agnez(error, url), error.retry_after or 0.0
                # A proxy that is itself in trouble may reach its server soon.
                is_transient = error.may_be_proxy and error.status not in (401, 403)
                self.blocked = "" if is_transient else problem
            except UnreachableError as error:
                self.blocked = ""
                problem = f"{url} takes nothing now ({error})."
                if url == credentials.DEFAULT_URL and isinstance(
                    error.__cause__, ConnectionRefusedError
                ):
                    problem = f"Nothing answers at {url}: start a server with `agnez`"
                    is_offered = _environment.may_start_server() and _environment.is_notebook()
                    problem += ", or here with `agnez.start_server()`." if is_offered else "."
            self.is_connected = False
            kind = "blocked" if self.blocked else "unreachable"
            warn_once(f"{kind} {url}", f"{self.blocked or problem} {self.outlook}")
            self._pause(wait * random.uniform(0.5, 1.0), min(least, _RETRY_AFTER_S))
            wait = min(2 * wait, BACK_OFF_S[1])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _not_agnez(error: NotAgnezError, url: str) -> str:
    """A sentence about a program that does not say that it is Agnez."""
    if error.status in (401, 403):
        return _denied(error.status, url, "A proxy or another program at ")
    if error.may_be_proxy:
        return (
            f"{url} answers {error.status}, and not as Agnez does: it is a proxy that does not "
            "reach its server, or another program. Nothing is written to it."
        )
    advice = "set AGNEZ_URL to the address of an Agnez server"
    if url == credentials.DEFAULT_URL:
        advice = "start Agnez with `agnez --port 3001`, and set AGNEZ_URL=http://localhost:3001"
    return f"Another program than Agnez answers at {url}. Nothing is written to it: {advice}."


def _denied(status: int, url: str, prefix: str = "") -> str:
    """A sentence without anything from the response, which could contain the token."""
    if credentials.token_for(url) is None:
        problem = "wants an access token"
    elif status == 401:
        problem = "does not know the access token"
    else:
        problem = "does not let the access token write"
    return (
        f"{prefix}{url} {problem} ({status}): set AGNEZ_TOKEN, or give token=, "
        "to one that 'agnez token new write' prints there."
    )

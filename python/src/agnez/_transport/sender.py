"""The thread that sends what a spool holds, and never asks the training loop to wait."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import Any, Callable

from .._log import warn_once
from .._spool import record
from .._spool.memory_buffer import DROP_REASONS
from .._spool.spool import Spool
from .._values.names import cell_id
from . import request_builder
from .credentials import token_for
from .http import Request, Response, ServerConnection, ServerUnreachable, cell_path
from .outbox import Outbox

#: While points come, what is new is looked for so often: a point is on the page within a frame or two.
TICK_S = 0.015
#: Ticks without anything new before the thread sleeps until it is woken.
_QUIET_TICKS = 40
_SLEEP_S = 1.0
#: Of one wait: no system takes any number of seconds.
_MAX_WAIT_S = 3600.0
_CELLS_PER_REQUEST = 200
_BACK_OFF_S = (0.1, 10.0)
_RETRY_AFTER_S = 60.0
#: So often a batch is sent over which something has failed, before it is put aside.
_MAX_TRIES = 3


class Delivery:
    """Sends batches until the server has said yes or no to each request. What :class:`Sender` and a replay share."""

    def __init__(
        self, outbox: Outbox, wire: ServerConnection, pause: Callable[[float, float], None]
    ) -> None:
        self.outbox = outbox
        self.wire = wire
        self.is_connected = False
        #: Why the server lets nothing in, in words; until it does.
        self.denied = ""
        #: What happens while it lets nothing in, in words.
        self.meanwhile = "Training goes on; what is logged is kept and sent later."
        self._pause = pause
        self._made: set[str] = set()

    def send(self, batch: record.Batch, first: int) -> None:
        """Raises what ``pause`` raises. A batch that cannot be told to a server is put aside."""
        try:
            requests = request_builder.to_requests(
                batch, self.outbox.layouts, self.outbox.folder, self.outbox.writer, first
            )
        except Exception as error:  # Whatever it holds: what comes after it must go on.
            self.outbox.quarantine(batch, f"{type(error).__name__}: {error}")
            return
        new = {cell for request in requests for cell in request.cells} - self._made
        if new:
            # In the order of the calls, which is theirs on the page.
            self._create_cells([id for id in list(self.outbox.cells) if id in new])
        for request in requests:
            self.deliver(request)

    def deliver(self, request: Request) -> None:
        """Until it is accepted, or refused and put away. Cells are created first where the server has none of this id."""
        if self.outbox.is_split(request):
            self._deliver_split(request)
            return
        for cell in request.cells:
            self._create_cell(cell)
        answer = self.send_until_answered(request)
        if answer.status == 404:
            # The server lost its cells, or a person deleted one: what is logged must still have a place.
            self._made.difference_update(request.cells)
            for cell in request.cells:
                self._create_cell(cell)
            answer = self.send_until_answered(request)
        if answer.status < 300:
            return
        if request.path == "/points" and len(request.cells) > 1:
            # Said first: after a crash the whole must not be accepted beside its parts.
            self.outbox.mark_split(request)
            self._deliver_split(request)
            return
        self.outbox.refuse(request, answer)

    def _deliver_split(self, request: Request) -> None:
        for part in request_builder.split_by_cell(request):
            self.deliver(part)

    def _create_cells(self, ids: list[str]) -> None:
        """Creates many at once where the server has none of them, else one by one."""
        for start in range(0, len(ids), _CELLS_PER_REQUEST):
            some = ids[start : start + _CELLS_PER_REQUEST]
            body = json.dumps(
                [{"_id": id, **self.outbox.cells[id]} for id in some], allow_nan=False
            ).encode()
            if (
                len(some) > 1
                and self.send_until_answered(Request("POST", "/values", body)).status < 300
            ):
                self._made.update(some)
            for id in some:
                self._create_cell(id)

    def _create_cell(self, id: str) -> None:
        about = self.outbox.cells.get(id)
        if id in self._made or about is None:
            return
        answer = self.send_until_answered(
            Request("POST", "/values", json.dumps({"_id": id, **about}, allow_nan=False).encode())
        )
        # 409: it is there. Anything else is told with what was to be put into it.
        if answer.status < 300 or answer.status == 409:
            self._made.add(id)

    def send_until_answered(self, request: Request) -> Response:
        """Asks until there is an answer that is the server's last word."""
        wait = _BACK_OFF_S[0]
        while True:
            ask = 0.0
            try:
                answer = self.wire.send(request)
                if answer.is_accepted or answer.is_refusal:
                    self.is_connected, self.denied = True, ""
                    return answer
                self.denied = _denied_message(answer, self.outbox.url) if answer.is_denied else ""
                why = (
                    f"it answered {answer.status}"
                    if answer.status >= 300
                    else "something else than Agnez answers there"
                )
                ask = min(answer.retry_after or 0.0, _RETRY_AFTER_S)
            except ServerUnreachable as error:
                why, self.denied = str(error), ""
            self.is_connected = False
            if self.denied:
                warn_once(f"denied {self.outbox.url}", f"{self.denied} {self.meanwhile}")
            else:
                warn_once(
                    f"unreachable {self.outbox.url}",
                    f"{self.outbox.url} takes nothing now ({why}). {self.meanwhile}",
                )
            self._pause(wait * random.uniform(0.5, 1.0), ask)
            wait = min(2 * wait, _BACK_OFF_S[1])


def _denied_message(answer: Response, url: str) -> str:
    """Nothing of what the server says is repeated that could hold the token."""
    if token_for(url) is None:
        return f"{url} wants an access token ({answer.status}): set AGNEZ_TOKEN, or give token=, to one that 'agnez token new write' prints there."
    may = (
        "does not know the access token"
        if answer.status == 401
        else "does not let the access token write"
    )
    return f"{url} {may} ({answer.status}): set AGNEZ_TOKEN, or give token=, to one that 'agnez token new write' prints there."


class Stopped(Exception):
    """The time to send is over; what is left stays in the spool."""


class Sender:
    """One for each open spool; begins with the first record."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._outbox = Outbox.of(spool)
        self._wire = ServerConnection(spool.url)
        self._delivery = Delivery(self._outbox, self._wire, self._pause)
        self._done = threading.Condition()
        #: Somebody waits until all is sent: no long pauses.
        self._waiting = 0
        self._is_stopped = False
        #: The thread has ended, or gets nowhere: nobody waits for it.
        self._ended = threading.Event()
        self._stopped = threading.Event()
        self._seen: dict[str, int] = {}
        #: How often something has failed over the batch that is held.
        self._tries = 0
        self._thread = threading.Thread(target=self._run, name="agnez", daemon=True)
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Whether everything that was logged before this call has been answered within ``timeout`` seconds."""
        until = time.monotonic() + timeout
        if self._spool.is_interrupted:
            return False
        target = self._spool.end()
        with self._done:
            self._waiting += 1
            self._spool.wakeup.set()
            try:
                while not self._outbox.is_done_until(target):
                    left = until - time.monotonic()
                    if left <= 0 or self._ended.is_set():
                        return False
                    self._done.wait(min(left, _MAX_WAIT_S))
                return True
            finally:
                self._waiting -= 1

    def stop(self, timeout: float) -> None:
        """Ends the thread, within ``timeout`` seconds at most; what is on its way may be cut off."""
        timeout = min(timeout, _MAX_WAIT_S)
        self._is_stopped = True
        self._wire.until = time.monotonic() + timeout / 2
        self._spool.wakeup.set()
        self._stopped.wait(timeout)

    def after_fork(self) -> None:
        """In the child of a fork, where the thread is not."""
        self._wire.after_fork()

    # ---- in the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            quiet = failures = 0
            while not self._is_stopped:
                try:
                    has_sent = self._step()
                    if not has_sent:
                        self._report()
                    failures = self._tries = 0
                    self._ended.clear()
                except Stopped:
                    break
                except (
                    Exception
                ) as error:  # The loop must never learn of it, and what comes after it must go on.
                    failures += 1
                    self._fail(error, failures)
                    continue
                if has_sent:
                    quiet = 0
                    continue
                quiet += 1
                if quiet < _QUIET_TICKS:
                    time.sleep(TICK_S)
                else:
                    self._sleep()
        finally:
            self._end()

    def _fail(self, error: Exception, failures: int) -> None:
        """After whatever has gone wrong: tries again, puts aside what fails every time, and goes on."""
        warn_once(
            f"sender {type(error).__name__}",
            f"Sending to {self._spool.url} has failed ({type(error).__name__}: {error}) and is tried again. What is logged stays in the spool.",
        )
        try:
            self._wire.close()
            batch = self._outbox.current_batch
            self._tries = 0 if batch is None else self._tries + 1
            if batch is not None and self._tries >= _MAX_TRIES:
                # The next one has as many tries.
                self._tries = 0
                self._outbox.quarantine(batch, f"{type(error).__name__}: {error}")
                self._outbox.finish_batch()
        except Exception as again:
            warn_once(
                f"sender again {type(again).__name__}",
                f"The spool {self._spool.folder} cannot be used now ({type(again).__name__}: {again}).",
            )
        if failures >= 2 * _MAX_TRIES:
            # It gets nowhere: nobody waits for it meanwhile.
            self._ended.set()
            with self._done:
                self._done.notify_all()
        start, wait = time.monotonic(), min(_BACK_OFF_S[0] * 2 ** min(failures, 10), _BACK_OFF_S[1])
        while not self._is_stopped and time.monotonic() < start + (
            min(wait, 0.25) if self._waiting else wait
        ):
            time.sleep(0.05)

    def _end(self) -> None:
        """The thread's last deed, whatever has ended it."""
        try:
            self._wire.close()
            if self._is_stopped:
                if not self._outbox.remove():
                    self._spool.trim()
        except Exception as error:
            warn_once(
                "sender end",
                f"The spool {self._spool.folder} cannot be cleared ({type(error).__name__}: {error}).",
            )
        finally:
            if self._is_stopped:
                self._spool.release()
            self._ended.set()
            self._stopped.set()
            with self._done:
                self._done.notify_all()

    def _step(self) -> bool:
        """Sends one batch; whether there was one."""
        self._spool.prepare()
        # One that was not answered because something failed comes again, under its own keys.
        batch = self._outbox.current_batch or self._outbox.next_batch()
        if batch is not None:
            self._delivery.send(batch, self._outbox.number)
            self._outbox.finish_batch()
        if self._waiting:
            with self._done:
                self._done.notify_all()
        return batch is not None

    def _sleep(self) -> None:
        spool = self._spool
        spool.wakeup.clear()
        spool.is_sender_asleep = True
        # What came before a writer could see that we sleep is found here, or a second later.
        if not self._outbox.has_more() and not self._is_stopped:
            spool.wakeup.wait(_SLEEP_S)
        spool.is_sender_asleep = False

    def _pause(self, seconds: float, least: float) -> None:
        start = time.monotonic()
        while not self._is_stopped:
            # Who waits for the end is not kept waiting, unless the server asked for it.
            left = (
                start
                + max(min(seconds, 0.25) if self._waiting else seconds, least)
                - time.monotonic()
            )
            if left <= 0:
                return
            time.sleep(min(left, 0.1))
        raise Stopped

    def _report(self) -> None:
        """Shows on each board what will not be there: dropped, or refused by the server."""
        counts = {**self._spool.dropped(), "refused": self._outbox.refused}
        if not any(counts.values()) or counts == self._seen or not self._delivery.is_connected:
            return
        # Whatever becomes of it: it is tried again when the counts change.
        self._seen = counts
        try:
            self._show(counts)
        except Stopped:
            raise
        except Exception as error:
            warn_once(
                f"report {type(error).__name__}",
                f"What is not sent cannot be shown on the board ({type(error).__name__}: {error}).",
            )

    def _show(self, counts: dict[str, int]) -> None:
        lines = {**DROP_REASONS, "refused": "requests refused by the server"}
        text = "\n".join(f"- {count} {lines[what]}" for what, count in counts.items() if count)
        for board in {str(cell.get("board", "main")) for cell in list(self._spool.cells.values())}:
            id = cell_id(board, "agnez: not sent")
            keys: dict[str, Any] = {
                "type": "text",
                "value": text,
                "description": f"writer {self._outbox.writer}",
            }
            self._delivery.send_until_answered(
                Request(
                    "POST",
                    "/values",
                    json.dumps({"_id": id, "board": board, "name": "agnez: not sent"}).encode(),
                )
            )
            self._delivery.send_until_answered(
                Request("PATCH", cell_path(id), json.dumps(keys).encode())
            )

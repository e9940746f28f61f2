"""The thread that sends what a spool holds, and never asks the training loop to wait."""

from __future__ import annotations

import json
import random
import threading
import time
from typing import Any, Callable, Dict, List, Set

from . import batch as windows
from .._spool import record
from .credentials import token_for
from .._values.names import cell_id
from .outbox import Outbox
from .._spool.memory_buffer import WHY
from .._spool.spool import Spool
from .._log import tell_once
from .http import Answer, Request, Unreachable, Wire, address_of

#: While points come, what is new is looked for so often: a point is on the page within a frame or two.
TICK_S = 0.015
#: Ticks without anything new before the thread sleeps until it is woken.
_QUIET_TICKS = 40
_SLEEP_S = 1.0
#: Of one wait: no system takes any number of seconds.
_LONGEST_WAIT_S = 3600.0
_MADE_AT_ONCE = 200
_BACK_OFF_S = (0.1, 10.0)
_RETRY_AFTER_S = 60.0
#: So often a window is sent over which something has failed, before it is put aside.
_TRIES = 3


class Delivery:
    """Sends windows until the server has said yes or no to each request. What :class:`Sender` and a replay share."""

    def __init__(self, outbox: Outbox, wire: Wire, pause: Callable[[float, float], None]) -> None:
        self.outbox = outbox
        self.wire = wire
        self.is_connected = False
        #: Why the server lets nothing in, in words; until it does.
        self.denied = ""
        #: What happens while it lets nothing in, in words.
        self.meanwhile = "Training goes on; what is logged is kept and sent later."
        self._pause = pause
        self._made: Set[str] = set()

    def send(self, window: record.Window, first: int) -> None:
        """Raises what ``pause`` raises. A window that cannot be told to a server is put aside."""
        try:
            requests = windows.requests(window, self.outbox.layouts, self.outbox.folder, self.outbox.writer, first)
        except Exception as error:  # Whatever it holds: what comes after it must go on.
            self.outbox.put_aside(window, f"{type(error).__name__}: {error}")
            return
        new = {cell for request in requests for cell in request.cells} - self._made
        if new:
            # In the order of the calls, which is theirs on the page.
            self._make_all([id for id in list(self.outbox.cells) if id in new])
        for request in requests:
            self.deliver(request)

    def deliver(self, request: Request) -> None:
        """Until it is accepted, or refused and put away. Cells are created first where the server has none of this id."""
        if self.outbox.is_apart(request):
            self._deliver_apart(request)
            return
        for cell in request.cells:
            self._make(cell)
        answer = self.persist(request)
        if answer.status == 404:
            # The server lost its cells, or a person deleted one: what is logged must still have a place.
            self._made.difference_update(request.cells)
            for cell in request.cells:
                self._make(cell)
            answer = self.persist(request)
        if answer.status < 300:
            return
        if request.path == "/points" and len(request.cells) > 1:
            # Said first: after a crash the whole must not be accepted beside its parts.
            self.outbox.take_apart(request)
            self._deliver_apart(request)
            return
        self.outbox.refuse(request, answer)

    def _deliver_apart(self, request: Request) -> None:
        for part in windows.apart(request):
            self.deliver(part)

    def _make_all(self, ids: List[str]) -> None:
        """Creates many at once where the server has none of them, else one by one."""
        for start in range(0, len(ids), _MADE_AT_ONCE):
            some = ids[start : start + _MADE_AT_ONCE]
            body = json.dumps([{"_id": id, **self.outbox.cells[id]} for id in some], allow_nan=False).encode()
            if len(some) > 1 and self.persist(Request("POST", "/values", body)).status < 300:
                self._made.update(some)
            for id in some:
                self._make(id)

    def _make(self, id: str) -> None:
        about = self.outbox.cells.get(id)
        if id in self._made or about is None:
            return
        answer = self.persist(Request("POST", "/values", json.dumps({"_id": id, **about}, allow_nan=False).encode()))
        # 409: it is there. Anything else is told with what was to be put into it.
        if answer.status < 300 or answer.status == 409:
            self._made.add(id)

    def persist(self, request: Request) -> Answer:
        """Asks until there is an answer that is the server's last word."""
        wait = _BACK_OFF_S[0]
        while True:
            ask = 0.0
            try:
                answer = self.wire.send(request)
                if answer.is_accepted or answer.is_refusal:
                    self.is_connected, self.denied = True, ""
                    return answer
                self.denied = _denied(answer, self.outbox.url) if answer.is_denied else ""
                why = f"it answered {answer.status}" if answer.status >= 300 else "something else than Agnez answers there"
                ask = min(answer.retry_after or 0.0, _RETRY_AFTER_S)
            except Unreachable as error:
                why, self.denied = str(error), ""
            self.is_connected = False
            if self.denied:
                tell_once(f"denied {self.outbox.url}", f"{self.denied} {self.meanwhile}")
            else:
                tell_once(f"unreachable {self.outbox.url}", f"{self.outbox.url} takes nothing now ({why}). {self.meanwhile}")
            self._pause(wait * random.uniform(0.5, 1.0), ask)
            wait = min(2 * wait, _BACK_OFF_S[1])


def _denied(answer: Answer, url: str) -> str:
    """Nothing of what the server says is repeated that could hold the token."""
    if token_for(url) is None:
        return f"{url} wants an access token ({answer.status}): set AGNEZ_TOKEN, or give token=, to one that 'agnez token new write' prints there."
    may = "does not know the access token" if answer.status == 401 else "does not let the access token write"
    return f"{url} {may} ({answer.status}): set AGNEZ_TOKEN, or give token=, to one that 'agnez token new write' prints there."


class Stopped(Exception):
    """The time to send is over; what is left stays in the spool."""


class Sender:
    """One for each open spool; begins with the first record."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._outbox = Outbox.of(spool)
        self._wire = Wire(spool.url)
        self._delivery = Delivery(self._outbox, self._wire, self._pause)
        self._done = threading.Condition()
        #: Somebody waits until all is sent: no long pauses.
        self._waiting = 0
        self._is_stopped = False
        #: The thread has ended, or gets nowhere: nobody waits for it.
        self._ended = threading.Event()
        self._stopped = threading.Event()
        self._told: Dict[str, int] = {}
        #: How often something has failed over the window that is held.
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
            self._spool.wake.set()
            try:
                while not self._outbox.is_past(target):
                    left = until - time.monotonic()
                    if left <= 0 or self._ended.is_set():
                        return False
                    self._done.wait(min(left, _LONGEST_WAIT_S))
                return True
            finally:
                self._waiting -= 1

    def stop(self, timeout: float) -> None:
        """Ends the thread, within ``timeout`` seconds at most; what is on its way may be cut off."""
        timeout = min(timeout, _LONGEST_WAIT_S)
        self._is_stopped = True
        self._wire.until = time.monotonic() + timeout / 2
        self._spool.wake.set()
        self._stopped.wait(timeout)

    def forked(self) -> None:
        """In the child of a fork, where the thread is not."""
        self._wire.forked()

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
                except Exception as error:  # The loop must never learn of it, and what comes after it must go on.
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
        tell_once(f"sender {type(error).__name__}", f"Sending to {self._spool.url} has failed ({type(error).__name__}: {error}) and is tried again. What is logged stays in the spool.")
        try:
            self._wire.close()
            window = self._outbox.held
            self._tries = 0 if window is None else self._tries + 1
            if window is not None and self._tries >= _TRIES:
                # The next one has as many tries.
                self._tries = 0
                self._outbox.put_aside(window, f"{type(error).__name__}: {error}")
                self._outbox.done()
        except Exception as again:
            tell_once(f"sender again {type(again).__name__}", f"The spool {self._spool.folder} cannot be used now ({type(again).__name__}: {again}).")
        if failures >= 2 * _TRIES:
            # It gets nowhere: nobody waits for it meanwhile.
            self._ended.set()
            with self._done:
                self._done.notify_all()
        start, wait = time.monotonic(), min(_BACK_OFF_S[0] * 2 ** min(failures, 10), _BACK_OFF_S[1])
        while not self._is_stopped and time.monotonic() < start + (min(wait, 0.25) if self._waiting else wait):
            time.sleep(0.05)

    def _end(self) -> None:
        """The thread's last deed, whatever has ended it."""
        try:
            self._wire.close()
            if self._is_stopped:
                if not self._outbox.remove():
                    self._spool.trim()
        except Exception as error:
            tell_once("sender end", f"The spool {self._spool.folder} cannot be cleared ({type(error).__name__}: {error}).")
        finally:
            if self._is_stopped:
                self._spool.release()
            self._ended.set()
            self._stopped.set()
            with self._done:
                self._done.notify_all()

    def _step(self) -> bool:
        """Sends one window; whether there was one."""
        self._spool.prepare()
        # One that was not answered because something failed comes again, under its own keys.
        window = self._outbox.held or self._outbox.next()
        if window is not None:
            self._delivery.send(window, self._outbox.number)
            self._outbox.done()
        if self._waiting:
            with self._done:
                self._done.notify_all()
        return window is not None

    def _sleep(self) -> None:
        spool = self._spool
        spool.wake.clear()
        spool.asleep = True
        # What came before a writer could see that we sleep is found here, or a second later.
        if not self._outbox.has_more() and not self._is_stopped:
            spool.wake.wait(_SLEEP_S)
        spool.asleep = False

    def _pause(self, seconds: float, least: float) -> None:
        start = time.monotonic()
        while not self._is_stopped:
            # Who waits for the end is not kept waiting, unless the server asked for it.
            left = start + max(min(seconds, 0.25) if self._waiting else seconds, least) - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))
        raise Stopped

    def _report(self) -> None:
        """Shows on each board what will not be there: dropped, or refused by the server."""
        counts = {**self._spool.dropped(), "refused": self._outbox.refused}
        if not any(counts.values()) or counts == self._told or not self._delivery.is_connected:
            return
        # Whatever becomes of it: it is tried again when the counts change.
        self._told = counts
        try:
            self._show(counts)
        except Stopped:
            raise
        except Exception as error:
            tell_once(f"report {type(error).__name__}", f"What is not sent cannot be shown on the board ({type(error).__name__}: {error}).")

    def _show(self, counts: Dict[str, int]) -> None:
        lines = {**WHY, "refused": "requests refused by the server"}
        text = "\n".join(f"- {count} {lines[what]}" for what, count in counts.items() if count)
        for board in {str(cell.get("board", "main")) for cell in list(self._spool.cells.values())}:
            id = cell_id(board, "agnez: not sent")
            keys: Dict[str, Any] = {"type": "text", "value": text, "description": f"writer {self._outbox.writer}"}
            self._delivery.persist(Request("POST", "/values", json.dumps({"_id": id, "board": board, "name": "agnez: not sent"}).encode()))
            self._delivery.persist(Request("PATCH", address_of(id), json.dumps(keys).encode()))

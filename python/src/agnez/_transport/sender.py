"""The background thread that sends a spool."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from .. import _environment
from .._messages import warn_once
from .._spool.memory_buffer import DROP_REASONS
from .._spool.spool import Spool
from .._values.names import cell_id
from . import delivery
from .delivery import Delivered, Delivery, StoppedError
from .heartbeats import Heartbeats
from .http import Request, ServerConnection, cell_path
from .outbox import Outbox

#: Interval of looking for new records while they come: a point is on the page within two frames.
TICK_S = 0.015
#: Ticks without new records before the thread sleeps until it is woken.
_QUIET_TICKS = 40
_SLEEP_S = 1.0
#: Longest single wait: operating systems do not take every number of seconds.
_MAX_WAIT_S = 3600.0
#: Longest pause while :meth:`Sender.flush` waits.
_PAUSE_WHILE_FLUSHING_S = 0.25
#: How often a batch with an unexpected failure is sent before it is quarantined.
_MAX_TRIES = 3


class Sender:
    """Sends one open spool; starts its thread when it is made."""

    def __init__(self, spool: Spool, heartbeats: Heartbeats) -> None:
        self._spool = spool
        self._heartbeats = heartbeats
        self._outbox = Outbox.of(spool)
        self._connection = ServerConnection(spool.url)
        self._delivery = Delivery(self._outbox, self._connection, self._pause)
        self._progress = threading.Condition()
        #: How many threads are in :meth:`flush`: pauses are short meanwhile.
        self._flushing = 0
        self._is_stopped = False
        #: The next pause ends as soon as the server allows it.
        self._is_hurried = False
        #: The thread has ended, or keeps failing: :meth:`flush` does not wait for it.
        self._ended = threading.Event()
        self._stopped = threading.Event()
        #: The counts that the boards show.
        self._reported: dict[str, int] = {}
        #: Unexpected failures of the current batch.
        self._tries = 0
        self._thread = threading.Thread(target=self._run, name="agnez", daemon=True)
        self._thread.start()

    def flush(self, timeout: float) -> bool:
        """Waits until everything logged before this call is answered. Returns whether it is."""
        until = time.monotonic() + timeout
        if self._spool.is_interrupted:
            return False
        target = self._spool.end()
        with self._progress:
            self._flushing += 1
            self._spool.wakeup.set()
            try:
                while not self._outbox.is_done_until(target):
                    left = until - time.monotonic()
                    if left <= 0 or self._ended.is_set():
                        return False
                    self._progress.wait(min(left, _MAX_WAIT_S))
                return True
            finally:
                self._flushing -= 1

    def stop(self, timeout: float) -> None:
        """Ends the thread within ``timeout`` seconds; a request in flight may be cut off."""
        timeout = min(timeout, _MAX_WAIT_S)
        self._is_stopped = True
        self._connection.deadline = time.monotonic() + timeout / 2
        self._spool.wakeup.set()
        self._stopped.wait(timeout)

    def retry_now(self) -> None:
        """Ends the current pause between two attempts."""
        self._is_hurried = True

    def delivered(self) -> dict[str, Delivered]:
        """What the server has accepted, by board. Final once the thread has ended."""
        return dict(self._delivery.delivered)

    def after_fork(self) -> None:
        """In the child of a fork, which has no copy of the thread."""
        self._connection.after_fork()

    # ---- in the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            quiet_ticks = failures = 0
            while not self._is_stopped:
                try:
                    has_sent = self._send_batch()
                    if not has_sent:
                        self._report_dropped()
                    if self._delivery.is_connected:
                        self._heartbeats.send_due(self._connection)
                    failures = self._tries = 0
                    self._ended.clear()
                except StoppedError:
                    break
                except Exception as error:  # The training must go on, and later records be sent.
                    failures += 1
                    self._handle_failure(error, failures)
                    continue
                if has_sent:
                    quiet_ticks = 0
                    continue
                quiet_ticks += 1
                if quiet_ticks < _QUIET_TICKS:
                    time.sleep(TICK_S)
                else:
                    self._sleep()
        finally:
            self._end()

    def _handle_failure(self, error: Exception, failures: int) -> None:
        """After an unexpected failure: quarantines a batch that fails every time, and waits."""
        warn_once(
            f"sender {type(error).__name__}",
            f"Sending to {self._spool.url} has failed ({type(error).__name__}: {error}) "
            "and is tried again. What is logged stays in the spool.",
        )
        try:
            self._connection.close()
            batch = self._outbox.current_batch
            self._tries = 0 if batch is None else self._tries + 1
            if batch is not None and self._tries >= _MAX_TRIES:
                # The next batch has as many tries.
                self._tries = 0
                self._outbox.quarantine(batch, f"{type(error).__name__}: {error}")
                self._outbox.finish_batch()
        except Exception as second:
            warn_once(
                f"sender again {type(second).__name__}",
                f"The spool {self._spool.folder} cannot be used now "
                f"({type(second).__name__}: {second}).",
            )
        if failures >= 2 * _MAX_TRIES:
            self._ended.set()
            with self._progress:
                self._progress.notify_all()
        shortest, longest = delivery.BACK_OFF_S
        wait = min(shortest * 2 ** min(failures, 10), longest)
        start = time.monotonic()
        while not self._is_stopped and time.monotonic() < start + self._shorten(wait):
            time.sleep(0.05)

    def _end(self) -> None:
        """Runs last in the thread, however the loop ended."""
        try:
            self._connection.close()
            if self._is_stopped and not self._outbox.remove():
                self._spool.trim()
        except Exception as error:
            warn_once(
                "sender end",
                f"The spool {self._spool.folder} cannot be cleared "
                f"({type(error).__name__}: {error}).",
            )
        finally:
            if self._is_stopped:
                self._spool.release()
            self._ended.set()
            self._stopped.set()
            with self._progress:
                self._progress.notify_all()

    def _send_batch(self) -> bool:
        """Sends one batch. Returns whether there was one."""
        self._spool.prepare()
        # A batch that was not answered because of a failure comes again, under its own keys.
        batch = self._outbox.current_batch or self._outbox.next_batch()
        if batch is not None:
            self._delivery.send(batch, self._outbox.number)
            self._outbox.finish_batch()
        if self._flushing:
            with self._progress:
                self._progress.notify_all()
        return batch is not None

    def _sleep(self) -> None:
        spool = self._spool
        spool.wakeup.clear()
        spool.is_sender_asleep = True
        # A record whose writer did not yet see that the thread sleeps is found here, or after
        # the sleep.
        if not self._outbox.has_more() and not self._is_stopped:
            spool.wakeup.wait(_SLEEP_S)
        spool.is_sender_asleep = False

    def _shorten(self, seconds: float) -> float:
        return min(seconds, _PAUSE_WHILE_FLUSHING_S) if self._flushing else seconds

    def _pause(self, seconds: float, least: float) -> None:
        start = time.monotonic()
        while not self._is_stopped:
            # A flush shortens the pause, but not below the server's Retry-After.
            wait = 0.0 if self._is_hurried else self._shorten(seconds)
            left = start + max(wait, least) - time.monotonic()
            if left <= 0:
                self._is_hurried = False
                return
            time.sleep(min(left, 0.1))
        raise StoppedError

    def _report_dropped(self) -> None:
        """Shows on each board how many values were dropped, or refused by the server."""
        counts = {**self._spool.dropped(), "refused": self._outbox.refused.count}
        if not any(counts.values()) or counts == self._reported or not self._delivery.is_connected:
            return
        # First: a failed report is tried again only when the counts change.
        self._reported = counts
        try:
            self._show(counts)
        except StoppedError:
            raise
        except Exception as error:
            warn_once(
                f"report {type(error).__name__}",
                f"What is not sent cannot be shown on the board ({type(error).__name__}: {error}).",
            )

    def _show(self, counts: dict[str, int]) -> None:
        reasons = {**DROP_REASONS, "refused": "requests refused by the server"}
        text = "\n".join(f"- {count} {reasons[key]}" for key, count in counts.items() if count)
        boards = {str(cell.get("board", "main")) for cell in list(self._spool.cells.values())}
        for board in boards | set(self._spool.run_boards):
            name = "agnez: not sent"
            id = cell_id(board, name)
            document = {"_id": id, "board": board, "name": name}
            keys: dict[str, Any] = {
                "type": "text",
                "value": text,
                "description": f"Counted by {_environment.script_name()}, process {os.getpid()}.",
            }
            create = Request("POST", "/values", json.dumps(document).encode())
            self._delivery.send_until_answered(create)
            update = Request("PATCH", cell_path(id), json.dumps(keys).encode())
            self._delivery.send_until_answered(update)

"""Waking the sender thread."""

from __future__ import annotations

import queue


class WakeEvent:
    """A ``threading.Event`` for one waiting thread, safe in signal handlers.

    :meth:`set` takes no lock: a signal handler may call it while the interrupted code is inside it.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        self._calls.put(None)

    def clear(self) -> None:
        while self.wait(0):
            pass

    def wait(self, timeout: float | None) -> bool:
        """Returns whether :meth:`set` was called within ``timeout`` seconds."""
        try:
            self._calls.get(timeout is None or timeout > 0, timeout)
        except queue.Empty:
            return False
        return True

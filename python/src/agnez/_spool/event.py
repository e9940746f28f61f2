"""How a thread that sleeps is woken."""

from __future__ import annotations

import queue


class WakeEvent:
    """As ``threading.Event``, for one thread that waits. :meth:`set` takes no lock that a signal's handler could find taken by the call
    that it has interrupted."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        self._calls.put(None)

    def clear(self) -> None:
        while self.wait(0):
            pass

    def wait(self, timeout: float | None) -> bool:
        """Whether somebody has called before the time was over."""
        try:
            self._calls.get(timeout is None or timeout > 0, timeout)
        except queue.Empty:
            return False
        return True

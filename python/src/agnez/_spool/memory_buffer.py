"""Records in memory while the disk takes none, and the counts of dropped values."""

from __future__ import annotations

from collections import deque

from .._messages import warn_once

MEMORY_BYTES = 64 << 20
#: What is counted, and the text that follows the number.
DROP_REASONS = {
    "points": "points dropped: the spool was full",
    "changes": "pictures or values dropped: the spool was full",
    "large": "pictures or values dropped: larger than the server takes",
    "unsupported": "values left out: they cannot be shown",
}


class MemoryBuffer:
    """A bounded queue of whole records. The owner holds a lock around every call."""

    def __init__(self) -> None:
        self.records: deque[bytes] = deque()
        #: Values that will never be on the board, by reason: points, changes, single values.
        self.dropped: dict[str, int] = dict.fromkeys(DROP_REASONS, 0)
        self._bytes = 0

    def append(self, data: bytes, points: int) -> None:
        """Appends a record, or drops and counts it when the buffer is full.

        ``points``: how many the record holds; 0 for a change, whose share is half of the buffer.
        """
        if self._bytes + len(data) > (MEMORY_BYTES if points else MEMORY_BYTES // 2):
            self.drop("points" if points else "changes", points or 1)
        else:
            self.records.append(data)
            self._bytes += len(data)

    def drop(self, reason: str, count: int) -> None:
        """Counts dropped values."""
        self.dropped[reason] += count
        warn_once(
            "dropped",
            "The spool is full: values are dropped and counted, pictures before numbers.",
        )

    def pop(self) -> bytes:
        """Removes the oldest record."""
        data = self.records.popleft()
        self._bytes -= len(data)
        return data

    def take(self, limit: int) -> bytes:
        """Removes the oldest records, about ``limit`` bytes."""
        taken: list[bytes] = []
        while self.records and limit > 0:
            taken.append(self.pop())
            limit -= len(taken[-1])
        return b"".join(taken)

    def give_back(self, data: bytes) -> None:
        """Puts the unused end of :meth:`take` back to the front."""
        if data:
            self.records.appendleft(data)
            self._bytes += len(data)

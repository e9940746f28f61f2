"""What is in memory because the disk takes nothing, and the counts of what was dropped."""

from __future__ import annotations

from collections import deque

from .._log import warn_once

MEMORY_BYTES = 64 << 20
#: What is counted, and how it is said behind the number.
DROP_REASONS = {
    "points": "points dropped: the spool was full",
    "changes": "pictures or values dropped: the spool was full",
    "large": "pictures or values dropped: larger than the server takes",
    "odd": "values left out: they cannot be shown",
}


class MemoryBuffer:
    """Whole records, in order. Its owner holds a lock around every call."""

    def __init__(self) -> None:
        self.records: deque[bytes] = deque()
        #: What is not on the board and never will be, by the reason: points, changes of cells (pictures, values), single values.
        self.dropped: dict[str, int] = dict.fromkeys(DROP_REASONS, 0)
        self._bytes = 0

    def keep(self, data: bytes, points: int) -> None:
        """Keeps a record, or drops and counts it. ``points``: how many it holds, 0 for a change, which is dropped earlier."""
        if self._bytes + len(data) > (MEMORY_BYTES if points else MEMORY_BYTES // 2):
            self.drop("points" if points else "changes", points or 1)
        else:
            self.records.append(data)
            self._bytes += len(data)

    def drop(self, what: str, count: int) -> None:
        self.dropped[what] += count
        warn_once(
            "dropped", "The spool is full: values are dropped and counted, pictures before numbers."
        )

    def pop(self) -> bytes:
        data = self.records.popleft()
        self._bytes -= len(data)
        return data

    def take(self, most: int) -> bytes:
        """About ``most`` bytes, the oldest first."""
        taken: list[bytes] = []
        while self.records and most > 0:
            taken.append(self.pop())
            most -= len(taken[-1])
        return b"".join(taken)

    def give_back(self, data: bytes) -> None:
        """Of :meth:`take`, what is for later."""
        if data:
            self.records.appendleft(data)
            self._bytes += len(data)

"""What the finished runs of a process have sent, for one line at its end."""

from __future__ import annotations

from .delivery import Delivered


class RunTotals:
    """The runs of one board."""

    def __init__(self) -> None:
        #: Runs whose link was printed, and the id of the last one.
        self.runs = 0
        self.last_run = ""
        self._points = 0
        self._metrics: set[str] = set()
        self._others = 0

    def begin(self, run: str) -> None:
        """Counts a run."""
        self.runs, self.last_run = self.runs + 1, run

    def add(self, delivered: Delivered) -> None:
        """Adds what the server has accepted of runs that are finished."""
        self._points += delivered.points
        self._metrics.update(name for _, name in delivered.series)
        self._others += len(delivered.changed - {cell for cell, _ in delivered.series})

    def line(self, board_url: str) -> str:
        """``240 points of 4 metrics in 3 runs: http://…/b/digits``; empty without points."""
        if not self._points and not self._others:
            return ""
        total = Delivered(self._points, {("", name) for name in self._metrics})
        total.changed = {f"other {number}" for number in range(self._others)}
        if self.runs == 1:
            return f"{total}: {board_url}?run={self.last_run}"
        return f"{total} in {self.runs} runs: {board_url}"

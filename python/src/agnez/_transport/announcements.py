"""The lines that say where the boards and runs of a process are, and what was sent to them."""

from __future__ import annotations

import shlex
from pathlib import Path

from .. import _environment, _messages
from .._spool.record import RunKey
from .run_totals import RunTotals
from .sender import Sender

#: Boards of one client whose links are printed.
_MAX_ANNOUNCED = 20


class Announcements:
    """``spools``: the folder from which a replay sends what an offline process logs."""

    def __init__(self, url: str, spools: Path | None) -> None:
        self._url = url
        self._spools = spools
        #: The boards whose links were printed since the last :meth:`print_delivered`.
        self._announced: set[str] = set()
        #: Of the runs whose links were printed, by board.
        self._run_totals: dict[str, RunTotals] = {}

    def announce(self, board: str, run: RunKey | None, name: str) -> None:
        """Prints where the board is: once, and by one process of a training.

        ``run`` and ``name``: of a run that begins there.
        """
        if (board in self._announced and run is None) or len(self._announced) >= _MAX_ANNOUNCED:
            return
        if _environment.is_quiet() or not _environment.is_first_process():
            return
        self._announced.add(board)
        what = f"the board {board}" if run is None else f"the run {name}"
        if self._spools is not None:
            command = f"python -m agnez replay {shlex.quote(str(self._spools))}"
            _messages.print_line(f"{what} is offline: `{command}` sends what is logged.")
            return
        link = f"{self._url}/b/{board}"
        if run is not None:
            self._run_totals.setdefault(board, RunTotals()).begin(run[1])
            link += f"?run={run[1]}"
        _messages.print_line(f"{what} is at {link}")

    def print_delivered(self, sender: Sender, was_sent: bool) -> None:
        """Prints what was logged to each board whose link was printed. Never raises.

        What finished runs have sent is one line at the end of the process: a sweep has many.
        """
        announced, self._announced = self._announced, set()
        verb = "logged" if was_sent else "so far sent"
        try:
            for board, delivered in sender.delivered().items():
                totals = self._run_totals.get(board)
                if was_sent and totals is not None:
                    totals.add(delivered)
                    continue
                text = str(delivered) if board in announced else ""
                if text:
                    _messages.print_line(f"{verb} {text}: {self._url}/b/{board}")
        except Exception:  # The sender may still run: a missing line ends no training.
            return

    def print_totals(self) -> None:
        """At the end of the process: what its runs have logged."""
        all_totals, self._run_totals = self._run_totals, {}
        for board, totals in all_totals.items():
            line = totals.line(f"{self._url}/b/{board}")
            if line:
                _messages.print_line(f"logged {line}")

    def clear(self) -> None:
        """In the child of a fork: what the parent has printed is not known."""
        self._announced, self._run_totals = set(), {}

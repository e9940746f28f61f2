"""Where a callback logs: a run, which it begins if there is none, or the cells of a board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from .. import _active_run, session
from .._run import Run
from .._run_end import End
from ..board import Board

#: What the callbacks take: a run, a board (its cells, without a run), a board's name, or nothing.
AnyTarget = Union[Run, Board, str, None]
#: What they log to.
Target = Union[Run, Board]


def find_run(target: AnyTarget) -> Run | None:
    """The run itself, or the active run if ``target`` does not name another board."""
    if isinstance(target, Run):
        return target
    run = _active_run.run
    is_meant = target is None or (run is not None and target == run.project)
    return run if is_meant and not isinstance(target, Board) else None


def find_target(target: AnyTarget) -> Target:
    """The run of :func:`find_run`, or else the cells of the board; begins no run."""
    return find_run(target) or resolve_board(target)


def resolve_board(target: AnyTarget) -> Board:
    """The board: that of the run, the one of that name, that of the active run, or ``main``."""
    if isinstance(target, Board):
        return target
    run = find_run(target)
    if run is not None:
        return run.board
    return Board(target if isinstance(target, str) else "main")


class Training:
    """The target of one training: begins a run if there is none, and ends only that."""

    def __init__(self, target: AnyTarget, name: str | None = None) -> None:
        self._given, self._name = target, name
        self._target: Target | None = None
        self._is_own = False

    @property
    def target(self) -> Target:
        """Where to log; the first use begins the run."""
        if self._target is None:
            self._target = self._open()
        return self._target

    def _open(self) -> Target:
        if isinstance(self._given, (Run, Board)):
            return self._given
        run = find_run(self._given) if self._name is None else None
        if run is None:
            run = session.init(project=self._given, name=self._name)
            self._is_own = True
        return run

    def set_config(self, values: Mapping[Any, Any], table: str | None = None) -> None:
        """Adds hyperparameters that the run does not have; on a board they are the ``table``."""
        target = self.target
        if isinstance(target, Run):
            target.config.setdefaults(values)
        else:
            _show_table(target, values, table)

    def set_summary(self, values: Mapping[Any, Any], table: str | None = None) -> None:
        """Adds what is known at the end; on a board it is the ``table``."""
        target = self.target
        if isinstance(target, Run):
            target.summary.update(values)
        else:
            _show_table(target, values, table)

    def end(self, status: str = "finished") -> None:
        """Ends the run that this object began; the next training begins another one."""
        target, self._target = self._target, None
        if self._is_own and isinstance(target, Run):
            target._finish(End(status))
        self._is_own = False

    def __getstate__(self) -> dict[str, Any]:
        # Strategies that spawn processes pickle the trainer: they use one run, and end none.
        return {**self.__dict__, "_target": self.target, "_is_own": False}


def _show_table(board: Board, values: Mapping[Any, Any], table: str | None) -> None:
    if values and table is not None:
        rows = [[key, value] for key, value in values.items()]
        board.table(table, rows, columns=["name", "value"])

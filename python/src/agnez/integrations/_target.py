"""Where a callback logs: a run, which it begins if there is none, or the cells of a board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from .. import _active_run, _environment, session
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
    """The target of one training: begins a run if there is none, and ends only that.

    :param left_as: the status of a run whose training did not come to :meth:`end`, as the next
        :meth:`begin` of any training sets it.
    """

    def __init__(self, target: AnyTarget, name: str | None = None, left_as: str = "killed") -> None:
        self._given, self._name, self._left_as = target, name, left_as
        self._target: Target | None = None
        self._is_own = False
        self._has_begun = False

    @property
    def target(self) -> Target:
        """Where to log; the first use begins the run."""
        if self._target is None:
            self._target = self._open()
        return self._target

    def begin(self) -> None:
        """A training begins: it gets a run of its own, unless the script's own run is active.

        A run that an interrupted training has left does not continue with other hyperparameters.
        """
        if self._has_begun:
            self.end(self._left_as)
        if self._target is None and not isinstance(self._given, (Run, Board)):
            left = _active_run.run
            if left is not None and left._left_as is not None:
                left._finish(End(left._left_as))
        self._has_begun = True
        target = self.target
        if self._is_own and isinstance(target, Run):
            target._left_as = self._left_as

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
        is_own, self._is_own, self._has_begun = self._is_own, False, False
        if is_own and isinstance(target, Run):
            target._finish(End(status))

    def __getstate__(self) -> dict[str, Any]:
        # Processes that are spawned in the middle of a training use its run, and do not end it.
        # Any other copy, such as that of a grid search, is a training of its own.
        target = self._target if _environment.is_spawning() else None
        return {**self.__dict__, "_target": target, "_is_own": False, "_has_begun": False}


def _show_table(board: Board, values: Mapping[Any, Any], table: str | None) -> None:
    if values and table is not None:
        rows = [[key, value] for key, value in values.items()]
        board.table(table, rows, columns=["name", "value"])

"""PyTorch Lightning: ``Trainer(logger=agnez.lightning.AgnezLogger("mnist"))``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from ..board import Board
from ._tensors import resolve_board, split_phase

try:
    _loggers = import_optional("lightning.pytorch.loggers.logger", "agnez.lightning", "lightning")
    _utilities = import_optional("lightning.pytorch.utilities", "agnez.lightning", "lightning")
except ModuleNotFoundError as missing:
    try:
        # The older package.
        _loggers = import_optional(
            "pytorch_lightning.loggers.logger", "agnez.lightning", "lightning"
        )
        _utilities = import_optional("pytorch_lightning.utilities", "agnez.lightning", "lightning")
    except ModuleNotFoundError:
        raise missing from None


class AgnezLogger(_loggers.Logger):  # type: ignore[misc,name-defined]
    """Shows what a LightningModule logs.

    ``train_loss`` and ``val_loss`` (or ``train/loss``) are two series of the cell ``loss``. Only
    the process of rank 0 sends. The step is Lightning's; its counter ``epoch`` is ignored.

    :param board: a board, its name, or None: the board of ``agnez.init``, or ``main``.
    :param run: the run's name, for a named board: its series begin with it, and runs share charts.
    """

    def __init__(self, board: Board | str | None = None, *, run: str | None = None) -> None:
        super().__init__()
        if run is not None and isinstance(board, Board):
            raise TypeError("run= belongs to the board: Board(name, run=...)")
        self._board = (
            board if run is None else Board(board if isinstance(board, str) else "main", run=run)
        )
        self._made: Board | None = None

    @property
    def experiment(self) -> Board:
        """The board."""
        if self._made is None:
            self._made = resolve_board(self._board)
        return self._made

    @property
    def name(self) -> str:
        return self.experiment.name

    @property
    def version(self) -> str:
        return self.experiment.run or ""

    @log_exceptions
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        named = {split_phase(name): value for name, value in metrics.items() if name != "epoch"}
        if named and _utilities.rank_zero_only.rank == 0:
            self.experiment.log(named, step=step)

    @log_exceptions
    def log_hyperparams(
        self, params: Mapping[str, Any] | argparse.Namespace | None, *_: Any, **__: Any
    ) -> None:
        if _utilities.rank_zero_only.rank != 0:
            return
        config: dict[str, Any] = (
            vars(params) if isinstance(params, argparse.Namespace) else dict(params or {})
        )
        if config:
            self.experiment.config.update(config)
            self.experiment.show_config()

    def __getstate__(self) -> dict[str, Any]:
        # Strategies that spawn processes pickle the trainer with its loggers: use one board.
        return {**self.__dict__, "_made": self.experiment}

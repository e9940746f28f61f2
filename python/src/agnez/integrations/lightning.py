"""PyTorch Lightning: ``Trainer(logger=agnez.lightning.AgnezLogger("mnist"))``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from .._run import Run
from .._values.convert import to_label
from ._target import AnyTarget, Target, Training
from ._tensors import name_metrics

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
    """Shows what a LightningModule logs, as a run.

    ``train_loss`` and ``val_loss`` (or ``train/loss``) share a chart. Only the process of rank 0
    sends. The step is Lightning's.

    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run, or one on ``main``; or an :class:`agnez.Board`, for cells without a run.
    :param name: the run's name; with it the logger begins a run in any case.
    """

    def __init__(self, board: AnyTarget = None, *, name: str | None = None) -> None:
        super().__init__()
        self._training = Training(board, name)

    @property
    def experiment(self) -> Target:
        """The run or the board."""
        return self._training.target

    @property
    def name(self) -> str:
        target = self.experiment
        return target.project if isinstance(target, Run) else target.name

    @property
    def version(self) -> str:
        target = self.experiment
        return target.id if isinstance(target, Run) else ""

    @log_exceptions
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        if _utilities.rank_zero_only.rank == 0:
            named = name_metrics(self.experiment, metrics)
            if named:
                self.experiment.log(named, step=step)

    @log_exceptions
    def log_hyperparams(
        self, params: Mapping[str, Any] | argparse.Namespace | None, *_: Any, **__: Any
    ) -> None:
        if _utilities.rank_zero_only.rank == 0:
            config = vars(params) if isinstance(params, argparse.Namespace) else dict(params or {})
            self._training.set_config(
                {to_label(name): value for name, value in config.items()}, "config"
            )

    @log_exceptions
    def finalize(self, status: str) -> None:
        """Ends the run that the logger began."""
        if _utilities.rank_zero_only.rank == 0:
            self._training.end("finished" if status in ("success", "finished") else "failed")

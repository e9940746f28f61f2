"""XGBoost: ``xgboost.train(..., callbacks=[agnez.xgboost.AgnezCallback("trees")])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from ._target import AnyTarget, Target, Training

_callback = import_optional("xgboost.callback", "agnez.xgboost", "xgboost")


class AgnezCallback(_callback.TrainingCallback):  # type: ignore[misc,name-defined]
    """Shows the metrics of each boosting round, as a run: ``train-logloss`` as ``train/logloss``.

    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run, or one on ``main``; or an :class:`agnez.Board`, for cells without a run.
    :param name: the name of the run.
    :param config: hyperparameters of the run, such as those of ``xgboost.train``.
    """

    def __init__(
        self,
        board: AnyTarget = None,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._training = Training(board, name)
        self._config = dict(config or {})

    @property
    def target(self) -> Target:
        """The run or the board."""
        return self._training.target

    def before_training(self, model: Any) -> Any:
        """Begins the run."""
        self._begin()
        return model

    @log_exceptions
    def _begin(self) -> None:
        self._training.begin()
        self._training.set_config(self._config, "config")

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """Logs a round. Returns False: the training goes on."""
        self._log(epoch, evals_log)
        return False

    @log_exceptions
    def _log(self, epoch: int, evals_log: Mapping[str, Any]) -> None:
        named: dict[str, Any] = {}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                # A value of cross-validation is a pair: mean and standard deviation.
                last = values[-1]
                named[f"{data}/{metric}"] = last[0] if isinstance(last, tuple) else last
        if named:
            self.target.log(named, step=epoch)

    def after_training(self, model: Any) -> Any:
        """Ends the run that the callback began."""
        self._finish(model)
        return model

    @log_exceptions
    def _finish(self, model: Any) -> None:
        # The attributes of a booster are texts.
        attributes: dict[str, Any] = model.attributes() if hasattr(model, "attributes") else {}
        best = {
            name: attributes[name]
            for name in ("best_iteration", "best_score")
            if name in attributes
        }
        if best:
            self._training.set_summary({name: float(value) for name, value in best.items()})
        self._training.end()

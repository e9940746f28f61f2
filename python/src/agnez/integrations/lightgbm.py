"""LightGBM: ``lightgbm.train(..., callbacks=[agnez.lightgbm.AgnezCallback("trees")])``."""

from __future__ import annotations

from typing import Any

from .._errors import log_exceptions
from ._target import AnyTarget, Target, Training


class AgnezCallback:
    """Shows the metrics of each boosting round, as a run: ``valid_0/l2``.

    The run ends with the last round; where early stopping ends a training, with the process, the
    next training or the next ``agnez.init``.

    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run, or one on ``main``; or an :class:`agnez.Board`, for cells without a run.
    :param name: the name of the run.
    """

    #: LightGBM calls callbacks in this order; early stopping has 30, and ends the training.
    order = 25
    before_iteration = False

    def __init__(self, board: AnyTarget = None, *, name: str | None = None) -> None:
        # Early stopping is a normal end, and a callback does not see it.
        self._training = Training(board, name, left_as="finished")

    @property
    def target(self) -> Target:
        """The run or the board."""
        return self._training.target

    @log_exceptions
    def __call__(self, env: Any) -> None:
        """Logs a round; ``env`` is LightGBM's ``CallbackEnv``."""
        if env.iteration == getattr(env, "begin_iteration", 0):
            self._training.begin()
            self._training.set_config(dict(env.params or {}), "config")
        named = {
            f"{data}/{metric}": value
            for data, metric, value, *_ in env.evaluation_result_list or ()
        }
        if named:
            self.target.log(named, step=env.iteration)
        if env.iteration + 1 >= env.end_iteration:
            self._training.end()

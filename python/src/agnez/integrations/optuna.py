"""Optuna: ``study.optimize(objective, callbacks=[agnez.optuna.AgnezCallback("search")])``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _active_run, session
from .._errors import log_exceptions
from .._run_end import End
from .._values import names, run_ids

#: How states of a trial are called here; of the others, ``RUNNING`` and ``WAITING``, none ends.
_STATUS = {"COMPLETE": "finished", "PRUNED": "finished", "FAIL": "failed"}


class AgnezCallback:
    """Shows each trial as a run: its parameters, its intermediate values, and its result.

    All trials of a study are one group.

    :param board: the board's name, or None: ``main``.
    :param metric: the name of the result, or the names of several results.
    """

    def __init__(self, board: str | None = None, *, metric: str | Sequence[str] = "value") -> None:
        self._board = board
        self._metrics = [metric] if isinstance(metric, str) else list(metric)

    @log_exceptions
    def __call__(self, study: Any, trial: Any) -> None:
        """Logs a trial that has ended."""
        state = str(getattr(trial.state, "name", trial.state))
        active = _active_run.run
        # The variables AGNEZ_RUN_ID and AGNEZ_RESUME would make all trials one run.
        id, name = run_ids.generate(f"trial {trial.number}")
        run = session.init(
            project=self._board,
            id=id,
            name=name,
            resume=False,
            group=names.to_name(study.study_name),
            config=dict(trial.params),
            tags=["pruned"] if state == "PRUNED" else None,
            capture=(),
            reinit="create_new",
        )
        # The script's own run stays the active one.
        _active_run.run = active
        for step, value in sorted(trial.intermediate_values.items()):
            run.log({self._metrics[0]: value}, step=step)
        results = trial.values or []
        summary = {
            self._metrics[at] if at < len(self._metrics) else f"value {at}": value
            for at, value in enumerate(results)
        }
        if summary and not trial.intermediate_values:
            run.log(summary, step=0)
        run.summary.update({**summary, "trial": trial.number})
        run.write_end(End(_STATUS.get(state, "failed")))

"""``agnez.sweep`` and ``agnez.agent``: a function is called with one configuration after another.

Weights & Biases keeps sweeps on its server and runs them anywhere. Here a sweep belongs to the
process that makes it.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from . import _active_run, _run_end
from ._messages import warn, warn_once
from ._run_end import End
from ._sweep_space import configurations
from ._values import convert, run_ids

_METHODS = ("grid", "random", "bayes")
#: Keys of ``wandb.sweep`` without effect here.
_IGNORED_KEYS = ("command", "controller", "early_terminate", "program")
#: An agent stops when its first calls all fail: the function does not work at all.
_MAX_FIRST_FAILURES = 5


@dataclass(frozen=True)
class Trial:
    """One call of a sweep's function."""

    sweep: str
    project: str | None
    #: What ``init`` puts into the run's config; the function cannot change it.
    config: Mapping[str, Any]


class _Sweep:
    def __init__(self, id: str, settings: Mapping[str, Any], project: str | None) -> None:
        method = settings.get("method", "grid")
        if method not in _METHODS:
            raise ValueError(f"'method' must be one of {', '.join(_METHODS)}, not {method!r}")
        parameters = settings.get("parameters")
        if not isinstance(parameters, Mapping) or not parameters:
            raise ValueError("a sweep needs 'parameters', such as {'lr': {'values': [0.1, 0.01]}}")
        if method == "bayes":
            warn_once("bayes", "A sweep with the method 'bayes' takes random values here.")
        self.id = id
        self.project = project or settings.get("project")
        #: What is left of the configurations: agents share them.
        self.configurations = configurations(method, parameters)
        if settings.get("run_cap") is not None:
            self.configurations = itertools.islice(self.configurations, int(settings["run_cap"]))


_sweeps: dict[str, _Sweep] = {}
#: The call that is going on.
trial: Trial | None = None


def sweep(
    sweep: Any = None, entity: Any = None, project: str | None = None, prior_runs: Any = None
) -> str:
    """Makes a sweep for :func:`agent`, and returns its id: ``sweep({"parameters": {...}})``.

    :param sweep: a dict as for ``wandb.sweep``: ``method`` (``grid``, ``random``; ``bayes`` is
        random here), ``parameters`` and ``run_cap``. ValueError if it has no meaning.
    :param project: the board of the runs whose ``init`` names none.

    ``entity`` and ``prior_runs`` have no effect.
    """
    del entity, prior_runs
    settings = sweep() if callable(sweep) else sweep
    if not isinstance(settings, Mapping):
        raise TypeError(f"sweep takes a dict, not {convert.describe_type(settings)}")
    ignored = [key for key in _IGNORED_KEYS if key in settings]
    if ignored:
        warn_once(f"sweep {ignored}", f"agnez.sweep ignores {', '.join(ignored)}.")
    id = run_ids.random_id(8)
    _sweeps[id] = _Sweep(id, settings, project)
    return id


def agent(
    sweep_id: Any = None,
    function: Callable[[], Any] | None = None,
    entity: Any = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: Any = None,
) -> None:
    """Calls ``function`` with each configuration of a sweep, ``count`` times at most.

    The ``init`` of the function takes the configuration into the run's config. A run that the
    function does not finish is finished after it. An exception ends the run as failed, and the
    next configuration follows, unless the first 5 calls fail. Without ``count`` and ``run_cap``, a
    random sweep goes on until it is interrupted.

    ``entity`` and ``forward_signals`` have no effect.
    """
    global trial
    del entity, forward_signals
    # Weights & Biases also takes `entity/project/id`.
    known = _sweeps.get(str(sweep_id).rpartition("/")[2])
    if known is None or function is None:
        reason = f"the sweep {sweep_id!r} is not one of this process"
        if known is not None:
            reason = "it takes the function to call: agent(id, function=train)"
        warn_once(f"agent {known is None}", f"agnez.agent does nothing here: {reason}.")
        return
    has_succeeded = False
    for number in itertools.count(1) if count is None else range(1, count + 1):
        config = next(known.configurations, None)
        if config is None:
            return
        trial = Trial(known.id, project or known.project, config)
        try:
            has_succeeded |= _call(function)
        finally:
            trial = None
        if not has_succeeded and number >= _MAX_FIRST_FAILURES:
            warn(f"The first {number} calls of the sweep have failed: agnez.agent stops.")
            return


def _call(function: Callable[[], Any]) -> bool:
    """Calls the function, and ends its run. Returns whether it succeeded."""
    before = _active_run.run
    end, text = End("finished"), ""
    try:
        function()
    except (Exception, SystemExit) as error:
        end = _run_end.of_exception(type(error), error, error.__traceback__)
        text = traceback.format_exc()
    run = _active_run.run
    if run is not None and run is not before:
        run._finish(end)
    if end.status == "finished":
        return True
    warn(f"A call of the sweep has failed, and the next one follows.\n{text}")
    return False

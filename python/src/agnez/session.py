"""The module's calls: ``agnez.init``, ``agnez.log``, ``agnez.finish``, as in Weights & Biases."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Collection
from typing import Any

from . import _active_run, _environment, _resume, _sweep, _variables
from ._capture.recorder import KINDS
from ._config import to_dict
from ._messages import warn_once
from ._run import Run
from ._run_keys import to_notes, to_tags
from ._transport import credentials
from ._values import names, run_ids

#: Arguments of ``wandb.init`` without effect here.
_IGNORED_ARGUMENTS = {
    "allow_val_change",
    "anonymous",
    "config_exclude_keys",
    "config_include_keys",
    "dir",
    "entity",
    "force",
    "fork_from",
    "magic",
    "monitor_gym",
    "resume_from",
    "save_code",
    "settings",
    "sync_tensorboard",
    "tensorboard",
}
#: Values of ``reinit`` that finish the previous run, as here without it.
_FINISH_PREVIOUS = (None, True, False, "default", "finish_previous")


def init(
    project: str | None = None,
    *,
    name: str | None = None,
    id: str | None = None,
    config: Any = None,
    group: str | None = None,
    tags: Any = None,
    notes: str | None = None,
    job_type: str | None = None,
    resume: Any = None,
    url: str | None = None,
    token: str | None = None,
    spool: str | None = None,
    mode: str | None = None,
    rank: int | None = None,
    capture: Any = None,
    reinit: Any = None,
    **others: Any,
) -> Run:
    """Begins a run, and finishes the previous one of this process; ``agnez.log`` logs to it.

    :param project: the board, by default ``main``; characters that a board's name cannot have
        become ``-``.
    :param name: the run's name, by default two random words. Several runs may have one name.
    :param id: 1 to 64 letters, digits, ``-``, ``_``, ``.``: the same run as before if the board has
        it. By default the day, the name and random characters.
    :param config: hyperparameters: a dict, or an object with attributes, such as argparse's. Texts
        whose names look like those of secrets are replaced.
    :param group: runs that belong together, such as those of one experiment.
    :param tags: a text, or several.
    :param notes: Markdown.
    :param job_type: such as ``train`` or ``eval``.
    :param resume: ``allow`` continues the run ``id`` at its last step, if the board has it;
        ``must`` requires it, ``never`` forbids it; ``auto`` continues the run of this script in
        this folder if it did not finish. These calls wait for the server; a missing run of ``must``
        and an existing one of ``never`` are an :class:`agnez.Error`.
    :param mode: ``online``; ``offline``, which leaves everything in the spool for a replay; or
        ``disabled``, which sends and writes nothing. By default ``AGNEZ_MODE`` or ``WANDB_MODE``.
    :param rank: of a training of several processes, only rank 0 logs; the number of this process
        lets it log into a run of its own.
    :param capture: what the run captures besides: True (everything), False (nothing), or some of
        ``command``, ``host``, ``git``, ``packages``, ``system``, ``console``. By default
        ``AGNEZ_CAPTURE``, or everything.
    :param reinit: ``return_previous`` returns the run that is not finished; ``create_new`` leaves
        it as it is.

    ``AGNEZ_PROJECT``, ``AGNEZ_NAME``, ``AGNEZ_RUN_ID``, ``AGNEZ_RUN_GROUP``, ``AGNEZ_TAGS``,
    ``AGNEZ_NOTES``, ``AGNEZ_JOB_TYPE`` and ``AGNEZ_RESUME`` (or ``WANDB_…``) stand for arguments
    that are missing; a wrong one of these is a warning. Arguments of ``wandb.init`` without effect
    here are ignored with one warning; unknown ones raise TypeError.
    """
    unknown = sorted(set(others) - _IGNORED_ARGUMENTS)
    if unknown:
        close = difflib.get_close_matches(unknown[0], inspect.signature(init).parameters, 1)
        advice = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"init takes no argument {unknown[0]!r}{advice}")
    if others:
        warn_once("init", f"agnez.init ignores {', '.join(sorted(others))}.")
    values = to_dict(config)
    how = _resume.check_mode(resume) if resume is not None else _variables.resume()
    mode = mode or _variables.mode()
    if rank is None and _environment.rank() > 0:
        # Every process of a training runs the same script: one of them logs.
        mode = "disabled"
    mode = names.check_mode(_variables.MODES.get(mode or "", mode))
    kinds = _captured(capture, mode)
    previous = _active_run.run
    if previous is not None and reinit == "return_previous":
        return previous
    if previous is not None and reinit in _FINISH_PREVIOUS:
        previous.finish()
    trial = _sweep.trial
    project = project or (trial.project if trial is not None else None)
    board = names.to_board_name(str(project or _variables.get("PROJECT") or "main"))
    server = credentials.register_server(url, token)
    last_run = _resume.LastRun(server, board) if how == "auto" and mode != "disabled" else None
    given = id if id is not None else _variables.run_id()
    if given is None and last_run is not None:
        given = last_run.read()
    label = name if name is not None else _variables.get("NAME")
    if given is None:
        given, label = run_ids.generate(None if label is None else names.to_name(label))
    run_id = run_ids.check(str(given))
    document = None
    if how is not None and mode == "online":
        document = _resume.find(server, (board, run_id), how)
    label = names.to_name(label if label is not None else (document or {}).get("name") or run_id)
    run = Run(board, run_id, label, url=url, token=token, spool=spool, mode=mode)
    if trial is not None:
        run.sweep_id = trial.sweep
        run.config._lock(trial.config)
        values = {**values, **trial.config}
    keys: dict[str, Any] = {
        "group": _text(group, "RUN_GROUP") or (trial and f"sweep {trial.sweep}"),
        "job_type": _text(job_type, "JOB_TYPE"),
        "notes": _notes(notes),
        "rank": rank,
    }
    run.group, run.job_type, run._notes = keys["group"], keys["job_type"], keys["notes"]
    run._tags = to_tags(tags if tags is not None else _variables.tags())
    keys = {name: value for name, value in keys.items() if value is not None}
    if id is not None:
        # The run may have ended before.
        keys["exit"] = None
    if run._tags:
        keys["tags"] = list(run._tags)
    if document is not None:
        run._next_step = _resume.next_step(document)
        run.start_time = _resume.started_at(document) or run.start_time
    run._begin(values, keys, document, kinds, last_run)
    return _active_run.activate(run)


def _text(given: Any, name: str) -> str | None:
    value = given if given is not None else _variables.get(name)
    return None if value is None or value == "" else names.to_name(value)


def _notes(given: Any) -> str | None:
    value = given if given is not None else _variables.get("NOTES")
    return None if value is None else to_notes(value)


def _captured(capture: Any, mode: str) -> Collection[str]:
    """The kinds of :data:`KINDS` that the run captures."""
    if mode == "disabled":
        return ()
    if capture is None:
        return _variables.capture()
    if isinstance(capture, bool):
        return KINDS if capture else ()
    kinds = [capture] if isinstance(capture, str) else list(capture)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"capture takes {', '.join(KINDS)}, not {unknown[0]!r}")
    return kinds


def log(
    metrics: Any = None,
    step: Any = None,
    commit: Any = None,
    sync: Any = None,
    *,
    data: Any = None,
    **named: Any,
) -> None:
    """Logs to the run of the latest :func:`init`, as :meth:`Run.log`; RuntimeError without one."""
    _active_run.require("log").log(metrics, step, commit, sync, data=data, **named)


def finish(
    exit_code: int | None = None, quiet: bool | None = None, *, timeout: float | None = 5
) -> None:
    """Ends the run of the latest :func:`init`, if there is one."""
    if _active_run.run is not None:
        _active_run.run.finish(exit_code, quiet, timeout=timeout)


def define_metric(name: Any, step_metric: Any = None, *args: Any, **named: Any) -> Any:
    """The metric whose value is the step of others, as :meth:`Run.define_metric`."""
    return _active_run.require("define_metric").define_metric(name, step_metric, *args, **named)


def alert(title: str = "", text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """Shows an alert on the board, as :meth:`Run.alert`."""
    _active_run.require("alert").alert(title, text, level, wait_duration)


def watch(models: Any = None, *args: Any, **named: Any) -> list[Any]:
    """Shows a model's weights and gradients, as :meth:`Run.watch`."""
    return _active_run.require("watch").watch(models, *args, **named)


def unwatch(models: Any = None) -> None:
    """Stops all that :func:`watch` began."""
    if _active_run.run is not None:
        _active_run.run.unwatch(models)

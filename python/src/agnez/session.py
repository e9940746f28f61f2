"""The calls of the module: ``agnez.init``, ``agnez.log``, ``agnez.finish``, for scripts that are used to those of Weights & Biases."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from . import _wandb
from ._log import warn_once
from ._values import convert, names
from .board import Board

#: Arguments of ``wandb.init`` that have no meaning here.
_IGNORED_ARGUMENTS = {
    "entity",
    "dir",
    "tags",
    "notes",
    "group",
    "job_type",
    "id",
    "resume",
    "reinit",
    "save_code",
    "settings",
    "sync_tensorboard",
    "anonymous",
    "allow_val_change",
    "force",
    "magic",
    "config_exclude_keys",
    "config_include_keys",
    "monitor_gym",
    "tensorboard",
    "fork_from",
    "resume_from",
}
#: Modes of ``wandb.init`` in which it sends.
_SENDING = ("online", "shared", "run", "dryrun")


class Config(MutableMapping[str, Any]):
    """Hyperparameters, as attributes and as items; the board shows them as a table, also what is set later."""

    def __init__(self, values: Mapping[Any, Any], board: Board | None) -> None:
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_board", board)
        if values:
            self._changed()

    def _changed(self) -> None:
        if self._board is not None:
            self._board.config = dict(self._values)
            self._board.show_config()

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_values")[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getitem__(self, name: Any) -> Any:
        return self._values[name]

    def __setitem__(self, name: Any, value: Any) -> None:
        self._values[name] = value
        self._changed()

    def __delitem__(self, name: Any) -> None:
        del self._values[name]
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return convert.describe(self._values)

    def update(self, *args: Any, **named: Any) -> None:
        """As that of a dict, also of an object with attributes; ``allow_val_change`` is passed over."""
        named.pop("allow_val_change", None)
        for values in args:
            self._values.update(_to_dict(values))
        self._values.update(named)
        self._changed()

    def setdefaults(self, values: Any) -> None:
        """Sets what is not set yet."""
        for name, value in _to_dict(values).items():
            self._values.setdefault(name, value)
        self._changed()

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._values)


class Summary(dict[str, Any]):
    """The last value of each metric, and what the script sets: both as items and as attributes. What is set is shown as a table."""

    _run: Run | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_run":
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __setitem__(self, name: Any, value: Any) -> None:
        super().__setitem__(name, value)
        self._show({name: value})

    def update(self, *args: Any, **named: Any) -> None:
        """As that of a dict."""
        values = dict(*args, **named)
        super().update(values)
        self._show(values)

    def _show(self, values: Mapping[Any, Any]) -> None:
        if self._run is not None:
            self._run._summarize(values)

    def _record(self, metrics: Mapping[Any, Any]) -> None:
        """Takes what was logged, which the board has as lines."""
        super().update(metrics)


class Run(_wandb.WandbMethods):
    """A training run: what :func:`init` returns. ``with agnez.init(...) as run:`` finishes it."""

    def __init__(
        self,
        board: Board,
        config: Mapping[Any, Any],
        *,
        id: str | None = None,
        tags: Any = None,
        notes: Any = None,
        group: Any = None,
        job_type: Any = None,
    ) -> None:
        self.board = board
        self.id = id or board.run or secrets.token_hex(4)
        self.name = board.run
        self.project = board.name
        self.entity = ""
        self.tags = (tags,) if isinstance(tags, str) else tuple(tags or ())
        self.notes, self.group, self.job_type = notes, group, job_type
        self.config = Config(config, board)
        self.summary = Summary()
        self.summary._run = self
        self.step = 0
        self._summarized: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"{self.board.url}/b/{self.board.name}"

    @property
    def mode(self) -> str:
        """``online``, ``offline`` or ``disabled``."""
        return self.board.mode

    @property
    def offline(self) -> bool:
        """Whether everything stays in the spool."""
        return self.board.mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether it sends nothing."""
        return self.board.mode == "disabled"

    def log(
        self,
        metrics: Mapping[Any, Any] | None = None,
        /,
        step: Any = None,
        commit: bool | None = None,
        **named: Any,
    ) -> None:
        """Logs metrics and media, as :meth:`agnez.Board.log` does. Without ``step`` it is the last one and 1; with ``commit=False``, and
        after a step that was given, the next call has the same."""
        if metrics is None and len(named) == 1 and isinstance(named.get("data"), Mapping):
            # As a habit names it.
            metrics, named = named["data"], {}
        if "sync" in named and isinstance(named["sync"], bool):
            del named["sync"]
        if step is not None:
            step = convert.to_step(step)
            self.step = int(step) if step == int(step) else step
        self.board.log(metrics, step=self.step, **named)
        self.summary._record({**({} if metrics is None else metrics), **named})
        if commit or (commit is None and step is None):
            self.step += 1

    def finish(
        self,
        exit_code: int | None = None,
        quiet: bool | None = None,
        *,
        timeout: float | None = 5,
    ) -> None:
        """Sends what is left, ``timeout`` seconds at most. ``exit_code``, if it is not 0, is shown beside the hyperparameters."""
        global run, config
        del quiet
        if exit_code:
            self.config["exit code"] = exit_code
        self.board.close(timeout)
        if run is self:
            run, config = None, Config({}, None)

    def _summarize(self, values: Mapping[Any, Any]) -> None:
        self._summarized.update(values)
        name = "summary" if self.name is None else f"summary/{self.name}"
        self.board.table(
            names.to_name(name),
            [[convert.to_label(key), value] for key, value in self._summarized.items()],
            columns=["name", "value"],
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if run is None:
            # In a child process agnez.log goes on with it.
            _activate(self)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        self.finish(1 if kind is not None else None)


#: The run of the last :func:`init` that is not finished.
run: Run | None = None
config: Config = Config({}, None)


def _to_dict(values: Any) -> dict[Any, Any]:
    """Hyperparameters as a dict: of a dict, an object with attributes, a dataclass, or pairs."""
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return dict(values)
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    if hasattr(values, "__dict__"):
        return dict(vars(values))
    try:
        return dict(values)
    except (TypeError, ValueError):
        raise TypeError(f"config must be a dict, not {type(values).__name__}") from None


def init(
    project: str | None = None,
    *,
    name: str | None = None,
    config: Any = None,
    url: str | None = None,
    token: str | None = None,
    spool: str | None = None,
    mode: str | None = None,
    **others: Any,
) -> Run:
    """Begins a run. ``project`` is the board (what a board's name cannot hold becomes ``-``), without it ``main``.

    ``name`` is the run's name: the series of all metrics are named after it, so that runs meet in one chart. ``config``: a dict,
    or an object with attributes, such as argparse's. ``mode``: ``online``, ``offline`` (everything stays in the spool, for a
    replay) or ``disabled`` (nothing is sent or written); without it ``AGNEZ_MODE`` or ``WANDB_MODE``. Arguments of ``wandb.init``
    that have no meaning here are passed over with one warning; others raise TypeError.
    """
    unknown = sorted(set(others) - _IGNORED_ARGUMENTS)
    if unknown:
        raise TypeError(f"init takes no argument {unknown[0]!r}")
    if others:
        # The usual mode changes nothing, either.
        passed = sorted([*others, "mode"] if mode == "online" else others)
        warn_once("init", f"agnez.init passes over {', '.join(passed)}.")
    values = _to_dict(config)
    mode = mode or os.environ.get("AGNEZ_MODE") or os.environ.get("WANDB_MODE")
    mode = (
        "online"
        if mode in _SENDING and mode != "dryrun"
        else "offline"
        if mode == "dryrun"
        else mode
    )
    called = None if name is None else names.to_name(name)
    board = Board(
        names.to_board_name(str(project or os.environ.get("AGNEZ_PROJECT") or "main")),
        url=url,
        token=token,
        run=called,
        spool=spool,
        mode=mode,
    )
    result = {key: others.get(key) for key in ("tags", "notes", "group", "job_type")}
    return _activate(
        Run(board, values, id=None if others.get("id") is None else str(others["id"]), **result)
    )


def _activate(begun: Run) -> Run:
    global run, config
    run, config = begun, begun.config
    return begun


def _current(call: str) -> Run:
    """The run of the last :func:`init`; RuntimeError without one."""
    if run is None:
        raise RuntimeError(f"agnez.{call} needs a run: call agnez.init() first")
    return run


def log(
    metrics: Mapping[Any, Any] | None = None,
    /,
    step: Any = None,
    commit: bool | None = None,
    **named: Any,
) -> None:
    """Logs to the run of the last :func:`init`, as its :meth:`Run.log`; RuntimeError without one."""
    _current("log").log(metrics, step, commit, **named)


def finish(
    exit_code: int | None = None, quiet: bool | None = None, *, timeout: float | None = 5
) -> None:
    """Ends the run of the last :func:`init`, if there is one."""
    if run is not None:
        run.finish(exit_code, quiet, timeout=timeout)


def alert(title: str = "", text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """Shows an alert on the board, as :meth:`Run.alert`."""
    _current("alert").alert(title, text, level, wait_duration)


def watch(models: Any = None, *args: Any, **named: Any) -> list[Any]:
    """Shows a model's weights and gradients, as :meth:`Run.watch`."""
    return _current("watch").watch(models, *args, **named)


def unwatch(models: Any = None) -> None:
    """Ends what :func:`watch` began."""
    if run is not None:
        run.unwatch(models)

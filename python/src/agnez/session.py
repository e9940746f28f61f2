"""The module's calls: ``agnez.init``, ``agnez.log``, ``agnez.finish``, as in Weights & Biases."""

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
    "group",
    "id",
    "job_type",
    "magic",
    "monitor_gym",
    "notes",
    "reinit",
    "resume",
    "resume_from",
    "save_code",
    "settings",
    "sync_tensorboard",
    "tags",
    "tensorboard",
}
#: Modes of ``wandb.init`` by their names here.
_MODES = {"shared": "online", "run": "online", "dryrun": "offline"}


class Config(MutableMapping[str, Any]):
    """Hyperparameters, as attributes and items. The board shows them as a table, also changes."""

    def __init__(self, values: Mapping[Any, Any], board: Board | None) -> None:
        object.__setattr__(self, "_values", dict(values))
        object.__setattr__(self, "_board", board)
        if values:
            self._show()

    def _show(self) -> None:
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
        self._show()

    def __delitem__(self, name: Any) -> None:
        del self._values[name]
        self._show()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return convert.describe(self._values)

    def update(self, *args: Any, **named: Any) -> None:
        """As ``dict.update``, also with objects that have attributes.

        ``allow_val_change`` is ignored.
        """
        named.pop("allow_val_change", None)
        for values in args:
            self._values.update(_to_dict(values))
        self._values.update(named)
        self._show()

    def setdefaults(self, values: Any) -> None:
        """Sets the values whose names are not set yet."""
        for name, value in _to_dict(values).items():
            self._values.setdefault(name, value)
        self._show()

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._values)


class Summary(dict[str, Any]):
    """The last value of each metric, and what the script sets, as items and attributes.

    The board shows what the script sets as a table.
    """

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
        """As ``dict.update``."""
        values = dict(*args, **named)
        super().update(values)
        self._show(values)

    def _show(self, values: Mapping[Any, Any]) -> None:
        if self._run is not None:
            self._run._summarize(values)

    def _record(self, metrics: Mapping[Any, Any]) -> None:
        """Records logged metrics, which the board shows as lines."""
        super().update(metrics)


class Run(_wandb.WandbMethods):
    """A training run, as :func:`init` returns it. ``with agnez.init(...) as run:`` finishes it."""

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
        self._summarized: dict[str, Any] = {}

    @property
    def step(self) -> Any:
        """The step of the next :meth:`log` without one."""
        return self.board._next_step

    @property
    def url(self) -> str:
        """The board's address."""
        return self.get_url()

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
        metrics: Any = None,
        step: Any = None,
        commit: Any = None,
        **named: Any,
    ) -> None:
        """Logs metrics and media, exactly as :meth:`agnez.Board.log`.

        ``data=`` and ``sync=`` of Weights & Biases are accepted: the former is ``metrics``.
        """
        if metrics is None and len(named) == 1 and isinstance(named.get("data"), Mapping):
            metrics, named = named["data"], {}
        if isinstance(named.get("sync"), bool):
            del named["sync"]
        self.board.log(metrics, step, commit, **named)
        self.summary._record({**({} if metrics is None else metrics), **named})

    def finish(
        self,
        exit_code: int | None = None,
        quiet: bool | None = None,
        *,
        timeout: float | None = 5,
    ) -> None:
        """Sends what is left, within ``timeout`` seconds.

        An ``exit_code`` other than 0 is shown beside the hyperparameters.
        """
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
        rows = [[convert.to_label(key), value] for key, value in self._summarized.items()]
        self.board.table(names.to_name(name), rows, columns=["name", "value"])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if run is None:
            # In a child process, agnez.log continues with this run.
            _activate(self)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        self.finish(1 if kind is not None else None)


#: The run of the latest :func:`init` that is not finished.
run: Run | None = None
config: Config = Config({}, None)


def _to_dict(values: Any) -> dict[Any, Any]:
    """Hyperparameters from a dict, a dataclass, an object with attributes, or pairs."""
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
    """Begins a run.

    :param project: the board, by default ``main``; characters that a board's name cannot have
        become ``-``.
    :param name: the run's name, with which the series of all metrics begin: runs share the charts.
    :param config: a dict, or an object with attributes, such as argparse's.
    :param mode: ``online``; ``offline``, which leaves everything in the spool for a replay; or
        ``disabled``, which sends and writes nothing. By default ``AGNEZ_MODE`` or ``WANDB_MODE``.

    Arguments of ``wandb.init`` without effect here are ignored with one warning; unknown ones raise
    TypeError.
    """
    unknown = sorted(set(others) - _IGNORED_ARGUMENTS)
    if unknown:
        raise TypeError(f"init takes no argument {unknown[0]!r}")
    if others:
        # The usual mode has no effect, either.
        ignored = sorted([*others, "mode"] if mode == "online" else others)
        warn_once("init", f"agnez.init passes over {', '.join(ignored)}.")
    values = _to_dict(config)
    mode = mode or os.environ.get("AGNEZ_MODE") or os.environ.get("WANDB_MODE")
    board = Board(
        names.to_board_name(str(project or os.environ.get("AGNEZ_PROJECT") or "main")),
        url=url,
        token=token,
        run=None if name is None else names.to_name(name),
        spool=spool,
        mode=_MODES.get(mode or "", mode),
    )
    attributes = {key: others.get(key) for key in ("tags", "notes", "group", "job_type")}
    id = None if others.get("id") is None else str(others["id"])
    return _activate(Run(board, values, id=id, **attributes))


def _activate(new: Run) -> Run:
    global run, config
    run, config = new, new.config
    return new


def _current(call: str) -> Run:
    """The active run; RuntimeError without one."""
    if run is None:
        raise RuntimeError(f"agnez.{call} needs a run: call agnez.init() first")
    return run


def log(
    metrics: Any = None,
    step: Any = None,
    commit: Any = None,
    **named: Any,
) -> None:
    """Logs to the run of the latest :func:`init`, as :meth:`Run.log`; RuntimeError without one."""
    _current("log").log(metrics, step, commit, **named)


def finish(
    exit_code: int | None = None, quiet: bool | None = None, *, timeout: float | None = 5
) -> None:
    """Ends the run of the latest :func:`init`, if there is one."""
    if run is not None:
        run.finish(exit_code, quiet, timeout=timeout)


def alert(title: str = "", text: str = "", level: Any = None, wait_duration: Any = None) -> None:
    """Shows an alert on the board, as :meth:`Run.alert`."""
    _current("alert").alert(title, text, level, wait_duration)


def watch(models: Any = None, *args: Any, **named: Any) -> list[Any]:
    """Shows a model's weights and gradients, as :meth:`Run.watch`."""
    return _current("watch").watch(models, *args, **named)


def unwatch(models: Any = None) -> None:
    """Stops all that :func:`watch` began."""
    if run is not None:
        run.unwatch(models)

"""The calls of the module: ``agnez.init``, ``agnez.log``, ``agnez.finish``, for scripts that are used to those of Weights & Biases."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, Mapping, MutableMapping, Optional

from . import names
from .board import Board
from .tell import tell_once

#: Arguments of ``wandb.init`` that have no meaning here.
_PASSED_OVER = {"entity", "dir", "tags", "notes", "group", "job_type", "id", "resume", "reinit", "save_code", "settings", "mode", "sync_tensorboard", "anonymous", "allow_val_change", "force", "magic", "config_exclude_keys", "config_include_keys", "monitor_gym", "tensorboard", "fork_from", "resume_from"}


class Config(MutableMapping[str, Any]):
    """Hyperparameters, as attributes and as items; the board shows them as a table, also what is set later."""

    def __init__(self, values: Mapping[str, Any], board: Optional[Board]) -> None:
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

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._changed()

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def update(self, *args: Any, **named: Any) -> None:
        """As that of a dict; ``allow_val_change`` is passed over."""
        named.pop("allow_val_change", None)
        self._values.update(*args, **named)
        self._changed()


class Run:
    """A training run: what :func:`init` returns. ``with agnez.init(...) as run:`` finishes it."""

    def __init__(self, board: Board, config: Mapping[str, Any]) -> None:
        self.board = board
        self.name = board.run
        self.project = board.name
        self.config = Config(config, board)
        self.summary: Dict[str, Any] = {}
        self.step = 0

    @property
    def url(self) -> str:
        return f"{self.board.url}/b/{self.board.name}"

    def log(self, metrics: Mapping[str, Any], step: Any = None, commit: Optional[bool] = None) -> None:
        """Logs metrics and media. Without ``step`` it is the last one and 1; with ``commit=False`` the next call has the same."""
        if step is not None:
            self.step = step
        self.board.log(metrics, step=self.step)
        self.summary.update(metrics)
        if commit or commit is None and step is None:
            self.step += 1

    def finish(self, timeout: Optional[float] = 5) -> None:
        """Sends what is left, ``timeout`` seconds at most."""
        global run, config
        self.board.close(timeout)
        if run is self:
            run, config = None, Config({}, None)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()


#: The run of the last :func:`init` that is not finished.
run: Optional[Run] = None
config: Config = Config({}, None)


def init(project: Optional[str] = None, *, name: Optional[str] = None, config: Any = None, url: Optional[str] = None, token: Optional[str] = None, spool: Optional[str] = None, **others: Any) -> Run:
    """Begins a run. ``project`` is the board (what a board's name cannot hold becomes ``-``), without it ``main``.

    ``name`` is the run's name: the series of all metrics are named after it, so that runs meet in one chart. ``config``: a dict,
    or an object with attributes, such as argparse's. Arguments of ``wandb.init`` that have no meaning here are passed over with one
    warning; others raise TypeError.
    """
    unknown = sorted(set(others) - _PASSED_OVER)
    if unknown:
        raise TypeError(f"init takes no argument {unknown[0]!r}")
    if others:
        tell_once("init", f"agnez.init passes over {', '.join(sorted(others))}.")
    values = dict(config) if isinstance(config, Mapping) else dict(vars(config)) if hasattr(config, "__dict__") else {}
    if config is not None and not values and not isinstance(config, Mapping) and not hasattr(config, "__dict__"):
        raise TypeError(f"config must be a dict, not {type(config).__name__}")
    board = Board(names.board_like(project or os.environ.get("AGNEZ_PROJECT") or "main"), url=url, token=token, run=name, spool=spool)
    return _begin(Run(board, values))


def _begin(begun: Run) -> Run:
    global run, config
    run, config = begun, begun.config
    return begun


def log(metrics: Mapping[str, Any], step: Any = None, commit: Optional[bool] = None) -> None:
    """Logs to the run of the last :func:`init`; RuntimeError without one."""
    if run is None:
        raise RuntimeError("agnez.log needs a run: call agnez.init() first")
    run.log(metrics, step, commit)


def finish(timeout: Optional[float] = 5) -> None:
    """Ends the run of the last :func:`init`, if there is one."""
    if run is not None:
        run.finish(timeout)

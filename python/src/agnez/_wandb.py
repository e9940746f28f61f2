"""Calls of Weights & Biases scripts besides logging.

A call without a counterpart here warns once and does nothing; none of them raises.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Callable, cast

from ._errors import log_exceptions
from ._messages import warn_once
from ._values import convert, names, run_ids
from .media import Media, Text


class NoOp:
    """Stands for a class without a counterpart here, such as ``Artifact`` and ``Settings``.

    It takes any arguments, has any attribute and any item, holds nothing, and is the path of the
    current folder; calls on it do nothing.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        del args
        self.__dict__.update(named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return NoOp()

    def __call__(self, *_: Any, **__: Any) -> NoOp:
        return self

    def __getitem__(self, _: Any) -> NoOp:
        return NoOp()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __fspath__(self) -> str:
        return "."

    def __enter__(self) -> NoOp:
        return self

    def __exit__(self, *_: object) -> None:
        return


#: Functions of the module that do nothing, and what they return.
_NO_OPS: dict[str, Any] = {
    "controller": None,
    "ensure_configured": None,
    "join": None,
    "link_artifact": NoOp(),
    "link_model": NoOp(),
    "log_artifact": NoOp(),
    "log_code": None,
    "log_model": NoOp(),
    "login": True,
    "mark_preempting": None,
    "require": None,
    "restore": NoOp(),
    "save": [],
    "setup": None,
    "teardown": None,
    "termerror": None,
    "termlog": None,
    "termwarn": None,
    "use_artifact": NoOp(),
    "use_model": NoOp(),
}


class Artifact(NoOp):
    """Does nothing, with one warning: Agnez does not store files of a run."""

    def __init__(self, *args: Any, **named: Any) -> None:
        name = type(self).__name__
        warn_once(f"no-op {name}", f"agnez.{name} does nothing here.")
        super().__init__(*args, **named)


class Settings(NoOp):
    """Accepts the settings of Weights & Biases, which have no effect here."""


class Classes(Settings):
    """Accepts class names of boxes and masks, which are not shown."""


class util:  # noqa: N801 - scripts use this name
    """The part of ``wandb.util`` that scripts call."""

    @staticmethod
    def generate_id(length: int = 8) -> str:
        """A random run id of lower-case letters and digits."""
        return run_ids.random_id(length)


class Api(Artifact):
    """Does nothing, with one warning: :func:`agnez.runs` reads runs."""


class AlertLevel:
    """Urgency of an alert."""

    INFO, WARN, ERROR = "INFO", "WARN", "ERROR"


def no_op(name: str, result: Any = None) -> Callable[..., Any]:
    """A function that returns ``result`` and warns once that it does nothing."""

    def function(*_: Any, **__: Any) -> Any:
        warn_once(f"no-op {name}", f"agnez.{name} does nothing here.")
        return result

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = "Does nothing here, with one warning."
    return function


#: The no-op functions of the module, by name.
NO_OP_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: no_op(name, result) for name, result in _NO_OPS.items()
}


class WandbMethods:
    """Methods of a Weights & Biases run; the base class of :class:`agnez.Run`."""

    project: str
    id: str
    _url: str
    _next_step: Any

    #: Where files of the run would be.
    dir = "."
    sweep_id: Any = None

    def __getattr__(self, name: str) -> Any:
        if name in _NO_OPS:
            return NO_OP_FUNCTIONS[name]
        raise AttributeError(f"a run of agnez has no {name!r}")

    @property
    def path(self) -> str:
        """The board's name and the run's id."""
        return f"{self.project}/{self.id}"

    def get_url(self) -> str:
        """The address of the board, narrowed to the run."""
        return f"{self.get_project_url()}?run={self.id}"

    def get_project_url(self) -> str:
        """The board's address."""
        return f"{self._url}/b/{self.project}"

    def project_name(self) -> str:
        """The board's name."""
        return self.project

    def status(self) -> dict[str, Any]:
        """``{"sent": bool}``: whether the server has answered everything."""
        return {"sent": self.flush(0)}

    def flush(self, timeout: float | None = 5) -> bool:
        """Waits for the server."""
        raise NotImplementedError

    def _show_media(self, name: str, media: Media, step: float, now: float) -> None:
        raise NotImplementedError

    @log_exceptions
    def alert(
        self, title: str = "", text: str = "", level: Any = None, wait_duration: Any = None
    ) -> None:
        """Shows an alert as the run's text ``alert: <title>``. It notifies nobody."""
        del wait_duration
        body = f"**{convert.to_label(title)}**\n\n{convert.to_label(text)}"
        if level is not None:
            body = f"{getattr(level, 'name', level)}: {body}"
        name = names.to_name(f"alert: {convert.to_label(title)}")
        self._show_media(name, Text(body), float(self._next_step), time.time())

    def watch(
        self,
        models: Any = None,
        criterion: Any = None,
        log: Any = "gradients",
        log_freq: int = 100,
        idx: Any = None,
        log_graph: bool = False,
    ) -> list[Any]:
        """Calls :func:`agnez.torch.watch` for one torch model or several.

        Warns once, and does nothing, for models of other libraries.
        """
        del criterion, idx, log_graph
        watches: list[Any] = []
        for model in models if isinstance(models, (list, tuple)) else [models]:
            try:
                from .integrations import torch

                watches.append(
                    torch.watch(
                        model,
                        cast(Any, self),
                        every=max(1, int(log_freq)),
                        weights=log in ("all", "parameters"),
                        gradients=log in ("all", "gradients"),
                    )
                )
            except Exception as error:
                warn_once(
                    "watch",
                    "agnez.watch shows nothing of this model "
                    f"({type(error).__name__}: {convert.describe(error)}).",
                )
        self.__dict__.setdefault("_watches", []).extend(watches)
        return watches

    def unwatch(self, models: Any = None) -> None:
        """Stops all that :meth:`watch` began, whatever ``models`` names."""
        del models
        for watch in self.__dict__.pop("_watches", []):
            watch.stop()

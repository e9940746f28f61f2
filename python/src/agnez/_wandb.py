"""What scripts for Weights & Biases do besides logging. What has no meaning here says so once and does nothing; nothing raises."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Callable

from ._errors import log_exceptions
from ._log import warn_once
from ._values import convert

if TYPE_CHECKING:
    from .board import Board

#: Functions of the module that do nothing, and what they answer.
_NO_OPS: dict[str, Any] = {
    "login": True, "setup": None, "define_metric": None, "save": [], "restore": None, "log_artifact": None, "use_artifact": None, "log_code": None,
    "log_model": None, "use_model": None, "link_model": None, "link_artifact": None, "mark_preempting": None, "termlog": None, "termwarn": None, "termerror": None,
    "sweep": "", "agent": None, "controller": None, "require": None, "ensure_configured": None, "teardown": None, "join": None,
}  # fmt: skip


class NoOp:
    """In place of a class that has no meaning here, as ``Artifact`` and ``Settings``: takes any arguments, has any attribute, and whatever
    is called on it does nothing."""

    def __init__(self, *args: Any, **named: Any) -> None:
        del args
        self.__dict__.update(named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return no_op(f"{type(self).__name__}.{name}", NoOp())

    def __enter__(self) -> NoOp:
        return self

    def __exit__(self, *_: object) -> None:
        return


class Artifact(NoOp):
    """Files of a run are not kept here: says so once and does nothing."""

    def __init__(self, *args: Any, **named: Any) -> None:
        what = type(self).__name__
        warn_once(f"idle {what}", f"agnez.{what} does nothing here.")
        super().__init__(*args, **named)


class Settings(NoOp):
    """Settings of Weights & Biases have no meaning here."""


class Classes(Settings):
    """Names of classes, of boxes and masks that are not shown."""


class Util:
    """Of ``wandb.util``."""

    @staticmethod
    def generate_id(length: int = 8) -> str:
        """A name for a run that no other has."""
        return "".join(
            secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length)
        )


class Api(Artifact):
    """Runs are not asked for here: GET /values does (docs/rest.md)."""


class Error(Exception):
    """Never raised: for ``except wandb.Error``."""


class AlertLevel:
    """How urgent an alert is."""

    INFO, WARN, ERROR = "INFO", "WARN", "ERROR"


def no_op(name: str, answer: Any = None) -> Callable[..., Any]:
    """A function that says once that it does nothing."""

    def nothing(*_: Any, **__: Any) -> Any:
        warn_once(f"idle {name}", f"agnez.{name} does nothing here.")
        return answer

    nothing.__name__ = nothing.__qualname__ = name.rpartition(".")[2]
    nothing.__doc__ = "Has no meaning here: says so once and does nothing."
    return nothing


#: What ``import agnez as wandb`` finds in the module besides its own.
MODULE: dict[str, Callable[..., Any]] = {
    name: no_op(name, answer) for name, answer in _NO_OPS.items()
}


class WandbMethods:
    """Those of a run."""

    board: Board

    #: Where files of the run would be.
    dir = "."
    resumed = False
    sweep_id: Any = None

    def __getattr__(self, name: str) -> Any:
        # Not found otherwise.
        if name in _NO_OPS:
            return MODULE[name]
        raise AttributeError(f"a run of agnez has no {name!r}")

    @property
    def path(self) -> str:
        """The board's name."""
        return self.board.name

    def get_url(self) -> str:
        """Where the board is."""
        return f"{self.board.url}/b/{self.board.name}"

    get_project_url = get_url

    def project_name(self) -> str:
        """The board's name."""
        return self.board.name

    def status(self) -> dict[str, Any]:
        """Whether everything was sent."""
        return {"sent": self.board.flush(0)}

    @log_exceptions
    def alert(
        self, title: str = "", text: str = "", level: Any = None, wait_duration: Any = None
    ) -> None:
        """Shows an alert as a text cell, ``alert: <title>``. Nobody is written to."""
        del wait_duration
        result = f"**{convert.to_label(title)}**\n\n{convert.to_label(text)}"
        self.board.text(
            convert.to_label(f"alert: {title}")[:200].replace("\n", " "),
            result if level is None else f"{getattr(level, 'name', level)}: {result}",
        )

    def watch(
        self,
        models: Any = None,
        criterion: Any = None,
        log: Any = "gradients",
        log_freq: int = 100,
        idx: Any = None,
        log_graph: bool = False,
    ) -> list[Any]:
        """As :func:`agnez.torch.watch`, for one model of torch or several; for any other it says once that it does nothing."""
        del criterion, idx, log_graph
        watched: list[Any] = []
        for model in models if isinstance(models, (list, tuple)) else [models]:
            try:
                from .integrations import torch

                every = max(1, int(log_freq))
                watched.append(
                    torch.watch(
                        model,
                        self.board,
                        every=every,
                        weights=log in ("all", "parameters"),
                        gradients=log in ("all", "gradients"),
                    )
                )
            except Exception as error:
                warn_once(
                    "watch",
                    f"agnez.watch shows nothing of this model ({type(error).__name__}: {convert.describe(error)}).",
                )
        self.__dict__.setdefault("_watched", []).extend(watched)
        return watched

    def unwatch(self, models: Any = None) -> None:
        """Ends all that :meth:`watch` began."""
        del models
        for watch in self.__dict__.pop("_watched", []):
            watch.stop()

"""Hugging Face: ``Trainer(..., callbacks=[agnez.huggingface.AgnezCallback("bert")])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from .._values.convert import to_label
from ..board import Board
from ._target import AnyTarget, Target, Training
from ._tensors import name_metrics

_transformers = import_optional("transformers", "agnez.huggingface")


class AgnezCallback(_transformers.TrainerCallback):  # type: ignore[misc,name-defined]
    """Shows what a ``transformers.Trainer`` logs, as a run.

    ``loss`` and ``eval_loss`` share a chart. The arguments are the run's config, what is known at
    the end its summary. Only the main process sends. The step is the trainer's.

    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run, or one on ``main``; or an :class:`agnez.Board`, for cells without a run.
    :param name: the run's name; by default that of the arguments.
    """

    def __init__(self, board: AnyTarget = None, *, name: str | None = None) -> None:
        super().__init__()
        self._training = Training(board, name)

    @property
    def target(self) -> Target:
        """The run or the board."""
        return self._training.target

    @log_exceptions
    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self._training.begin()
            given = args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else {}
            arguments = {to_label(name): value for name, value in given.items()}
            self._training.set_config(dict(sorted(arguments.items())), "arguments")

    @log_exceptions
    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero or not logs:
            return
        if "train_runtime" in logs:
            named = {to_label(name): value for name, value in logs.items()}
            self._training.set_summary(named, "summary")
            return
        target = self.target
        named = name_metrics(target, logs)
        if isinstance(target, Board) and "loss" in named:
            # The training loss has no phase in its name.
            named["loss/train"] = named.pop("loss")
        if named:
            target.log(named, step=state.global_step)

    @log_exceptions
    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self._training.end()

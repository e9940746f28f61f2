"""Hugging Face: ``Trainer(..., callbacks=[agnez.huggingface.AgnezCallback("bert")])``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from .._values.convert import to_label
from ..board import Board
from ._tensors import resolve_board, split_phase

_transformers = import_optional("transformers", "agnez.huggingface")


class AgnezCallback(_transformers.TrainerCallback):  # type: ignore[misc,name-defined]
    """Shows what a ``transformers.Trainer`` logs.

    ``loss`` and ``eval_loss`` are two series of the cell ``loss``; other metrics, such as
    ``learning_rate``, have cells of their own. The arguments are a table, as is the summary at the
    end. Only the main process sends. The step is the trainer's.

    :param board: a board, its name, or None: the board of ``agnez.init``, or ``main``.
    """

    def __init__(self, board: Board | str | None = None) -> None:
        super().__init__()
        self._board = board

    @property
    def board(self) -> Board:
        if not isinstance(self._board, Board):
            self._board = resolve_board(self._board)
        return self._board

    @log_exceptions
    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            arguments = args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else {}
            rows = sorted(
                ([to_label(name), value] for name, value in arguments.items()),
                key=lambda row: str(row[0]),
            )
            self.board.table("arguments", rows, columns=["name", "value"])

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
            self.board.table(
                "summary",
                [[to_label(name), value] for name, value in logs.items()],
                columns=["name", "value"],
            )
            return
        # The training loss has no phase in its name.
        named = {
            "loss/train" if name == "loss" else split_phase(name): value
            for name, value in logs.items()
            if name != "epoch"
        }
        if named:
            self.board.log(named, step=state.global_step)

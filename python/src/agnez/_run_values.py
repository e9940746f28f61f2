"""Values of a run that are no numbers: pictures, tables, figures."""

from __future__ import annotations

from typing import Any

from ._spool.record import RunKey
from ._transport.client import Client
from ._value_methods import ValueMethods
from ._values import images


class RunValues(ValueMethods[None]):
    """Logs values of a run at one step; a run has one value of each name."""

    def __init__(self, client: Client, run: RunKey, step: float, time: float) -> None:
        self._client = client
        self._run = run
        self._step, self._time = step, time

    def _show_value(self, name: str, keys: dict[str, Any]) -> None:
        self._client.change(self._target(name), keys, self._label(name))

    def _show_image(self, name: str, keys: dict[str, Any], content: bytes) -> None:
        kind = images.media_type(content)
        self._client.change_image(self._target(name), keys, content, kind, self._label(name))

    def _target(self, name: str) -> dict[str, Any]:
        return {"run": self._run, "name": name, "step": self._step, "time": self._time}

    def _label(self, name: str) -> str:
        return f"run {self._run[1]}, {name!r},"

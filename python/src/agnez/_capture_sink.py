"""Where captured output and measurements of a run go."""

from __future__ import annotations

import time
from typing import Any

from ._spool.record import RunKey
from ._transport.client import Client
from ._values import convert, json_types


class CaptureSink:
    """Writes what :class:`~agnez._capture.recorder.Recorder` captures into the run's spool."""

    def __init__(self, client: Client, run: RunKey, start_time: float) -> None:
        self._client = client
        self._run = run
        self._start_time = start_time

    def patch(self, keys: dict[str, Any]) -> None:
        """Changes keys of the run's document."""
        self._client.patch_run(self._run, json_types.to_json(keys))

    def log_system(self, metrics: dict[str, float]) -> None:
        """Logs the load of the machine over the run's seconds."""
        now = time.time()
        series = [("", name) for name in metrics]
        seconds = round(now - self._start_time, 1)
        self._client.points(series, now, [seconds], [list(metrics.values())], self._run)

    def log_console(self, text: str) -> None:
        """Appends to the run's console output."""
        target = {"run": self._run, "console": True}
        self._client.change(target, {"text": convert.to_utf8(text)}, f"run {self._run[1]}")

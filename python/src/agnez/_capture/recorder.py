"""The thread of a run that captures what needs time: commit, versions, load, console output."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection
from typing import Any, Protocol

from .._messages import warn_once
from . import metadata
from .console import Console
from .redaction import redact_text
from .system_metrics import SystemMetrics

#: What can be captured.
KINDS = ("command", "host", "git", "packages", "system", "console")
#: Seconds between two samples of the machine's load, after a first one.
SYSTEM_S = 15.0
_FIRST_SYSTEM_S = 2.0
#: Seconds between two parts of the console output.
CONSOLE_S = 2.0
#: How long the end of a run waits for the thread.
_STOP_S = 2.0


class Sink(Protocol):
    """Where the captured things go."""

    def patch(self, keys: dict[str, Any]) -> None:
        """Changes keys of the run's document."""

    def log_system(self, metrics: dict[str, float]) -> None:
        """Logs the machine's load."""

    def log_console(self, text: str) -> None:
        """Appends console output."""


def first_keys(kinds: Collection[str]) -> dict[str, Any]:
    """What is known at once, as keys of the run's document."""
    keys: dict[str, Any] = {}
    for name, read in (("command", metadata.command), ("host", metadata.host)):
        if name in kinds:
            try:
                keys[name] = read()
            except Exception:  # A host without a name, arguments of other types.
                continue
    if "packages" in kinds:
        keys["python"] = metadata.python()
    return keys


class Recorder:
    """Captures until :meth:`stop`. Nothing of it raises or holds up the script."""

    def __init__(self, sink: Sink, kinds: Collection[str]) -> None:
        self._sink = sink
        self._kinds = frozenset(kinds)
        self._stopped = threading.Event()
        self._pid = os.getpid()
        self._packages: dict[str, str] = {}
        self._console = Console() if "console" in kinds else None
        self._thread: threading.Thread | None = None
        if self._kinds - {"command", "host"}:
            thread = threading.Thread(target=self._run, name="agnez-capture", daemon=True)
            try:
                thread.start()
                self._thread = thread
            except RuntimeError:  # No further threads: the end of the run sends the console.
                return

    def stop(self) -> None:
        """Ends the thread, and sends the rest of the console output."""
        if os.getpid() != self._pid:
            # The child of a fork has no copy of the thread.
            return
        self._stopped.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_STOP_S)
        if self._console is not None:
            self._console.stop()
        self._attempt(self._send_packages)
        self._attempt(self._send_console, True)

    def _run(self) -> None:
        self._attempt(self._send_git)
        self._attempt(self._send_packages)
        system = SystemMetrics() if "system" in self._kinds else None
        if system is not None:
            self._attempt(system.sample)  # The beginning of the first rates.
        sample_at = time.monotonic() + _FIRST_SYSTEM_S
        while not self._stopped.wait(CONSOLE_S):
            self._attempt(self._send_console, False)
            if system is not None and time.monotonic() >= sample_at:
                sample_at = time.monotonic() + SYSTEM_S
                self._attempt(self._send_system, system)

    def _attempt(self, call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:
            warn_once(
                f"capture {call.__name__} {type(error).__name__}",
                f"A part of the run's environment is not shown ({type(error).__name__}: {error}).",
            )

    def _send_git(self) -> None:
        found = metadata.git() if "git" in self._kinds else None
        if found:
            self._sink.patch({"git": found})

    def _send_packages(self) -> None:
        found = metadata.packages() if "packages" in self._kinds else {}
        if found != self._packages:
            self._packages = found
            self._sink.patch({"packages": found})

    def _send_system(self, system: SystemMetrics) -> None:
        metrics = system.sample()
        if metrics:
            self._sink.log_system(metrics)

    def _send_console(self, is_end: bool) -> None:
        text = self._console.take(is_end) if self._console is not None else ""
        if text:
            self._sink.log_console(redact_text(text))

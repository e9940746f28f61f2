"""``resume=``: which run a script continues."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from ._messages import warn_once
from ._spool import paths
from ._spool.record import RunKey
from ._transport import reader
from ._transport.http import Request
from ._transport.run_requests import run_path
from ._values import run_ids

MODES = ("allow", "must", "never", "auto")
#: How long ``init`` waits for the server's answer, in seconds.
_READ_S = 10.0


def check_mode(resume: Any) -> str | None:
    """Returns one of :data:`MODES` or None; as in Weights & Biases, True is ``auto``."""
    if resume is None or resume is False or resume == "":
        return None
    if resume is True:
        return "auto"
    if resume not in MODES:
        raise ValueError(f"resume must be one of {', '.join(MODES)}, not {resume!r}")
    return str(resume)


def find(url: str, run: RunKey, mode: str) -> dict[str, Any] | None:
    """The document of the run to continue; None if there is none.

    A deleted run is restored. :class:`ReadError` if ``must`` finds no run, or ``never`` finds one.
    A server that does not answer is one warning: the script goes on.
    """
    board, id = run
    try:
        document = _read(url, run, may_restore=mode != "never")
    except reader.ReadError as error:
        if error.status != 404:
            text = f"The run {id} continues without its earlier state: {error}."
            warn_once(f"resume {board} {id}", text)
            return None
        if mode == "must":
            raise reader.ReadError(f"the board {board} has no run {id} to resume", 404) from None
        return None
    if mode == "never":
        raise reader.ReadError(f"the board {board} has a run {id} already: resume='allow'")
    return document if isinstance(document, dict) else None


def _read(url: str, run: RunKey, may_restore: bool) -> Any:
    """The document of a run, which is restored if it was deleted."""
    try:
        return reader.read(url, run_path(run), timeout=_READ_S)
    except reader.ReadError as error:
        if error.status not in (404, 410) or not may_restore:
            raise
    return reader.send(url, Request("POST", run_path(run, "/restore")), timeout=_READ_S)


def next_step(document: dict[str, Any]) -> int:
    """The step after the last one of a run's metrics."""
    metrics = document.get("metrics")
    steps = [
        one["lastStep"]
        for name, one in (metrics.items() if isinstance(metrics, dict) else ())
        if isinstance(one, dict)
        and isinstance(one.get("lastStep"), (int, float))
        and not name.startswith("system/")
    ]
    return int(max(steps)) + 1 if steps else 0


def started_at(document: dict[str, Any]) -> float | None:
    """When a run started, in seconds since 1970."""
    try:
        text = str(document["startedAt"]).replace("Z", "+00:00")
        return datetime.datetime.fromisoformat(text).timestamp()
    except (KeyError, ValueError):
        return None


class LastRun:
    """The file with the id of the last run of this script in this folder, for ``auto``.

    A run that finishes removes it: a script that crashed finds it.
    """

    def __init__(self, url: str, board: str) -> None:
        script = os.path.abspath((getattr(sys, "argv", None) or [""])[0])
        name = hashlib.sha256("\0".join((url, board, os.getcwd(), script)).encode()).hexdigest()
        self._path = Path(paths.spool_root(None)).parent / "resume" / f"{name[:24]}.json"

    def read(self) -> str | None:
        """The id of the run to continue; None if there is none."""
        try:
            return run_ids.check(json.loads(self._path.read_bytes())["id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, id: str) -> None:
        """A run begins."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.write_text(json.dumps({"id": id}))
        except OSError as error:
            warn_once("resume", f"resume='auto' cannot write {self._path} ({error.strerror}).")

    def remove(self) -> None:
        """The run is finished."""
        with contextlib.suppress(OSError):
            self._path.unlink()

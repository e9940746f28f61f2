"""What a person is told: each thing once, on standard error through ``logging``, never as an exception."""

from __future__ import annotations

import logging
import sys
import threading

#: Different things that are said in one process.
MOST = 1000
_log = logging.getLogger("agnez")
_seen: set[str] = set()
#: One that a signal's handler can take again.
_lock = threading.RLock()


def warn_once(what: str, text: str) -> None:
    """Logs a warning, unless this process was warned of ``what`` before."""
    with _lock:
        if what in _seen or len(_seen) > MOST:
            return
        _seen.add(what)
        if len(_seen) > MOST:
            text = f"There were {MOST} different warnings; no further ones are shown."
    _log.warning(text)


def print_once(what: str, text: str) -> None:
    """Prints a line on standard error, which is no warning, unless this process has said ``what`` before."""
    with _lock:
        if what in _seen:
            return
        _seen.add(what)
    try:
        print(text, file=sys.stderr)
    except Exception:  # There is none, or it is closed.
        return


def warn(text: str) -> None:
    _log.warning(text)


def after_fork() -> None:
    """In the child of a fork: another thread may have held the lock."""
    global _lock
    _lock = threading.RLock()

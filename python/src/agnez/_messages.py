"""Messages to the user through ``logging``: each one once, never as an exception."""

from __future__ import annotations

import logging
import sys
import threading

#: Different messages that one process logs at most.
MAX_MESSAGES = 1000
_logger = logging.getLogger("agnez")
_seen: set[str] = set()
#: Reentrant: a signal handler may log while the interrupted code holds it.
_lock = threading.RLock()


def warn_once(key: str, text: str) -> None:
    """Logs a warning unless this process has already logged one with the same ``key``."""
    with _lock:
        if key in _seen or len(_seen) > MAX_MESSAGES:
            return
        _seen.add(key)
        if len(_seen) > MAX_MESSAGES:
            text = f"There were {MAX_MESSAGES} different warnings; no further ones are shown."
    warn(text)


def print_line(text: str) -> None:
    """Prints a line on standard error, without a log level."""
    try:
        print(f"agnez: {text}", file=sys.stderr, flush=True)
    except Exception:  # Standard error is missing or closed.
        return


def warn(text: str) -> None:
    """Logs a warning every time."""
    # Without a handler, `logging` prints the bare text on standard error.
    _logger.warning(text if _logger.hasHandlers() else f"agnez: {text}")


def after_fork() -> None:
    """In the child of a fork: replaces the lock, which another thread may have held."""
    global _lock
    _lock = threading.RLock()

"""How a run ends when nobody calls ``finish``: with the process, by an exception, by a signal."""

from __future__ import annotations

import atexit
import builtins
import functools
import os
import signal
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Callable, NamedTuple, Protocol

from ._capture.redaction import redact_text

#: Bytes of a traceback, from its end.
_TRACEBACK_BYTES = 2048
#: How long a process that is asked to end (SIGTERM) waits for the server, in seconds.
_SIGNAL_S = 2.0


class End(NamedTuple):
    """The end of a run: ``finished``, ``failed`` or ``killed``."""

    status: str
    code: int | None = None
    traceback: str | None = None


class EndingRun(Protocol):
    """A run that is not finished."""

    def write_end(self, end: End) -> None:
        """Writes the end, without waiting for the server."""

    def mark_killed(self) -> None:
        """Writes that the process is being killed. Called in a signal handler."""

    def report_next_log(self) -> None:
        """Calls :func:`forget_exit` with the next metrics that are logged."""

    def flush(self, timeout: float | None) -> bool:
        """Waits for the server."""


#: The unfinished runs of this process, oldest first.
_runs: list[EndingRun] = []
#: How the process ends, as far as it is known.
_end_of_process = End("finished")
#: Whether it is known from a call of ``exit``, whose exception the script may catch.
_is_exit_recorded = False
_pid = os.getpid()
_is_installed = False


def add(run: EndingRun) -> None:
    """Finishes the run when the process ends."""
    global _pid, _end_of_process, _is_exit_recorded
    if os.getpid() != _pid:
        # The child of a fork that begins a run of its own.
        _runs.clear()
        _pid = os.getpid()
    # An exit that was caught: the script goes on.
    _end_of_process, _is_exit_recorded = End("finished"), False
    _runs.append(run)
    _install()
    _finish_with_multiprocessing()


def discard(run: EndingRun) -> None:
    """The run is finished."""
    if run in _runs:
        _runs.remove(run)


def of_exception(
    kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> End:
    """The end of a run whose ``with`` block, or whose process, ended so."""
    if kind is None or issubclass(kind, GeneratorExit):
        return End("finished")
    if issubclass(kind, KeyboardInterrupt):
        return End("killed")
    if issubclass(kind, SystemExit):
        return of_exit(getattr(error, "code", None))
    try:
        text = "".join(traceback.format_exception(kind, error, trace))
    except Exception:  # Whatever the exception's own methods raise.
        text = kind.__name__
    # Before it is cut: half of an access key would not be recognised.
    data = redact_text(text).encode("utf-8", "replace")[-_TRACEBACK_BYTES:]
    return End("failed", 1, data.decode("utf-8", "ignore"))


def of_exit(code: Any) -> End:
    """The end of a run whose script called ``sys.exit(code)``."""
    if code is None or code == 0:
        return End("finished")
    return End("failed", int(code) if isinstance(code, int) else 1)


def forget_exit() -> bool:
    """A run logs: forgets an exit that the script has caught.

    Returns False while an exit may still end the process: the next call has to ask again.
    """
    global _end_of_process, _is_exit_recorded
    if not _is_exit_recorded:
        return True
    main = threading.main_thread()
    if threading.current_thread() is not main or not main.is_alive():
        # The main thread has ended, and this is another thread or a function of atexit.
        return False
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, SystemExit):
            # In a ``finally`` block, on the way out.
            return False
        error = error.__context__
    _end_of_process, _is_exit_recorded = End("finished"), False
    return True


def _install() -> None:
    global _is_installed
    if _is_installed:
        return
    _is_installed = True
    atexit.register(_finish_all)
    _wrap_excepthook()
    _wrap_exit()
    _handle_sigterm()


def _finish_with_multiprocessing() -> None:
    """Children of ``multiprocessing`` end without ``atexit``; they have their own finalizers."""
    process: Any = sys.modules.get("multiprocessing.process")
    util: Any = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        # Before the clients are closed.
        util.Finalize(None, _finish_all, exitpriority=20)


def _wrap_excepthook() -> None:
    original = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _end_of_process, _is_exit_recorded
        if not hasattr(sys, "ps1"):
            # An interactive session goes on after an exception.
            _end_of_process, _is_exit_recorded = of_exception(kind, error, trace), False
        original(kind, error, trace)

    sys.excepthook = hook


def _wrap_exit() -> None:
    """Notes the exit code of ``sys.exit``, ``exit`` and ``quit``.

    Python says nothing of a ``raise SystemExit(3)`` to functions of ``atexit``.
    """
    # ``exit`` and ``quit`` are absent under ``python -S``.
    for module, name in ((sys, "exit"), (builtins, "exit"), (builtins, "quit")):
        original = getattr(module, name, None)
        if original is not None:
            setattr(module, name, _Exit(original))


class _Exit:
    """A function that ends the script; it looks as before, as the prompt shows ``exit``."""

    def __init__(self, original: Callable[..., Any]) -> None:
        functools.update_wrapper(self, original)
        self._original = original

    def __call__(self, *args: Any, **named: Any) -> Any:
        global _end_of_process, _is_exit_recorded
        # Another thread's exit ends only that thread.
        if threading.current_thread() is threading.main_thread():
            status = args[0] if args else named.get("code")
            _end_of_process, _is_exit_recorded = of_exit(status), True
            for run in list(_runs):
                run.report_next_log()
        return self._original(*args, **named)

    def __repr__(self) -> str:
        return repr(self._original)


def _handle_sigterm() -> None:
    """Marks the runs as killed before the signal ends the process, if nobody else handles it."""
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)
    except ValueError:  # Not in the main thread.
        return


def _on_sigterm(number: int, frame: Any) -> None:
    # A handler that was installed later may call this one, and ends the process in its own way:
    # it may save a checkpoint first.
    is_chained = signal.getsignal(number) is not _on_sigterm
    is_ours = os.getpid() == _pid and bool(_runs)
    if is_ours:
        for run in list(_runs):
            run.mark_killed()
    if is_chained:
        return
    signal.signal(number, signal.SIG_DFL)
    if not is_ours:
        os.kill(os.getpid(), number)
        return

    def die() -> None:
        for run in list(_runs):
            run.flush(_SIGNAL_S)
        os.kill(os.getpid(), number)

    try:
        # Not here: what the signal interrupted may be a write, which must end first.
        threading.Thread(target=die, name="agnez-killed", daemon=True).start()
    except RuntimeError:
        os.kill(os.getpid(), number)


def _finish_all() -> None:
    if os.getpid() != _pid:
        return
    for run in list(_runs):
        run.write_end(_end_of_process)

"""Which calls raise: callbacks never do, other calls only for wrong use, with one sentence."""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, cast

from ._messages import warn_once
from ._values.convert import describe, describe_type

F = TypeVar("F", bound=Callable[..., Any])


def log_exceptions(method: F) -> F:
    """Decorator: logs exceptions of the method, once for each kind, instead of raising them.

    A callback must not end a training. KeyboardInterrupt and SystemExit pass through.
    """

    @functools.wraps(method)
    def guarded(*args: Any, **named: Any) -> Any:
        try:
            return method(*args, **named)
        except Exception as error:
            warn_failure(f"{method.__module__}.{method.__qualname__}", error)
            return None

    return cast(F, guarded)


def wrap_exceptions(method: F) -> F:
    """Decorator: turns unusual exceptions, raised by methods of an argument, into a TypeError."""

    @functools.wraps(method)
    def checked(*args: Any, **named: Any) -> Any:
        try:
            return method(*args, **named)
        except (TypeError, ValueError, OSError, MemoryError, ImportError):
            raise
        except Exception as error:
            positional = [describe_type(each) for each in args[1:]]
            by_name = [f"{name}={describe_type(each)}" for name, each in named.items()]
            given = ", ".join(positional + by_name)
            raise TypeError(
                f"{method.__name__} cannot show {given} ({type(error).__name__}: {describe(error)})"
            ) from error

    return cast(F, checked)


def warn_failure(name: str, error: Exception) -> None:
    """Logs once that the callable ``name`` failed, and why."""
    warn_once(
        f"{name} {type(error).__name__}",
        f"{name} has failed, and its values are not shown "
        f"({type(error).__name__}: {describe(error)}). Training goes on.",
    )

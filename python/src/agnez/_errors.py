"""What raises, and what does not: callbacks never end a training, and other calls raise for wrong use, in a sentence."""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, cast

from ._log import warn_once
from ._values.convert import describe, describe_type

F = TypeVar("F", bound=Callable[..., Any])


def log_exceptions(method: F) -> F:
    """The method, whose exceptions are said once for each kind instead: what shows a training must not end it. Ctrl+C and the end of the
    process are none of these."""

    @functools.wraps(method)
    def guarded(*args: Any, **named: Any) -> Any:
        try:
            return method(*args, **named)
        except Exception as error:
            warn_failure(f"{method.__module__}.{method.__qualname__}", error)
            return None

    return cast(F, guarded)


def wrap_exceptions(method: F) -> F:
    """The method; where an argument's own methods raise whatever they raise, that is a TypeError which says so."""

    @functools.wraps(method)
    def checked(*args: Any, **named: Any) -> Any:
        try:
            return method(*args, **named)
        except (TypeError, ValueError, OSError, MemoryError, ImportError):
            raise
        except Exception as error:
            given = ", ".join(
                [
                    *(describe_type(each) for each in args[1:]),
                    *(f"{name}={describe_type(each)}" for name, each in named.items()),
                ]
            )
            raise TypeError(
                f"{method.__name__} cannot show {given} ({type(error).__name__}: {describe(error)})"
            ) from error

    return cast(F, checked)


def warn_failure(what: str, error: Exception) -> None:
    """Says once what has failed and why."""
    warn_once(
        f"{what} {type(error).__name__}",
        f"{what} has failed, and its values are not shown ({type(error).__name__}: {describe(error)}). Training goes on.",
    )

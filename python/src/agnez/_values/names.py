"""Names of boards, cells and series, as the server accepts them."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any

from .._messages import warn_once
from .convert import describe

#: Of a run and a board.
MODES = ("online", "offline", "disabled")
#: The server's rule.
_BOARD = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")


def check_board_name(name: str) -> str:
    """Returns a valid board name; an empty name is ``main``, as for the server.

    ValueError unless it has 1 to 64 letters, digits, ``-``, ``_``, ``.``, the first one no ``.``.
    """
    if not isinstance(name, str):
        raise TypeError(f"the board's name must be a string, not {type(name).__name__}")
    if not name:
        return "main"
    if not _BOARD.fullmatch(name):
        raise ValueError(
            "a board's name has 1 to 64 letters, digits, '-', '_' or '.', "
            f"and does not begin with '.', not {name!r}"
        )
    return name


def check_mode(given: str | None) -> str:
    """Returns one of :data:`MODES`: as given, or ``AGNEZ_MODE``.

    Another argument is a ValueError, another variable a warning: it ends no training.
    """
    if given is None:
        text = os.environ.get("AGNEZ_MODE", "").strip() or "online"
        if text in MODES:
            return text
        warn_once("variable MODE", f"The variable AGNEZ_MODE is not valid, {text!r}: online.")
        return "online"
    if given not in MODES:
        raise ValueError(f"mode must be 'online', 'offline' or 'disabled', not {given!r}")
    return given


def to_board_name(text: str) -> str:
    """A board name similar to any text: other characters become ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("-.").rstrip("-")[:64] or "main"


def check_name(name: str) -> str:
    """Returns a valid name of a cell or a series.

    ValueError unless it has 1 to 200 characters without control characters.
    """
    if not isinstance(name, str):
        raise TypeError(f"a name must be a string, not {type(name).__name__}")
    if (
        not name
        or len(name) > 200
        or any(ord(char) < 32 or 127 <= ord(char) < 160 for char in name)
    ):
        raise ValueError(
            f"a name has 1 to 200 characters and no control characters, not {name[:50]!r}"
        )
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(
            "a name has characters that can be written as UTF-8, no lone surrogates, "
            f"not {name[:50]!r}"
        ) from None
    return name


def to_name(name: Any) -> str:
    """A valid name for any object that names a metric or a run; a valid name itself stays.

    Other types become texts, control characters and lone surrogates are escaped as in Python
    (``\\n``), and a long name ends in a hash.
    """
    try:
        return check_name(name)
    except (TypeError, ValueError):
        pass
    text = name if isinstance(name, str) else describe(name)
    text = (
        "".join(
            char if char.isprintable() or char == " " else char.encode("unicode_escape").decode()
            for char in text
        )
        or "(no name)"
    )
    if len(text) > 200:
        text = f"{text[:187]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return text


def cell_id(board: str, name: str) -> str:
    """The id of a board's cell: 1 to 64 letters, digits, ``-``, ``_``, the same in every run.

    ``main`` and ``loss`` give ``main-loss``. In the id of other and long names a hash makes them
    differ; such ids have two hyphens, plain ones have one, so that both never collide.
    """
    if _PLAIN.fullmatch(board) and _PLAIN.fullmatch(name) and len(board) + len(name) < 64:
        return f"{board}-{name}"
    digest = hashlib.sha256(f"{board}\0{name}".encode()).hexdigest()[:12]
    short = [
        _OTHER.sub("_", text).strip("_")[:most] or "_" for text, most in ((board, 18), (name, 31))
    ]
    return f"{short[0]}-{short[1]}-{digest}"


def split_metric(metric: str) -> tuple[str, str]:
    """The cell and series of a metric: ``acc/val`` is the series ``val`` of the cell ``acc``.

    Two metrics may have the same cell and series (``loss`` and ``loss/loss``):
    :class:`agnez.Board` makes them differ.
    """
    metric = to_name(metric)
    group, slash, name = metric.rpartition("/")
    if not slash or not group or not name:
        return metric, metric
    return group, name

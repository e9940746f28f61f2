"""Names of boards, cells and series, as the server wants them."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any

from .convert import describe

#: As the server has it.
_BOARD = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")


def check_board_name(name: str) -> str:
    """The name itself, if a board can have it: 1 to 64 letters, digits, ``-``, ``_``, ``.``, the first one no ``.``; else ValueError.
    An empty name is ``main``, as for the server."""
    if not isinstance(name, str):
        raise TypeError(f"the board's name must be a string, not {type(name).__name__}")
    if not name:
        return "main"
    if not _BOARD.fullmatch(name):
        raise ValueError(
            f"a board's name has 1 to 64 letters, digits, '-', '_' or '.', and does not begin with '.', not {name!r}"
        )
    return name


def check_mode(given: str | None) -> str:
    """How a board sends: ``online``, ``offline`` or ``disabled``; without one what ``AGNEZ_MODE`` says."""
    told = given if given is not None else os.environ.get("AGNEZ_MODE") or "online"
    if told not in ("online", "offline", "disabled"):
        raise ValueError(f"mode must be 'online', 'offline' or 'disabled', not {told!r}")
    return told


def to_board_name(text: str) -> str:
    """A board's name that resembles any text: what is not allowed becomes ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("-.").rstrip("-")[:64] or "main"


def check_name(name: str) -> str:
    """The name itself, if a cell or a series can have it: 1 to 200 characters, none of them a control character; else an error."""
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
            f"a name has characters that can be written as UTF-8, no lone surrogates, not {name[:50]!r}"
        ) from None
    return name


def to_name(name: Any) -> str:
    """The name that stands for anything that names a metric or a run: the name itself where it can be one. Other types are texts, control
    characters and halves of characters are written as Python writes them (``\\n``), and what is too long ends in a hash."""
    try:
        return check_name(name)
    except (TypeError, ValueError):
        pass
    told = name if isinstance(name, str) else describe(name)
    told = (
        "".join(
            char if char.isprintable() or char == " " else char.encode("unicode_escape").decode()
            for char in told
        )
        or "(no name)"
    )
    if len(told) > 200:
        told = f"{told[:187]}~{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return told


def cell_id(board: str, name: str) -> str:
    """The id of a board's cell: 1 to 64 letters, digits, ``-``, ``_``, the same in every run.

    ``main`` and ``loss`` give ``main-loss``. Other characters and long names are replaced and told apart by a hash; such
    ids have two hyphens and plain ones have one, so that the two never meet.
    """
    if _PLAIN.fullmatch(board) and _PLAIN.fullmatch(name) and len(board) + len(name) < 64:
        return f"{board}-{name}"
    digest = hashlib.sha256(f"{board}\0{name}".encode()).hexdigest()[:12]
    short = [
        _OTHER.sub("_", text).strip("_")[:most] or "_" for text, most in ((board, 18), (name, 31))
    ]
    return f"{short[0]}-{short[1]}-{digest}"


def split_metric(metric: str, run: str | None) -> tuple[str, str]:
    """A metric's cell and series: ``acc/val`` is the series ``val`` of the cell ``acc``, and with a run ``<run>/val``. Two metrics may
    have the same (``loss`` and ``loss/loss``): :class:`agnez.Board` tells them apart."""
    metric = to_name(metric)
    group, slash, name = metric.rpartition("/")
    if not slash or not group or not name:
        return metric, run or metric
    return group, to_name(f"{run}/{name}") if run else name

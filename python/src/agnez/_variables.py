"""Environment variables that stand for missing arguments of ``agnez.init``.

A wrong one is a warning, where a wrong argument raises: it may be set for other programs, far from
the script, and ends no training.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from . import _resume
from ._capture.recorder import KINDS
from ._messages import warn_once
from ._values import names, run_ids

#: Modes of Weights & Biases by their names here.
MODES = {"shared": "online", "run": "online", "dryrun": "offline"}
_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off", "none")


def get(name: str) -> str | None:
    """The variable ``AGNEZ_…``, or that of Weights & Biases; None if it is missing or blank."""
    for prefix in ("AGNEZ", "WANDB"):
        text = os.environ.get(f"{prefix}_{name}", "").strip()
        if text:
            return text
    return None


def mode() -> str | None:
    """The mode of the run."""
    text = get("MODE")
    if text is None:
        return None
    chosen = MODES.get(text, text)
    if chosen in names.MODES:
        return chosen
    _warn("MODE", text, "the run is online")
    return "online"


def resume() -> str | None:
    """Which run the script continues."""
    text = (get("RESUME") or "").lower()
    if text in _YES:
        return "auto"
    if not text or text in _NO:
        return None
    if text in _resume.MODES:
        return text
    _warn("RESUME", text, "the run continues no other one")
    return None


def run_id() -> str | None:
    """The id of the run."""
    text = get("RUN_ID")
    try:
        return None if text is None else run_ids.check(text)
    except ValueError as error:
        _warn("RUN_ID", text, f"the run has an id of its own ({error})")
        return None


def tags() -> list[str]:
    """The tags of the run."""
    return [tag.strip() for tag in (get("TAGS") or "").split(",")]


def capture() -> Collection[str]:
    """The kinds of :data:`KINDS` that the run captures; without the variable, all."""
    text = os.environ.get("AGNEZ_CAPTURE", "").strip().lower()
    if not text or text in _YES:
        return KINDS
    if text in _NO:
        return ()
    given = [kind for kind in (part.strip() for part in text.split(",")) if kind]
    known = [kind for kind in given if kind in KINDS]
    if len(known) < len(given):
        _warn("CAPTURE", text, f"it takes 0, 1 or some of {', '.join(KINDS)}")
    return known or KINDS


def _warn(name: str, text: str | None, result: str) -> None:
    shown = (text or "")[:80]
    warn_once(f"variable {name}", f"The variable {name} is not valid, {shown!r}: {result}.")

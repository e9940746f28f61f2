"""The run that the calls of the module use: that of the latest ``init`` which is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._run import Run

run: Run | None = None


def activate(new: Run) -> Run:
    """The module's calls use this run from now on."""
    global run
    run = new
    return new


def deactivate(ended: Run) -> None:
    """The run is finished."""
    global run
    if run is ended:
        run = None


def require(call: str) -> Run:
    """The active run; RuntimeError without one."""
    if run is None:
        raise RuntimeError(f"agnez.{call} needs a run: call agnez.init() first")
    return run

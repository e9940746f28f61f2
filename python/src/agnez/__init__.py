"""The Python client of Agnez, a live dashboard for deep-learning training.

>>> import agnez
>>> board = agnez.Board("mnist")
>>> board.log(step=0, loss=2.3, **{"acc/val": 0.1})
"""

from __future__ import annotations

from typing import Any

from . import _wandb, plot, session
from ._wandb import AlertLevel, Api, Artifact, Classes, Error, Settings
from ._wandb import Util as util
from .board import Board
from .cell import Cell, Line
from .media import Audio, Histogram, Html, Image, Molecule, Object3D, Plotly, Table, Video
from .session import Config, Run, alert, finish, init, log, unwatch, watch
from .subplots import Axes, Subplots

__version__ = "0.1.0"
__all__ = [
    "Axes",
    "Board",
    "Cell",
    "Config",
    "Histogram",
    "Html",
    "Image",
    "Line",
    "Run",
    "Subplots",
    "Table",
    "Video",
    "alert",
    "config",
    "finish",
    "init",
    "log",
    "run",
    "summary",
    "unwatch",
    "watch",
]


def __getattr__(name: str) -> Any:
    # These change with init() and finish().
    if name in ("run", "config"):
        return getattr(session, name)
    if name == "summary":
        return session.run.summary if session.run is not None else {}
    if name in _wandb.MODULE:
        return _wandb.MODULE[name]
    raise AttributeError(f"module 'agnez' has no attribute {name!r}")

"""The Python client of Agnez, a live dashboard for deep-learning training.

>>> import agnez
>>> board = agnez.Board("mnist")
>>> board.log(step=0, loss=2.3, **{"acc/val": 0.1})
"""

from __future__ import annotations

from typing import Any

from . import session
from .board import Board
from .cell import Cell, Line
from .media import Histogram, Html, Image, Table, Video
from .session import Config, Run, finish, init, log
from .subplots import Axes, Subplots

__version__ = "0.1.0"
__all__ = ["Axes", "Board", "Cell", "Config", "Histogram", "Html", "Image", "Line", "Run", "Subplots", "Table", "Video", "config", "finish", "init", "log", "run"]


def __getattr__(name: str) -> Any:
    # These two change with init() and finish().
    if name in ("run", "config"):
        return getattr(session, name)
    raise AttributeError(f"module 'agnez' has no attribute {name!r}")

"""The Python client of Agnez, a live dashboard for deep-learning training.

>>> import agnez
>>> board = agnez.Board("mnist")
>>> board.log(step=0, loss=2.3, **{"acc/val": 0.1})
"""

from __future__ import annotations

from typing import Any

from . import _wandb, plot, session
from ._server import start_server
from ._wandb import AlertLevel, Api, Artifact, Classes, Error, Settings, util
from .board import Board
from .cell import Cell, Line
from .media import Audio, Histogram, Html, Image, Molecule, Object3D, Plotly, Table, Video
from .session import Config, Run, alert, finish, init, log, unwatch, watch
from .subplots import Axes, Subplots

__version__ = "0.1.0"
__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Axes",
    "Board",
    "Cell",
    "Classes",
    "Config",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "Line",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Subplots",
    "Table",
    "Video",
    "alert",
    "finish",
    "init",
    "log",
    "plot",
    "start_server",
    "unwatch",
    "util",
    "watch",
]


def __getattr__(name: str) -> Any:
    # `run` and `config` change with init() and finish(), so they cannot be plain attributes.
    if name in ("run", "config"):
        return getattr(session, name)
    if name == "summary":
        return session.run.summary if session.run is not None else {}
    if name in _wandb.NO_OP_FUNCTIONS:
        return _wandb.NO_OP_FUNCTIONS[name]
    raise AttributeError(f"module 'agnez' has no attribute {name!r}")

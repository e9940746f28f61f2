"""The Python client of Agnez, a live dashboard for deep-learning training.

>>> import agnez
>>> run = agnez.init(project="mnist", config={"lr": 0.1})
>>> run.log({"loss": 2.3, "acc/val": 0.1}, step=0)
"""

from __future__ import annotations

from typing import Any

from . import _active_run, _wandb, plot
from ._config import Config
from ._run import Run
from ._server import start_server
from ._sweep import agent, sweep
from ._transport.reader import ReadError as Error
from ._wandb import AlertLevel, Api, Artifact, Classes, Settings, util
from .board import Board
from .cell import Cell, Line
from .media import Audio, Histogram, Html, Image, Molecule, Object3D, Plotly, Table, Video
from .reading import groups, history, runs
from .session import alert, define_metric, finish, init, log, unwatch, watch
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
    "agent",
    "alert",
    "define_metric",
    "finish",
    "groups",
    "history",
    "init",
    "log",
    "plot",
    "runs",
    "start_server",
    "sweep",
    "unwatch",
    "util",
    "watch",
]


def __getattr__(name: str) -> Any:
    # They change with init() and finish(), so they cannot be plain attributes.
    run = _active_run.run
    if name == "run":
        return run
    if name == "config":
        return run.config if run is not None else Config({}, None)
    if name == "summary":
        return run.summary if run is not None else {}
    if name in _wandb.NO_OP_FUNCTIONS:
        return _wandb.NO_OP_FUNCTIONS[name]
    raise AttributeError(f"module 'agnez' has no attribute {name!r}")

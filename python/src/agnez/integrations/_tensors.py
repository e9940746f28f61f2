"""What the callbacks tell of a model's tensors: norms as lines, distributions as histograms over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .. import session
from .._log import warn_once
from .._optional import import_optional
from ..board import Board

#: Even: bins lie symmetrically to zero and are joined in pairs.
BINS = 64
#: Steps in one histogram; where there are more, every second one is kept.
STEPS = 200
#: Histograms on a board; each of them is sent whole with each step.
CELLS = 32

Weights = Mapping[str, Any]


def resolve_board(board: Board | str | None) -> Board:
    """The board itself, the one of this name, or that of the run that ``agnez.init`` began; ``main`` where there is none."""
    if isinstance(board, Board):
        return board
    if isinstance(board, str):
        return Board(board)
    return session.run.board if session.run is not None else Board("main")


def to_array(tensor: Any) -> Any:
    """A NumPy array of floats from a tensor of any library, wherever it is."""
    np = import_optional("numpy", "agnez")
    for name in ("detach", "cpu", "float"):
        method = getattr(tensor, name, None)
        if callable(method):
            tensor = method()
    return np.asarray(tensor, dtype=np.float64)


def norm(tensors: Any) -> float:
    """The Euclidean norm of one or several tensors together; NaN and infinities remain."""
    np = import_optional("numpy", "agnez")
    return math.sqrt(math.fsum(float(np.square(to_array(tensor)).sum()) for tensor in tensors))


def split_phase(name: Any) -> Any:
    """``train_loss``, ``val/loss`` and ``loss`` as series of one cell: ``loss/train``, ``loss/val``, ``loss``."""
    if not isinstance(name, str):
        return name
    for phase in ("train", "val", "valid", "validation", "eval", "test"):
        for joint in ("_", "/"):
            if name.startswith(phase + joint) and len(name) > len(phase) + 1:
                return f"{name[len(phase) + 1 :]}/{phase}"
    return name


def log_norms(board: Board, cell: str, norms: Mapping[str, float], step: Any) -> None:
    """One series for each name in the cell."""
    if norms:
        board.line(cell).append(norms, step=step)


class HistogramOverSteps:
    """One tensor's distribution over steps, in a histogram cell.

    The bins lie symmetrically to zero up to a power of two. Where a value lies beyond, the range doubles and pairs of bins are joined,
    which is exact; so all steps share their edges. ImageArray that are not finite are counted in the cell's note.
    """

    def __init__(self, board: Board, cell: str) -> None:
        self._board = board
        self._cell = cell
        self._reach: float | None = None
        self._rows: list[tuple[float, list[int]]] = []
        #: One of so many steps is kept.
        self._every = 1
        self._calls = 0

    def add(self, tensor: Any, step: Any) -> None:
        """Adds the tensor's values, of any shape, at a step, and shows all of them."""
        np = import_optional("numpy", "agnez")
        values = to_array(tensor).ravel()
        finite = values[np.isfinite(values)]
        largest = float(np.abs(finite).max()) if finite.size else 0.0
        self._widen(largest)
        self._calls += 1
        if (self._calls - 1) % self._every:
            return
        # Until a value differs from zero any range will do: zeros stay in the bin on the right of the middle, however it doubles.
        reach = self._reach or 1.0
        counts, edges = np.histogram(finite, BINS, (-reach, reach))
        self._rows.append((step, [int(count) for count in counts]))
        if len(self._rows) > STEPS:
            self._rows = self._rows[::2]
            self._every *= 2
        steps, rows = zip(*self._rows)
        cell = self._board.histogram(self._cell, counts=list(rows), edges=edges, steps=list(steps))
        if finite.size < values.size:
            cell.note(
                f"{values.size - finite.size} of {values.size} values were not finite at step {step:g}"
            )

    def _widen(self, largest: float) -> None:
        if largest == 0.0:
            return
        if self._reach is None:
            self._reach = 2.0 ** math.ceil(math.log2(largest))
        while self._reach < largest:
            self._reach *= 2
            middle = BINS // 4
            for at, (step, counts) in enumerate(self._rows):
                pairs = [left + right for left, right in zip(counts[::2], counts[1::2])]
                self._rows[at] = (step, [0] * middle + pairs + [0] * middle)


class LayerHistograms:
    """The distributions of several tensors, a cell for each."""

    def __init__(self, board: Board, title: str) -> None:
        self._board, self._title = board, title
        self._spreads: dict[str, HistogramOverSteps] = {}

    def add(self, tensors: Weights, step: Any) -> None:
        """``tensors``: by name; a name that is new gets a cell, ``<title> of <name>``."""
        for name, tensor in tensors.items():
            if name not in self._spreads:
                if len(self._spreads) == CELLS:
                    warn_once(
                        f"{self._title} {id(self)}",
                        f"The distributions of the first {CELLS} layers are shown; those of the others are left out.",
                    )
                    return
                self._spreads[name] = HistogramOverSteps(
                    self._board, f"{self._title} of {name}"[:200]
                )
            self._spreads[name].add(tensor, step)

"""Norms and distributions of tensors for the callbacks: lines, and histograms over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .._messages import warn_once
from .._optional import import_optional
from .._values import cell_values
from .._values.arrays import to_float_array
from ..board import Board
from ..media import Chart
from ._target import Target

#: Even: bins are symmetric to zero and are joined in pairs.
BINS = 64
#: Steps in one histogram; beyond, every second step is dropped.
STEPS = 200
#: Histograms on a board: each is sent as a whole with each step.
CELLS = 32

Weights = Mapping[str, Any]


def norm(tensors: Any) -> float:
    """The Euclidean norm of all tensors together; NaN and infinities propagate."""
    np = import_optional("numpy", "agnez")
    return math.sqrt(
        math.fsum(float(np.square(to_float_array(tensor)).sum()) for tensor in tensors)
    )


def split_phase(name: Any) -> Any:
    """The series of a name with a phase: ``train_loss`` -> ``loss/train``, also ``train/loss``."""
    if not isinstance(name, str):
        return name
    for phase in ("train", "val", "valid", "validation", "eval", "test"):
        for joint in ("_", "/"):
            if name.startswith(phase + joint) and len(name) > len(phase) + 1:
                return f"{name[len(phase) + 1 :]}/{phase}"
    return name


def name_metrics(target: Target, metrics: Mapping[Any, Any]) -> dict[Any, Any]:
    """The metrics as a framework names them; for a board's cells, with their series.

    For a run, the server finds the chart and the line.
    """
    if not isinstance(target, Board):
        return dict(metrics)
    return {split_phase(name): value for name, value in metrics.items() if name != "epoch"}


def log_norms(target: Target, title: str, norms: Mapping[str, float], step: Any) -> None:
    """Logs a norm for each name, beside the steps of the script's own calls."""
    if norms and isinstance(target, Board):
        target.line(title).append(norms, step=step)
    elif norms:
        target._log_at({f"{title}/{name}": value for name, value in norms.items()}, step)


class HistogramOverSteps:
    """The distribution of one tensor over steps, in one histogram.

    The bins are symmetric to zero, up to a power of two. A value beyond doubles the range, which
    joins pairs of bins exactly: all steps share their edges. The description counts values that
    are not finite.
    """

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._name = name
        self._reach: float | None = None
        self._rows: list[tuple[float, list[int]]] = []
        #: Every so many steps are kept.
        self._every = 1
        self._calls = 0

    def add(self, tensor: Any, step: Any) -> None:
        """Adds the values of a tensor of any shape at a step, and shows all steps."""
        np = import_optional("numpy", "agnez")
        values = to_float_array(tensor).ravel()
        finite = values[np.isfinite(values)]
        largest = float(np.abs(finite).max()) if finite.size else 0.0
        self._widen(largest)
        self._calls += 1
        if (self._calls - 1) % self._every:
            return
        # While all values are zero any range will do: zeros stay in the bin right of the middle.
        reach = self._reach or 1.0
        counts, edges = np.histogram(finite, BINS, (-reach, reach))
        self._rows.append((step, [int(count) for count in counts]))
        if len(self._rows) > STEPS:
            self._rows = self._rows[::2]
            self._every *= 2
        steps, rows = zip(*self._rows)
        value = cell_values.histogram(None, list(rows), edges, steps=list(steps))
        note = ""
        if finite.size < values.size:
            note = f"{values.size - finite.size} of {values.size} values "
            note += f"were not finite at step {step:g}"
        self._target._log_at({self._name: Chart("histogram", value, note or None)}, step)

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
    """The distributions of several tensors, a histogram for each."""

    def __init__(self, target: Target, title: str) -> None:
        self._target, self._title = target, title
        self._spreads: dict[str, HistogramOverSteps] = {}

    def add(self, tensors: Weights, step: Any) -> None:
        """Adds tensors by name; a new name gets the histogram ``<title> of <name>``."""
        for name, tensor in tensors.items():
            if name not in self._spreads:
                if len(self._spreads) == CELLS:
                    warn_once(
                        f"{self._title} {id(self)}",
                        f"The distributions of the first {CELLS} layers are shown; "
                        "those of the others are left out.",
                    )
                    return
                joint = " of " if isinstance(self._target, Board) else "/"
                self._spreads[name] = HistogramOverSteps(
                    self._target, f"{self._title}{joint}{name}"[:200]
                )
            self._spreads[name].add(tensor, step)

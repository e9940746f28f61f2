"""``define_metric(step_metric=)``: metrics whose step is the value of another one."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping
from typing import Any

from ._values import convert, names

#: The server's bound.
_MAX_PATTERNS = 100


class StepMetrics:
    """The metrics of a run whose value is the step of others."""

    def __init__(self) -> None:
        #: By a name or a pattern of the metrics whose step it is.
        self._by_pattern: dict[str, str] = {}

    def define(self, pattern: Any, step_metric: Any) -> None:
        """The step of the metrics ``pattern``, which may hold ``*``, is that of ``step_metric``."""
        self._by_pattern[names.to_name(pattern)] = names.to_name(step_metric)

    def as_dict(self) -> dict[str, str]:
        """The names of step metrics by patterns, as a run's document has them."""
        return dict(list(self._by_pattern.items())[:_MAX_PATTERNS])

    def of(self, name: str) -> list[str]:
        """The metrics that may be the step of ``name``; the last one with a value is."""
        return [
            step_metric
            for pattern, step_metric in self._by_pattern.items()
            if name != step_metric and fnmatch.fnmatchcase(name, pattern)
        ]

    def steps(self, numbers: Mapping[str, float], known: Mapping[str, Any]) -> dict[str, float]:
        """The steps of the ``numbers`` that have one of their own, by their names.

        ``known``: the last value of each metric, for step metrics that the call does not have.
        """
        found: dict[str, float] = {}
        for name in numbers if self._by_pattern else ():
            for step_metric in self.of(name):
                at: Any = numbers.get(step_metric)
                if at is None:
                    at = known.get(step_metric)
                at = convert.to_scalar(at)
                if isinstance(at, float) and math.isfinite(at):
                    found[name] = at
        return found

"""``define_metric(step_metric=)``: metrics whose step is the value of another one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ._messages import warn_once
from ._values import convert, names

#: The server's bound.
_MAX_PATTERNS = 100


class StepMetrics:
    """The metrics of a run whose value is the step of others.

    The server draws these others in charts apart, such as ``loss by epoch`` beside ``loss``.
    """

    def __init__(self) -> None:
        #: By a name or a pattern of the metrics whose step it is.
        self._by_pattern: dict[str, str] = {}

    def define(self, pattern: Any, step_metric: Any) -> None:
        """The step of the metrics ``pattern`` is the value of ``step_metric``.

        In a pattern, ``*`` stands for any characters, and ``?`` for one.
        """
        name = names.to_name(pattern)
        if len(self._by_pattern) >= _MAX_PATTERNS and name not in self._by_pattern:
            warn_once("step metrics", f"A run takes {_MAX_PATTERNS} names with a step metric.")
            return
        # The last definition of a name counts.
        self._by_pattern.pop(name, None)
        self._by_pattern[name] = names.to_name(step_metric)

    def as_dict(self) -> dict[str, str]:
        """The step metrics by patterns, as the run's document has them."""
        return dict(self._by_pattern)

    def of(self, name: str) -> str | None:
        """The metric that is the step of ``name``, by the last definition; None without one."""
        for pattern, step_metric in reversed(self._by_pattern.items()):
            expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
            if name != step_metric and re.fullmatch(expression, name, re.DOTALL):
                return step_metric
        return None

    def steps(self, numbers: Mapping[str, float], known: Mapping[str, Any]) -> dict[str, float]:
        """The steps of the ``numbers`` that have one of their own, by their names.

        ``known``: the last value of each metric, for step metrics that the call does not have.
        """
        found: dict[str, float] = {}
        for name in numbers if self._by_pattern else ():
            step_metric = self.of(name)
            if step_metric is None:
                continue
            at = convert.to_scalar(numbers.get(step_metric, known.get(step_metric)))
            if isinstance(at, float) and math.isfinite(at):
                found[name] = at
        return found

"""``log``: the metrics of a call as one record, for boards and runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from time import time
from typing import Any

from . import _metrics
from ._messages import warn_once
from ._spool.record import RunKey
from ._transport.client import Client
from ._values import convert
from .media import Media

#: Sets of metric names with a fast path; metrics of further sets are written one by one.
_MAX_FAST_PATHS = 2000

_is_finite = math.isfinite
_float_types, _to_real = convert.FLOAT_TYPES, convert.to_real


class MetricLog:
    """The base of what logs metrics: :class:`agnez.Board` and :class:`agnez.Run`."""

    #: The run that records belong to.
    _key: RunKey | None = None

    def __init__(self, client: Client) -> None:
        self._use_client(client)
        #: The step of a call without one.
        self._next_step: Any = 0
        #: The latest record of each set of metrics with a fast path.
        self._latest: dict[tuple[str, ...], bytes] = {}

    def log(
        self,
        metrics: Any = None,
        step: Any = None,
        commit: Any = None,
        sync: Any = None,
        *,
        data: Any = None,
        **named: Any,
    ) -> None:
        """Logs metrics: ``log(loss=0.3)``, ``log({"loss": 0.3, "acc/val": 0.9}, step=7)``.

        Each metric becomes a point of a chart, which is created if missing: ``loss`` in the chart
        ``loss``, ``acc/val`` as the line ``val`` of the chart ``acc``. A metric that is called like
        an argument goes into the dict.

        :param metrics: a dict of metrics; ``named`` adds more. Values are scalars of Python, numpy,
            torch, jax or tensorflow, NaN and infinities included. Nested dicts are groups. Media
            such as ``agnez.Image``, texts, figures and DataFrames go to cells of their own. A list
            or an array is a line for each value; with more than 64 values it is a histogram. What
            cannot be shown is skipped, counted, and logged once: no value and no name raises.
        :param step: a finite number. Without it, the previous step plus one is used, starting at 0.
        :param commit: False: the next call without a step uses this call's step again.
        :param sync: ignored; Weights & Biases had it.
        :param data: another name of ``metrics``.

        The time of the points is that of the call. The arguments have no narrower types, so that
        type checkers accept ``log(**{"acc/val": 0.9})``.
        """
        now = time()
        if data is not None or sync is not None:
            metrics, named = _take_aliases(metrics, named, data, sync)
        if metrics.__class__ is dict and not named:
            # A copy: another thread may change the caller's dict.
            named = {**metrics}
        elif metrics is not None:
            named = _merge(metrics, named)
        elif not named:
            raise TypeError("log takes at least one metric: log(loss=0.3)")
        if step is None:
            step = self._next_step
        key = (*named,)
        try:
            write, pack, head, trailer, spool, is_plain = self._fast_paths[key]
            if step.__class__ is not int and (step.__class__ is not float or not _is_finite(step)):
                # Small integers of numpy would overflow when 1 is added.
                step = convert.to_step(step)
            values: Any = named.values()
            if is_plain:
                # struct.pack takes whatever has __float__, also numpy's complex numbers and time
                # spans. A sum shows the presence of any such value by its type, in one C call.
                if sum(values, 0.0).__class__ is not float:
                    raise TypeError
            else:
                values = [
                    value if value.__class__ in _float_types else _to_real(value)
                    for value in values
                ]
            data = pack(head, now, step, *values, trailer)
            write(data)
            self._latest[key] = data
        except Exception:
            # New metrics, a full segment, or an unusual value. It also reports wrong arguments.
            self._log_slow(named, step, now, commit)
            return
        self._next_step = step if commit is False else step + 1
        if spool.is_sender_asleep:
            spool.wakeup.set()

    def _use_client(self, client: Client) -> None:
        self._client = client
        # The client holds only a weak reference to the owner of the dict.
        self._fast_path_owner = client.new_fast_paths()
        self._fast_paths = self._fast_path_owner.by_names

    def _log_slow(self, named: dict[Any, Any], step: Any, now: float, commit: bool | None) -> None:
        """:meth:`log` for any values; registers a fast path."""
        at = convert.to_step(step)
        found = _metrics.Metrics(named)
        self._next_step = (int(at) if at == int(at) else at) + (0 if commit is False else 1)
        self._write(found, named, at, now)

    def _log_at(self, named: Mapping[Any, Any], step: Any) -> None:
        """Logs metrics without a change of the step of the next call."""
        self._write(_metrics.Metrics(named), named, convert.to_step(step), time())

    def _write(
        self, found: _metrics.Metrics, named: Mapping[Any, Any], step: float, now: float
    ) -> None:
        if found.numbers:
            self._write_numbers(found.numbers, named, step, now)
        for name, media in found.media.items():
            try:
                self._show_media(name, media, step, now)
            except Exception as error:  # A file that is no picture, a figure that fails to draw.
                reason = f" ({type(error).__name__}: {convert.describe(error)})"
                found.skip(name, media, reason)
        if found.skipped:
            self._client.count_unsupported(found.skipped)

    def _series(self, metrics: list[str]) -> list[tuple[str, str]]:
        """The series of a call's metrics, in their order."""
        raise NotImplementedError

    def _show_media(self, name: str, media: Media, step: float, now: float) -> None:
        """Shows a value that is no number."""
        raise NotImplementedError

    def _write_numbers(
        self, numbers: Mapping[str, float], named: Mapping[Any, Any], step: float, now: float
    ) -> None:
        """Writes the numbers of a call; registers a fast path if it has nothing else."""
        series, values = self._series(list(numbers)), list(numbers.values())
        if len(self._fast_paths) >= _MAX_FAST_PATHS:
            for one, value in zip(series, values):
                self._client.points([one], now, [step], [[value]], self._key)
            return
        self._client.points(series, now, [step], [values], self._key)
        path = self._client.fast_path(series, self._key)
        if path is None or list(named) != list(numbers):
            return
        key = tuple(named)
        is_plain = all(type(value) in (float, int, bool) for value in named.values())
        known = self._fast_paths.get(key)
        # Where other types came before, they will come again.
        self._fast_paths[key] = (*path, is_plain and (known is None or known[-1]))


def _take_aliases(
    metrics: Any, named: dict[str, Any], data: Any, sync: Any
) -> tuple[Any, dict[str, Any]]:
    """The metrics of a call with ``data`` or ``sync``, which may also be names of metrics."""
    if metrics is None and isinstance(data, Mapping):
        metrics = data
    elif data is not None:
        named = {"data": data, **named}
    if sync is not None and not isinstance(sync, bool):
        named = {"sync": sync, **named}
    return metrics, named


def _merge(metrics: Any, named: dict[str, Any]) -> dict[Any, Any]:
    """The metrics of a call that gives a mapping and keywords; a keyword replaces a key."""
    try:
        merged = {**metrics, **named}
    except TypeError:
        if hasattr(metrics, "keys"):
            raise
        raise TypeError(
            f"log takes a dict of metrics, not {convert.describe_type(metrics)}: "
            "log({'loss': 0.3})"
        ) from None
    if named and len(merged) < len(metrics) + len(named):
        both = next(name for name in named if name in metrics)
        warn_once(
            f"both {both}",
            f"The metric {both!r} is there twice in one call, in the dict and by its name: "
            "the latter is shown.",
        )
    return merged

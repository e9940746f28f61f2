"""The summary of a run: the last value of each metric, and what the script sets."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Callable

#: Bytes before the time of a record: its marker and its layout.
_HEAD_BYTES = 8


class Summary(MutableMapping[str, Any]):
    """The last value of each metric, and what the script sets, as items and attributes.

    The server has the former anyway; what the script sets goes to the key ``summary`` of the run.
    """

    def __init__(
        self,
        latest: Mapping[tuple[str, ...], bytes],
        changed: Callable[[dict[str, Any]], None],
    ) -> None:
        #: Records of :class:`MetricLog`, by their metrics.
        object.__setattr__(self, "_latest", latest)
        object.__setattr__(self, "_changed", changed)
        #: What is set, and what was logged otherwise, each with its time.
        object.__setattr__(self, "_logged", {})
        object.__setattr__(self, "_own", {})

    def _record(self, metrics: Mapping[str, float], now: float) -> None:
        """Records logged metrics."""
        for name, value in metrics.items():
            self._logged[name] = now, value

    def _merged(self) -> dict[str, Any]:
        """All values; of each name the newest one."""
        found: dict[str, tuple[float, Any]] = dict(self._logged)

        def add(name: str, now: float, value: Any) -> None:
            if name not in found or found[name][0] <= now:
                found[name] = now, value

        for names, record in list(self._latest.items()):
            now, _, *values = struct.unpack_from(f"<{len(names) + 2}d", record, _HEAD_BYTES)
            for name, value in zip(names, values):
                add(name, now, value)
        for name, (now, value) in self._own.items():
            add(name, now, value)
        return {name: value for name, (_, value) in found.items()}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getitem__(self, name: Any) -> Any:
        return self._merged()[name]

    def __setitem__(self, name: Any, value: Any) -> None:
        self.update({name: value})

    def __delitem__(self, name: Any) -> None:
        """Removes what was set; the last value of a metric stays."""
        del self._own[name]
        self._show()

    def __iter__(self) -> Iterator[str]:
        return iter(self._merged())

    def __len__(self) -> int:
        return len(self._merged())

    def __repr__(self) -> str:
        return repr(self._merged())

    def update(self, *args: Any, **named: Any) -> None:
        """As ``dict.update``."""
        now = time.time()
        for name, value in dict(*args, **named).items():
            self._own[name] = now, value
        self._show()

    def _show(self) -> None:
        self._changed({name: value for name, (_, value) in self._own.items()})

"""The file ``state`` of a spool: which bytes and keys the batch that is being sent has.

With it, a replay after a crash sends the same requests under the same keys.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from .http import parse_json


@dataclass
class Progress:
    """How far a spool has been sent."""

    #: Number of the segment that is being sent.
    segment: int = 0
    #: The batch's bytes in the segment: everything before ``start`` was answered.
    start: int = 0
    end: int = 0
    #: Number of the batch's first key.
    number: int = 0
    #: Key numbers of the batch's requests that were refused as a whole and are sent cell by cell.
    split: list[int] = field(default_factory=list)
    #: The writer of the keys, if it is not that of the spool.
    writer: str | None = None

    def encode(self) -> bytes:
        """The file's content, with a checksum."""
        state: dict[str, Any] = {
            "segment": self.segment,
            "from": self.start,
            "to": self.end,
            "number": self.number,
            "apart": self.split,
        }
        if self.writer is not None:
            state["writer"] = self.writer
        return json.dumps({**state, "sum": _checksum(state)}).encode()

    @staticmethod
    def decode(data: bytes) -> Progress | None:
        """Reads the file's content; None if it is damaged."""
        state = parse_json(data)
        try:
            if state.pop("sum") != _checksum(state):
                return None
            segment, start, end, number = (
                state[key] for key in ("segment", "from", "to", "number")
            )
            split, writer = state["apart"], state.get("writer")
            numbers = [segment, start, end, number, *split]
            is_valid = all(isinstance(each, int) and each >= 0 for each in numbers)
            if (
                not is_valid
                or not isinstance(split, list)
                or not isinstance(writer, (str, type(None)))
            ):
                return None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return Progress(segment, start, end, number, split, writer)


def _checksum(state: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(state, sort_keys=True).encode())

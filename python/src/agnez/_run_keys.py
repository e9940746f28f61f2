"""Keys of a run's document, from what a script gives."""

from __future__ import annotations

import datetime
import time
from typing import Any

from ._run_end import End
from ._values import convert, names

#: The server's bounds.
_MAX_TAGS = 100
_MAX_NOTES_BYTES = 64 << 10


def to_tags(tags: Any) -> tuple[str, ...]:
    """Tags from a text, or several."""
    given = () if tags is None else (tags,) if isinstance(tags, str) else tags
    return tuple(dict.fromkeys(names.to_name(tag) for tag in given if tag != ""))[:_MAX_TAGS]


def to_notes(notes: Any) -> str:
    """Notes from any object, at most as long as the server takes them."""
    data = convert.to_label(notes).encode()[:_MAX_NOTES_BYTES]
    return data.decode("utf-8", "ignore")


def iso_time(seconds: float) -> str:
    """A time in seconds since 1970 as the server writes it, in UTC."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_end(end: End) -> dict[str, Any]:
    """The end of a run: its status, time, exit code and traceback."""
    keys: dict[str, Any] = {"status": end.status, "endedAt": iso_time(time.time())}
    if end.code is not None or end.traceback is not None:
        keys["exit"] = {"code": end.code, "traceback": end.traceback}
        keys["exit"] = {name: value for name, value in keys["exit"].items() if value is not None}
    return keys

"""Nested values of a run's document, within the server's bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._messages import warn_once
from . import json_types
from .convert import describe

#: The server's bounds of ``config`` and ``summary``: levels, values, and bytes of JSON.
MAX_LEVELS = 16
MAX_VALUES = 1000
MAX_BYTES = 256 << 10
#: Characters of a text where all together are too long.
_SHORT_TEXT = 200


def to_bounded_json(values: Mapping[Any, Any], what: str) -> dict[str, Any]:
    """JSON types of nested values, as many as the server takes; one warning for what is left out.

    ``what``: the name of the values in the warning.
    """
    found: dict[str, Any] = {}
    left = MAX_VALUES
    document = json_types.to_json(dict(values))
    for name, value in document.items():
        item, left = _bound(value, MAX_LEVELS - 1, left)
        if left < 0:
            break
        found[name] = item
    is_whole = left >= 0
    if _size(found) > MAX_BYTES:
        is_whole = False
        found = _shorten(found)
        # The largest ones first.
        sizes = {name: _size({name: value}) for name, value in found.items()}
        for name in sorted(sizes, key=lambda name: -sizes[name]):
            if _size(found) <= MAX_BYTES:
                break
            del found[name]
    if not is_whole:
        warn_once(
            f"bounds {what}",
            f"The {what} of a run may have {MAX_VALUES} values and {MAX_BYTES >> 10} KiB: "
            "the rest is left out or shortened.",
        )
    return found


def _bound(value: Any, levels: int, left: int) -> tuple[Any, int]:
    """The value with at most so many levels, and how many values are left; below 0: too many."""
    if not isinstance(value, (dict, list)) or not value:
        return value, left - 1
    if levels == 0:
        return describe(value), left - 1
    if isinstance(value, list):
        # A list is one value.
        return [_bound(item, levels - 1, MAX_VALUES)[0] for item in value], left - 1
    found: dict[str, Any] = {}
    for name, inner in value.items():
        item, left = _bound(inner, levels - 1, left)
        if left < 0:
            break
        found[name] = item
    return found, left


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shorten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item) for item in value]
    if isinstance(value, str) and len(value) > _SHORT_TEXT:
        return value[: _SHORT_TEXT - 1] + "…"
    return value


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))

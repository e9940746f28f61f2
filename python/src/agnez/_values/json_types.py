"""Values of any library as JSON types, as the server takes them."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from .convert import (
    describe,
    describe_type,
    dtype_kind,
    is_missing,
    to_label,
    to_list,
    to_scalar,
    to_utf8,
)

_NAN = {math.inf: "Infinity", -math.inf: "-Infinity"}
_TEXTS = ("NaN", "Infinity", "-Infinity")
#: Levels of nested lists and dicts; the server takes 128.
DEPTH = 60
#: Items that :func:`to_json` reads, nested ones included.
ITEMS = 2_000_000
#: Most JSON readers take no integers beyond these.
_WHOLE = (-(2**63), 2**64 - 1)


def to_json_numbers(value: Any, what: str) -> list[Any]:
    """A list of numbers as the server takes them; TypeError if it holds anything else.

    NaN and infinities are texts; a missing value is None.
    """
    out: list[Any] = []
    for item in to_list(value, what):
        if item.__class__ is int and _WHOLE[0] <= item <= _WHOLE[1]:
            out.append(item)
            continue
        if is_missing(item) or (isinstance(item, str) and item in _TEXTS):
            out.append(None if not isinstance(item, str) else str(item))
            continue
        result: Any = to_json_int(item)
        if result is None:
            result = to_scalar(item)
        if result is None or isinstance(result, complex):
            raise TypeError(f"{what} must hold numbers, not {describe_type(item)}")
        out.append(result if isinstance(result, int) else _to_json_float(result))
    return out


def to_json_int(value: Any) -> int | None:
    """An integer of Python or numpy with all its digits; booleans are 1 and 0.

    None for anything else, and for an integer that JSON cannot hold.
    """
    if not isinstance(value, int):
        if dtype_kind(value) not in ("i", "u", "b") or getattr(value, "shape", None) != ():
            return None
        value = value.item()
    return int(value) if isinstance(value, int) and _WHOLE[0] <= value <= _WHOLE[1] else None


def _to_json_float(value: float) -> Any:
    return value if math.isfinite(value) else _NAN.get(value, "NaN")


def to_json(value: Any) -> Any:
    """JSON types: arrays become lists, NaN and infinities texts, other objects their text.

    An object that contains itself, is nested deeper than 60, or comes after 2,000,000 items, is
    ``…``.
    """
    return _to_json(value, 0, set(), [ITEMS])


def _to_json(value: Any, depth: int, around: set[int], left: list[int]) -> Any:
    if value is None or value.__class__ is bool:
        return value
    if isinstance(value, str):
        return to_utf8(value)
    left[0] -= 1
    if isinstance(value, (dict, list, tuple, set, frozenset, range)) or _is_array(value):
        if depth >= DEPTH or id(value) in around or left[0] < 0:
            return "…"
        around.add(id(value))
        try:
            if isinstance(value, dict):
                return {
                    to_label(name): _to_json(item, depth + 1, around, left)
                    for name, item in value.items()
                }
            items = (
                list(value)
                if isinstance(value, (list, tuple, set, frozenset, range))
                else to_list(value, "an array")
            )
            return [_to_json(item, depth + 1, around, left) for item in items]
        except TypeError:
            return describe(value)
        finally:
            around.discard(id(value))
    return to_table_item(value)


def _is_array(value: Any) -> bool:
    try:
        return hasattr(value, "shape") and tuple(value.shape) != ()
    except Exception:  # Whatever an object's own attributes raise.
        return False


def to_table_item(value: Any) -> Any:
    """An item of a table: a text, a number, a boolean or None."""
    if value is None or value.__class__ is bool:
        return value
    if isinstance(value, str):
        return to_utf8(value)
    if value.__class__ is float:
        return _to_json_float(value)
    try:
        if is_missing(value):
            return None
        if isinstance(value, Enum) and not isinstance(value, (int, float)):
            return describe(value)
        kind = dtype_kind(value)
        if kind == "b" and getattr(value, "shape", None) == ():
            return bool(value)
        result = to_json_int(value)
        if result is not None:
            return result
        if isinstance(value, (int, timedelta)) or kind in ("m", "M", "c"):
            return describe(value)
        one = to_scalar(value)
        if one is None or isinstance(one, complex):
            return describe(value)
        if isinstance(value, Decimal) and Decimal(repr(one)) != value and value == value:
            # A float would lose digits.
            return describe(value)
        return _to_json_float(one)
    except Exception:  # Whatever an object's own methods raise.
        return describe(value)

"""Numbers, texts and arrays of any library as JSON types, without importing the library."""

from __future__ import annotations

import math
import re
import reprlib
import threading
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

_NAN = {math.inf: "Infinity", -math.inf: "-Infinity"}
_TEXTS = ("NaN", "Infinity", "-Infinity")
#: Levels of nested lists and dicts; the server takes 128.
DEPTH = 60
#: Items that :func:`to_json` reads, nested ones included.
ITEMS = 2_000_000
#: Characters of :func:`describe`.
TEXT = 1000
#: Items of a sparse array that is made dense.
_DENSE = 1_000_000
#: Most JSON readers take no integers beyond these.
_WHOLE = (-(2**63), 2**64 - 1)
_short = reprlib.Repr()
(
    _short.maxlevel,
    _short.maxdict,
    _short.maxlist,
    _short.maxtuple,
    _short.maxset,
    _short.maxstring,
    _short.maxother,
) = 4, 20, 20, 20, 20, 200, 200


def is_missing(value: Any) -> bool:
    """Whether the value says that there is none.

    That is None, the NA and NaT of pandas, the NaT of numpy, and a masked item.
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return (
        _dtype_kind(value) in ("m", "M")
        and getattr(value, "shape", None) == ()
        and str(value) == "NaT"
    )


def _dtype_kind(value: Any) -> str:
    """The kind of a numpy dtype, such as ``M`` and ``m`` for times; empty without a dtype."""
    return str(getattr(getattr(value, "dtype", None), "kind", ""))


def to_scalar(value: Any) -> complex | None:
    """One number of Python, numpy, torch, jax or tensorflow: a float, or a complex number.

    A time span is its seconds; an integer beyond all doubles is infinite. None for anything else,
    also if the value's own methods raise.
    """
    if isinstance(value, (float, int)) and not isinstance(value, Enum):
        return _to_float(value)
    try:
        if isinstance(value, (str, bytes, bytearray, memoryview, type)) or is_missing(value):
            return None
        if isinstance(value, timedelta):
            return value.total_seconds()
        shape = getattr(value, "shape", None)
        if shape is not None and not _has_one_item(shape):
            return None
        kind = _dtype_kind(value)
        if kind == "M" or (
            kind in ("S", "U", "V", "O") and not callable(getattr(value, "item", None))
        ):
            return None
        if kind == "m":
            return float(value.astype("timedelta64[us]").item().total_seconds())
        if isinstance(value, complex):
            return complex(value)
        if kind not in ("c", "O"):
            try:
                return _to_float(value)
            except Exception:
                pass
        if not callable(getattr(value, "item", None)):
            return None
        result = value.item()
        if isinstance(result, complex):
            return complex(result)
        return None if isinstance(result, (str, bytes)) else _to_float(result)
    except Exception:  # Whatever an object's own methods raise.
        return None


def _has_one_item(shape: Any) -> bool:
    return all(side == 1 for side in shape)


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        # Like float("1e400").
        return math.inf if value > 0 else -math.inf


#: Types whose values ``float()`` converts as :func:`to_scalar` does; grows with numpy's scalars.
FLOAT_TYPES: set[type] = {float, int, bool}


def to_real(value: Any) -> float:
    """One real number of any library; TypeError for anything else."""
    result = to_scalar(value)
    if result is None or isinstance(result, complex):
        raise TypeError(f"{describe_type(value)} is no real number")
    kind = type(value)
    if _dtype_kind(value) in ("f", "i", "u", "b") and getattr(value.dtype, "type", None) is kind:
        FLOAT_TYPES.add(kind)
    return result


def to_number(value: Any, what: str) -> float:
    """A real number of Python, numpy, torch, jax or tensorflow as a float.

    TypeError for anything else, ValueError for an integer that no double holds.
    """
    result = to_scalar(value)
    if result is None or isinstance(result, complex):
        raise TypeError(f"{what} must be a number, not {describe_type(value)}")
    if math.isinf(result) and isinstance(value, int):
        raise ValueError(f"{what} must be a number that a double can hold, not one so large")
    return result


def to_step(value: Any) -> float:
    """A step: a finite number; TypeError or ValueError for anything else."""
    result = to_number(value, "step")
    if not math.isfinite(result):
        raise ValueError(f"step must be finite, not {result}")
    return result


def to_timeout(value: Any) -> float:
    """A number of seconds to wait; None waits as long as it takes.

    TypeError or ValueError for anything else.
    """
    if value is None:
        return threading.TIMEOUT_MAX
    result = to_number(value, "timeout")
    if math.isnan(result):
        raise ValueError("timeout must be a number of seconds, not nan")
    return min(max(result, 0.0), threading.TIMEOUT_MAX)


def to_list(value: Any, what: str) -> list[Any]:
    """An array, tensor, series or other iterable as a list, possibly of lists.

    TypeError for a scalar, a text, or if the value's own methods raise.
    """
    found: Any = None
    try:
        found = _to_list(value)
    except MemoryError:
        raise
    except Exception as error:
        raise TypeError(
            f"{what} must be a list or an array, not {describe_type(value)} "
            f"({type(error).__name__})"
        ) from error
    if found is None:
        raise TypeError(f"{what} must be a list or an array, not {describe_type(value)}")
    return list(found)


def _to_list(value: Any) -> list[Any] | None:
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (str, bytes, bytearray, dict, type)):
        return None
    value = to_dense(value)
    if _dtype_kind(value) in ("m", "M") and hasattr(value, "astype"):
        # As integers, times would lose their unit.
        return list(value)
    for name in ("detach", "cpu"):
        method = getattr(value, name, None)
        if callable(method) and hasattr(value, "shape"):
            value = method()
    for name in ("tolist", "to_list"):
        method = getattr(value, name, None)
        if callable(method):
            value = method()
            break
    else:
        if callable(getattr(value, "numpy", None)):
            value = value.numpy().tolist()
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        return None
    return list(value)


def to_dense(value: Any) -> Any:
    """A sparse array of scipy or torch as a dense one; TypeError if that is too large."""
    if callable(getattr(value, "toarray", None)) and hasattr(value, "nnz"):
        _check_dense_size(value)
        return value.toarray()
    if getattr(value, "is_sparse", False) is True and callable(getattr(value, "to_dense", None)):
        _check_dense_size(value)
        return value.to_dense()
    return value


def _check_dense_size(value: Any) -> None:
    count = math.prod(value.shape)
    if count > _DENSE:
        raise TypeError(f"a sparse array may have {_DENSE} items here, not {count}")


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
        if _dtype_kind(value) not in ("i", "u", "b") or getattr(value, "shape", None) != ():
            return None
        value = value.item()
    return int(value) if isinstance(value, int) and _WHOLE[0] <= value <= _WHOLE[1] else None


def _to_json_float(value: float) -> Any:
    return value if math.isfinite(value) else _NAN.get(value, "NaN")


def to_utf8(value: str) -> str:
    """A text that UTF-8 can encode: a lone surrogate (of a file name) becomes ``?``."""
    if value.isascii():
        return str(value)
    return (
        value.encode("utf-8", "replace").decode("utf-8")
        if _has_lone_surrogate(value)
        else str(value)
    )


def _has_lone_surrogate(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


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
        kind = _dtype_kind(value)
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


def describe(value: Any) -> str:
    """Any object as a text of at most 1000 characters; its type's name if it has none."""
    try:
        is_long = isinstance(value, (list, tuple, dict, set, frozenset)) and len(value) > TEXT
        if not is_long:
            return _shorten(to_utf8(str(value)))
    except Exception:
        pass
    try:
        return _shorten(to_utf8(_short.repr(value)))
    except Exception:
        return f"<{type(value).__name__}>"


def _shorten(result: str) -> str:
    # Memory addresses differ from run to run.
    result = re.sub(r" at 0x[0-9a-fA-F]+", "", result) if " at 0x" in result else result
    return result if len(result) <= TEXT else result[: TEXT - 1] + "…"


def to_label(value: Any) -> str:
    """A key or a name of any type as a text."""
    return to_utf8(value) if isinstance(value, str) else describe(value)


def unique_labels(values: list[Any]) -> list[str]:
    """A text for each value, all different: duplicates are numbered."""
    out: list[str] = []
    seen: set[str] = set()
    again: dict[str, int] = {}
    for value in values:
        name = result = to_label(value)
        # Continues after the last duplicate: all values may be equal.
        number = again.get(result, 1)
        while name in seen:
            number += 1
            name = f"{result} ({number})"
        again[result] = number
        seen.add(name)
        out.append(name)
    return out


def is_scalar(value: Any) -> bool:
    """Whether the value is one number of any library."""
    return to_scalar(value) is not None


def describe_type(value: Any) -> str:
    """The type of a wrong value and its start, for an error message."""
    name = type(value).__name__
    try:
        shape = getattr(value, "shape", None)
        if (isinstance(shape, (tuple, list)) and shape) or (
            shape is not None and type(value).__name__ in ("Tensor", "ndarray")
        ):
            return f"{name} of shape {tuple(shape)}"
        return f"{name} ({_shorten(_short.repr(value)):.40})"
    except Exception:
        return name

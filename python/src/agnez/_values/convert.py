"""Numbers, texts and arrays of any library as Python's types, without importing the library."""

from __future__ import annotations

import math
import re
import reprlib
import sys
import threading
from datetime import timedelta
from enum import Enum
from typing import Any

#: Characters of :func:`describe`.
TEXT = 1000
#: Characters of the title of an axis or of a unit that the server takes.
_TITLE_CHARS = 200
#: Items of a sparse array that is made dense.
_DENSE = 1_000_000
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
        dtype_kind(value) in ("m", "M")
        and getattr(value, "shape", None) == ()
        and str(value) == "NaT"
    )


def dtype_kind(value: Any) -> str:
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
        kind = dtype_kind(value)
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
#: numpy's array, once one was converted. Its subclasses may convert differently.
_ARRAY_TYPES: set[type] = set()
#: Kinds of dtypes whose items ``float()`` converts as :func:`to_scalar` does.
_REAL_KINDS = frozenset("fiub")


def to_real(value: Any) -> float:
    """One real number of any library; TypeError for anything else."""
    if value.__class__ in _ARRAY_TYPES and value.ndim == 0:
        # As to_scalar does, in a tenth of its time. An item that is an int may be a time span.
        item = value.item()
        if item.__class__ is float or value.dtype.kind in _REAL_KINDS:
            return float(item)
    kind = type(value)
    result = to_scalar(value)
    if result is None or isinstance(result, complex):
        raise TypeError(f"{describe_type(value)} is no real number")
    if dtype_kind(value) in _REAL_KINDS:
        if getattr(value.dtype, "type", None) is kind:
            FLOAT_TYPES.add(kind)
        elif kind is getattr(sys.modules.get("numpy"), "ndarray", None):
            _ARRAY_TYPES.add(kind)
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
    if dtype_kind(value) in ("m", "M") and hasattr(value, "astype"):
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


def to_title(text: Any) -> str:
    """The title of an axis or a unit: one line of at most 200 characters."""
    title = "".join(c if c.isprintable() else " " for c in to_label(text))
    return title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1] + "…"


def optional_title(text: Any) -> str | None:
    """As :func:`to_title`; None stays."""
    return None if text is None else to_title(text)


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

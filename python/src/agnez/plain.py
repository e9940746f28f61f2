"""Numbers and arrays of any library as plain lists, without importing one."""

from __future__ import annotations

import math
import threading
from typing import Any, Dict, List

_NAN = {math.inf: "Infinity", -math.inf: "-Infinity"}


def number(value: Any, what: str) -> float:
    """A scalar of Python, numpy, torch, jax or tensorflow; TypeError for anything else."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{what} must be a number, not {_kind(value)}")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return float(value.item())
    except Exception:
        raise TypeError(f"{what} must be a number, not {_kind(value)}") from None


def step(value: Any) -> float:
    """A step: a finite number; TypeError or ValueError for anything else."""
    told = number(value, "step")
    if not math.isfinite(told):
        raise ValueError(f"step must be finite, not {told}")
    return told


def seconds(value: Any) -> float:
    """A time to wait, None for as long as it takes; TypeError or ValueError for what is none."""
    if value is None:
        return threading.TIMEOUT_MAX
    told = number(value, "timeout")
    if math.isnan(told):
        raise ValueError("timeout must be a number of seconds, not nan")
    return min(max(told, 0.0), threading.TIMEOUT_MAX)


def listed(value: Any, what: str) -> List[Any]:
    """An array, tensor, series or any iterable as a list (of lists); TypeError for a scalar or a text."""
    for name in ("detach", "cpu"):
        method = getattr(value, name, None)
        if callable(method) and hasattr(value, "shape"):
            value = method()
    if not hasattr(value, "tolist") and callable(getattr(value, "numpy", None)):
        value = value.numpy()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{what} must be a list or an array, not {_kind(value)}")
    return list(value)


def clean(value: Any) -> Any:
    """JSON's own types: arrays become lists, NaN and infinities become texts that the server reads as numbers."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NAN.get(value, "NaN")
    if isinstance(value, dict):
        return {str(name): clean(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [clean(item) for item in value]
    if hasattr(value, "shape") and getattr(value, "shape") != ():
        return clean(listed(value, "an array"))
    if callable(getattr(value, "item", None)):
        return clean(value.item())
    try:
        return clean(float(value))
    except (TypeError, ValueError):
        return str(value)


def is_scalar(value: Any) -> bool:
    """Whether it is one number, of whatever library."""
    if isinstance(value, (int, float)):
        return True
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape) == 0 or all(side == 1 for side in shape)
    return hasattr(value, "__float__")


def flat(metrics: Dict[str, Any], prefix: str = "") -> Dict[str, Any]:
    """Nested groups as ``group/name``."""
    out: Dict[str, Any] = {}
    for name, value in metrics.items():
        if not isinstance(name, str):
            raise TypeError(f"a metric's name must be a string, not {_kind(name)}")
        if isinstance(value, dict):
            out.update(flat(value, f"{prefix}{name}/"))
        else:
            out[prefix + name] = value
    return out


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    return f"{name} of shape {tuple(shape)}" if shape is not None else f"{name} ({value!r:.40})"

"""Arrays and tensors of any library as NumPy arrays."""

from __future__ import annotations

from typing import Any

from .._optional import import_optional


def to_float_array(tensor: Any) -> Any:
    """A NumPy array of float64 from a tensor of any library, on any device."""
    np = import_optional("numpy", "agnez")
    for name in ("detach", "cpu", "float"):
        method = getattr(tensor, name, None)
        if callable(method):
            tensor = method()
    return np.asarray(tensor, dtype=np.float64)

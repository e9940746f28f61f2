"""Alias of :mod:`agnez.integrations.lightgbm`."""

from .integrations.lightgbm import AgnezCallback

__all__ = ["AgnezCallback"]

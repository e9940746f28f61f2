"""Alias of :mod:`agnez.integrations.optuna`."""

from .integrations.optuna import AgnezCallback

__all__ = ["AgnezCallback"]

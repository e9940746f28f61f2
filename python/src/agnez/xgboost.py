"""Alias of :mod:`agnez.integrations.xgboost`."""

from .integrations.xgboost import AgnezCallback

__all__ = ["AgnezCallback"]

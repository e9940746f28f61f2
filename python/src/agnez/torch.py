"""Alias of :mod:`agnez.integrations.torch`."""

from .integrations.torch import Watch, watch

__all__ = ["Watch", "watch"]

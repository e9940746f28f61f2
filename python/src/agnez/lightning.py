"""Alias of :mod:`agnez.integrations.lightning`."""

from .integrations.lightning import AgnezLogger

__all__ = ["AgnezLogger"]

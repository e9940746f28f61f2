"""Alias of :mod:`agnez.integrations.huggingface`."""

from .integrations.huggingface import AgnezCallback

__all__ = ["AgnezCallback"]

"""Alias of :mod:`agnez.integrations.sklearn`."""

from .integrations.sklearn import confusion_matrix, epochs_of, log_epoch, partial_fit

__all__ = ["confusion_matrix", "epochs_of", "log_epoch", "partial_fit"]

"""Alias of :mod:`agnez.integrations.keras`."""

from .integrations.keras import AgnezCallback, LossPlot, SendFigure, SendImage, VisualizeConvWeights

__all__ = ["AgnezCallback", "LossPlot", "SendFigure", "SendImage", "VisualizeConvWeights"]

"""Figures of plotting libraries as text that a figure's frame can show."""

from __future__ import annotations

import io
from typing import Any


def html_of(figure: Any) -> str:
    """Matplotlib (through mpld3 where it is installed, else as SVG), Plotly, or anything with ``to_html`` or ``_repr_html_``; TypeError else."""
    if callable(getattr(figure, "to_plotly_json", None)):
        # A frame loads nothing from other addresses, so the script comes with the figure.
        return str(figure.to_html(include_plotlyjs=True, full_html=True))
    if callable(getattr(figure, "get_figure", None)) and not callable(getattr(figure, "savefig", None)):
        figure = figure.get_figure()
    if callable(getattr(figure, "savefig", None)):
        return _of_matplotlib(figure)
    for name in ("to_html", "_repr_html_"):
        method = getattr(figure, name, None)
        if callable(method):
            return str(method())
    raise TypeError(f"figure must be one of Matplotlib or Plotly, not {type(figure).__name__}")


def _of_matplotlib(figure: Any) -> str:
    try:
        import mpld3  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        out = io.StringIO()
        figure.savefig(out, format="svg", bbox_inches="tight")
        return out.getvalue()
    return str(mpld3.fig_to_html(figure))

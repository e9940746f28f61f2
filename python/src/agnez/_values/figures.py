"""Figures of plotting libraries as HTML."""

from __future__ import annotations

import io
from typing import Any

from .._messages import warn_once


def to_html(figure: Any) -> str:
    """HTML of a figure of Matplotlib or Plotly, or of an object that has ``to_html``.

    Matplotlib figures use mpld3 if installed, else SVG. TypeError for anything else.
    """
    if callable(getattr(figure, "to_plotly_json", None)):
        # A frame loads nothing from other addresses: include the script.
        return str(figure.to_html(include_plotlyjs=True, full_html=True))
    if callable(getattr(figure, "get_figure", None)) and not callable(
        getattr(figure, "savefig", None)
    ):
        figure = figure.get_figure()
    if callable(getattr(figure, "savefig", None)):
        return _matplotlib_to_html(figure)
    for name in ("to_html", "_repr_html_"):
        method = getattr(figure, name, None)
        if callable(method):
            return str(method())
    raise TypeError(f"figure must be one of Matplotlib or Plotly, not {type(figure).__name__}")


def _matplotlib_to_html(figure: Any) -> str:
    # mpld3 draws only rectilinear axes: it raises for 3D, and draws polar axes and maps wrong.
    is_flat = all(
        getattr(axes, "name", "rectilinear") == "rectilinear"
        for axes in getattr(figure, "axes", ())
    )
    if is_flat:
        try:
            import mpld3  # type: ignore[import-not-found, import-untyped, unused-ignore]

            return str(mpld3.fig_to_html(figure))
        except ImportError:
            pass
        except Exception as error:  # Of any artist that it cannot draw.
            warn_once(
                "mpld3",
                f"mpld3 cannot draw a figure ({type(error).__name__}: {error}); "
                "it is shown as SVG.",
            )
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight")
    return out.getvalue()

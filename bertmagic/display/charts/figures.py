"""What all interactive figures share, as the JSON that plotly's renderer reads."""

from __future__ import annotations

import html
from typing import Any

from bertmagic.display.style import GREY, line

MIMETYPE = "application/vnd.plotly.v1+json"

GRID = "rgba(128,128,128,.25)"
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d"]}
"""Not ``responsive``: JupyterLab follows the window's width by itself, and such a figure has no height of its own, so
that it is gone there once the theme is changed."""


AXIS: dict[str, Any] = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GREY, "nticks": 6}
"""What all axes share."""

PLAIN: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": GREY, "size": 11, "family": "system-ui, sans-serif"},
    "margin": {"l": 45, "r": 12, "t": 40, "b": 50},
}


def plain_layout(height: int) -> dict[str, Any]:
    """Return the layout of one plot on a page of any colour."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GREY}
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {**PLAIN, "margin": dict(PLAIN["margin"]), "height": height, "legend": legend, "xaxis": dict(axis),
            "yaxis": {**axis, "automargin": True}}  # fmt: skip


def plain(text: str, most: int) -> str:
    """Return a label that plotly shows as it is: it reads tags and entities in texts."""
    return html.escape(line(text, most), quote=False)

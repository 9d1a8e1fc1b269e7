"""The cell that does the same as the panel."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

_HERE = Path(__file__).parent


class CopyCell(anywidget.AnyWidget):
    """The text of the cell, with a button that copies it."""

    _esm = (_HERE / "panel_copy.js").read_text(encoding="utf-8")
    _css = (_HERE / "panel.css").read_text(encoding="utf-8")

    text = traitlets.Unicode("").tag(sync=True)

"""The panel without its widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.results import estimate
from bertmagic.display.style import line
from bertmagic.display.writers.elements import box, heading, paragraph, tag, told_where_lost

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.widgets.panel_state import PanelState

_LOST = "The sliders need the kernel that made them: run the cell again to bring them back."
_LIVE = "The sliders below live as long as their kernel; after a restart run the cell again. This is their last state."


def text(result: PanelState) -> str:
    """Return the state in words."""
    told = estimate.text(result.estimate) if result.estimate else "There is no estimate."
    return "\n".join([_headline(result), told, result.run, "", result.cell])


def _headline(result: PanelState) -> str:
    return f"Panel for fine-tuning on {line(result.data, 60)}"


def markup(result: PanelState) -> Markup:
    """Return the state with the cell that it stands for."""
    told = estimate.markup(result.estimate) if result.estimate else paragraph("There is no estimate.")
    cell = tag("pre", result.cell, style="padding:8px;overflow-x:auto;background:none;color:inherit")
    inner = tag("details", tag("summary", "The panel's last state, and the cell it stands for"), told, cell)
    return box(heading(_headline(result)), paragraph(result.run), paragraph(_LIVE), inner, told_where_lost(_LOST))

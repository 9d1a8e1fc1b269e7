"""The panel without its widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Code, Folded, Headline, LostWidget, Paragraph
from bertmagic.display.results import estimate
from bertmagic.display.style import line

if TYPE_CHECKING:
    from bertmagic.widgets.panel_state import PanelState

_LOST = "The sliders need the kernel that made them: run the cell again to bring them back."
_LIVE = (
    "The sliders need their kernel: after a restart run the cell again. These words are the state that the page last "
    "heard of; a live panel below them is newer."
)


def blocks(result: PanelState) -> list[Block]:
    """Return the state with the cell that it stands for."""
    cost = estimate.blocks(result.estimate) if result.estimate else [Paragraph("There is no estimate.")]
    state = Folded("The panel's last state, and the cell it stands for", [*cost, Code(result.cell)], plain=True)
    headline = Headline(f"Panel for fine-tuning on {line(result.data, 60)}")
    return [headline, Paragraph(result.run), Paragraph(_LIVE), state, LostWidget(_LOST)]

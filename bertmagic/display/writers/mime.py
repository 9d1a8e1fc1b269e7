"""Blocks as one output of a notebook: a MIME bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Figure, Folded, Frame, Widget
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.writers.html import html
from bertmagic.display.writers.text import text
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from bertmagic.display.blocks import Block


def mime_bundle(blocks: list[Block]) -> dict[str, Any]:
    """Return ``text/plain`` and script-free ``text/html``, with plotly's type if the blocks are a figure."""
    first = blocks[0]
    if isinstance(first, Widget):
        return {**first.view(), "text/plain": first.about}
    figure = {MIMETYPE: first.plotly} if isinstance(first, Figure) else {}
    return {"text/plain": _plain(blocks), "text/html": str(html(blocks)), **figure}


def _plain(blocks: list[Block]) -> str:
    """Return the blocks as text; a picture or a page that is an output of its own says at least what it is."""
    first = blocks[0]
    if isinstance(first, Folded):
        first = first.blocks[0]
    if isinstance(first, Frame):
        return first.about
    return text(blocks) or (visible(first.title) if isinstance(first, Figure) else "")

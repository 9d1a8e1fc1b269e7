"""Attention maps in words and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.html import Safe, box, notes, paragraph
from bertmagic.display.style import count, line

if TYPE_CHECKING:
    from bertmagic.attention.maps import AttentionMaps


def text(result: AttentionMaps) -> str:
    """Return what was read and what the model says of it, in at most ten lines."""
    parts = [_headline(result), f"Text: {line(result.text, 100)}"]
    if result.pair is not None:
        parts.append(f"Pair: {line(result.pair, 100)}")
    if result.said:
        parts.append(f"The model says: {line(result.said, 100)}")
    return "\n".join([*parts, *(f"Note: {line(note, 160)}" for note in result.notes[:3]), _CAPTION])


_CAPTION = "Attention shows where a head looks; it is not an explanation of what the model says."


def _headline(result: AttentionMaps) -> str:
    layers, heads, tokens = result.shape
    size = f"{count(layers, 'layer')} of {count(heads, 'head')}, {count(tokens, 'token')}"
    return f"Attention of {line(result.model, 40)} ({line(result.encoder, 40)}): {size}."


def markup(result: AttentionMaps) -> Safe:
    """Return the same as paragraphs."""
    said = [paragraph(f"The model says: {line(result.said, 200)}")] if result.said else []
    return box(paragraph(_headline(result)), *said, notes(result.notes), paragraph(_CAPTION))

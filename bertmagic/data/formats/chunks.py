"""Texts that a file writes in parts, some of them entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Spans = list[dict[str, Any]]


def joined(parts: Iterable[tuple[str, str | None]]) -> tuple[str, Spans]:
    """Return parts one after the other as a text, and a span for each part with a label."""
    text, spans = "", []
    for part, label in parts:
        if label:
            spans.append({"start": len(text), "end": len(text) + len(part), "label": label})
        text += part
    return text, spans


def quoting(text: str, spans: Spans) -> Spans:
    """Return spans with the ``text`` that each one covers, which proves that they count characters."""
    return [{**span, "text": text[span["start"] : span["end"]]} for span in spans]

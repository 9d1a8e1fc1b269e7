"""Magics that belong to a result, as lines to copy."""

from __future__ import annotations

import json

from bertmagic.text_safety import visible


def model_name(model: str) -> str:
    """Return the name of a model as it is written in a magic."""
    return model if model.isidentifier() else json.dumps(model, ensure_ascii=False)


def attention(text: str, model: str) -> str:
    """Return the magic that shows what a model attends to in a text, or in the two texts of a pair."""
    return f"%bert_attention {quoted(text)} -m {model_name(model)}"


def quoted(text: str) -> str:
    """Return a text, or the two of a pair, as a magic reads them.

    A text with quotes or breaks is written as a Python expression, in which JSON's escapes mean the same.
    """
    parts = visible(text).split(" ||| ")
    return " ".join(
        f"{{{json.dumps(part, ensure_ascii=False)}}}" if _needs_escapes(part) else f'"{part}"' for part in parts
    )


def _needs_escapes(text: str) -> bool:
    return not text or any(letter in text for letter in '"\\\n\r\t')

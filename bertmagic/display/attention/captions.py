"""Attention in words: the caption, the text output, the alternative text of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.matrix import shown_matrix
from bertmagic.display.style import line, share
from bertmagic.errors import count
from bertmagic.text_safety import visible_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.attention.maps import AttentionMaps, Token
    from bertmagic.display.attention.settings import Settings

_PAIRS = 6


def caption() -> str:
    """Return the caption of every attention picture."""
    return (
        "Attention is not an explanation: a weight says where a head takes information from, not what the prediction "
        "depends on. Layers and heads are counted from 0."
    )


def tokens_for_page(tokens: Sequence[Token]) -> list[list[object]]:
    """Return tokens as the page reads them: text, start, end, word, sentence, and the name of an unknown token."""
    return [
        [visible_token(t.text), t.start, t.end, t.word, t.sentence, *([t.unknown] if t.unknown else [])] for t in tokens
    ]


def headline(maps: AttentionMaps) -> str:
    """Return model, size and number of tokens in a line."""
    layers, heads, tokens, _ = maps.array.shape
    size = f"{count(layers, 'layer')} × {count(heads, 'head')}, {count(tokens, 'token')}"
    return f"Attention of {line(maps.model, 40)}: {size}{' of two texts' if maps.pair is not None else ''}."


def model_output(maps: AttentionMaps) -> str:
    """Return the prediction in a line; empty if there is none."""
    classes = ", ".join(f"{line(name, 30)} {share(score)}" for name, score in maps.prediction[:4])
    is_repeated = bool(maps.prediction) and maps.said == _most_probable(maps.prediction[0])
    answer = "" if is_repeated else line(maps.said, 160)
    return "; ".join(filter(None, (answer, classes)))


def _most_probable(prediction: tuple[str, float]) -> str:
    """Return a classifier's output as its task describes it, which its probabilities repeat."""
    return f"{prediction[0]} {prediction[1]:.3f}"


def largest_weights(maps: AttentionMaps, state: Settings, most: int = _PAIRS) -> list[tuple[str, str, float]]:
    """Return the largest weights of a head between two words that are not neighbours; any where there are none."""
    shown = shown_matrix(maps, state)
    rows, columns = ([unit.tokens[0] for unit in units if unit.tokens] for units in (shown.rows, shown.columns))
    size = np.abs(shown.matrix)
    if (len(rows), len(columns)) == size.shape:
        apart = np.abs(np.subtract.outer(rows, columns)) > 1
        special = np.logical_or.outer([u.special for u in shown.rows], [u.special for u in shown.columns])
        size = size * (apart & ~special) if (apart & ~special).any() else size
    order = np.argsort(-size, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(at, size.shape) for at in order)
    return [(shown.rows[i].text, shown.columns[j].text, float(shown.matrix[i, j])) for i, j in pairs]


def alternative(maps: AttentionMaps, state: Settings) -> str:
    """Return a description of the picture for readers who do not see it."""
    pairs = "; ".join(f"{line(a, 20)} to {line(b, 20)} {value:.2f}" for a, b, value in largest_weights(maps, state, 3))
    layers, heads, tokens, _ = maps.array.shape
    return (
        f"Left: thumbnails of all {count(heads * layers, 'head')}, a row for each layer. Right: heat map of layer "
        f"{state.layer}, head {state.heads[0]}, over {count(tokens, 'token')}. Largest weights between words: {pairs}."
    )

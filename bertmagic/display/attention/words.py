"""What is said of attention in words: the caption, the text face, the alternative text of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention import differences
from bertmagic.display.attention.letters import visible
from bertmagic.display.attention.settings import settings
from bertmagic.display.attention.shown import shown
from bertmagic.display.style import count, line, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.attention.maps import AttentionMaps, Token
    from bertmagic.display.attention.settings import Settings

_PAIRS = 6


def caption() -> str:
    """Return what every picture of attention is shown with."""
    return (
        "Attention is not an explanation: a weight says where a head takes information from, not what the prediction "
        "depends on. Layers and heads are counted from 0."
    )


def tokens_told(tokens: Sequence[Token]) -> list[list[object]]:
    """Return tokens as the page takes them: text, start, end, word, sentence."""
    return [[visible(t.text), t.start, t.end, t.word, t.sentence] for t in tokens]


def headline(maps: AttentionMaps) -> str:
    """Return what the maps are of, in a line."""
    layers, heads, tokens, _ = maps.array.shape
    size = f"{count(layers, 'layer')} × {count(heads, 'head')}, {count(tokens, 'token')}"
    return f"Attention of {line(visible(maps.model), 40)}: {size}{' of two texts' if maps.pair is not None else ''}."


def said(maps: AttentionMaps) -> str:
    """Return the prediction in a line; empty where there is none."""
    classes = ", ".join(f"{line(visible(name), 30)} {share(score)}" for name, score in maps.prediction[:4])
    told = "" if maps.prediction and maps.said == _best(maps.prediction[0]) else line(visible(maps.said), 160)
    return "; ".join(filter(None, (told, classes)))


def _best(prediction: tuple[str, float]) -> str:
    """Return what a classifier says in a line, which its probabilities say as well."""
    return f"{prediction[0]} {prediction[1]:.3f}"


def strongest(maps: AttentionMaps, wanted: Settings, most: int = _PAIRS) -> list[tuple[str, str, float]]:
    """Return the strongest weights of a head between two words that are no neighbours, or any where there are none."""
    found = shown(maps, wanted)
    places = [[unit.pieces[0] for unit in units] for units in (found.rows, found.columns)]
    apart = (
        np.abs(np.subtract.outer(*map(np.asarray, places))) > 1 if all(places) else np.zeros(found.matrix.shape, bool)
    )
    telling = apart & ~np.logical_or.outer([u.special for u in found.rows], [u.special for u in found.columns])
    size = np.abs(found.matrix) * (telling if telling.any() else 1)
    best = np.argsort(-size, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(at, size.shape) for at in best)
    return [(found.rows[i].text, found.columns[j].text, float(found.matrix[i, j])) for i, j in pairs]


def text(maps: AttentionMaps) -> str:
    """Return the maps in at most ten lines."""
    wanted = settings(maps, {})
    pairs = [f"  {line(a, 30)} → {line(b, 30)}  {value:.3f}" for a, b, value in strongest(maps, wanted, 4)]
    head = f"Layer {wanted.layer}, head {wanted.heads[0]} looks most firmly at single words:"
    notes = [f"Note: {line(visible(note), 160)}" for note in maps.notes[:1]]
    compared = [] if maps.comparison is None else [differences.headline(maps.comparison)]
    parts = [
        headline(maps),
        said(maps),
        head,
        *pairs,
        *compared,
        *notes,
        "Attention is not an explanation of the prediction.",
    ]
    return "\n".join(filter(None, parts))


def alternative(maps: AttentionMaps, wanted: Settings) -> str:
    """Return what the static picture shows, for those who do not see it."""
    pairs = "; ".join(f"{line(a, 20)} to {line(b, 20)} {value:.2f}" for a, b, value in strongest(maps, wanted, 3))
    layers, heads, tokens, _ = maps.array.shape
    return (
        f"Left: thumbnails of all {heads * layers} heads, a row a layer. Right: heat map of layer {wanted.layer}, head "
        f"{wanted.heads[0]}, over {count(tokens, 'token')}. Strongest between words: {pairs}."
    )

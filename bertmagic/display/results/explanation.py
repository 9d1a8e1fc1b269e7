"""The words behind a prediction: marked in the text by their signs, with how faithful their order is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Folded, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Row, Share, Weighted
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from bertmagic.explain.explanation import Explanation
    from bertmagic.explain.faithfulness import Faithfulness

_LINES = 5
_SHOWN = 100
_BYTES = 50_000
_METHODS = {
    "search": "random masks and a search of the order",
    "masks": "a linear model of random masks",
    "occlusion": "occlusion",
    "shapley": "Shapley values",
    "integrated_gradients": "integrated gradients from masks",
    "integrated_gradients_zero": "integrated gradients from zero vectors",
    "gradient_norm": "the norm of gradients",
    "attention_rollout": "attention rollout",
    "value_norms": "rollout of value-weighted attention",
}


def blocks(result: Explanation) -> list[Block]:
    """Return the prediction, the text with its words marked, their scores, and the measured faithfulness."""
    parts: list[Block] = [Headline(_headline(result)), _texts(result)]
    parts.append(Folded("The numbers", [_words(result)], plain=True))
    return [*parts, Paragraph(" ".join(_measured(result))), Notes(result.notes, lines=2)]


def _headline(result: Explanation) -> str:
    target = line(result.target, 60)
    score, empty = _number(result, result.score), _number(result, result.empty)
    said = line(result.prediction, 60)
    predicted = f"{said} by {line(result.model, 40)}." if said else f"By {line(result.model, 40)}."
    return f"{predicted} Explained: {target}, {score}, and {empty} with all words hidden."


def _texts(result: Explanation) -> Table:
    frame = result.frame
    most = _most(frame)
    texts = [result.text] if result.pair is None else [result.text, result.pair]
    rows: list[Row] = []
    for side, text in enumerate(texts):
        part = frame if result.pair is None else frame[frame["side"] == side]
        words = zip(part["start"].tolist(), part["end"].tolist(), part["score"].tolist(), strict=True)
        rows.append([Weighted(text, _apart(words), most, _BYTES // len(texts))])
    signs = "Bold and underlined: for it. Italic and dashed: against it."
    if not result.has_signs:
        signs = "Bold and underlined: it matters. This method has no signs."
    return Table([Column("", "prose", 0)], rows, "", signs)


def _apart(words: Iterator[tuple[int, int, float]]) -> tuple[tuple[int, int, float], ...]:
    """Return words that do not overlap, as a tokenizer may give two words one character."""
    kept: list[tuple[int, int, float]] = []
    for start, end, score in sorted(words):
        begin = max(start, kept[-1][1]) if kept else start
        if end > begin:
            kept.append((begin, end, score))
    return tuple(kept)


def _most(frame: pd.DataFrame) -> float:
    return float(frame["score"].abs().max())


def _words(result: Explanation) -> Table:
    frame, most = result.frame, _most(result.frame) or 1.0
    order = frame["score"].abs().to_numpy().argsort(kind="stable")[::-1]
    has_errors = "error" in frame
    columns = (Column("word", "word", 30), Column("score"), *([Column("± standard error")] if has_errors else []))
    rows: list[Row] = []
    for at in order[:_SHOWN].tolist():
        score = float(frame["score"].iloc[at])
        shown = f"{score:+.3f}" if result.has_signs else f"{score:.3f}"
        error = [f"{frame['error'].iloc[at]:.3f}"] if has_errors else []
        rows.append([line(frame["word"].iloc[at], 40), Share(min(abs(score) / most, 1.0), shown), *error])
    rest = f"… {count(len(frame) - _LINES, 'more word')}; .frame has them all." if len(frame) > _LINES else ""
    return Table(columns, rows, "", "", _LINES, rest, most=_SHOWN)


def _measured(result: Explanation) -> Iterator[str]:
    """Yield sentences on what the explanation is worth."""
    method = _METHODS.get(result.method, line(result.method, 40))
    yield f"By {method}: {count(result.passes, 'pass', 'passes')} in {duration(result.seconds)}."
    if not math.isnan(result.special):
        yield f"Special tokens have {result.special:.0%} of it."
    if result.faithfulness is not None:
        yield _faithfulness(result.faithfulness)
        if result.method == "search":
            yield "The search aims at comprehensiveness itself."


def _faithfulness(measured: Faithfulness) -> str:
    one, other = measured.normalized_comprehensiveness, measured.normalized_sufficiency
    low, high = f"{measured.worst:.3f}", f"{measured.best:.3f}"
    if math.isnan(measured.best):
        return (
            f"Comprehensiveness {measured.comprehensiveness:.3f} (hiding the first words lowers the score by that much "
            f"on average), sufficiency {measured.sufficiency:.3f}. Bounds: {line(measured.searched, 120)}; full_bounds "
            "= True searches them."
        )
    if math.isnan(one):
        return f"Faithfulness cannot be measured: in any order, hiding words lowers the score by {high} on average."
    return (
        f"Faithfulness of the order, from 0 (worst order found) to 1 (best): comprehensiveness {one:.2f} (hiding the "
        f"first words lowers the score by {measured.comprehensiveness:.3f} on average; bounds {low} to {high}), "
        f"sufficiency {other:.2f} ({measured.sufficiency:.3f}). Bounds: {line(measured.searched, 120)}."
    )


def _number(result: Explanation, value: float) -> str:
    return f"{value:.3f}" if result.unit == "probability" else f"{value:.4g}"

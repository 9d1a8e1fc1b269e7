"""The training rows behind a prediction, with how well their scores agree with fitting again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.explain.influential_rows import InfluentialRows

_LINES = 6
_SHOWN = 50
_PRODUCT = (
    "The score is by how much a small step of training on a row alone raises the log-odds of the target, or the "
    "number, divided by the learning rate."
)
_METHODS = {
    "leave_one_out": "leaving one row out of a regularised head",
    "head_gradients": "gradients of the output layer",
    "word_gradients": "gradients of the word embeddings",
}
_EXPLANATIONS = {
    "leave_one_out": "The score is by how much a row raises the log-odds of the target, or the number.",
    "head_gradients": _PRODUCT,
    "word_gradients": _PRODUCT,
}


def blocks(result: InfluentialRows) -> list[Block]:
    """Return the prediction, a table of the rows for it and one of those against it, and the measured agreement."""
    frame = result.frame
    parts: list[Block] = [Headline(_headline(result))]
    for title, part in (("for", frame[frame["score"] > 0]), ("against", frame[frame["score"] < 0])):
        if not len(part):
            continue
        most = float(frame["score"].abs().max())
        columns = [Column("row", "word", 12), Column("label", "word", 20), Column("text", "prose", 80), Column("score")]
        cells = zip(part["row"], part["label"], part["text"], part["score"], strict=True)
        rows: list[Row] = [
            [line(row, 40), line(label, 40), line(text, 300), Share(abs(score) / most, f"{score:+.3g}")]
            for row, label, text, score in list(cells)[:_SHOWN]
        ]
        rest = f"… {count(len(part) - _LINES, 'more row')}; .frame has them all." if len(part) > _LINES else ""
        what = f" {line(result.target, 40)}" if result.target else " a larger number" if title == "for" else " it"
        parts.append(Table(columns, rows, f"Training rows {title}{what}.", _EXPLANATIONS[result.method], _LINES, rest))
    return [*parts, Paragraph(_measured(result)), Notes(result.notes, lines=2)]


def _headline(result: InfluentialRows) -> str:
    """Return the prediction and what was searched."""
    what = f"{line(result.target, 40)} {result.prediction:.3f}" if result.target else f"{result.prediction:.4g}"
    return (
        f"“{line(result.text, 60)}”: {what} by {line(result.model, 40)}. The most responsible of "
        f"{count(result.rows, 'training row')} in {line(result.train, 40)}, by {_METHODS[result.method]}, "
        f"{duration(result.seconds)}."
    )


def _measured(result: InfluentialRows) -> str:
    """Return how far the scores can be trusted: for which head they hold, and how well they foretell its outputs."""
    said = [
        f"A head that is fitted anew to these rows says {_number(result, result.head)} where the model says "
        f"{_number(result, result.prediction)}."
    ]
    if result.exact:
        said.append("For this head the scores are exact.")
    agreed = result.agreement
    if not math.isnan(agreed.correlation):
        said.append(
            f"Agreement with {agreed.subsets} heads fitted again to random halves of the rows (rank correlation): "
            f"{agreed.correlation:.2f}, 95 % interval {agreed.low:.2f} to {agreed.high:.2f}, "
            f"{duration(agreed.seconds)}."
        )
    if (gone := result.removal) is not None:
        foretold = "" if math.isnan(gone.foretold) else f" (foretold: {_number(result, gone.foretold)})"
        said.append(
            f"Without the {count(gone.rows, 'row')} that speak most for it the head says "
            f"{_number(result, gone.after)}{foretold} instead of {_number(result, gone.before)}; without as many "
            f"random rows, {_number(result, gone.random)}."
        )
    return " ".join(said)


def _number(result: InfluentialRows, value: float) -> str:
    """Return a probability, or a predicted number."""
    return f"{value:.3f}" if result.target else f"{value:.4g}"

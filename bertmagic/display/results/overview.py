"""Words and phrases that a model leans on, the likely spurious ones first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.explain.overview import Overview

_SHOWN, _LINES = 20, 8
_EFFECT = "The effect is by how much the log-odds of the label fall where the word is hidden, with its 95 % interval."
_TELLS = (
    " A word that tells 1 of a label has it in each row of the second data, and one that tells 0 no more often than "
    "the other rows."
)


def blocks(result: Overview) -> list[Block]:
    """Return the most suspicious words, and for each label those with the largest effect."""
    parts: list[Block] = [Headline(_headline(result))]
    frame = result.frame
    if not len(frame):
        return [*parts, Notes(result.notes, lines=3)]
    what = f"a large effect in many texts, and little to tell in {line(result.second, 40)}"
    caption = f"Likely spurious first: {what}." if result.second else "The largest effects in many texts first."
    parts.append(_table(frame, caption, _EFFECT + (_TELLS if result.second else ""), result, _LINES))
    for label in dict.fromkeys(frame["label"]):
        part = frame[frame["label"] == label].sort_values("low", ascending=False, kind="stable")
        parts.append(_table(part, f"For {line(label, 40)}, the largest sure effect first.", "", result, 5))
    return [*parts, Notes(_advice(result), lines=3)]


def _table(frame: pd.DataFrame, caption: str, explanation: str, result: Overview, lines: int) -> Table:
    columns = [
        Column("word", "word", 24), Column("label", "word", 16), Column("effect"), Column("95 % interval"),
        Column("texts"), *([Column("tells")] if result.second else []),
    ]  # fmt: skip
    shown = frame.head(_SHOWN)
    most = max(float(shown["effect"].max()), 1e-9)
    cells = zip(*(shown[name] for name in ("word", "label", "effect", "low", "high", "share", "tells")), strict=True)
    rows: list[Row] = [
        [
            line(word, 60), line(label, 40), Share(float(effect) / most, f"{effect:.2f}"), f"{low:.2f} to {high:.2f}",
            f"{share:.1%}", *([_told(float(tells))] if result.second else []),
        ]
        for word, label, effect, low, high, share, tells in cells
    ]  # fmt: skip
    rest = f"… {count(len(frame) - lines, 'more word')}; .frame has them all." if len(frame) > lines else ""
    return Table(columns, rows, caption, explanation, lines, rest)


def _told(value: float) -> str:
    return "too few" if math.isnan(value) else f"{value:.2f}"


def _headline(result: Overview) -> str:
    return (
        f"What {line(result.model, 40)} leans on in {count(result.texts, 'text')} of {line(result.data, 40)}: "
        f"{count(result.measured, 'effect')} of hidden words and phrases in {duration(result.seconds)}."
    )


def _advice(result: Overview) -> list[str]:
    """Return the notes, and what would tell more."""
    word = line(str(result.frame["word"].iloc[0]), 40)
    advice = [f"The rows with a word: .rows({word!r})."]
    if not result.second:
        advice.append("A second data set with labels, or columns to slice by, would tell which effects are spurious.")
    return [*result.notes, *advice]

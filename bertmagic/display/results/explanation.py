"""The words behind a prediction: marked in the text, with how faithful their order is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.explain.explanation import Explanation

_LINES = 6
_SHOWN = 200


def blocks(result: Explanation) -> list[Block]:
    """Return the prediction, the words with the largest scores, and the measured faithfulness."""
    return [Headline(_headline(result)), _words(result), Paragraph(_measured(result)), Notes(result.notes, lines=2)]


def _headline(result: Explanation) -> str:
    text = line(" ||| ".join(filter(None, (result.text, result.pair))), 60)
    return f"“{text}”: {line(result.prediction, 60)} by {line(result.model, 40)}."


def _words(result: Explanation) -> Table:
    frame = result.frame
    order = frame["score"].abs().sort_values(ascending=False, kind="stable").index
    most = float(frame["score"].abs().max()) or 1.0
    columns = (Column("word", "word", 30), Column("score"))
    rows: list[Row] = [
        [line(frame["word"][at], 40), Share(abs(float(frame["score"][at])) / most, f"{frame['score'][at]:+.3f}")]
        for at in order[:_SHOWN]
    ]
    rest = f"… {count(len(frame) - _LINES, 'more word')}; .frame has them all." if len(frame) > _LINES else ""
    return Table(columns, rows, f"Words for (+) and against (−) {line(result.target, 60)}.", "", _LINES, rest)


def _measured(result: Explanation) -> str:
    shown = f"By {line(result.method, 40)}, {count(result.passes, 'pass', 'passes')}, {duration(result.seconds)}."
    if (measured := result.faithfulness) is None:
        return shown
    parts = [f"Faithfulness: comprehensiveness {_number(measured.comprehensiveness)}"]
    parts.append(f"sufficiency {_number(measured.sufficiency)}")
    return f"{shown} {', '.join(parts)} (bounds {_number(measured.worst)} to {_number(measured.best)})."


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"

"""How faithful methods of explanations are on the user's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.explain.method_scores import MethodScores

_EXPLANATION = (
    "Comprehensiveness and sufficiency of the order of the words, from 0 (worst order found) to 1 (best), with 95 % "
    "bootstrap intervals over rows. search aims at comprehensiveness itself."
)


def blocks(result: MethodScores) -> list[Block]:
    """Return a row for each method, the best first, and which one explains from now on."""
    columns = (
        Column("method", "word"), Column("comprehensiveness"), Column("sufficiency"), Column("passes"),
        Column("time a text"),
    )  # fmt: skip
    rows: list[Row] = []
    for row in result.frame.to_dict("records"):
        one = f"{row['comprehensiveness']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        other = f"{row['sufficiency']:.3f} ({row['sufficiency_low']:.3f} to {row['sufficiency_high']:.3f})"
        share = Share(min(max(row["comprehensiveness"], 0.0), 1.0), one)
        rows.append([line(row["method"], 40), share, other, f"{row['passes']:.0f}", duration(row["seconds"])])
    what = f"{count(result.rows, 'row')} of {line(result.data, 40)}"
    title = f"Methods of explanations for {line(result.model, 40)} on {what}, {duration(result.seconds)}."
    kept = f"auto is {line(result.best, 40)} from now on. {result.kept}" if result.best else ""
    return [Headline(title), Table(columns, rows, "", _EXPLANATION), Paragraph(kept), Notes(result.notes, lines=2)]

"""What calibrating a model did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import columns, count, line, score, words
from bertmagic.display.writers.elements import box, paragraph, table, tag

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.evaluation.calibration import Calibration

_HEAD = ["", "before", "after"]


def text(result: Calibration) -> str:
    """Return it in words."""
    return "\n".join([_headline(result), "", *columns([_HEAD, *_rows(result)]), *_more(result)])


def markup(result: Calibration) -> Markup:
    """Return it as a table."""
    shown = table(_HEAD, _rows(result), "On the rows that it was chosen on.")
    return box(paragraph(tag("b", _headline(result))), shown, *map(paragraph, _more(result)))


def _headline(result: Calibration) -> str:
    sure = "too sure of itself" if result.temperature > 1 else "not sure enough"
    where = f"{count(result.rows, 'row')} of {line(result.data, 60)}" if result.data else count(result.rows, "row")
    return f"{line(result.model, 60)} was {sure}: temperature {result.temperature:.3f}, from {where}."


def _rows(result: Calibration) -> list[list[str]]:
    names = {"ece": "expected calibration error", "loss": "loss (nats)"}
    return [[names.get(name, words(name)), score(of), score(result.after[name])] for name, of in result.before.items()]


def _more(result: Calibration) -> list[str]:
    more = ["The probabilities of each prediction are divided anew; which class is first stays the same."]
    if result.thresholds:
        more = ["The thresholds of the labels were chosen anew on the same rows."]
    return more

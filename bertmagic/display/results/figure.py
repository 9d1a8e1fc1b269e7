"""Pictures of a report: plotly with a table of the same numbers; dashes and marks differ where colours do."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from bertmagic.display import blocks as b
from bertmagic.display.charts.confusion import confusion
from bertmagic.display.charts.report_figure import report_figure
from bertmagic.display.style import line, number

if TYPE_CHECKING:
    from bertmagic.evaluation.figures import Figure, Series

_TITLES = {
    "confusion": "Confusion matrix: shares of each true class",
    "confusion_counts": "Confusion matrix: rows",
    "roc": "ROC: true positives against false positives",
    "precision_recall": "Precision against recall",
    "reliability": "Reliability: how often the model is right when it is so sure",
    "scores": "How probabilities are spread",
    "thresholds": "F1 against the threshold",
    "lengths": "Error against length",
}
_GRID = 11


def blocks(figure: Figure) -> list[b.Figure]:
    """Return the picture with its numbers."""
    title = _TITLES[figure.name]
    if figure.report is not None:
        from bertmagic.display.results.report import matrix, shown_classes

        drawn = confusion(figure.report, shown_classes(figure.report), shares=figure.name == "confusion")
        return [b.Figure(title, drawn, [matrix(figure.report)], plain=True)]
    head, rows = _numbers(figure)
    return [b.Figure(title, report_figure(figure, title), [b.Table(b.columns(head), rows)], plain=True)]


def _numbers(figure: Figure) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a table with the numbers of a figure."""
    drawn = [one for one in figure.series if one.look != "reference"]
    if figure.name == "reliability":
        return _reliability(*drawn)
    heads = [line(figure.x, 40), *(line(one.name, 40) for one in drawn)]
    if len({one.x for one in drawn}) == 1 and drawn[0].look != "line":
        return _at_points(heads, drawn)
    grid = [at / (_GRID - 1) for at in range(_GRID)]
    return heads, [[number(x, 2), *(_height(one, x) for one in drawn)] for x in grid]


def _reliability(bars: Series, points: Series) -> tuple[list[str], list[list[str]]]:
    numbers = zip(points.x, points.y, bars.y, strict=True)
    heads = ["probability", "share that is right", "share of all rows"]
    return heads, [[number(value, 3) for value in row] for row in numbers]


def _at_points(heads: list[str], drawn: list[Series]) -> tuple[list[str], list[list[str]]]:
    """Return the values at the points that all series share."""
    spread = drawn[0].spread
    rows = [
        [number(x, 3), *(number(one.y[at], 3) for one in drawn), *([number(spread[at], 2)] if spread else [])]
        for at, x in enumerate(drawn[0].x)
    ]
    return [*heads, *(["±"] if spread else [])], rows


def _height(one: Series, x: float) -> str:
    """Return the height of a curve at a place, interpolated between its neighbours."""
    after = bisect_left(one.x, x)
    if after == 0 or after == len(one.x):
        edge = min(after, len(one.x) - 1)
        return number(one.y[edge], 3) if one.x and abs(one.x[edge] - x) < 0.02 else ""
    (left, low), (right, high) = (one.x[after - 1], one.y[after - 1]), (one.x[after], one.y[after])
    return number(high if right == left else low + (high - low) * (x - left) / (right - left), 3)

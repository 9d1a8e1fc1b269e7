"""The confusion matrix as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import CONFIG, PLAIN, plain
from bertmagic.display.style import BLUE, ORANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.evaluation.report import Report


def confusion(report: Report, order: list[int], shares: bool = True) -> dict[str, Any]:
    """Return the confusion matrix of the classes ``order`` as a heat map: right rows blue, wrong ones orange.

    The values of wrong rows are negative, for a heat map has one scale of colours.

    Parameters
    ----------
    report
        The evaluation; its ``confusion`` has shape ``(true, predicted)``.
    order
        The positions of the classes that are shown.
    shares
        Whether colours are by the share of each true class, else by how many rows; counts stand in the cells.
    """
    assert report.confusion is not None
    totals = [max(1, int(report.confusion[i].sum())) for i in order]
    counts = [[int(report.confusion[i, j]) for j in order] for i in order]
    parts = [[round(n / total, 4) for n in row] for row, total in zip(counts, totals, strict=True)]
    names = [plain(report.labels[i], 80) for i in order]
    heat: dict[str, Any] = {  # opaque, for plotly chooses black or white numbers by the colour of the cell alone
        "type": "heatmap", "text": counts, "texttemplate": "%{text}",
        "customdata": [
            [[true, predicted, f"{100 * part:.1f} %"] for predicted, part in zip(names, row, strict=True)]
            for true, row in zip(names, parts, strict=True)
        ],
        "hovertemplate": "true %{customdata[0]}<br>predicted %{customdata[1]}<br>%{text} rows, %{customdata[2]} of the "
        "true class<extra></extra>",
        "colorscale": [[0, ORANGE], [0.5, "#f4f4f4"], [1, BLUE]], "xgap": 1, "ygap": 1,
        **_scale(parts if shares else counts, 1 if shares else max([1, *map(max, counts)]), shares),
    }  # fmt: skip
    # Positions, with names as tick texts: names that are numbers, or the same after they were cut, stay apart.
    ticks = {"tickvals": list(range(len(order))), "ticktext": [plain(report.labels[i], 20) for i in order]}
    axis = {**ticks, "automargin": True, "showgrid": False, "zeroline": False}
    layout = {
        **PLAIN, "height": min(720, 190 + 34 * len(order)),
        "xaxis": {**axis, "title": {"text": "predicted"}},
        "yaxis": {**axis, "title": {"text": "true"}, "autorange": "reversed"},
    }  # fmt: skip
    return {"data": [heat], "layout": layout, "config": CONFIG}


def _scale(values: Sequence[Sequence[float]], most: float, shares: bool) -> dict[str, Any]:
    """Return the values with wrong ones negative, and a bar of colours that has them positive at both ends."""
    signed = [[value if i == j else -value for j, value in enumerate(row)] for i, row in enumerate(values)]
    end = "100 %" if shares else f"{most:,}"
    title = "share of true class" if shares else "rows"
    bar = {"title": {"text": title}, "thickness": 12, "tickvals": [-most, 0, most]}
    return {
        "z": signed, "zmin": -most, "zmax": most,
        "colorbar": {**bar, "ticktext": [f"{end} wrong", "0", f"{end} right"]},
    }  # fmt: skip

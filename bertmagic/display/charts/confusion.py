"""The confusion matrix as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import CONFIG, PLAIN, plain
from bertmagic.display.style import BLUE

if TYPE_CHECKING:
    from bertmagic.evaluation.report import Report


def confusion(report: Report, order: list[int], shares: bool = True) -> dict[str, Any]:
    """Return the confusion matrix of the classes ``order`` as a heat map.

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
        "type": "heatmap", "z": parts, "zmin": 0, "zmax": 1, "text": counts, "texttemplate": "%{text}",
        "customdata": [[[true, predicted] for predicted in names] for true in names],
        "hovertemplate": "true %{customdata[0]}<br>predicted %{customdata[1]}<br>%{text} rows, %{z:.1%} of the true "
        "class<extra></extra>",
        "colorscale": [[0, "#f1f6fa"], [1, BLUE]], "xgap": 1, "ygap": 1,
        "colorbar": {"title": {"text": "share of true class"}, "tickformat": ".0%", "thickness": 12},
    }  # fmt: skip
    if not shares:
        heat |= {"z": counts, "zmax": max([1, *map(max, counts)]), "customdata": [
            [[true, predicted, f"{100 * part:.1f} %"] for predicted, part in zip(names, row, strict=True)]
            for true, row in zip(names, parts, strict=True)
        ]}  # fmt: skip
        heat["hovertemplate"] = heat["hovertemplate"].replace("%{z:.1%}", "%{customdata[2]}")
        heat["colorbar"] = {"title": {"text": "rows"}, "thickness": 12}
    # Positions, with names as tick texts: names that are numbers, or the same after they were cut, stay apart.
    ticks = {"tickvals": list(range(len(order))), "ticktext": [plain(report.labels[i], 20) for i in order]}
    axis = {**ticks, "automargin": True, "showgrid": False, "zeroline": False}
    layout = {
        **PLAIN, "height": min(720, 190 + 34 * len(order)),
        "xaxis": {**axis, "title": {"text": "predicted"}},
        "yaxis": {**axis, "title": {"text": "true"}, "autorange": "reversed"},
    }  # fmt: skip
    return {"data": [heat], "layout": layout, "config": CONFIG}

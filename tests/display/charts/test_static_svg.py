"""Figures of plotly as static SVG."""

import pytest

from bertmagic.display.charts.static_svg import svg

LAYOUT = {"height": 300, "xaxis": {"title": {"text": "x &amp; y"}}, "yaxis": {}}


def scatter(x, y, **more):
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "one",
        "x": x,
        "y": y,
        "line": {"color": "#123456"},
        **more,
    }


def test_points_are_where_their_values_are():
    drawn = svg({"data": [scatter([0, 1, 2], [0.0, 0.5, 1.0])], "layout": LAYOUT})
    marks = [part.split('"')[1:4:2] for part in drawn.split("<circle cx=")[1:]]
    xs, ys = ([float(mark[at]) for mark in marks] for at in (0, 1))
    assert xs[2] - xs[1] == pytest.approx(xs[1] - xs[0], abs=0.2)
    assert xs[0] < xs[1]
    assert ys[0] > ys[1] > ys[2]
    assert "x &amp; y" in drawn
    assert "&amp;amp;" not in drawn


def test_every_kind_of_trace_is_drawn_and_nothing_else_is():
    heat = {"type": "heatmap", "z": [[1, 0], [0.2, 0.8]], "text": [[9, 0], [2, 8]], "zmax": 1}
    names = {"tickvals": [0, 1], "ticktext": ["&lt;a&gt;", "b"]}
    drawn = svg({"data": [heat], "layout": {"xaxis": names, "yaxis": {**names, "autorange": "reversed"}}})
    assert drawn.count("<rect") == 4
    assert "&lt;a&gt;" in drawn
    bars = [{"type": "bar", "name": name, "x": [0.5, 1.5], "y": [3, 4], "marker": {}} for name in "ab"]
    assert svg({"data": bars, "layout": {"barmode": "group"}}).count("fill-opacity") == 4
    dated = scatter(["2026-11-26 01:02:03", "2026-11-27 01:02:03"], [1, 2])
    assert "11-26 " in svg({"data": [dated], "layout": LAYOUT})
    spread = {"array": [0.1], "arrayminus": [0.2]}
    assert svg({"data": [scatter([1], [1], error_x=spread)], "layout": LAYOUT}).count('stroke-width="1.6"') == 1
    for data in ([], [scatter([], [])], [scatter([1, 1], [2, 2])], [scatter([1, None], [2, None])]):
        assert "<svg" in svg({"data": data, "layout": {}})

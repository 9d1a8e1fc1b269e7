import math
import xml.etree.ElementTree as ET

import pytest

from bertmagic.display.charts.curves import Curve, chart, limits, ticks
from bertmagic.display.charts.trail import Trail


def test_a_trail_stays_short_and_keeps_its_peaks():
    trail = Trail(100)
    for x in range(100_000):
        trail.add(x, 9.0 if x == 77_777 else math.sin(x / 5_000))
    assert len(trail) <= 100
    assert (77_777, 9.0) in trail.outline()
    assert trail.last[-1][0] == 99_999
    assert len(trail.outline()) <= 200
    assert [x for x, _ in trail.outline()] == sorted(x for x, _ in trail.outline())


def test_a_short_trail_is_exact():
    trail = Trail(100)
    for x in range(100):
        trail.add(x, x * x)
    assert trail.outline() == trail.last == [(x, x * x) for x in range(100)]


def test_coarse_leaves_the_trail_as_it_was():
    trail = Trail(100)
    for x in range(100):
        trail.add(x, x)
    assert len(trail.coarse(10)) <= 10
    assert len(trail) == 100


def test_what_is_not_finite_is_left_out():
    trail = Trail()
    for value in (math.nan, math.inf, 1.0):
        trail.add(0, value)
    assert trail.last == [(0, 1.0)]


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 3), (0.8812, 0.8831), (0, 1e-4), (0, 1_000_000), (-2, 7), (0.1, 12)]
)
def test_ticks_are_few_and_inside(low, high):
    values = ticks(low, high)
    assert 2 <= len(values) <= 5
    assert all(low - 1e-9 <= value <= high + 1e-9 for value in values)


def test_outliers_of_the_faint_curve_do_not_flatten_the_others():
    faint = Curve("each step", [(x, 1000.0 if x % 2 else 0.5) for x in range(100)], "#000", opacity=0.4)
    assert limits([faint, Curve("smoothed", [(0, 1.0), (99, 0.4)], "#000")])[1] < 2


@pytest.mark.parametrize(
    "points", [[], [(1, 0.5)], [(1, 0.5), (2, 0.5)], [(1, 0.0), (2, 0.0)], [(1, 1e-12), (9, 1e12)]]
)
def test_a_chart_is_well_formed_whatever_the_values(points):
    svg = ET.fromstring(chart('a "<name>"', [Curve("one", points, "#000", dots=True)], 10, aria="<words>"))
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "<words>"


def test_tick_labels_of_a_narrow_range_differ():
    svg = ET.fromstring(chart("m", [Curve("one", [(1, 0.88120), (9, 0.88131)], "#000")], 10))
    labels = [
        text.text for text in svg.iter("{http://www.w3.org/2000/svg}text") if (text.text or "").startswith("0.88")
    ]
    assert len(labels) == len(set(labels)) >= 2

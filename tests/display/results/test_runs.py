"""How runs are shown: a table, and a figure with its numbers as its static twin."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import plotly.graph_objects as go
import pytest

from bertmagic.display import below, bundle
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.run.difference import Difference, RunDifference
from bertmagic.run.records import CURVES, Curve, Record, Runs

from ..runs import HOSTILE
from ..tags import Tags

BEGAN = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)


def record(name, value=0.8, **more):
    known = {
        "task": "classification", "encoder": "minilm", "seconds": 65.0, "step": 40, "steps": 40, "metric": "macro_f1",
        "value": value, "metrics": {"macro_f1": value, "loss": 0.4}, "measured": "t.csv",
        "data": {"train": {"name": "r.csv"}}, **more,
    }  # fmt: skip
    began = BEGAN + timedelta(minutes=7 * len(name))
    return Record(name, Path("/r") / name, known.pop("state", "finished"), began, **known)


def runs(*records, **more):
    curves = tuple(Curve(one.name, (10, 20), (0.5, one.value)) for one in records[:CURVES] if one.value is not None)
    return Runs(records, Path("/home/a"), **{"metric": "macro_f1", "curves": curves, **more})


def test_every_run_has_its_line():
    failed = record("b", None, state="failed", error="RuntimeError: no memory", metrics={}, step=12)
    for shown in bundle(runs(record("a"), failed, hidden=2, foreign=("notes",))).values():
        for expected in ("2 runs in /home/a; 2 more do not fit", "minilm", "r.csv", "macro F1 0.8000", "1 min 05 s",
                         "12 of 40", "finished", "failed", "b: RuntimeError: no memory",
                         "1 entry there is not a run: notes"):  # fmt: skip
            assert expected in shown


def test_no_runs_are_told_of_in_a_sentence_and_have_no_figure():
    for shown in bundle(runs(curves=())).values():
        assert "Nothing has been run in /home/a yet." in shown
    assert list(below(runs(curves=()))) == []
    assert list(below(runs(record("a", None, metrics={}), curves=()))) == []


@pytest.mark.parametrize("against", ["date", "seconds", "steps"])
def test_the_figure_has_each_run_and_its_curve_in_one_look(against):
    (figure,) = below(runs(record("a"), record("bb", 0.9), record("ccc", None, metrics={}), against=against))
    plot = go.Figure(figure[MIMETYPE])
    points, curves = plot.data[::2], plot.data[1::2]
    assert [trace.name for trace in points] == ["a", "bb"]
    assert [trace.y for trace in points] == [(0.8,), (0.9,)]
    assert [trace.y for trace in curves] == [(0.5, 0.8), (0.5, 0.9)]
    assert [trace.marker.color for trace in points] == [trace.line.color for trace in curves]
    assert len({trace.marker.symbol for trace in points}) == 2
    assert not (plot.layout.xaxis.title.text == "step" and against != "steps")
    for shown in (figure["text/html"], figure["text/plain"]):
        assert "macro F1 of 2 runs, from 0.8000 to 0.9000; 2 curves on validation rows." in shown
    assert "10: 0.5000, 20: 0.9000" in figure["text/html"]
    assert "t.csv" in figure["text/html"]


def test_eight_curves_are_told_apart_without_colours():
    records = [record("x" * n, 0.5 + n / 100) for n in range(1, 12)]
    (figure,) = below(runs(*records))
    plot = go.Figure(figure[MIMETYPE])
    drawn = [trace for trace in plot.data if trace.xaxis == "x2"]
    assert len({(trace.line.color, trace.line.dash) for trace in drawn}) == CURVES
    assert len({trace.marker.symbol for trace in drawn}) == CURVES
    assert sum(len(trace.x) for trace in plot.data if trace.xaxis == "x") == 11
    assert "others" in [trace.name for trace in plot.data]


def test_hundreds_of_runs_stay_small():
    records = [record(f"run-{n}", n / 1000, task="x" * 500, encoder="y" * 500) for n in range(900)]
    listing = runs(*records)
    shown = bundle(listing)
    assert len(json.dumps(shown)) < 60_000
    assert "840 more rows; .frame has them all" in shown["text/html"]
    assert "880 more runs" in shown["text/plain"]
    assert sum(len(json.dumps(figure)) for figure in below(listing)) < 150_000


def test_hostile_values_are_text():
    hostile = record(HOSTILE, encoder=HOSTILE, task=HOSTILE, error=HOSTILE, measured=HOSTILE, metric=HOSTILE,
                     metrics={HOSTILE: 0.5}, state=HOSTILE, data={"train": {"name": HOSTILE}})  # fmt: skip
    listing = runs(hostile, metric=HOSTILE, foreign=(HOSTILE,))
    both = bundle(listing)
    (figure,) = below(listing)
    for markup in (both["text/html"], figure["text/html"]):
        assert "img" not in Tags(markup).tags
    assert "<img" not in json.dumps(figure[MIMETYPE], ensure_ascii=False)
    json.dumps([both, figure], ensure_ascii=False).encode()


def difference(*differences, same_data=("train",)):
    return RunDifference(record("first"), record("second"), differences, 12, same_data)


def test_a_difference_says_what_was_the_same_and_what_was_not():
    run_difference = difference(
        Difference("option", "lr", 1e-4, 5e-5),
        Difference("data", "test", "a.csv", None, "only one of the two has such rows"),
        Difference("data", "test sha256", "ab" * 32, None), Difference("result", "macro_f1", 0.8, 0.9),
        Difference("result", "seconds", 65.0, 30.0), Difference("result", "step", 40, 60),
    )  # fmt: skip
    for shown in bundle(run_difference).values():
        for expected in ("first and second: The train rows are the same. 1 option differs; 2 facts of the data differ.",
                         "0.0001", "5e-5", "abababababab…", "only one of the two", "macro F1", "+0.1000", "-35.0 s",
                         "+20", "1 min 05 s"):  # fmt: skip
            assert expected in shown


def test_runs_that_do_not_differ_say_so():
    for shown in bundle(difference()).values():
        assert "Options and data are the same." in shown


def test_hostile_differences_are_text():
    one = Difference("option", HOSTILE, HOSTILE, [HOSTILE])
    two = Difference("data", HOSTILE, {HOSTILE: HOSTILE}, HOSTILE, HOSTILE)
    both = bundle(difference(one, two, Difference("result", HOSTILE, HOSTILE, 1.0)))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps(both, ensure_ascii=False).encode()

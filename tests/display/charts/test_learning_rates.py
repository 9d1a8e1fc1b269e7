"""Every picture writes learning rates as `rate_text` does."""

import re
from dataclasses import replace

import pytest

from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.charts.trials import trials_figure
from bertmagic.display.live.run_panel import RunPanel
from bertmagic.display.live.run_state import Run
from bertmagic.display.results.rates import blocks, further
from bertmagic.display.writers.html import html
from bertmagic.options.rates import rate_text
from bertmagic.tuning.results import Rates, Search, Trial

from ..runs import Clock, ended, started, step

PEAKS = (4e-4, 5e-5, 1.37e-3, 0.05, 3e-7)


def heights(page):
    """Return the labels of the vertical axis of the last chart of a page."""
    return re.findall(r'<text x="42" [^>]*text-anchor="end">([^<]+)</text>', page.rpartition("<svg")[2])


def is_written(label):
    return label == rate_text(float(label))


@pytest.mark.parametrize("peak", PEAKS)
def test_the_curve_of_a_run(peak):
    panel = RunPanel(Run(Clock()))
    panel.take(started(40))
    for at in range(1, 41):
        panel.take(replace(step(at, 40), lr=peak * (1 - at / 40)))
    live = heights(panel.frame()["text/html"])
    panel.take(ended(40))
    curves = panel.final()[1]
    axis = curves[MIMETYPE]["layout"]["yaxis3"]
    assert len(live) >= 3
    assert live == heights(curves["text/html"]) == axis["ticktext"]
    assert all(map(is_written, live))
    assert axis["tickvals"] == pytest.approx([float(label) for label in live])


def test_the_learning_rate_finder():
    tried = tuple(1e-7 * 10 ** (at / 10) for at in range(61))
    rates = Rates("m", "d", 800, tried, (0.5,) * 61, tuple(1 - at / 100 for at in range(61)), 2.5e-4, 1e-2, "e", "r")
    ((figure,),) = further(rates)
    labels = figure.plotly["layout"]["xaxis"]["ticktext"]
    assert labels == ["1e-7", "1e-6", "1e-5", "1e-4", "1e-3", "0.01", "0.1"]
    page = html(blocks(rates))
    assert re.findall(r'<text x="[\d.]+" y="147" [^>]*>([^<]+)</text>', page) == labels


@pytest.mark.parametrize("space", ["uniform(1e-4, 2e-4)", "log(1e-5, 1e-3)", "choice(1e-5, 3e-5)"])
def test_a_search(space):
    low, high = map(float, re.findall(r"\de-\d", space))
    trials = [Trial(at, {"lr": low + (high - low) * at / 4}, "complete", 0.5, (), 1.0) for at in range(5)]
    search = Search("s", "d", {"lr": space}, "accuracy", True, tuple(trials), 5)
    axis = trials_figure(search, trials)["data"][0]["dimensions"][0]
    assert len(axis["ticktext"]) >= 2
    assert all(map(is_written, axis["ticktext"]))

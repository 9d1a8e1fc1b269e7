import json

import numpy as np
import plotly.graph_objects as go

from bertmagic.display.charts.confusion import confusion

from ..made import report


def test_a_confusion_matrix_is_a_figure_of_shares_with_the_counts_as_text():
    figure = confusion(report(("no", "yes"), np.array([[8, 2], [0, 0]])), [0, 1])
    go.Figure(data=figure["data"], layout=figure["layout"])
    assert figure["data"][0]["z"] == [[0.8, -0.2], [0.0, 0.0]]  # wrong ones have the colours below 0
    assert figure["data"][0]["customdata"][0][1][2] == "20.0 %"
    assert figure["data"][0]["text"] == [[8, 2], [0, 0]]


def test_labels_that_look_like_markup_or_numbers_stay_labels():
    figure = confusion(report(("<b>1</b>", "2"), np.eye(2, dtype=int)), [0, 1])
    assert figure["layout"]["xaxis"]["ticktext"] == ["&lt;b&gt;1&lt;/b&gt;", "2"]
    assert figure["layout"]["xaxis"]["tickvals"] == [0, 1]


def test_a_figure_is_small():
    labels = tuple(f"a class with a long name, number {i}" for i in range(20))
    assert len(json.dumps(confusion(report(labels, np.full((20, 20), 1000)), list(range(20))))) < 60_000

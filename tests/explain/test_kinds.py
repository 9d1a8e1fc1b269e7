"""One method and one magic for all explanations, which read their own options only."""

import pytest

from bertmagic.errors import DataError, OptionError
from bertmagic.explain.anchors import AnchorWords
from bertmagic.explain.explanation import Explanation
from bertmagic.explain.influential_rows import InfluentialRows
from bertmagic.explain.overview import Overview
from bertmagic.explain.smallest_edit import SmallestEdit

TEXT = "the film was awful"


def explain(model, *given, **options):
    return model.explain(*given, show=False, **options)


def test_each_kind(at_home, make_rows):
    assert isinstance(explain(at_home, TEXT), Explanation)
    edit = explain(at_home, TEXT, edit=True, protect="the", target="good")
    assert isinstance(edit, SmallestEdit)
    assert edit.target == edit.new_label == "good"
    assert isinstance(explain(at_home, TEXT, anchor=True), AnchorWords)
    rows = explain(at_home, TEXT, rows="train", top_k=2, rows_by="head_gradients")
    assert isinstance(rows, InfluentialRows)
    assert len(rows.frame) <= 4
    assert rows.method == "head_gradients"
    data = make_rows(60, seed=3)
    seen = explain(at_home, overview=data, second=data, by="thing", passes=100)
    assert isinstance(seen, Overview)
    assert seen.measured <= 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edit": True, "anchor": True}, "edit, anchor are different explanations"),
        ({"protect": "film"}, "protect is for edit; the words of a text do not read it"),
        ({"edit": True, "by": "thing"}, "by is for overview; edit does not read it"),
        ({"rows": "train", "passes": 9}, "passes is for overview, .*the words of a text; rows does not read it"),
        ({"overview": ["a"]}, "text is for edit, anchor, rows, the words of a text; overview does not read it"),
    ],
)
def test_options_that_do_not_go_together(learnt, options, message):
    with pytest.raises(OptionError, match=message):
        explain(learnt, TEXT, **options)


def test_no_text(learnt):
    with pytest.raises(DataError, match="no text to explain"):
        explain(learnt)
    with pytest.raises(DataError, match="no text to explain"):
        explain(learnt, edit=True)


def test_a_choice_that_is_none(learnt):
    with pytest.raises(OptionError, match="rows"):
        explain(learnt, TEXT, rows="test")

import json

import numpy as np
import pandas as pd
import pytest

from bertmagic.display import bundle, text
from bertmagic.tasks.multi_label.result import MultiLabelPredictions

from ..runs import HOSTILE
from ..tags import Tags

TOPICS = ("food", "travel")


def predictions(lists, labels=TOPICS, words="A ham on a train", **more):
    chances = {f"p_{label}": pd.array(np.full(len(lists), 0.25), dtype="Float64") for label in labels}
    frame = pd.DataFrame({"text": pd.Series([words] * len(lists), dtype=object)})
    frame["labels"] = pd.Series(lists, dtype=object)
    thresholds = tuple(0.1 + i / 100 for i in range(len(labels)))
    known = {"task": "multi_label", "model": "topics", "thresholds": thresholds, **more}
    return MultiLabelPredictions(pd.concat([frame, pd.DataFrame(chances)], axis=1), labels, **known)


def test_the_labels_of_each_row_are_in_words_and_counted():
    shown = text(predictions([["food", "travel"], ["food"], []]))
    first = shown.splitlines()[0]
    assert all(part in first for part in ("3 predictions", "topics", "multi_label", "food (2), travel (1), none (1)"))
    assert [line.split("  ")[-1] for line in shown.splitlines()[1:5]] == ["labels", "food, travel", "food", "none"]


@pytest.mark.parametrize("rows", [0, 1, 5, 6, 51, 10_000])
def test_the_text_is_at_most_ten_lines(rows):
    shown = text(predictions([["food"]] * rows, notes=("one", "two"), missing=1, truncated=2, seconds=1.0))
    assert len(shown.splitlines()) <= 10


def test_each_label_has_its_probability_and_its_threshold():
    html = bundle(predictions([["food"]]))["text/html"]
    assert "food from 0.100, travel from 0.110 on" in html
    assert html.count("0.250") == 2


def test_many_labels_become_the_three_most_probable():
    labels = tuple(f"label {i}" for i in range(9))
    html = bundle(predictions([list(labels)], labels))["text/html"]
    assert "most probable" in html
    assert html.count("0.250") == 3
    assert "its own threshold" in html


def test_a_row_without_a_text_says_so():
    result = predictions([["food"], pd.NA], missing=1)
    result.frame.loc[1, "text"] = None
    result.frame.loc[1, ["p_food", "p_travel"]] = pd.NA
    both = bundle(result)
    assert "no text" in both["text/plain"]
    assert "<i>no text</i>" in both["text/html"]


@pytest.mark.parametrize("labels", [tuple("abcdef"), tuple(f"label {i}" for i in range(200))])
@pytest.mark.parametrize("rows", [50, 5_000])
def test_it_is_bounded(labels, rows):
    result = predictions([list(labels)] * rows, labels, '"' * 10_000)
    assert len(json.dumps(bundle(result), ensure_ascii=False).encode()) < 100_000


def test_hostile_labels_are_text():
    odd = HOSTILE.replace("\ud800", "")
    both = bundle(predictions([[odd]], (odd, "score"), HOSTILE))
    assert not {"img", "script"} & set(Tags(both["text/html"]).tags)
    json.dumps(both, ensure_ascii=False).encode()

import json
import re

import pandas as pd
import pytest

from bertmagic.display import bundle, text
from bertmagic.tasks.regression.result import NumberPredictions

from ..runs import HOSTILE
from ..tags import Tags


def predictions(values, words="Worth every cent", **more):
    frame = pd.DataFrame({"text": pd.Series([words] * len(values), dtype=object), "value": values})
    frame["value"] = frame["value"].astype("Float64")
    return NumberPredictions(frame, (), "regression", "stars", **more)


def test_the_values_are_shown_and_summed_up():
    shown = text(predictions([1.25, 4.75, 3.0])).splitlines()
    assert re.findall(r"\d+(?:\.\d+)?", shown[0]) == ["3", "1.25", "4.75", "3"]
    assert "stars (regression)" in shown[0]
    assert [line.split()[-1] for line in shown[1:]] == ["value", "1.25", "4.75", "3"]
    html = bundle(predictions([1.25, 4.75]))["text/html"]
    assert "1.25" in html
    assert "4.75" in html


@pytest.mark.parametrize("rows", [0, 1, 5, 6, 51, 10_000])
def test_the_text_is_at_most_ten_lines(rows):
    shown = text(predictions([1.5] * rows, notes=("one", "two"), missing=1, truncated=2, seconds=1.0))
    assert len(shown.splitlines()) <= 10


def test_a_pair_has_a_column_for_each_text():
    result = predictions([0.5, 0.25])
    result.frame.insert(1, "text_pair", ["of the same price", None])
    shown = bundle(result)
    assert "text_pair" in shown["text/plain"].splitlines()[1]
    assert "of the same price" in shown["text/plain"]
    assert "of the same price" in shown["text/html"]
    assert shown["text/plain"].splitlines()[3].endswith("no text")


def test_a_row_without_a_text_says_so():
    result = predictions([1.0, None], missing=1)
    result.frame.loc[1, "text"] = None
    both = bundle(result)
    assert both["text/plain"].splitlines()[0] == "1 prediction for 2 rows by stars (regression): 1."
    assert "no text" in both["text/plain"]
    assert "<i>no text</i>" in both["text/html"]


def test_it_is_bounded_and_hostile_texts_are_text():
    both = bundle(predictions([1.0] * 5_000, '"' * 10_000))
    assert len(json.dumps(both, ensure_ascii=False).encode()) < 100_000
    assert not {"img", "script"} & set(Tags(bundle(predictions([1.0], HOSTILE))["text/html"]).tags)

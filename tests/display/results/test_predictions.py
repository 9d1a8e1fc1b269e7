import json
import re

import pandas as pd
import pytest

from bertmagic.display import bundle, text

from ..made import predictions
from ..runs import HOSTILE
from ..tags import Tags


@pytest.mark.parametrize("rows", [0, 1, 5, 6, 50, 51, 10_000])
def test_the_text_is_at_most_ten_lines(rows):
    shown = text(predictions(rows, notes=("one", "two"), missing=1, truncated=2))
    assert len(shown.splitlines()) <= 10
    assert shown.startswith(f"{max(rows - 1, 0):,} prediction")
    assert f"for {rows:,} row" in shown


def test_at_most_fifty_rows_are_shown_and_the_rest_is_counted():
    assert bundle(predictions(50))["text/html"].count('scope="row"') == 50
    html = bundle(predictions(1_000))["text/html"]
    assert html.count('scope="row"') == 30
    assert "970 rows not shown; .frame has all 1,000" in html


@pytest.mark.parametrize("labels", [tuple("abcdef"), tuple(f"class {i}" for i in range(40))])
@pytest.mark.parametrize("text", ['"' * 10_000, "語" * 10_000, "word " * 2_000])
@pytest.mark.parametrize("rows", [50, 5_000])
def test_it_is_bounded(labels, text, rows):
    assert len(json.dumps(bundle(predictions(rows, labels, text)), ensure_ascii=False).encode()) < 100_000


def test_many_classes_become_the_three_most_probable():
    html = bundle(predictions(1, tuple(f"class {i}" for i in range(7))))["text/html"]
    assert "most probable" in html
    assert html.count("0.143") == 4


def test_a_row_without_a_text_says_so():
    result = predictions(2, missing=1)
    result.frame["text"] = result.frame["text"].astype("string")
    result.frame["label"] = result.frame["label"].astype("string")
    result.frame.loc[1, ["text", "label"]] = pd.NA
    result.frame.loc[1, ["score", "p_negative", "p_positive"]] = float("nan")
    both = bundle(result)
    assert "no text" in both["text/plain"]
    assert "<i>no text</i>" in both["text/html"]
    assert "1 row had no text" in both["text/plain"]
    counted = re.match(r"1 prediction for 2 rows by \S+ \(\S+\): \w+ \((\d)\)\.", both["text/plain"])
    assert counted[1] == "1"


def test_the_names_of_the_frames_columns_are_said():
    result = predictions(2)
    named = re.search(r"in .frame it is (p_\w+), and so on", bundle(result)["text/html"])
    assert named[1] in result.frame.columns


def test_hostile_values_are_text():
    result = predictions(3, (HOSTILE.replace("\ud800", ""), "b"), HOSTILE, notes=(HOSTILE,))
    result.frame.index = pd.Index([HOSTILE, ("a", 1), None], dtype=object)
    both = bundle(result)
    assert not {"img", "script"} & set(Tags(both["text/html"]).tags)
    json.dumps(both, ensure_ascii=False).encode()

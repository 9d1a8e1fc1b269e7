"""What is wrong with the rows: each finding by its own words, with rows and the fix."""

import re

import numpy as np
import pandas as pd
import pytest

from bertmagic.data import checks, tables
from bertmagic.data.labels import Labels
from bertmagic.data.rows import overlap
from bertmagic.data.tokens import Tokens
from bertmagic.errors import DataError


def table(texts, labels, index=None):
    return tables.read(pd.DataFrame({"text": texts, "label": labels}, index=index))


def found_in(texts, labels, **known):
    return checks.examples(table(texts, labels), ["text"], "label", **known)


def tokens(samples, truncated=0, unknown=0.0, windows=None):
    return Tokens(np.zeros(samples, np.int32), np.arange(samples + 1), truncated, unknown, windows)


def unlike(count):
    return [f"text {i}" for i in range(count)]


def test_clean_rows_have_no_finding():
    rows, findings = found_in(unlike(20), ["a", "b"] * 10)
    assert (len(rows), findings) == (20, [])


@pytest.mark.parametrize("hole", [None, "", "  \n", np.nan, pd.NA, pd.NaT])
def test_up_to_five_percent_without_a_text_are_dropped_and_said(hole):
    texts = pd.Series(unlike(40), dtype=object)
    texts[[3, 17]] = [hole, hole]
    rows, findings = found_in(texts, ["a", "b"] * 20)
    assert len(rows) == 38
    assert 3 not in rows.positions
    (finding,) = findings
    assert (finding.what, finding.rows, finding.count) == ("2 rows without a text (column 'text')", (3, 17), 2)
    assert finding.fix == "They are dropped."


def test_more_than_five_percent_without_a_text_is_an_error_that_names_rows():
    with pytest.raises(
        DataError, match=r"3 rows without a text .* are 8% of its 40 rows, such as rows 0, 1, 2"
    ) as caught:
        found_in(["", "", "", *unlike(37)], ["a", "b"] * 20)
    assert "up to 5%" in caught.value.fix


def test_one_of_ten_rows_is_more_than_five_percent():
    with pytest.raises(DataError, match="10% of its 10 rows"):
        found_in([*unlike(9), None], ["a", "b"] * 5)


def test_missing_labels_are_held_to_the_same():
    rows, findings = found_in(unlike(40), [None, "a"] + ["a", "b"] * 19)
    assert len(rows) == 39
    assert findings[0].what == "1 row without a label (column 'label')"
    with pytest.raises(DataError, match=r"rows without a label .* 50%"):
        found_in(unlike(40), ["a", "b", None, None] * 10)


def test_rows_are_named_by_the_users_index():
    frame = table(["", *unlike(39)], ["a", "b"] * 20, index=[f"id{i}" for i in range(40)])
    assert checks.examples(frame, ["text"], "label")[1][0].rows == ("id0",)


@pytest.mark.parametrize("odd", [5, 2.5, ["a", "list"], {"a": 1}, np.array(["a", "b"]), b"bytes"])
def test_what_is_not_text_is_an_error_with_an_example(odd):
    texts = pd.Series(unlike(10), dtype=object)
    texts.iat[4] = odd
    with pytest.raises(DataError, match=r"holds 1 value that is not text, such as .* in row 4") as caught:
        found_in(texts, ["a", "b"] * 5)
    fix = ".str.decode" if isinstance(odd, bytes) else ".astype(str)" if isinstance(odd, int | float) else ".str[KEY]"
    assert fix in caught.value.fix


def test_one_class_is_an_error():
    with pytest.raises(DataError, match="column 'label' of the DataFrame has one class only, 'a'"):
        found_in(unlike(10), ["a"] * 10)


def test_a_class_with_one_row_is_warned_of_by_row():
    _, findings = found_in(unlike(11), ["a", "b"] * 5 + ["rare"])
    assert findings[0].severity == "warning"
    assert findings[0].what == "class 'rare' has only one row (row 10)."
    assert "add rows" in findings[0].fix


def test_uneven_classes_are_said():
    _, findings = found_in(unlike(50), ["a"] * 47 + ["b"] * 3)
    assert "'a' has 47 rows, 'b' 3" in findings[0].what
    assert "balanced" in findings[0].fix


def test_labels_that_training_has_not_are_an_error_that_lists_them():
    with pytest.raises(
        DataError, match=r"labels that training did not have: 'c', 'd' in 2 rows, such as row 1"
    ) as caught:
        found_in(unlike(4), ["a", "c", "b", "d"], known=Labels(("a", "b")))
    assert "a, b" in caught.value.fix


def test_repeated_rows_are_told_apart_from_contradictions():
    _, findings = found_in(["same", " SAME ", "x", "X", *unlike(6)], ["a", "a", "a", "b"] + ["a", "b"] * 3)
    same, contrary = findings
    assert (same.severity, same.rows, same.what) == ("info", (1,), "1 row repeats an earlier text and label.")
    assert (contrary.severity, contrary.rows) == ("warning", (3,))
    assert "another label" in contrary.what


def test_nothing_left_is_an_error():
    with pytest.raises(DataError, match="100% of its 2 rows"):
        found_in(["", ""], ["a", "b"])


def test_overlap_ignores_case_and_spaces():
    train, _ = found_in(["A  b", "c", "d", "e"], ["a", "b"] * 2)
    other, _ = found_in(["a B", "x", "E", "y"], ["a", "b"] * 2)
    assert overlap(train, other).tolist() == [0, 3]


def test_unknown_tokens_and_cut_texts():
    (unknown,) = checks.token_findings(tokens(10, unknown=0.4), 64, "truncate", "minilm")
    assert unknown.severity == "warning"
    assert "40% of the tokens are unknown to minilm" in unknown.what
    assert "mbert" in unknown.fix
    (some,) = checks.token_findings(tokens(20, truncated=1), 64, "truncate", "minilm")
    assert (some.severity, some.what) == ("info", "1 of 20 texts (5.0%) is cut at 64 tokens.")
    assert 'long_text = "window"' in some.fix
    (many,) = checks.token_findings(tokens(20, truncated=10), 64, "truncate", "minilm")
    assert many.severity == "warning"
    assert checks.token_findings(tokens(10, unknown=0.05), 64, "truncate", "minilm") == []


def test_what_is_read_of_long_texts_is_said():
    (cut,) = checks.token_findings(tokens(20, truncated=10), 64, "head_tail", "minilm")
    assert (cut.severity, cut.count) == ("warning", 10)
    assert re.findall(r"\d+(?:\.\d+)?", cut.what) == ["10", "20", "50.0", "64"]
    assert "middle" in cut.what
    windows = np.asarray([0, 1, 4, 6])  # the second text has three windows, the third has two
    (read,) = checks.token_findings(tokens(6, truncated=2, windows=windows), 64, "window", "minilm")
    assert read.severity == "info"
    assert re.findall(r"\d+(?:\.\d+)?", read.what) == ["2", "3", "66.7", "64", "5"]
    assert "windows" in read.what


def test_a_dash_for_no_label_is_counted_and_may_be_on_many_rows():
    labels = ["entailment", "neutral", "-", "contradiction"] * 5
    rows, (finding,) = found_in(unlike(20), labels)
    assert rows.labels.values == ("contradiction", "entailment", "neutral")
    assert len(rows) == 15
    assert (finding.what, finding.count) == ("5 rows with '-' for no label (column 'label')", 5)
    measured, (again,) = found_in(unlike(20), labels, known=rows.labels)
    assert (len(measured), again) == (15, finding)
    with pytest.raises(DataError, match="labels that training did not have: 'other'"):
        found_in(unlike(2), ["-", "other"], known=rows.labels)
    kept, _ = found_in(unlike(20), ["+", "-"] * 10)
    assert found_in(unlike(2), ["-", "+"], known=kept.labels)[0].targets.tolist() == [1, 0]


def test_labels_that_look_alike_are_pointed_out_with_their_rows():
    _, findings = found_in(unlike(20), ["good", "bad"] * 8 + ["Good", "Good", "bad ", "bad"])
    assert [finding.what for finding in findings] == [
        "labels look alike: 'good' (8 rows), 'Good' (2 rows); they differ in case.",
        "labels look alike: 'bad' (9 rows), 'bad ' (1 row); they differ in blanks.",
    ]
    assert [finding.severity for finding in findings] == ["warning", "info"]


def test_a_class_that_is_the_text_of_a_missing_value_is_pointed_out():
    _, (finding,) = found_in(unlike(20), ["good", "nan"] * 8 + ["none", "bad"] * 2)
    assert (finding.severity, finding.what) == ("warning", "class 'nan' (8 rows) may stand for a missing label.")
    _, (dash,) = found_in(unlike(20), ["-", "0", "1", "0", "1"] * 4)
    assert dash.what == "class '-' (4 rows) may stand for a missing label."
    assert found_in(unlike(20), ["-", "+"] * 10)[1] == []

"""`check`: what is in a data set, and what would stop a run."""

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import DataError


def test_a_data_report_tells_what_is_there(rows, encoder):
    rows.loc[0, "text"] = rows.loc[2, "text"]
    rows.loc[7, "text"] = ""
    report = bm.check(rows, model=encoder)
    assert (report.rows, report.text, report.label, report.length_unit) == (120, "text", "label", "tokens")
    assert report.labels == {"bad": 60, "good": 59}  # row 7 has no text
    assert sum(report.length_counts) == 119
    assert len(report.length_edges) == len(report.length_counts) + 1
    whats = [finding.what for finding in report.findings]
    assert any("1 row without a text" in what for what in whats)
    assert any("an earlier text and label" in what for what in whats)
    assert any(what.startswith("Inferred") for what in whats)
    assert len(report.examples) == 5


def test_what_would_stop_a_run_is_a_finding_here(rows, encoder):
    rows["label"] = "same"
    report = bm.check(rows, label="label", model=encoder, max_length=8)
    assert report.findings[0].severity == "error"
    assert "one class only" in report.findings[0].what
    assert any("are cut at 8 tokens" in finding.what for finding in report.findings)
    rows.loc[:30, "text"] = None
    report = bm.check(rows, label="label", text="text", model=encoder)
    assert any(finding.severity == "error" for finding in report.findings)


def test_data_without_a_label_or_a_model_is_looked_at_too(rows):
    report = bm.check(rows[["text"]], model="owner/not-here")
    assert report.label is None
    assert report.length_unit == "words"
    assert any("No label column was chosen" in finding.what for finding in report.findings)
    with pytest.raises(DataError, match="holds no text"):
        bm.check(pd.DataFrame({"text": ["", ""]}), text="text")


@pytest.mark.parametrize(
    ("texts", "lengths"),
    [(["a film", "a book"], ["4"]), (["film", "a very good book"], ["3", "4", "5", "6"])],
)
def test_lengths_begin_with_the_shortest_text_and_a_single_length_is_one_number(texts, lengths, encoder):
    report = bm.check([{"text": text} for text in texts], model=encoder)
    assert sum(report.length_counts) == len(texts)
    table = repr(report).partition("length in tokens")[2].splitlines()[1:-1]
    assert [line.split("  ")[0] for line in table] == lengths


def test_labels_that_look_alike_and_a_text_that_is_not_read_are_pointed_out(rows, encoder):
    rows.loc[rows["label"].eq("good") & (rows.index < 10), "label"] = "Good"
    rows.loc[50:53, "label"] = "good\u200b"
    rows["title"] = "The title of " + rows["text"]
    findings = bm.check(rows, model=encoder).findings
    (alike,) = (finding for finding in findings if "look alike" in finding.what)
    counts = rows["label"].value_counts()
    assert alike.severity == "warning"
    assert alike.what == (
        f"labels look alike: 'good' ({counts['good']} rows), 'Good' ({counts['Good']} rows), "
        r"'good\u200b' (4 rows); they differ in invisible characters and case."
    )
    assert any('text = ["text", "title"] reads both' in finding.what for finding in findings)


def test_pairs_are_looked_at_without_a_label_too(rows, encoder):
    pairs = pd.DataFrame({"sentence1": rows["text"], "sentence2": "It is " + rows["text"]})
    report = bm.check(pairs.assign(genre=["a", "b"] * 60, score=[i / 7 for i in range(120)]), model=encoder)
    assert (report.text, report.label) == ("sentence1, sentence2", None)
    assert any("it could be genre, score" in finding.what for finding in report.findings)


CHINESE = "这部电影非常好看，我很喜欢"


def test_rows_that_repeat_another_nearly_stand_beside_it(rows, encoder):
    rows.loc[50, "text"] = "The last film was as fine as the first, and we liked it."
    rows.loc[70, "text"] = "The last film was as fine as the first, and we liked it!!"
    rows.loc[90, "text"] = "the last film was as fine  as the first, and we liked it."
    rows.loc[[50, 70], "label"], rows.loc[90, "label"] = "good", "bad"
    report = bm.check(rows, model=encoder)
    ours = [one for one in report.repeats if one.earlier_row == 50]
    assert [(one.row, one.label, one.earlier_label, one.contradicts) for one in ours] == [
        (90, "bad", "good", True), (70, "good", "good", False),
    ]  # fmt: skip
    assert ours[1].text.endswith("!!")
    assert ours[1].earlier_text == rows.loc[50, "text"]
    near = [one for one in report.findings if "nearly like an earlier one" in one.what]
    assert len(near) == 1  # 90 repeats 50 but for case and blanks, which another finding says
    assert "near" not in " ".join(one.what for one in report.findings if one is not near[0])


def test_it_says_what_the_encoder_cannot_read(make_rows):
    rows = make_rows(40)
    rows.loc[:9, "text"] = CHINESE
    report = bm.check(rows, model="minilm")
    assert report.profile.foreign == {"Chinese": 10}
    assert report.profile.languages["Chinese"] == 0.25
    (unread,) = [one for one in report.findings if "cannot read" in one.what]
    assert unread.severity == "warning"
    assert unread.rows == (0, 1, 2, 3, 4)
    assert report.lengths.longest == report.length_edges[-1] - 1


def test_classes_of_one_row_are_one_finding(rows, encoder):
    rows.loc[[3, 8, 11], "label"] = ["x", "y", "z"]
    single = [one for one in bm.check(rows, model=encoder).findings if "only one row" in one.what]
    assert [(one.what, one.rows) for one in single] == [
        ("3 classes have only one row each: 'x', 'y', 'z'.", (3, 8, 11))
    ]


def test_two_numbers_are_no_contradiction(rows, encoder):
    rows["stars"] = [at / 7 for at in range(len(rows))]
    rows.loc[50, "text"] = "The last film was as fine as the first, and we liked it."
    rows.loc[70, "text"] = "The last film was as fine as the first, and we liked it!!"
    report = bm.check(rows[["text", "stars"]], label="stars", task="regression", model=encoder)
    assert not any(one.contradicts for one in report.repeats)
    (near,) = [one for one in report.findings if "nearly like" in one.what]
    assert (near.severity, "label" in near.what) == ("info", False)

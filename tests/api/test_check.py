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
    [(["a film", "a book"], ["4"]), (["film", "a very good book"], ["3", "4", "5 to 6"])],
)
def test_lengths_begin_with_the_shortest_text_and_a_single_length_is_one_number(texts, lengths, encoder):
    report = bm.check([{"text": text} for text in texts], model=encoder)
    assert sum(report.length_counts) == len(texts)
    table = repr(report).partition("length in tokens")[2].splitlines()[1:]
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

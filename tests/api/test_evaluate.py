"""`TextModel.evaluate`: the report, its slices, and labels that the model does not know."""

import pytest

import bertmagic as bm
from bertmagic.errors import DataError


def test_the_report_has_what_was_measured(learnt, make_rows):
    rows = make_rows(100, seed=8)
    rows.loc[5, "text"] = None
    report = learnt.evaluate(rows, by="thing")
    predicted = learnt.predict(rows).frame["label"]
    right = (predicted == rows["label"]).fillna(False).astype(bool)
    assert (report.rows, report.skipped, report.model, report.task) == (99, 1, "learnt", "classification")
    assert report.metrics["accuracy"] == pytest.approx(right.sum() / 99)
    assert report.confusion.sum() == 99
    assert report.labels == ("bad", "good")
    assert [row.support for row in report.classes] == [50, 49]
    kept = rows.drop(5)
    assert {part.value: part.rows for part in report.slices} == kept["thing"].value_counts().to_dict()
    for part in report.slices:
        assert part.metrics["accuracy"] == pytest.approx(right[kept.index[kept["thing"] == part.value]].mean())
    assert any("1 row without a text" in note for note in report.notes)


def test_several_slices_and_missing_values_in_them(learnt, make_rows):
    rows = make_rows(20, seed=8).assign(group=["x", None] * 10, number=range(20))
    report = learnt.evaluate(rows, by=["group", "number"])
    assert {(part.column, part.value) for part in report.slices} >= {("group", "x"), ("group", "<NA>"), ("number", "0")}
    with pytest.raises(DataError, match=r"no column 'gruop'.*Did you mean 'group'"):
        learnt.evaluate(rows, by="gruop")


def test_evaluation_needs_known_labels(learnt, make_rows):
    with pytest.raises(DataError, match=r"labels that training did not have: 'meh', 'odd' in 20 rows"):
        learnt.evaluate(make_rows(20, labels=("meh", "odd")))
    with pytest.raises(DataError, match="looks like the label"):
        learnt.evaluate(make_rows(20).drop(columns=["label", "thing"]))


def test_labels_that_were_never_seen_are_kept_apart_and_listed(learnt, make_rows):
    rows = make_rows(40, seed=8)
    rows.loc[[3, 5, 7], "label"] = ["meh", "meh", "odd"]
    report = learnt.evaluate(rows, by="thing")
    assert report.unseen == {"meh": 2, "odd": 1}
    assert (report.rows, report.skipped) == (37, 0)
    assert report.confusion.sum() == 37
    assert "3 rows are kept apart: the model has never seen the label meh (2), odd (1)" in repr(report)
    assert sum(part.rows for part in report.slices) == 37


def test_other_columns_may_be_named(learnt, make_rows):
    rows = make_rows(40, seed=8).rename(columns={"text": "what", "label": "how"})
    report = learnt.evaluate(rows, text="what", label="how")
    assert report.metrics["accuracy"] > 0.9


def test_the_report_says_how_its_file_was_read(learnt, make_rows, tmp_path):
    rows = make_rows(20, seed=8)[["text", "label"]]
    rows.to_csv(tmp_path / "bars.csv", sep="|", index=False)
    assert any(
        note.startswith("Read as a table: fields are separated by") for note in learnt.evaluate("bars.csv").notes
    )


def test_options_of_a_file_are_for_the_files_among_the_data(learnt, make_rows, tmp_path):
    rows = make_rows(20, seed=8)[["text", "label"]]
    rows.to_csv(tmp_path / "bars.txt", sep="|", index=False)
    whole = learnt.evaluate(rows).metrics
    assert learnt.evaluate("bars.txt", sep="|").metrics == whole
    assert learnt.evaluate("bars.txt", sep="|", train=make_rows(20, seed=9)).metrics == whole
    compared = bm.compare([learnt, "majority"], "bars.txt", train=make_rows(20, seed=9), sep="|", show=False)
    assert compared.frame["accuracy"].iloc[0] == whole["accuracy"]
    with pytest.raises(DataError, match="sep says how a file is read, and the data is a DataFrame"):
        learnt.evaluate(rows, sep="|")

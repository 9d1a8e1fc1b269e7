"""`TextModel.predict`: whatever holds texts, in its order, with its index."""

import datasets
import numpy as np
import pandas as pd
import pytest

from bertmagic.errors import DataError, UnknownReference


def test_predictions_keep_the_index_and_the_order(learnt):
    index = pd.Index(["r9", "r9", 3, None], dtype=object)
    frame = pd.DataFrame({"x": range(4), "text": ["a good film", None, "a sad story", " "]}, index=index)
    predictions = learnt.predict(frame)
    pd.testing.assert_index_equal(predictions.frame.index, index)
    assert predictions.frame["label"].isna().tolist() == [False, True, False, True]
    assert (predictions.missing, len(predictions), predictions.labels) == (2, 4, ("bad", "good"))
    assert predictions.frame["label"].dropna().tolist() == ["good", "bad"]
    series = learnt.predict(frame["text"])
    pd.testing.assert_frame_equal(series.frame, predictions.frame)


@pytest.mark.parametrize(
    "texts",
    [
        ["a good film", "a bad book"],
        ("a good film", "a bad book"),
        np.array(["a good film", "a bad book"]),
        pd.Series(["a good film", "a bad book"]),
        pd.Series(["a good film", "a bad book"], dtype="string[pyarrow]"),
        pd.DataFrame({"text": ["a good film", "a bad book"]}),
        [{"text": "a good film"}, {"text": "a bad book"}],
        {"text": ["a good film", "a bad book"]},
        datasets.Dataset.from_dict({"text": ["a good film", "a bad book"]}),
        datasets.Dataset.from_dict({"text": ["a good film", "a bad book"]})["text"],
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_whatever_holds_texts_can_be_predicted(learnt, texts):
    assert learnt.predict(texts).frame["label"].tolist() == ["good", "bad"]


def test_one_text_is_one_row_and_stays_a_text(learnt, tmp_path):
    (tmp_path / "sample.csv").write_text("text\na\n")
    for text in ("a good film", "sample:reviews", "sample.csv", ""):
        assert len(learnt.predict(text)) == 1


def test_files_of_texts(learnt, tmp_path):
    (tmp_path / "t.txt").write_text("a good film\na bad film\n")
    (tmp_path / "t.csv").write_text("id,review\n1,a good film\n2,NA\n")
    assert learnt.predict(file="t.txt").frame["label"].tolist() == ["good", "bad"]
    assert learnt.predict(file="t.csv", text="review").frame["text"].tolist() == ["a good film", "NA"]
    with pytest.raises(UnknownReference, match=r"no file 'nothing\.csv'"):
        learnt.predict(file="nothing.csv")
    with pytest.raises(DataError, match=r"no column 'revew'.*Did you mean 'review'"):
        learnt.predict(file="t.csv", text="revew")


@pytest.mark.parametrize("nothing", [[], pd.Series([], dtype=object), pd.DataFrame({"text": []}), np.array([])])
def test_no_rows_give_an_empty_well_typed_result(learnt, nothing):
    predictions = learnt.predict(nothing)
    assert len(predictions) == 0
    assert predictions.frame.dtypes.astype(str).tolist() == ["string", "string", "Float64", "Float64", "Float64"]
    assert predictions.frame.columns.tolist() == ["text", "label", "score", "p_bad", "p_good"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [(None, "nothing to predict"), ([1, 2], "2 values that are not text, such as 1"), (5, "a int holds")],
)
def test_what_holds_no_texts_is_refused(learnt, texts, message):
    with pytest.raises(DataError, match=message) as caught:
        learnt.predict(texts)
    assert caught.value.fix


def test_long_texts_are_counted_and_said(learnt):
    predictions = learnt.predict(["a good film " * 50, "a bad film"])
    assert predictions.truncated == 1
    assert any("cut at 64 tokens" in note for note in predictions.notes)


def test_many_rows_are_predicted_as_if_alone(learnt, make_rows):
    rows = make_rows(5000, seed=7)
    predictions = learnt.predict(rows).frame
    alone = pd.concat([learnt.predict(text).frame for text in rows["text"][::500]])
    np.testing.assert_allclose(predictions["p_good"][::500].astype(float), alone["p_good"].astype(float), atol=1e-5)


def test_how_a_file_of_texts_was_read_is_said(learnt, tmp_path):
    (tmp_path / "t.txt").write_text("a good film\nbad\tone\n")
    assert learnt.predict(file="t.txt").notes[0].startswith("Read as lines, each a text: 1 line with tabs of 2;")
    (tmp_path / "t.csv").write_text("review;stars\na good film;1\nbad;2\n")
    assert "separated by semicolons" in learnt.predict(file="t.csv", text="review").notes[0]


def test_the_name_of_a_file_is_a_text_and_it_says_how_the_file_is_read(learnt, tmp_path, capsys):
    (tmp_path / "my texts.txt").write_text("a good film\na bad film\n")
    note = '"my texts.txt" was read as a text. It is also the name of a file: file = "my texts.txt" reads that.'
    assert note in learnt.predict("my texts.txt", show=False).notes
    assert note in repr(learnt.predict("my texts.txt", show=False))
    learnt.embed("my texts.txt")
    assert note in capsys.readouterr().err
    for text in ("other.txt", "a good film.", "x" * 5000, "nul\0.txt", ["my texts.txt"]):
        assert not any("file =" in note for note in learnt.predict(text, show=False).notes)


@pytest.mark.parametrize("given", [[b"a film"], pd.Series([b"a film"]), pd.DataFrame({"text": [b"a film"]})])
def test_bytes_are_not_converted_to_the_text_of_their_notation(learnt, given):
    with pytest.raises(DataError, match=r"1 value that is not text, such as b'a film' \(bytes\)") as caught:
        learnt.predict(given, show=False)
    assert "decode('utf-8')" in caught.value.fix


@pytest.mark.parametrize("method", ["predict", "embed"])
def test_options_of_a_file_without_one_are_an_error(learnt, method):
    with pytest.raises(DataError, match="encoding says how a file is read, and the data is no file"):
        getattr(learnt, method)(["a good film"], encoding="latin-1")


def test_a_pair_for_a_model_of_single_texts_is_named_with_its_row(learnt):
    with pytest.raises(DataError, match=r"row 1 is a pair, and the model reads single texts: .*\nGive one"):
        learnt.predict(["a good film", ("a bad film", "a dog")], show=False)
    assert len(learnt.predict(["a good film ||| a dog"], show=False).frame) == 1  # a text may hold the mark

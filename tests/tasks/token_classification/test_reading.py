"""Rows of words with tags and of texts with spans, and what is wrong with them."""

import json

import numpy as np
import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.data.words import Joined
from bertmagic.errors import DataError
from bertmagic.tasks.token_classification import reading

TOKENS = [["Ada", "Lovelace", "wrote"], ["In", "Paris"], ["nothing"]]
TAGS = [["B-PER", "I-PER", "O"], ["O", "B-LOC"], ["O"]]


def table(text=TOKENS, label=TAGS, index=None, **others):
    frame = pd.DataFrame({"tokens": pd.Series(text, dtype=object), "tags": pd.Series(label, dtype=object)})
    return tables.read(frame.assign(**others) if index is None else frame.set_axis(index))


def read(*given, **how):
    return reading.read(table(*given, **how), "tokens", "tags")


@pytest.mark.parametrize("write", [list, tuple, np.asarray, json.dumps, str])
def test_words_and_tags_in_every_form_give_the_same_rows(write):
    rows, tags, findings = read([write(row) for row in TOKENS], [write(row) for row in TAGS])
    assert list(rows.texts) == ["Ada Lovelace wrote", "In Paris", "nothing"]
    assert isinstance(rows.texts, Joined)
    assert (tags, findings) == (TAGS, [])


def test_lists_in_a_csv_file_come_back_as_lists(tmp_path):
    pd.DataFrame({"tokens": [json.dumps(row) for row in TOKENS], "tags": TAGS}).to_csv("t.csv")
    rows, tags, _ = reading.read(tables.read("t.csv"), "tokens", "tags")
    assert (list(rows.texts.rows()), tags) == (TOKENS, TAGS)


def test_spans_in_running_text_give_a_tag_a_word():
    text = ["Ada Lovelace wrote.", "In Paris", "nothing"]
    spans = [[{"start": 0, "end": 12, "label": "PER"}], [[3, 8, "LOC"]], "[]"]
    rows, tags, findings = read(text, spans)
    assert (list(rows.texts), findings) == (text, [])
    assert tags == [["B-PER", "I-PER", "O", "O"], ["O", "B-LOC"], ["O"]]


def test_doccano_lines_are_read(tmp_path):
    lines = [{"id": 1, "text": "In Paris", "label": [[3, 8, "LOC"]]}, {"id": 2, "text": "nothing", "label": []}]
    (tmp_path / "doccano.jsonl").write_text("\n".join(map(json.dumps, lines)))
    table = tables.read("doccano.jsonl")
    assert reading.holds_spans(table.frame["label"])
    assert reading.read(table, "text", "label")[1] == [["O", "B-LOC"], ["O"]]


def test_what_columns_hold_is_told_from_their_cells():
    frame = table([[], *TOKENS[:2]], [None, *TAGS[:2]], pos=[["NN"], ["IN"], []]).frame
    assert [reading.holds_words(frame[name]) for name in frame] == [True, True, True]
    assert [reading.holds_tags(frame[name]) for name in frame] == [False, True, False]
    assert not reading.holds_spans(frame["tags"])
    assert not reading.holds_words(pd.Series(["a text", "[b] c"]))
    assert not reading.holds_words(pd.Series([], dtype=object))
    assert not reading.holds_spans(pd.Series([[], None]))


def test_other_schemes_become_iob2_and_nothing_is_said():
    _, tags, findings = read(label=[["B-PER", "E-PER", "O"], ["O", "S-LOC"], ["O"]])
    assert (tags, findings) == (TAGS, [])
    _, tags, findings = read(label=[["I-PER", "I-PER", "O"], ["O", "I-LOC"], ["O"]])
    assert (tags, findings) == (TAGS, [])


@pytest.mark.parametrize("outside", ["O", "-"])
def test_letters_behind_the_type_are_read_as_if_they_came_first(outside):
    _, tags, (finding,) = read(label=[["PER_B", "PER_I", outside], [outside, "LOC_B"], [outside]])
    assert (tags, finding.severity) == (TAGS, "info")
    assert finding.what == "the tags end in B and I, as in PER_B, and are read as if these came first."


def test_invalid_tags_are_repaired_and_told_with_their_rows():
    _, tags, (finding,) = read(label=[["B-PER", "I-PER", "O"], ["O", "I-LOC"], ["I-LOC"]], index=["a", "b", "c"])
    assert tags == [*TAGS[:2], ["B-LOC"]]
    assert finding.severity == "warning"
    assert finding.what == (
        "2 tags continue no entity of the same type, which IOB2 does not allow: "
        "I-LOC of 'Paris' (row b, word 2), I-LOC of 'nothing' (row c, word 1)."
    )
    assert (finding.rows, finding.count) == (("b", "c"), 2)


def test_invalid_tags_of_a_file_are_told_with_their_lines(tmp_path):
    (tmp_path / "t.conll").write_text("# first\nAda\tB-PER\n\nIn\tO\nParis\tI-LOC\n")
    _, tags, (finding,) = reading.read(tables.read("t.conll"), "tokens", "tags")
    assert tags == [["B-PER"], ["O", "B-LOC"]]
    assert "I-LOC of 'Paris' (line 5)" in finding.what
    assert finding.rows == (4,)


def test_spans_that_cut_words_are_widened_and_told_with_their_rows():
    whole = [[0, 1, "X"], [2, 3, "X"]]
    texts, marked = ["the GPT4 model", *["x x"] * 10], [[[4, 7, "X"]], *[whole] * 10]
    _, tags, (finding,) = read(texts, marked, index=[7, *range(10, 20)])
    assert tags[0] == ["O", "B-X", "O"]
    assert finding.what == "1 span starts or ends within a word: 'GPT' (row 7)."
    assert finding.rows == (7,)


def test_rows_without_words_or_tags_are_dropped_and_told():
    many = 60
    text, label = TOKENS[:1] * many, TAGS[:1] * many
    text[3], text[4], label[5] = [], None, None
    rows, tags, findings = read(text, label)
    assert len(rows) == len(tags) == many - 3
    assert [(finding.what, finding.rows) for finding in findings] == [
        ("2 rows without a text (column 'tokens')", (3, 4)),
        ("1 row without a label (column 'tags')", (5,)),
    ]
    with pytest.raises(DataError, match=r"rows without a text .* are 67% of its 3 rows"):
        read([TOKENS[0], [], [" "]], TAGS)


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        (TOKENS, [TAGS[0], ["O"], TAGS[2]], r"row 1 of the DataFrame has 2 words and 1 tag"),
        (TOKENS, [TAGS[0], ["O", "LOC"], TAGS[2]], r"the tag of its word 2 \('Paris'\) is 'LOC', of no scheme"),
        (TOKENS, [TAGS[0], [0, 3], TAGS[2]], r"its word 1 \('In'\) is the number 0, whose name is not known"),
        (TOKENS, [TAGS[0], ["O", None], TAGS[2]], r"the tag of its word 2 \('Paris'\) is missing"),
        (TOKENS, [TAGS[0], "B-LOC", TAGS[2]], r"row 1 of the DataFrame holds 'B-LOC' instead of a list of tags"),
        (TOKENS, [TAGS[0], "[0 3]", TAGS[2]], r"holds '\[0 3\]' instead of a list of tags"),
        ([TOKENS[0], ["In", " "], ["x"]], TAGS, r"row 1 of the DataFrame: its word 2 is empty"),
        ([TOKENS[0], ["In", 5], ["x"]], TAGS, r"row 1 of column 'tokens' of the DataFrame: its word 2 is not a text"),
        (['["In"]', "In Paris"], TAGS[:2], "but column 'tokens' holds running text"),
        ([TOKENS[0], "In Paris", ["x"]], TAGS, "column 'tokens' of the DataFrame holds 2 values that are not text"),
        (["In Paris"], [[[3, 8, "LOC"], [5, 8, "PER"]]], r"row 0 of the DataFrame has overlapping spans"),
        (["In Paris"], [[[3, 9, "LOC"]]], r"row 0 of the DataFrame has a span outside of its text"),
        (["In Paris."], [["O", "B-LOC", "O"]], r"column 'tags' of the DataFrame holds a tag for each word, but"),
        (["In Paris"], [["PER"]], r"row 0 of the DataFrame holds a span 'PER'"),
        ([None], [["O"]], "1 row without a text"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_read_are_told_by_their_place(text, label, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text, label)
    assert caught.value.fix


@pytest.mark.parametrize("write", [" ".join, list, json.dumps])
def test_texts_with_a_tag_for_each_word_between_blanks_are_words(write):
    texts = [" ".join(row) for row in TOKENS]
    rows, tags, (finding,) = read(texts, [write(row) for row in TAGS])
    assert (list(rows.texts.rows()), tags) == (TOKENS, TAGS)
    assert finding.what == (
        "the texts of column 'tokens' are read as words between blanks, as column 'tags' has a tag for each."
    )


def test_a_row_with_another_number_of_tags_is_named():
    texts, label = ["In Paris"] * 200, ["O B-LOC"] * 200
    label[150] = "O O B-LOC"
    with pytest.raises(DataError, match="row 150 of the DataFrame has 2 words and 3 tags"):
        read(texts, label)


def test_words_or_tags_that_numpy_wrote_are_refused_by_their_form():
    numpys = [str(np.array(row)) for row in TOKENS]
    with pytest.raises(DataError, match=r"column 'tokens' of the DataFrame holds .* as NumPy writes it, which cannot"):
        read(numpys, TAGS)
    with pytest.raises(DataError, match=r"column 'tags' of the DataFrame holds .* as NumPy writes it, which cannot"):
        read([" ".join(row) for row in TOKENS], [str(np.array(row)) for row in TAGS])


def test_a_row_of_a_file_is_told_by_its_line(tmp_path):
    (tmp_path / "t.conll").write_text("Ada\tB-PER\n\nIn\tO\n \tO\n")
    with pytest.raises(DataError, match=r"t.conll line 4 has a tag, 'O', but no word"):
        tables.read("t.conll")


def test_texts_to_predict_may_hold_empty_words():
    rows, findings = reading.readable(pd.Series([["a", "", "b"], [], None, [""]], index=list("wxyz")), "texts", "it")
    assert list(rows.texts) == ["a  b"]
    assert [finding.rows for finding in findings] == [("x", "y", "z")]
    rows, _ = reading.readable(pd.Series(["a text", None, " "]), "texts", "it")
    assert (list(rows.texts), rows.positions.tolist()) == (["a text"], [0])


def test_the_sample_is_the_same_in_every_kind_of_file(tmp_path):
    frame = tables.read("sample:entities@test").frame
    _, expected, findings = reading.read(tables.read(frame), "text", "spans")
    assert findings == []
    frame.to_parquet("e.parquet")
    frame.to_csv("e.csv", index=False)
    frame.to_json("e.jsonl", orient="records", lines=True)
    frame.to_json("e.json", orient="records")
    for name in ("e.parquet", "e.csv", "e.jsonl", "e.json"):
        assert reading.read(tables.read(name), "text", "spans")[1] == expected

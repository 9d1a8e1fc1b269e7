"""Sentences written one word a line, in files and in tables."""

import datasets
import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.data.formats import conll
from bertmagic.data.formats.reading import Reading
from bertmagic.errors import DataError

SENTENCES = {
    "tokens": [["Ada", "Lovelace", "wrote", "."], ["Paris", "\xa0", "!"]],
    "tags": [["B-PER", "I-PER", "O", "O"], ["B-LOC", "O", "O"]],
}
WORDS = [list(zip(*row, strict=True)) for row in zip(SENTENCES["tokens"], SENTENCES["tags"], strict=True)]


def lines(separator, columns=2, blank="", ending="\n"):
    middle = ["NN", "B-NP"][: columns - 2]
    sentences = [ending.join(separator.join([word, *middle, tag]) for word, tag in words) for words in WORDS]
    return (ending + blank + ending).join(sentences) + ending


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content.encode())
        return name

    return write


DOCUMENTS = "-DOCSTART- -X- O O\n\n"


@pytest.mark.parametrize("suffix", ["conll", "iob", "bio", "txt", "tsv"])
@pytest.mark.parametrize(
    "content",
    [
        lines("\t"),
        lines(" "),
        lines(" ", 4),
        lines("\t", 4, ending="\r\n"),
        lines("\t", blank="\t"),
        DOCUMENTS + lines(" ", 4) + "\n" + DOCUMENTS,
        "# id = 1\n" + lines("\t").replace("\n\n", "\n\n# a comment here\n"),
        "\n\n" + lines("  "),
        "\ufeff" + lines("\t"),
        lines("\t") + "\n\ufeff\n",
    ],
)
def test_every_form_of_a_file_gives_the_same_sentences(write, suffix, content):
    frame = tables.read(write(f"words.{suffix}", content)).frame
    assert frame[["tokens", "tags"]].to_dict("list") == SENTENCES


def test_a_hash_may_be_a_word(write):
    frame = tables.read(write("t.conll", "#\tO\nMatch\tB-X\n# O\tO\n")).frame
    assert frame["tokens"].tolist() == [["#", "Match", "# O"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ada\tB-PER\nwrote\n", r"t.conll line 2 has no tag after its word 'wrote'"),
        ("Ada\tB-PER\n\tO\n", r"t.conll line 2 has a tag, 'O', but no word"),
        ("Ada\tB-PER\n\nwrote\tNN\tO\n", r"t.conll line 3 has 3 columns, most lines have 2"),
        ("Ada\tB-PER\n\n\nwrote\tverb\n", r"t.conll line 4 has 'verb', which is not a tag"),
        ("\n\n", "t.conll has no rows"),
    ],
)
def test_a_broken_line_is_told_by_its_number(write, content, message):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(write("t.conll", content))
    assert caught.value.fix


@pytest.mark.parametrize(
    "content", ["a line\nand another\n", "all O\nnothing O\n", "vitamin B\nvitamin C O\n", "", "text label\nplan B\n"]
)
def test_plain_text_is_no_conll(content):
    assert not conll.is_conll(content.split("\n"), Reading())


def test_a_tsv_with_a_header_stays_a_table(write):
    assert tables.read(write("t.tsv", "text\tlabel\nplan\tB\nplan\tO\n")).columns == ["text", "label"]


def test_words_a_row_become_sentences(write):
    words = [(number, *pair, "en") for number, row in enumerate(WORDS, 1) for pair in row]
    frame = pd.DataFrame(words, columns=["sentence_id", "word", "tag", "language"])
    frame["pos"] = ["VB", *["NN"] * 6]
    expected = {"sentence_id": [1, 2], "language": ["en", "en"], **SENTENCES}
    assert tables.read(frame).frame.to_dict("list") == expected
    frame.to_csv("w.csv", index=False)
    assert tables.read("w.csv").frame.to_dict("list") == expected


@pytest.mark.parametrize("blank", [None, "", " "])
def test_the_number_of_a_sentence_may_stand_at_its_first_word_only(blank):
    rows = [(f"Sentence: {n}" if i == 0 else blank, *pair) for n, row in enumerate(WORDS) for i, pair in enumerate(row)]
    frame = tables.read(pd.DataFrame(rows, columns=["Sentence #", "Word", "Tag"])).frame
    assert frame["Sentence #"].tolist() == ["Sentence: 0", "Sentence: 1"]
    assert frame[["tokens", "tags"]].to_dict("list") == SENTENCES


def test_a_damaged_tag_does_not_hide_the_sentences():
    frame = pd.DataFrame({"Sentence#": [1] * 10 + [2] * 10, "Word": list("abcdefghij") * 2, "Tag": ["O"] * 20})
    frame.loc[3, "Tag"] = "I+D4"
    assert tables.read(frame).frame["tokens"].tolist() == [list("abcdefghij")] * 2


def test_other_tables_of_words_stay_as_they_are():
    frame = pd.DataFrame({"sentence": ["a b", "c d"], "word": ["a", "c"], "label": ["good", "bad"]})
    assert tables.read(frame).frame.equals(frame)
    assert tables.read(frame.iloc[:0], may_be_empty=True).columns == ["sentence", "word", "label"]


@pytest.mark.parametrize("sequence", [datasets.List, datasets.LargeList])
def test_lists_of_class_labels_come_by_name(sequence):
    names = datasets.ClassLabel(names=["O", "B-PER", "I-PER"])
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": sequence(names)})
    rows = {"tokens": [["Ada", "L", "wrote"], [], ["x"], ["y"]], "ner_tags": [[1, 2, 0], [], [-1], None]}
    frame = tables.read(datasets.Dataset.from_dict(rows, features=features)).frame
    assert frame["ner_tags"].tolist() == [["B-PER", "I-PER", "O"], [], [None], None]
    assert [list(row) for row in frame["tokens"].tolist()] == rows["tokens"]

"""A text in each line, with labels before it or without."""

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError
from bertmagic.tasks.masked_language_modeling import documents


def test_fasttext_with_a_label_in_each_line(read):
    table = read("t.train", "__label__2 Great CD: My\ttext\n\n__label__1 One , two\n")
    assert table.frame.to_dict("list") == {"text": ["Great CD: My\ttext", "One , two"], "label": ["2", "1"]}
    assert table.note == "Read as fastText: the label behind __label__; format = … overrules."


def test_fasttext_with_several_labels_or_none(read):
    table = read("t.txt", "__label__a __label__b text one\n__label__c text two\n__label__d\ttext three\n")
    assert table.frame["label"].tolist() == [["a", "b"], ["c"], ["d"]]
    assert table.frame["text"].tolist() == ["text one", "text two", "text three"]
    assert "the labels behind" in table.note


def test_trec_has_a_label_and_its_part(read):
    table = read("t.label", "DESC:manner How did it begin ?\nHUM:ind Who was it ?\n")
    assert table.frame.to_dict("list") == {
        "text": ["How did it begin ?", "Who was it ?"],
        "label": ["DESC:manner", "HUM:ind"],
        "coarse": ["DESC", "HUM"],
    }
    with pytest.raises(DataError, match=r"text 2 of t.label does not begin with a label"):
        read("t.label", "DESC:manner How ?\nwho was it ?\n", format="trec")


def test_plain_lines_are_texts_without_a_note(read):
    table = read("t.txt", "One line, and more\n\n  \nline\u2028two\r\n")
    assert table.frame["text"].tolist() == ["One line, and more", "line\u2028two"]
    assert table.note == ""


def test_lines_with_tabs_or_labels_are_said(read):
    table = read("t.txt", "one\ttwo\nthree\nfour __label__x\n")
    assert table.note == (
        "Read as lines, each a text: 1 line with tabs and 1 line with __label__ of 3; format = … overrules."
    )
    assert read("t.txt", "one\ttwo\nthree\n", format="lines").note == ""


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("The/at film/nn was/v long/j", "tags behind words"),
        ("The soup is good .####[['soup', 'food', 'positive']]", "####"),
        ("( (S (NP Mara) (VP left)))", "parse trees"),
    ],
)
def test_lines_that_hold_more_than_a_text_are_said(read, line, what):
    assert read("t.txt", f"{line}\nplain\n").note == (
        f"Read as lines, each a text: 1 line with {what} of 2; format = … overrules."
    )


def test_lines_that_all_begin_with_a_label_are_asked(read):
    content = "".join(f"{i % 2} the film number {i}\n" for i in range(20))
    with pytest.raises(DataError, match=r"t.txt can be read in several ways: label_first, lines") as caught:
        read("t.txt", content)
    assert caught.value.fix.splitlines() == ["Say which:", 'format = "label_first"', 'format = "lines"']
    assert len(read("t.txt", content, format="lines").frame) == 20
    assert read("t.txt", content, format="label_first").frame.iloc[1].tolist() == ["the film number 1", "1"]
    assert read("t.all", content).note == "Read as a label and a text in each line; format = … overrules."
    assert len(read("t.txt", "".join(f"I like number {i}\n" for i in range(20))).frame) == 20


def test_a_line_that_is_no_text_is_named(read):
    with pytest.raises(DataError, match=r"line 2 of t.txt has 10,485,760 characters"):
        read("t.txt", "a text\n" + "x" * (10 << 20))
    with pytest.raises(DataError, match=r"t.csv cannot be read at line 2: field larger than field limit"):
        read("t.csv", "text,label\n" + "x" * (10 << 20) + ",a\n")


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("A text\nAnother one\n", ["A text", "Another one"]),
        ("__label__a A text\n__label__b Another one\n", ["A text", "Another one"]),
        ("A longer text here\tx\nAnother longer text\tx\nOne more of them\tx\n", None),
    ],
)
def test_running_text_is_not_taken_from_files_of_other_kinds(tmp_path, content, texts):
    (tmp_path / "t.txt").write_text(content)
    table = tables.read(documents.source("t.txt"))
    assert table.frame[table.columns[0]].tolist() == texts or (texts is None and table.columns == ["0", "1"])
    assert bool(table.note) == (content[1] != " " or texts is None)


def test_tabs_in_running_text_are_said(tmp_path):
    (tmp_path / "t.txt").write_text("A text\nwith\ttabs\n")
    assert "1 line with tabs of 2" in tables.read(documents.source("t.txt")).note

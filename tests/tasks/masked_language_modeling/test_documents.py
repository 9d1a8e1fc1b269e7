"""Running text from lists, columns and files, as documents."""

import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError
from bertmagic.tasks.masked_language_modeling import documents


def texts(given):
    return tables.read(documents.source(given)).frame["text"].tolist()


def test_a_list_of_texts_is_a_column():
    assert texts(["one", "two"]) == ["one", "two"]


def test_blank_lines_part_the_documents_of_a_file(tmp_path):
    path = tmp_path / "book.txt"
    path.write_bytes("\ufeffA line.\r\nIts second.\r\n \t\r\n\r\nAnother.\r\n".encode())
    assert texts(path) == ["A line.\nIts second.", "Another."]


def test_a_file_without_blank_lines_has_a_document_a_line(tmp_path):
    (tmp_path / "lines.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert texts("lines.txt") == ["one", "two"]


def test_files_of_a_glob_are_documents_of_their_own(tmp_path):
    (tmp_path / "a.txt").write_text("a\n\nb", encoding="utf-8")
    (tmp_path / "b.txt").write_text("c", encoding="utf-8")
    table = tables.read(documents.source("*.txt"))
    assert (table.name, table.frame["text"].tolist()) == ("*.txt", ["a", "b", "c"])


@pytest.mark.parametrize("given", [pd.DataFrame({"text": ["a"]}), "sample:reviews", [{"text": "a"}], []])
def test_what_holds_rows_is_read_as_ever(given):
    assert documents.source(given) is given


def test_a_file_that_is_not_utf8_is_told_of(tmp_path):
    (tmp_path / "old.txt").write_bytes("Käse\n\nBrot".encode("latin-1"))
    with pytest.raises(DataError, match=r"old\.txt is not UTF-8"):
        texts("old.txt")


def test_rows_of_a_document_are_joined_in_their_order():
    frame = pd.DataFrame({"t": ["a", "x", None, "b"], "d": [1, 2, 1, 1]}, index=[7, 8, 9, 10])
    joined = documents.joined(tables.Table("it", frame), "t", "d").frame
    assert joined["t"].tolist() == ["a\nb", "x"]
    assert joined.index.tolist() == [7, 8]


def test_a_row_without_a_document_is_an_error():
    frame = pd.DataFrame({"t": ["a", "b"], "d": [1, None]}, index=["one", "two"])
    with pytest.raises(DataError, match="column 'd' of it has no value in row two"):
        documents.joined(tables.Table("it", frame), "t", "d")


def test_options_behind_the_path_of_running_text(tmp_path):
    (tmp_path / "old.txt").write_text("café one\n\ncafé two\n", encoding="latin-1")
    table = documents.source("old.txt?encoding=latin-1")
    assert (table.name, table.frame["text"].tolist()) == ("old.txt", ["café one", "café two"])

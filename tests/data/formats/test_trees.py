"""Sentences as trees with a number on each node: the text is that of the leaves, the label that of the root."""

import pytest

from bertmagic.errors import DataError

TREES = "(4 (2 A) (3 (2 very) (4 (4 lovely) (2 -LRB-))))\n\n(0 (1 (0 Bad) (2 and\\/or)) (2 .))\n"


def test_the_root_is_the_label_and_the_leaves_are_the_text(read):
    table = read("train.txt", TREES)
    assert table.frame.to_dict("list") == {"text": ["A very lovely (", "Bad and/or ."], "label": ["4", "0"]}
    assert "the label is that of the whole sentence; those of its parts are not read" in table.note


def test_a_tree_that_is_not_whole_names_its_line(read):
    with pytest.raises(DataError, match=r"train.txt line 3 is no tree .*: '\(0 \(1 Bad'"):
        read("train.txt", "(1 (1 a) (1 b))\n\n(0 (1 Bad\n", format="trees")


def test_trees_of_syntax_and_numbers_in_brackets_are_lines_and_the_first_are_said(read):
    table = read("t.txt", "(S (NP Mara) (VP left))\n(1) first\n")
    assert table.frame["text"].tolist() == ["(S (NP Mara) (VP left))", "(1) first"]
    assert table.note == "Read as lines, each a text: 1 line with parse trees of 2; format = … overrules."

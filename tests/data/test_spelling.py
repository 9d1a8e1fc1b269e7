"""Labels that look alike are named, with how many rows each has."""

import pytest

from bertmagic.data import spelling


@pytest.mark.parametrize(
    ("one", "other", "spelled", "differences"),
    [
        ("positive", "Positive", "'positive' (9 rows), 'Positive' (1 row)", "case"),
        ("a b", "a  b", "'a b' (9 rows), 'a  b' (1 row)", "blanks"),
        ("a b", "a\xa0b", r"'a b' (9 rows), 'a\xa0b' (1 row)", "blanks"),
        ("ab", "a\u200bb", r"'ab' (9 rows), 'a\u200bb' (1 row)", "invisible characters"),
        ("ab", "\ufeffab", r"'ab' (9 rows), '\ufeffab' (1 row)", "invisible characters"),
        ("caf\xe9", "cafe\u0301", r"'caf\xe9' (9 rows), 'cafe\u0301' (1 row)", "the form of their characters"),
        ("ok", "OK ", "'ok' (9 rows), 'OK ' (1 row)", "blanks and case"),
    ],
)
def test_what_looks_alike_is_one_finding(one, other, spelled, differences):
    (finding,) = spelling.alike({one: 9, "else": 5, other: 1}, "class")
    assert finding.severity == "warning"
    assert finding.what == f"labels look alike: {spelled}; they differ in {differences}."
    assert finding.fix == "They are 2 classes. If they mean the same, write them alike."
    assert finding.count == 1


def test_blanks_around_a_label_are_said_and_change_nothing():
    (finding,) = spelling.alike({"a": 9, "a ": 2, "\ta": 1}, "class")
    assert (finding.severity, finding.count) == ("info", 3)
    assert finding.what == r"labels look alike: 'a' (9 rows), 'a ' (2 rows), '\ta' (1 row); they differ in blanks."
    assert finding.fix == "They are read as one class."


def test_other_labels_are_not_alike():
    assert spelling.alike({"a": 1, "b": 2, "ä": 3, "a.": 4, 1: 5, " ": 2, "": 1}, "label") == []

import math

import pytest

from bertmagic.display import style
from bertmagic.display.writers.text import columns
from bertmagic.text_safety import visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (2e-5, "2e-5"), (1e-4, "0.0001"), (0.41234567, "0.4123"), (12345.6, "12,346"),
     (math.nan, "not a number"),
     (-math.inf, "-∞"), (1e20, "1e20"), (6.0221e-23, "6.022e-23")],
)  # fmt: skip
def test_numbers(value, shown):
    assert style.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (0.0123, "0.012 s"), (1, "1 s"), (59.94, "59.9 s"), (59.99, "1 min 00 s"), (187, "3 min 07 s"),
     (3599.7, "1 h 00 min"), (7500, "2 h 05 min"), (273_600, "3 d 04 h"), (math.inf, "unknown")],
)  # fmt: skip
def test_durations(seconds, shown):
    assert style.duration(seconds) == shown


@pytest.mark.parametrize(
    ("many", "shown"),
    [(0, "0 B"), (999, "999 B"), (40_000_000, "40 MB"), (1_240_000_000, "1.2 GB"), (999_999, "1.0 MB")],
)
def test_sizes(many, shown):
    assert style.size(many) == shown


def test_odd_characters_are_seen_and_survive_utf8():
    shown = visible("a\x00b\ud800c\x1bd\u202ee")
    assert shown == "a␀b⟨U+D800⟩c␛d⟨U+202E⟩e"
    shown.encode()


def test_a_line_is_one_line_and_bounded():
    assert style.line("a\n\n  b\tc") == "a b c"
    assert style.line("x" * 1_000_000, 10) == "x" * 9 + "…"


def test_columns_align_wide_characters():
    aligned = columns([["日本", "1"], ["abcd", "22"]])
    assert aligned == ["日本   1", "abcd  22"]

import json
import re

import pytest

from bertmagic.data.profile import Lengths, TextProfile
from bertmagic.data.report import DataReport, Finding, Repeat
from bertmagic.display import bundle, text

from ..runs import HOSTILE
from ..tags import Tags


def look(name="reviews", **more):
    known = {
        "findings": (
            Finding("error", "12 rows have no label.", "they are left out", (3, 17, 99), 12),
            Finding("warning", "312 texts occur twice"),
        ),
        "labels": {"yes": 75, "no": 25},
        "examples": ((0, "a text", "yes"),),
        "length_edges": (0, 16, 32),
        "length_counts": (60, 40),
        **more,
    }
    return DataReport(
        name, "classification", 100, ("review", "stars"), "review", "stars", length_unit="tokens", **known,
    )  # fmt: skip


def test_it_says_it_all_in_words():
    shown = text(look())
    for expected in ("100 rows", "text 'review', label 'stars'",
                     "✖ error: 12 rows have no label; they are left out; rows 3, 17, 99 and 9 more",
                     "⚠ warning: 312 texts occur twice", "75.0 %", "16 to 31", "length in tokens"):  # fmt: skip
        assert expected in shown


def test_its_tables_hold_findings_classes_lengths_and_examples():
    html = bundle(look())["text/html"]
    assert html.count("<table") == 4
    assert html.index("12 rows have no label") < html.index("75.0 %")  # what is wrong comes first
    for expected in ("✖ error", "they are left out", "yes", "75.0 %", "0 to 15", "a text"):
        assert expected in html


def test_a_clean_data_set_without_labels():
    clean = look(findings=(), labels={}, examples=())
    assert "Nothing wrong was found" in text(clean)
    assert "Nothing wrong was found" in bundle(clean)["text/html"]


def test_many_classes_are_folded_with_the_sizes_that_they_have():
    equal = bundle(look(labels={f"c{i}": 7 for i in range(60)}))
    assert '<summary style="cursor:pointer">… 48 more classes with 7 rows each</summary>' in equal["text/html"]
    assert "… 48 more classes with 7 rows each" in equal["text/plain"]
    assert ">c59<" in equal["text/html"]
    assert "… 1 more class with 1 row\n" in text(look(labels={**{f"c{i}": 7 for i in range(12)}, "last": 1}))
    many = bundle(look(labels={f"c{i}": 500 - i for i in range(500)}))["text/html"]
    assert "… 488 more classes with 1 to 488 rows each" in many
    assert "… 288 more classes with 1 to 288 rows each" in many
    assert "more label" in text(look(labels={f"c{i}": 7 for i in range(13)}, target_noun="label"))


ABOUT = TextProfile("minilm", 98, {"English": 0.75, "Chinese": 0.125, "other": 0.125}, {"Chinese": 12}, 3, 14, (4, 9))


def test_the_second_line_says_what_cannot_be_read_the_languages_and_the_lengths():
    shown = text(look(profile=ABOUT, lengths=Lengths(21, 78, 1399))).splitlines()
    assert shown[1] == (
        "minilm cannot read 14.3 % of the rows. Languages (guessed): English 75.0 %, Chinese 12.5 %, not recognized "
        "12.5 %. Lengths in tokens: median 21, 95 % up to 78, longest 1,399."
    )


def test_the_lengths_are_a_histogram_whose_last_bar_is_open():
    report = look(length_edges=(0, 10, 20, 700), length_counts=(5, 20, 1), lengths=Lengths(14, 19, 699))
    html = bundle(report)["text/html"]
    assert 'aria-label="Histogram of the lengths of 26 texts in tokens"' in html
    assert ">20+</text>" in html
    (bars,) = re.findall(r'<path d="M([^"]*)" fill="#[^"]*" fill-opacity', html)
    corners = [tuple(map(float, corner.split())) for corner in bars.split("L")]
    low, tall, last = (corners[0][1] - corners[at][1] for at in (1, 3, 5))
    assert low == pytest.approx(tall / 4, abs=0.2)
    assert last == pytest.approx(tall / 20, abs=0.2)
    widths = {round(corners[at + 1][0] - corners[at][0], 1) for at in (1, 3, 5)}
    assert len(widths) == 1


def test_repeats_stand_beside_the_row_that_they_repeat():
    same = Repeat(7, "a text", "yes", 2, "a text", "no", 1.0, True)
    near = Repeat(9, "A text!", "no", 3, "A text?", "no", 0.95)
    report = look(repeats=(same, *[near] * 6))
    assert "row 7: a text; yes; row 2; the same text; no" in text(report)
    assert "row 9: A text!; no; row 3; A text?; no" in text(report)
    html = bundle(report)["text/html"]
    assert "<b>no</b>" in html
    assert "2 more of them" in html
    assert html.count("A text?") == 6


def test_findings_that_only_inform_are_folded_and_none_is_lost():
    notes = [Finding("info", f"note {i}") for i in range(80)]
    report = look(findings=(Finding("warning", "look here"), *notes))
    html = bundle(report)["text/html"]
    assert html.index("look here") < html.index("80 notes</summary>") < html.index("note 0<")
    for shown in (html, text(report)):
        assert "note 79" in shown


def test_hostile_values_are_text():
    finding = Finding("warning", HOSTILE, HOSTILE, (HOSTILE,), 1)
    both = bundle(look(HOSTILE, findings=(finding,), labels={HOSTILE: 1}, examples=((HOSTILE, HOSTILE, HOSTILE),)))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps(both, ensure_ascii=False).encode()

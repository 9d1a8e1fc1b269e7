import json

from bertmagic.data.report import DataReport, Finding
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
        **more,
    }
    return DataReport(
        name, "classification", 100, ("review", "stars"), "review", "stars", length_edges=(0, 16, 32),
        length_counts=(60, 40), length_unit="tokens", **known,
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
    for expected in ("✖ error", "they are left out", "yes", "75.0 %", "0 to 15", "a text"):
        assert expected in html


def test_a_clean_data_set_without_labels():
    clean = look(findings=(), labels={}, examples=())
    assert "Nothing wrong was found" in text(clean)
    assert "Nothing wrong was found" in bundle(clean)["text/html"]


def test_many_classes_are_counted():
    assert "… 470 more classes" in bundle(look(labels={f"c{i}": 1 for i in range(500)}))["text/html"]


def test_hostile_values_are_text():
    finding = Finding("warning", HOSTILE, HOSTILE, (HOSTILE,), 1)
    both = bundle(look(HOSTILE, findings=(finding,), labels={HOSTILE: 1}, examples=((HOSTILE, HOSTILE, HOSTILE),)))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps(both, ensure_ascii=False).encode()

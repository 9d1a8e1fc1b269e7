"""Entities in their texts, as text and as HTML."""

import re

import numpy as np
import pandas as pd

from bertmagic.display import bundle, text
from bertmagic.display.cells import Mark, Passage
from bertmagic.display.writers.passages import passage
from bertmagic.tasks.token_classification.result import Entities

from ..tags import Tags

LABELS = ("LOC", "PER", "<b>")


def result(texts, entities, labels=LABELS, **known):
    """Entities of texts; ``found`` are (text, start, end, label)."""
    given = pd.Series(texts, dtype=object)
    whole = [" ".join(text) if isinstance(text, list) else text for text in texts]
    lines = [(at, start, end, whole[at][start:end], label, 0.5) for at, start, end, label in entities]
    frame = pd.DataFrame(lines, columns=["row", "start", "end", "text", "label", "score"])
    rows = np.asarray([at for at, *_ in entities], np.int64)
    return Entities(frame=frame, labels=labels, task="token_classification", model="m", given=given, rows=rows, **known)


def markup(predictions):
    return bundle(predictions)["text/html"]


def words_of(html):
    """What a reader sees of HTML without its styles."""
    return re.sub(r"<[^>]*>", "", html)


def test_the_label_stands_behind_the_words():
    shown = markup(result(["Ada in Paris & Rome", "none"], [(0, 0, 3, "PER"), (0, 7, 12, "LOC")]))
    assert "Ada [PER 0.500] in Paris [LOC 0.500] &amp; Rome" in words_of(shown)
    assert "2 entities in 2 texts by m (token_classification): PER (1), LOC (1)." in words_of(shown)
    assert "none" in shown


def test_texts_labels_and_index_are_escaped():
    shown = markup(result(["<script>x</script> y\x00"], [(0, 0, 8, "<b>")]))
    assert "<script>" not in shown
    assert "<b> 0" not in shown
    assert "&lt;script&gt; [&lt;b&gt; 0.500]" in words_of(shown)
    assert "\x00" not in shown


def test_missing_texts_and_lists_of_words():
    predictions = result([None, ["Ada", "wrote"], float("nan"), []], [(1, 0, 3, "PER")], missing=3)
    shown = words_of(markup(predictions))
    assert shown.replace("had no text", "").count("no text") == 3
    assert "Ada [PER 0.500] wrote" in shown
    assert "3 rows had no text." in shown


def test_plain_text_has_at_most_ten_lines_and_says_what_is_left_out():
    many = [(at, 0, 3, LABELS[at % 3]) for at in range(100)]
    plain = text(result(["Ada wrote"] * 100, many, seconds=2.0, tokens=50, missing=1, notes=("one", "two")))
    assert len(plain.split("\n")) <= 10
    assert "… 95 more texts; .frame has the entities of all." in plain
    assert "⟦Ada⟧ LOC 0.500 (0–3) wrote" in plain
    assert "Note: one (and 1 more note in .notes)" in plain
    assert text(result(["x"], [])) == "0 entities in 1 text by m (token_classification)."
    assert "1 more text;" in text(result(["Ada wrote"] * 6, many[:6]))


def test_long_and_many_texts_are_cut_and_it_is_said():
    long = "Ada met Bob. " * 100_000
    spans = [(0, 13 * i, 13 * i + 3, "PER") for i in range(100_000)]
    shown = markup(result([long], spans))
    assert len(shown.encode()) < 120_000
    cut = re.search(r"… ([\d,]+) more characters with ([\d,]+) more entities", words_of(shown))
    assert cut is not None
    left, missing = (int(part.replace(",", "")) for part in cut.groups())
    assert shown.count("[PER 0.500]") + missing == 100_000
    assert len(long) - 3000 <= left < len(long)
    many = markup(result([long] * 1000, [(at, 0, 3, "PER") for at in range(1000)]))
    assert len(many.encode()) < 200_000
    assert "970 texts not shown" in many
    odd = markup(result(["&" * 100_000], [(0, 10, 90_000, "PER")]))
    assert len(odd.encode()) < 120_000
    assert "99,990 more characters with 1 more entity" in odd


def test_the_tags_are_well_formed_and_a_bundle_has_both_forms():
    predictions = result(["Ada", None], [(0, 0, 3, "PER")])
    both = bundle(predictions)
    assert both["text/plain"] == repr(predictions)
    assert not Tags(both["text/html"]).open


def test_more_types_than_colours_differ_in_their_lines():
    marks = (Mark(0, 1, "T", 0.5, look) for look in range(18))
    assert len({passage(Passage("x", (mark,))) for mark in marks}) == 18

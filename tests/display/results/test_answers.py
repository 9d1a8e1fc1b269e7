"""Answers in their contexts, as text and as HTML."""

import re

import numpy as np
import pandas as pd

from bertmagic.display import bundle, text
from bertmagic.tasks.question_answering.decoding import Candidates
from bertmagic.tasks.question_answering.result import answers

from ..tags import Tags

CONTEXT = "The mill opened in 1911 & closed in 1938."


def result(rows, threshold=0.0, **known):
    """Answers to questions; each row is a question, a context and the answers with their scores, or None."""
    given = pd.DataFrame([row[:2] for row in rows], columns=["question", "context"], dtype=object)
    read = [at for at, row in enumerate(rows) if row[2] is not None]
    spans = [[(rows[at][1].index(text), text, score) for text, score in rows[at][2]] for at in read]
    flat = [one for row in spans for one in row]
    start = np.array([first for first, _, _ in flat], np.int64)
    candidates = Candidates(
        np.cumsum([0, *map(len, spans)]),
        start,
        start + np.array([len(text) for _, text, _ in flat], np.int64),
        np.array([score for *_, score in flat], np.float32),
        np.zeros(len(spans), np.float32),
    )
    return answers(
        given, np.array(read, np.int64), candidates, threshold, model="m", task="question_answering",
        missing=len(rows) - len(read), **known,
    )  # fmt: skip


WHEN = ("When did it open?", CONTEXT, [("1911", 3.0), ("in 1911", 1.0), ("1938", 0.5)])
WHY = ("Why?", CONTEXT, [("closed", -2.0)])
LACKING = ("Who?", None, None)


def markup(predictions):
    return bundle(predictions)["text/html"]


def words_of(html):
    """What a reader sees of HTML without its styles."""
    return re.sub(r"<[^>]*>", "", html)


def test_one_answer_is_told_with_its_place_and_the_next_best():
    plain = text(result([WHEN], seconds=0.5, tokens=20))
    assert plain.split("\n") == [
        "1 question to m (question_answering): 1 answer.",
        "row  question           answer  score",
        "0    When did it open?  1911    0.789",
        "context: The mill opened in ⟦1911⟧ & closed in 1938.",
        "next best: in 1911 0.107; 1938 0.065; (no answer) 0.039",
        "0.5 s, 2 rows/s, 40 tokens/s.",
    ]


def test_the_answer_is_marked_in_its_context_and_reads_without_styles():
    shown = markup(result([WHEN, WHY, LACKING]))
    assert "3 questions to m (question_answering): 1 answer." in words_of(shown)
    assert re.search(r"opened in <span[^>]*><b>1911</b></span> &amp; closed", shown)
    assert "in 1911 0.1" in words_of(shown)
    assert "no answer" in words_of(shown)
    assert "1 row had no question or no context." in shown
    assert shown.count("border-bottom:2px") == 1


def test_there_is_no_answer_where_it_is_likelier():
    predictions = result([WHY])
    assert predictions.frame["answer"].tolist() == [""]
    assert predictions.frame["score"].tolist()[0] == 1 / (1 + np.exp(-2))
    assert "(no answer)" in text(predictions)
    assert "next best: closed 0.119" in text(predictions)
    always = result([WHY], threshold=None)
    assert always.frame["answer"].tolist() == ["closed"]
    assert always.frame["score"].tolist() == [1.0]
    assert "no answer" not in text(always)


def test_text_of_the_user_is_escaped():
    row = ("<script>x</script>\x00", "a <b>bold</b> & <img src=x>", [("<b>bold</b>", 2.0), ("<img src=x>", 1.0)])
    shown = markup(result([row]))
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "<b>bold" not in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "\x00" not in shown


def test_plain_text_has_at_most_ten_lines_and_says_what_is_left_out():
    plain = text(result([WHEN, LACKING] * 50, seconds=1.0, tokens=9, notes=("one", "two")))
    assert len(plain.split("\n")) <= 10
    assert "… 96 more rows; .frame has them all, .candidates the next-best answers." in plain
    assert "no text" in plain
    assert "Note: one (and 1 more note in .notes)" in plain
    assert "0 answers" in text(result([LACKING]))
    assert "in bold" not in markup(result([LACKING, WHY]))


def test_long_contexts_and_many_questions_are_cut():
    long = "before " * 100_000 + CONTEXT + " behind" * 100_000
    one = markup(result([("When?", long, [("1911", 3.0)])]))
    assert len(one.encode()) < 10_000
    assert re.search(r"….*opened in <span[^>]*><b>1911</b></span> &amp; closed.*…", one)
    plain = text(result([("When?", long, [("1911", 3.0)])]))
    assert "context: …" in plain
    assert max(map(len, plain.split("\n"))) < 220
    many = markup(result([("When?" * 1000, long, [("1911", 3.0)])] * 200))
    assert len(many.encode()) < 60_000
    assert "170 questions not shown" in words_of(many)


def test_an_answer_that_is_long_itself_is_cut():
    long = "1911 " * 20_000
    shown = markup(result([("When?", long, [(long, 3.0)])]))
    assert len(shown.encode()) < 10_000
    assert "…" in shown


def test_the_tags_are_well_formed_and_a_bundle_has_both_forms():
    predictions = result([WHEN, WHY, LACKING])
    both = bundle(predictions)
    assert both["text/plain"] == repr(predictions)
    assert not Tags(both["text/html"]).open
    assert "<script" not in both["text/html"]

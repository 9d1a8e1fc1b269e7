"""One text or a pair: by the names of real data sets, and never one text of two without a word."""

import pandas as pd
import pytest

from bertmagic.data import columns, tables
from bertmagic.errors import DataError

FIRST = [f"Does train {i} run on Sundays?" for i in range(40)]
SECOND = [f"Train number {i} is cancelled today." for i in range(40)]
THIRD = [f"The weather of day {i} was fine." for i in range(40)]
LABEL = ["yes", "no"] * 20


def infer(**frame):
    return columns.text_and_label(tables.read(pd.DataFrame(frame)), None, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("premise", "hypothesis"),
        ("Premise", "Hypothesis"),
        ("question", "sentence"),
        ("question1", "question2"),
        ("query", "passage"),
        ("premise", "claim"),
        ("sentence_A", "sentence_B"),
        ("text", "text_b"),
        ("#1 String", "#2 String"),
        ("s1", "s2"),
        ("source1", "source2"),
        ("first_text", "second_text"),
        ("text", "text2"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_pairs_are_known_by_their_names(one, other, turned):
    texts = {other: SECOND, one: FIRST} if turned else {one: FIRST, other: SECOND}
    text, label, note = infer(index=range(40), **texts, label=LABEL)
    assert (text, label) == ([one, other], "label")
    assert note == f"Inferred from the DataFrame: text = {[one, other]}, label = 'label'."


def test_aspects_are_second_texts_though_they_are_short():
    assert infer(Sentence=FIRST, **{"Aspect Term": ["battery", "screen"] * 20}, polarity=LABEL)[:2] == (
        ["Sentence", "Aspect Term"], "polarity",
    )  # fmt: skip


def test_parse_trees_do_not_hide_a_pair():
    trees = {f"sentence{i}_parse": [f"(ROOT (S {text}))" for text in FIRST] for i in (1, 2)}
    ids = {"pairID": [f"pair number {i} of all" for i in range(40)]}
    assert infer(**trees, **ids, sentence1=FIRST, sentence2=SECOND, gold_label=LABEL)[0] == ["sentence1", "sentence2"]


def test_two_alternatives_of_three_texts_are_no_pair():
    with pytest.raises(DataError, match="could be story, choice1, choice2") as caught:
        infer(story=FIRST, choice1=SECOND, choice2=THIRD, label=LABEL)
    assert caught.value.fix == """Say which one with text = "NAME"; a pair of texts with text = ['story', 'choice1']."""
    with pytest.raises(DataError, match="could be a, b"):
        infer(a=FIRST, b=SECOND, label=LABEL)


def test_a_second_text_that_is_not_read_is_named_with_the_line_to_type():
    text, _, note = infer(title=FIRST, review=SECOND, label=LABEL)
    assert text == "review"
    assert note.endswith("""'title' reads like text and is not used; text = ["title", "review"] reads both.""")
    assert "'title', 'notes' read like text" in infer(title=FIRST, review=SECOND, notes=THIRD, label=LABEL)[2]
    chosen = columns.text_and_label(
        tables.read(pd.DataFrame({"title": FIRST, "review": SECOND, "y": LABEL})), "review", "y"
    )
    assert chosen == ("review", "y", "")


@pytest.mark.parametrize("other", ["question", "claim", "hypothesis", "answer", "Context"])
def test_one_text_of_a_likely_pair_is_asked_for(other):
    with pytest.raises(DataError, match=f"may be a pair: 'text' is named like a text, and {other} reads") as caught:
        infer(**{other: FIRST}, text=SECOND, label=LABEL)
    assert f'text = ["{other}", "text"] reads both, text = "text" reads one' in caught.value.fix


def test_a_text_with_several_partners_is_noticed_though_it_comes_again():
    again = {"rows": range(120), "label": LABEL * 3}
    assert infer(**again, s1=FIRST * 3, s2=[f"{text} {i}" for i in range(3) for text in SECOND])[0] == ["s1", "s2"]
    many = {"lead": FIRST * 3, "content": [f"{text} {i}" for i in range(3) for text in SECOND]}
    assert "'lead' reads like text and is not used" in infer(**again, **many)[2]


@pytest.mark.parametrize(
    "cells",
    [
        [f"https://example.org/articles/of/the/year/{i}" for i in range(40)],
        [f"2015-02-24 11:35:{i:02} -0800" for i in range(40)],
        [f"(ROOT (NP the dog number {i}))" for i in range(40)],
        [f'["a", "list", "of", "words", "{i}"]' for i in range(40)],
        [f"user_of_the_forum_{i}" for i in range(40)],
        [f"Oslo, place {i}" for i in range(40)],
        ["one of a few sentences that come again"] * 40,
        [None] * 30 + [f"a remark that few rows have, number {i}" for i in range(10)],
    ],
)
def test_addresses_dates_and_names_are_no_nuisance(cells):
    assert infer(text=FIRST, other=cells, label=LABEL)[2] == (
        "Inferred from the DataFrame: text = 'text', label = 'label'."
    )


def test_the_same_text_once_more_is_no_nuisance():
    assert "not used" not in infer(text=FIRST, clean_text=FIRST, text_lemmatized=FIRST, label=LABEL)[2]


def test_chinese_texts_are_noticed_too():
    chinese = [f"今天第{i}班火车从北京到上海已经取消了" for i in range(40)]
    assert "'title' reads like text" in infer(title=chinese, content=chinese, label=LABEL)[2]

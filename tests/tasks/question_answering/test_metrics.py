"""Exact match, F1 and the choice of a threshold: against torchmetrics, and worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import squad

from bertmagic.tasks.question_answering.metrics import characters, metrics, normal, scores, threshold

PIECES = (
    "the",
    "a",
    "An",
    "cat",
    "Cat.",
    "black",
    "cat's",
    "1911",
    "in",
    "the-cat",
    "é",
    "É",
    "Straße",
    "十点",
    "，",
    "!",
    "",
)
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=5).map(" ".join)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(TEXT, st.lists(TEXT.filter(str.strip), min_size=1, max_size=3)), min_size=1, max_size=20))
def test_they_equal_torchmetrics_on_squad_1(rows):
    predicted, known = [one for one, _ in rows], [right for _, right in rows]
    reference = squad(
        [{"prediction_text": one, "id": str(i)} for i, one in enumerate(predicted)],
        [{"answers": {"text": right, "answer_start": [0] * len(right)}, "id": str(i)} for i, right in enumerate(known)],
    )
    overall = metrics(scores(predicted, known), known)
    assert 100 * overall["exact_match"] == pytest.approx(float(reference["exact_match"]), abs=1e-3)
    assert 100 * overall["f1"] == pytest.approx(float(reference["f1"]), abs=1e-3)


@pytest.mark.parametrize(
    ("predicted", "known", "exact", "f1"),
    [
        ("", [], 1, 1),
        ("a cat", [], 0, 0),
        ("the", [], 1, 1),  # of which nothing is left
        ("", ["cat"], 0, 0),
        ("The cat!", ["cat"], 1, 1),
        ("black cat", ["cat", "a dog"], 0, 2 / 3),
        ("cat cat", ["cat"], 0, 2 / 3),
        ("black cat", ["the", "cat"], 0, 2 / 3),
        ("the", ["the"], 1, 1),
        ("", ["the", "cat"], 0, 0),  # "the" is passed over where questions without an answer are among the rows
    ],
)
def test_cases_of_squad_2(predicted, known, exact, f1):
    by_row = scores([predicted, ""], [known, []])
    assert by_row[0, :2].tolist() == pytest.approx([exact, f1])
    assert by_row[1, :2].tolist() == [1, 1]


def test_a_text_is_compared_without_case_marks_and_articles():
    assert normal("  The  Cat's, a “hat” — An\u3000end. ") == "cats “hat” — end"


def test_chinese_is_also_compared_by_character():
    assert characters("The 八点十分。 at ten!") == ["八", "点", "十", "分", "at", "ten"]
    known = [["八点十分"], ["eleven"]]
    overall = metrics(scores(["八点", "eleven"], known), known)
    assert overall["f1"] == 0.5
    assert overall["character_f1"] == pytest.approx((2 * 1 * 0.5 / 1.5 + 1) / 2)
    assert "character_f1" not in metrics(scores(["eleven"], known[1:]), known[1:])


def worth(cut, margin, f1, answerable):
    return np.mean(np.where(margin > cut, ~answerable, np.where(answerable, f1, 0)))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from([0, 0.5, 1]), st.booleans()), min_size=1, max_size=12))
def test_no_threshold_is_better_than_the_one_chosen(rows):
    margin, f1, answerable = (np.array(part) for part in zip(*rows, strict=True))
    chosen = threshold(margin, f1, answerable)
    tried = [worth(cut, margin, f1, answerable) for cut in np.arange(-6, 6.5, 0.5)]
    assert worth(chosen, margin, f1, answerable) == pytest.approx(max(tried))


def test_of_equal_thresholds_the_one_nearest_to_zero_is_chosen():
    assert threshold(np.array([-3.0, 4.0]), np.ones(2), np.array([True, False])) == 0.5
    assert threshold(np.array([-3.0, 4.0]), np.ones(2), np.array([True, True])) == 5

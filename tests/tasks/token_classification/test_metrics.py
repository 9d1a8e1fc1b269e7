"""Entity scores are those of seqeval."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import tags
from bertmagic.tasks.token_classification import metrics

TAGS = ["O", *(f"{letter}-{label}" for label in ("PER", "ORG", "LOC") for letter in "BI")]


def pairs_of(known, sentences):
    """Return a strategy of so many pairs of true and predicted tags, at most twelve words long."""
    pair = st.lists(st.tuples(st.sampled_from(known), st.sampled_from(known)), min_size=1, max_size=12)
    return st.lists(pair, min_size=sentences, max_size=sentences).map(
        lambda rows: ([[a for a, _ in row] for row in rows], [[b for _, b in row] for row in rows])
    )


def reference(true, predicted, **how):
    from seqeval.metrics import classification_report

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a type was never predicted
        each = classification_report(true, predicted, output_dict=True, zero_division=0, **how)
    micro = each.pop("micro avg")
    return (micro["precision"], micro["recall"], micro["f1-score"]), each


def assert_like_seqeval(true, predicted, read, **how):
    (precision, recall, f1), each = reference(true, predicted, **how)
    scores = metrics.overall(true, predicted, read)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((precision, recall, f1), abs=1e-12)
    for score in metrics.by_type(true, predicted, read):
        other = each.pop(score.label)
        assert (score.precision, score.recall, score.f1, score.support) == pytest.approx(
            (other["precision"], other["recall"], other["f1-score"], other["support"]), abs=1e-12
        )
    assert set(each) == {"macro avg", "weighted avg"}


def different_pairs(count, seed=0):
    """Return so many pairs of true and predicted tags, no two of them the same: any tags, three of ten guessed anew."""
    generator, made = np.random.default_rng(seed), {}
    while len(made) < count:
        true, guessed = generator.integers(len(TAGS), size=(2, generator.integers(1, 13)))
        predicted = np.where(generator.random(len(true)) < 0.3, guessed, true)
        made[*true.tolist(), -1, *predicted.tolist()] = [[TAGS[tag] for tag in row] for row in (true, predicted)]
    return list(made.values())


def test_ten_thousand_sequences_have_the_scores_of_seqeval():
    from seqeval.scheme import IOB2

    pairs = different_pairs(10_000)
    for start in range(0, len(pairs), 100):
        true, predicted = zip(*pairs[start : start + 100], strict=True)
        assert_like_seqeval(list(true), list(predicted), tags.entities)
        assert_like_seqeval(list(true), list(predicted), tags.strict_entities, mode="strict", scheme=IOB2)


@settings(max_examples=100, deadline=None)
@given(pairs_of([*TAGS, "E-PER", "S-PER", "E-LOC", "S-LOC"], 20))
def test_the_other_schemes_are_read_as_seqeval_reads_them(sentences):
    assert_like_seqeval(*sentences, tags.entities)


def test_an_entity_is_right_only_as_a_whole_and_of_its_type():
    true = [["B-PER", "I-PER", "O", "B-ORG"], ["B-PER"], ["O"]]
    predicted = [["B-PER", "I-PER", "O", "B-LOC"], ["I-PER"], ["O"]]
    scores = metrics.overall(true, predicted)
    assert (scores.precision, scores.recall, scores.f1, scores.support) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    strict = metrics.overall(true, predicted, tags.strict_entities)
    assert (strict.precision, strict.recall, strict.f1) == pytest.approx((1 / 2, 1 / 3, 2 / 5))
    assert [score.label for score in metrics.by_type(true, predicted)] == ["LOC", "ORG", "PER"]
    assert metrics.accuracy(true, predicted) == pytest.approx(4 / 6)


def test_no_entity_at_all_scores_nothing():
    scores = metrics.overall([["O", "O"]], [["O", "O"]])
    assert (scores.precision, scores.recall, scores.f1, scores.support) == (0, 0, 0, 0)
    assert metrics.by_type([[]], [[]]) == ()
    assert metrics.accuracy([[]], [[]]) == 0

"""Tags from scores."""

from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import tags
from bertmagic.data.words import Words
from bertmagic.tasks.token_classification import decoding
from bertmagic.tasks.token_classification.alignment import Alignment

NAMES = tags.names(["PER", "LOC"])


def is_valid(sequence):
    return tags.repaired(sequence, "IOB2")[1] == []


def by_trying_all(scores):
    """The best of all sequences that IOB2 allows, by looking at each."""
    every = product(range(len(NAMES)), repeat=len(scores))
    allowed = (way for way in every if is_valid([NAMES[tag] for tag in way]))
    return max(sum(scores[i, tag] for i, tag in enumerate(way)) for way in allowed)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_the_best_valid_sequence_is_found(lengths, seed):
    scores = np.random.default_rng(seed).normal(size=(sum(lengths), len(NAMES))).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    best = decoding.best_sequences(scores, offsets)
    for start, end in pairwise(offsets):
        names = [NAMES[tag] for tag in best[start:end]]
        assert is_valid(names)
        reached = scores[np.arange(start, end), best[start:end]].astype(float).sum()
        assert np.isclose(reached, by_trying_all(scores[start:end].astype(float)))


def test_a_valid_sequence_of_best_tags_stays_as_it_is():
    generator = np.random.default_rng(0)
    lengths = [3000, 1, 200, 0, 7]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    wanted = []
    for length in lengths:
        odd = [NAMES[tag] for tag in generator.integers(0, len(NAMES), length)]
        wanted += tags.repaired(odd, "IOB2")[0]
    scores = np.zeros((len(wanted), len(NAMES)), np.float32)
    scores[np.arange(len(wanted)), [NAMES.index(tag) for tag in wanted]] = 5
    assert [NAMES[tag] for tag in decoding.best_sequences(scores, offsets)] == wanted


def decode(tokens, own, chosen, valid=True, names=NAMES):
    """Decode one text; ``chosen`` are the best tags of the words with a token of their own."""
    spans = np.stack([np.arange(len(tokens)), np.arange(len(tokens)) + 1], axis=1).astype(np.int32)
    words = Words(spans, np.asarray([0, len(tokens)]))
    scores = np.zeros((len(chosen), len(names)), np.float32)
    scores[np.arange(len(chosen)), np.asarray([names.index(tag) for tag in chosen], int)] = 5
    alignment = Alignment(words, np.asarray(tokens, int), np.asarray(own, bool), np.zeros(0, int))
    return next(decoding.decoded(scores, alignment, names, valid))


def test_words_without_a_token_go_on_with_the_entity_around_them():
    own, none = True, False
    assert decode([1, -1, 2], [own, none, own], ["B-PER", "I-PER"]) == ["B-PER", "I-PER", "I-PER"]
    assert decode([1, -1, -1, 2], [own, none, none, own], ["B-PER", "I-PER"]) == ["B-PER", "I-PER", "I-PER", "I-PER"]
    assert decode([1, -1, 2], [own, none, own], ["B-PER", "B-PER"]) == ["B-PER", "O", "B-PER"]
    assert decode([1, -1, 2], [own, none, own], ["O", "O"]) == ["O", "O", "O"]
    assert decode([-1, 1, -1], [none, own, none], ["B-PER"]) == ["O", "B-PER", "O"]
    assert decode([-1], [none], []) == ["O"]
    assert decode([], [], []) == []


def test_words_that_share_a_token_share_its_entity():
    assert decode([1, 1, 2], [True, False, True], ["B-PER", "O"]) == ["B-PER", "I-PER", "O"]
    assert decode([1, 1, 2], [True, False, True], ["O", "B-LOC"]) == ["O", "O", "B-LOC"]
    assert decode([1, 1, 1], [True, False, False], ["B-LOC"]) == ["B-LOC", "I-LOC", "I-LOC"]


def test_tags_of_other_schemes_are_read_as_they_are_and_written_as_iob2():
    bioes = ["O", "B-X", "I-X", "E-X", "S-X", "S-Y"]
    best = ["S-Y", "B-X", "E-X", "S-X", "O", "I-X"]
    decoded = decode([1, 2, 3, 4, 5, 6], [True] * 6, best, valid=False, names=bioes)
    assert decoded == ["B-Y", "B-X", "I-X", "B-X", "O", "B-X"]
    decoded = decode([1, -1, 2], [True, False, True], ["I-X", "I-X"], valid=False, names=["O", "I-X"])
    assert decoded == ["B-X", "I-X", "I-X"]

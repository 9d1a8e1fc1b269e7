"""Where answers stand among the tokens of questions and contexts."""

import numpy as np
import pytest

from bertmagic.data.batches import IGNORED
from bertmagic.data.texts import Texts
from bertmagic.data.tokenization import encode
from bertmagic.tasks.question_answering import alignment as module
from bertmagic.tasks.question_answering.alignment import in_context, places
from bertmagic.tasks.question_answering.reading import Answer

CONTEXT = "the film was very good and really sad"


def golds(*rows):
    column = np.empty(len(rows), object)
    column[:] = [tuple(Answer(CONTEXT[start:end], start, end) if start >= 0 else Answer("x") for start, end in row)
                for row in rows]  # fmt: skip
    return column


@pytest.fixture
def tokens(tokenizer):
    """Pairs with windows of ten tokens of the context, of which four overlap."""

    def tokens(*contexts, room=10):
        import pandas as pd

        second = Texts(pd.Series(contexts), np.arange(len(contexts)))
        return encode(
            tokenizer, ["a film ?"] * len(contexts), room + 6, "window", pairs=list(second), stride=4, spans=True
        )

    return tokens


def words(tokens, sample, target):
    first, last = tokens.offsets[sample] + target
    return CONTEXT[tokens.spans[first, 0] : tokens.spans[last, 1]]


def test_the_first_answer_that_has_a_place_is_meant(tokens):
    encoded = tokens(CONTEXT, CONTEXT, CONTEXT, CONTEXT)
    at = places(encoded, golds([(18, 22), (4, 8)], [(-1, -1), (27, 37)], [], [(-1, -1)]))
    assert [words(encoded, sample, at.targets[sample]) for sample in (0, 1)] == ["good", "really sad"]
    assert at.targets[2:].tolist() == [[0, 0], [IGNORED, IGNORED]]
    assert at.lengths.tolist() == [1, 2, 0, 0]


def test_part_of_a_word_is_the_token_that_holds_it(tokens):
    encoded = tokens(CONTEXT)
    at = places(encoded, golds([(19, 24)]))
    assert words(encoded, 0, at.targets[0]) == "good and"


def test_a_window_that_does_not_hold_the_whole_answer_has_none(tokens):
    encoded = tokens(CONTEXT, CONTEXT, room=4)
    assert np.diff(encoded.windows).tolist() == [5, 5]
    at = places(encoded, golds([(13, 22)], []))
    whole = [words(encoded, sample, target) for sample, target in enumerate(at.targets) if target[0] > 0]
    assert set(whole) == {"very good"}
    assert len(whole) == 3
    assert at.targets[5:].tolist() == [[0, 0]] * 5
    assert at.lengths.tolist() == [2, 0]


def test_tokens_of_the_question_and_special_ones_are_not_of_the_context(tokens, tokenizer):
    encoded = tokens(CONTEXT)
    inside = tokenizer.convert_ids_to_tokens(encoded.ids[in_context(encoded)].tolist())
    assert inside == CONTEXT.split()


def test_many_samples_are_looked_at_in_parts(tokens, monkeypatch):
    encoded = tokens(*[CONTEXT] * 20, room=4)
    known = golds(*[[(18, 22)], [(0, 3)], []] * 6, [(9, 12)], [])
    whole = places(encoded, known)
    for size in (1, 50):
        monkeypatch.setattr(module, "_CHUNK", size)
        part = places(encoded, known)
        assert np.array_equal(whole.targets, part.targets)
        assert np.array_equal(whole.lengths, part.lengths)

"""The best answers out of token scores: against looking at every one of them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data.tokens import Tokens
from bertmagic.tasks.question_answering import alignment as places
from bertmagic.tasks.question_answering.alignment import in_context
from bertmagic.tasks.question_answering.decoding import candidates, cross_entropy


def pairs(*rows, question=2):
    """Tokens of rows of windows: each is [CLS] question [SEP] the given tokens of the context [SEP]."""
    windows = [window for row in rows for window in row]
    head = question + 2
    spans = [[(0, 0), *[(0, 3)] * question, (0, 0), *window, (0, 0)] for window in windows]
    lengths = [len(part) for part in spans]
    return Tokens(
        ids=np.zeros(sum(lengths), np.int32),
        offsets=np.cumsum([0, *lengths]),
        truncated=0,
        unknown=0.0,
        windows=np.cumsum([0, *map(len, rows)]),
        second=np.full(len(windows), head, np.int32),
        spans=np.array([span for part in spans for span in part], np.int32).reshape(-1, 2),
    )


def every_answer(scores, tokens, longest):
    """All answers to each question, by looking at each first and each last token."""
    by_row = [{} for _ in range(tokens.texts)]
    inside = in_context(tokens)
    for sample, row in enumerate(tokens.owner):
        first, after = tokens.offsets[sample : sample + 2]
        for i in range(first, after):
            for j in range(i, min(i + longest, after)):
                place = (int(tokens.spans[i, 0]), int(tokens.spans[j, 1]))
                if inside[i] and inside[j] and place[0] < place[1]:
                    score = scores[i, 0] + scores[j, 1]
                    by_row[row][place] = max(by_row[row].get(place, -np.inf), score)
    return [sorted(((-score, *place) for place, score in row.items())) for row in by_row]


def words(first, count):
    return [(5 * i, 5 * i + 4) for i in range(first, first + count)]


BYTES = [(0, 1), (0, 1), (0, 1), (2, 6), (6, 6), (7, 9)]
"""An emoji in three pieces and a piece of no character, as byte-level tokenizers have them."""


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 25))
def test_they_equal_looking_at_every_one(seed, longest, most):
    generator = np.random.default_rng(seed)
    rows = [
        [words(start, 9) for start in range(0, int(generator.integers(1, 30)), 6)]
        for _ in range(int(generator.integers(1, 6)))
    ]
    tokens = pairs(*rows, [[]], [BYTES])
    scores = generator.normal(size=(len(tokens.ids), 2)).astype(np.float32)
    best = candidates(scores, tokens, longest, most)
    expected = every_answer(scores, tokens, longest)
    for row in range(tokens.texts - 1):  # of pieces that share characters, fewer than asked for may be found
        part = slice(best.offsets[row], best.offsets[row + 1])
        assert list(zip(-best.score[part], best.start[part], best.end[part], strict=True)) == expected[row][:most]
    first = best.offsets[-2]
    assert (-best.score[first], best.start[first], best.end[first]) == expected[-1][0]


def test_many_windows_are_looked_at_in_parts(monkeypatch):
    tokens = pairs(*[[words(i, 20), words(i + 10, 20)] for i in range(40)])
    scores = np.random.default_rng(0).normal(size=(len(tokens.ids), 2)).astype(np.float32)
    whole = candidates(scores, tokens, 8)
    for size in (1, 100):
        monkeypatch.setattr(places, "_CHUNK", size)
        part = candidates(scores, tokens, 8)
        assert all((getattr(whole, name) == getattr(part, name)).all() for name in ("offsets", "start", "end", "score"))


def scored(tokens, **places):
    """Scores of -9 but at the given tokens."""
    scores = np.full((len(tokens.ids), 2), -9, np.float32)
    for column, marked in enumerate((places["first"], places["last"])):
        for token, score in marked.items():
            scores[token, column] = score
    return scores


def test_an_answer_never_lies_in_the_question_nor_ends_before_it_begins():
    tokens = pairs([words(0, 4)])
    best = candidates(scored(tokens, first={1: 50, 6: 5}, last={2: 50, 5: 12, 7: 4}), tokens, 30)
    assert (best.start[0], best.end[0], best.score[0]) == (10, 19, 9)


def test_no_answer_has_the_lowest_score_of_the_windows_and_takes_part_in_the_probabilities():
    tokens = pairs([words(0, 4), words(3, 4)], [words(0, 1)])
    best = candidates(scored(tokens, first={0: 4, 9: 1, 4: 3}, last={0: 4, 9: 1, 4: 3}), tokens, 1)
    assert best.none.tolist() == [2, -18]
    assert best.margin.tolist() == [-4, 0]
    chances, none = best.probabilities(silent=True)
    assert none[0] == pytest.approx(np.exp(2 - 6) / (np.exp(2 - 6) + 1 + 6 * np.exp(-24)))
    assert np.bincount(best.owner, chances) + none == pytest.approx([1, 1])
    chances, none = best.probabilities(silent=False)
    assert none.tolist() == [0, 0]
    assert np.bincount(best.owner, chances) == pytest.approx([1, 1])


def test_spaces_around_an_answer_are_not_of_it():
    """As tokenizers of sentencepiece have it, the space before a word is of its token."""
    context = "the film  was good \u3000"
    tokens = pairs([[(0, 3), (3, 8), (8, 9), (9, 13), (13, 18), (18, 20)]])
    best = candidates(scored(tokens, first={5: 9, 6: 5}, last={5: 9, 8: 7}), tokens, 6).trimmed([context])
    texts = [context[start:end] for start, end in zip(best.start, best.end, strict=True)]
    assert texts[:2] == ["film", "film  was good"]
    assert "  " not in {text[:1] for text in texts}


def test_an_empty_context_has_no_answer():
    tokens = pairs([[]], [words(0, 2)])
    best = candidates(np.zeros((len(tokens.ids), 2), np.float32), tokens, 30)
    assert best.offsets.tolist() == [0, 0, 3]
    assert best.margin[0] == np.inf
    for silent in (True, False):
        assert best.probabilities(silent)[1][0] == 1


def test_no_rows_have_no_answers():
    best = candidates(np.zeros((0, 2), np.float32), pairs(), 30)
    assert len(best) == 0
    assert best.offsets.tolist() == [0]


def test_the_loss_is_the_mean_over_first_and_last_tokens():
    tokens = pairs([words(0, 2)], [words(0, 1)])
    scores = np.random.default_rng(0).normal(size=(len(tokens.ids), 2)).astype(np.float32)
    start, end = torch.from_numpy(scores[:7]).T
    expected = [torch.nn.functional.cross_entropy(one[None], torch.tensor([at])) for one, at in ((start, 4), (end, 5))]
    assert cross_entropy(scores, tokens, np.array([[4, 5], [-1, -1]])) == pytest.approx(float(sum(expected)) / 2)
    assert cross_entropy(scores, tokens, np.full((2, 2), -1)) == 0

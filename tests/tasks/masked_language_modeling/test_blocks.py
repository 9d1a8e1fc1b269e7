"""Blocks and pairs: each token once, no block too long, and pairs within their documents."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data.tokenization import encode
from bertmagic.data.tokens import Tokens
from bertmagic.tasks.masked_language_modeling.blocks import Frame, blocks, frame, pairs

AROUND = Frame((2,), (3,), 3)


def tokens(texts):
    """Each text a list of ids from 10 on, framed."""
    rows = [[2, *text, 3] for text in texts]
    return Tokens(np.array([*chain(*rows)], np.int32), np.cumsum([0, *map(len, rows)]), 0, 0.0)


documents = st.lists(st.lists(st.integers(10, 99), max_size=40), min_size=1, max_size=8)


def inside(samples):
    rows = [samples.row(i).tolist() for i in range(len(samples))]
    assert all(row[0] == 2 and row[-1] == 3 for row in rows)
    return [row[1:-1] for row in rows]


@settings(max_examples=60, deadline=None)
@given(documents, st.integers(3, 20))
def test_packed_blocks_are_the_documents_behind_each_other(texts, length):
    samples = blocks(tokens(texts), AROUND, length)
    parts = inside(samples)
    stream = [*chain(*([3, *text] for text in texts))][1:]
    assert [*chain(*parts)] == stream
    assert all(len(part) == length - 2 for part in parts[:-1])
    assert samples.texts == len(texts)
    at = np.cumsum([0, *[len(part) for part in parts]])[:-1]
    starts = np.cumsum([0, *[len(text) + 1 for text in texts]])[:-1]
    assert samples.owner.tolist() == [int(np.searchsorted(starts - 1, begin, side="right") - 1) for begin in at]


@settings(max_examples=60, deadline=None)
@given(documents, st.integers(3, 20))
def test_blocks_kept_apart_have_one_document_each(texts, length):
    samples = blocks(tokens(texts), AROUND, length, packed=False)
    parts = inside(samples)
    assert all(0 < len(part) <= length - 2 for part in parts)
    for number, text in enumerate(texts):
        own = [part for part, owner in zip(parts, samples.owner, strict=True) if owner == number]
        assert [*chain(*own)] == text
        assert len(own) == -(-len(text) // (length - 2))


def test_the_frame_is_the_tokenizers(tokenizer):
    around = frame(tokenizer)
    assert (around.opening, around.closing, around.separator) == (
        (tokenizer.cls_token_id,), (tokenizer.sep_token_id,), tokenizer.sep_token_id,
    )  # fmt: skip


def test_real_texts_in_blocks(tokenizer):
    texts = ["the film was good", "a book", "this is a very long story and it was not good"]
    samples = blocks(encode(tokenizer, texts, 10**9), frame(tokenizer), 8)
    shown = [tokenizer.convert_ids_to_tokens(samples.row(i).tolist()) for i in range(len(samples))]
    assert shown[0] == ["[CLS]", "the", "film", "was", "good", "[SEP]", "a", "[SEP]"]
    assert samples.owner.tolist() == [0, 1, 2, 2]


def numbered(counts, size=3):
    """Sentences that say which they are: each of ``size`` ids, no id in two sentences."""
    texts = np.arange(sum(counts) * size).reshape(-1, size) + 10
    return tokens(texts.tolist()), np.array(counts)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 12), min_size=2, max_size=8).filter(lambda counts: sum(map(bool, counts)) >= 2),
    st.integers(10, 60), st.integers(1, 6), st.integers(0, 100),
)  # fmt: skip
def test_pairs_have_whole_sentences_of_one_document_each(counts, length, size, seed):
    sentences, counts = numbered(counts, size)
    document = np.repeat(np.arange(len(counts)), counts)
    samples = pairs(sentences, counts, AROUND, length, seed)
    assert len(samples) >= (counts >= 2).sum()
    for number in range(len(samples)):
        row, second = samples.row(number), int(samples.second[number])
        assert len(row) <= length
        assert (row[0], row[second - 1], row[-1]) == (2, 3, 3)
        one, two = ((part - 10) // size for part in (row[1 : second - 1], row[second:-1]))
        assert len(one)
        assert len(two)
        assert set(document[one]) == {samples.owner[number]}
        (other,) = set(document[two])
        assert (other == samples.owner[number]) == samples.follows[number]
        assert set(np.diff(one)) | set(np.diff(two)) <= {0, 1}
        if samples.follows[number] and len(row) < length:
            assert two[0] == one[-1] + 1


def test_half_of_many_pairs_follow_each_other():
    sentences, counts = numbered([20] * 400)
    samples = pairs(sentences, counts, AROUND, 40, 0)
    assert samples.follows.mean() == pytest.approx(0.5, abs=0.03)
    used = np.unique((samples.ids[samples.ids >= 10] - 10) // 3)
    assert len(used) > 0.99 * 8000


def test_the_seed_decides_the_pairs():
    sentences, counts = numbered([5] * 10)
    one, same, other = (pairs(sentences, counts, AROUND, 40, seed) for seed in (0, 0, 1))
    assert one.ids.tolist() == same.ids.tolist()
    assert one.ids.tolist() != other.ids.tolist()

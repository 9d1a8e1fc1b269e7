import itertools

import numpy as np
import pytest

from bertmagic.data.batches import (
    IGNORED,
    PASS_COST,
    BatchSource,
    budget_batches,
    padded,
    split_by_length,
    training_batches,
)
from bertmagic.data.tokenization import encode
from bertmagic.data.tokens import Tokens

LENGTHS = np.random.default_rng(0).integers(2, 200, 5003)


@pytest.mark.parametrize("batch_size", [1, 7, 32, 10_000])
def test_every_row_is_in_exactly_one_training_batch(batch_size):
    batches = training_batches(LENGTHS, batch_size, seed=0, epoch=0)
    assert sorted(np.concatenate(batches)) == list(range(len(LENGTHS)))
    sizes = sorted(map(len, batches))
    assert sizes[-1] == min(batch_size, len(LENGTHS))
    assert all(size == batch_size for size in sizes[1:])


def test_the_seed_and_the_epoch_decide_the_order():
    one, again, other, later = (
        np.concatenate(training_batches(LENGTHS, 32, seed, epoch)) for seed, epoch in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, later)


def test_batches_hold_rows_of_like_length():
    padded = sum(LENGTHS[batch].max() * len(batch) for batch in training_batches(LENGTHS, 32, 0, 0))
    assert padded < 1.1 * LENGTHS.sum()


def mates(lengths, epoch):
    """The pairs of rows that are in a batch together."""
    batches = training_batches(lengths, 32, 0, epoch)
    return {pair for batch in batches for pair in itertools.combinations(sorted(batch.tolist()), 2)}


@pytest.mark.parametrize("rows", [200, 400, 1600])
def test_few_rows_are_in_other_batches_in_each_epoch(rows):
    lengths = LENGTHS[:rows]
    kept = [len(mates(lengths, epoch) & mates(lengths, epoch + 1)) / len(mates(lengths, epoch)) for epoch in range(4)]
    assert max(kept) < 0.5  # without jitter above 0.7


def test_batches_of_few_rows_hold_rows_of_like_length():
    lengths = LENGTHS[:400]
    padded = sum(lengths[batch].max() * len(batch) for batch in training_batches(lengths, 32, 0, 0))
    assert padded < 1.35 * lengths.sum()  # 1.9 in random order


@pytest.mark.parametrize("budget", [1, 300, 4096])
def test_prediction_batches_hold_their_budget(budget):
    batches = list(budget_batches(LENGTHS, budget))
    assert sorted(np.concatenate(batches)) == list(range(len(LENGTHS)))
    assert all(len(batch) == 1 or len(batch) * LENGTHS[batch].max() <= budget for batch in batches)
    assert LENGTHS[batches[0][0]] == LENGTHS.max()


def test_no_rows_make_no_batch():
    assert list(budget_batches(np.zeros(0, dtype=np.int64), 100)) == []


def test_a_batch_is_padded_to_its_longest_row(tokenizer):
    tokens = encode(tokenizer, ["good", "the film was bad", "sad book"], 64)
    batch = BatchSource(tokens, 0, np.asarray([7, 8, 9])).batch(np.array([2, 1]))
    ids, mask = batch.ids, batch.mask
    assert batch.inputs.keys() == {"input_ids", "attention_mask"}
    assert batch.targets.tolist() == [9, 8]
    assert ids.shape == mask.shape == (2, 6)
    assert ids[0, :4].tolist() == tokens.row(2).tolist()
    assert ids[0, 4:].tolist() == [0, 0]
    assert mask.sum(dim=1).tolist() == [4, 6]


def test_targets_of_tokens_are_padded_with_what_is_ignored(tokenizer):
    tokens = encode(tokenizer, ["good", "the film was bad"], 64)
    batch = BatchSource(tokens, 0, np.arange(len(tokens.ids)), per_token=True).batch(np.array([0, 1]))
    assert batch.targets.tolist() == [[0, 1, 2, IGNORED, IGNORED, IGNORED], [3, 4, 5, 6, 7, 8]]


def test_the_second_texts_are_of_another_type_where_the_model_reads_that(tokenizer):
    tokens = encode(tokenizer, ["good", "bad film"], 64, pairs=["the film was bad", "no"])
    assert BatchSource(tokens, 0).batch(np.array([0])).types is None
    batch = BatchSource(tokens, 0, segments=True).batch(np.array([0, 1]))
    expected = tokenizer(["good", "bad film"], ["the film was bad", "no"], padding=True, return_tensors="pt")
    for name, values in batch.inputs.items():
        assert values.tolist() == expected[name].tolist()


def test_a_batch_is_cut_where_padding_costs_more_than_a_pass():
    lengths = np.asarray([500] * 2 + [20] * 30)
    parts = split_by_length(lengths)
    assert [sorted(part) for part in parts] == [[0, 1], list(range(2, 32))]


def test_a_batch_of_like_lengths_stays_whole():
    (part,) = split_by_length(np.arange(10, 42))
    assert sorted(part) == list(range(32))


def test_cuts_lose_no_row_and_save_what_they_cost():
    lengths = np.random.default_rng(0).integers(5, 512, 64)
    parts = split_by_length(lengths)
    assert sorted(np.concatenate(parts)) == list(range(64))
    slots = sum(len(part) * lengths[part].max() for part in parts)
    assert slots + PASS_COST * (len(parts) - 1) < len(lengths) * lengths.max()
    assert all(lengths[a].min() >= lengths[b].max() for a, b in itertools.pairwise(parts))


def test_padding_leaves_few_shapes_and_adds_little():
    lengths = range(1, 513)
    assert all(length <= padded(length) <= 1.07 * length for length in lengths)
    assert [padded(length) for length in range(1, 33)] == list(range(1, 33))
    assert len({padded(length) for length in lengths}) == 31 + 4 * 16 + 1


def test_no_batch_is_longer_than_the_longest_sample():
    tokens = Tokens(np.arange(150, dtype=np.int32), np.asarray([0, 79, 150]), 0, 0.0)
    assert BatchSource(tokens, 0).batch(np.array([1])).ids.shape == (1, 72)
    assert BatchSource(tokens, 0).batch(np.array([0])).ids.shape == (1, 79)


@pytest.mark.parametrize(("long", "sizes"), [(1, [1, 31]), (2, [2, 30]), (3, [4, 28]), (13, [16, 16])])
def test_batches_are_cut_so_that_shapes_come_again(long, sizes):
    assert [len(part) for part in split_by_length(np.asarray([500] * long + [20] * (32 - long)))] == sizes

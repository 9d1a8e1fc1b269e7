"""Which tokens are masked: shares, whole words, and that it depends on seed, step and sample alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.errors import ModelError
from bertmagic.tasks.masked_language_modeling.masking import Masking, inside_words, of_tokenizer

SPECIAL, MASK, VOCABULARY = (0, 1, 2, 3, 4), 4, 200


def masking(whole_words=False, share=0.15):
    """Masks for a vocabulary whose ids from 100 on go on with a word."""
    special = np.isin(np.arange(VOCABULARY), SPECIAL)
    inner = np.arange(VOCABULARY) >= 100 if whole_words else None
    return Masking(MASK, np.flatnonzero(~special), special, inner, share)


def batch(generator, samples, longest=60):
    lengths = generator.integers(3, longest, samples)
    ids = np.concatenate([[2, *generator.integers(5, VOCABULARY, length - 2), 3] for length in lengths])
    return ids, lengths.astype(np.int64), generator.permutation(10 * samples)[:samples].astype(np.int64)


samples_of = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(max_examples=40, deadline=None)
@given(samples_of, st.integers(1, 12), st.integers(0, 10**6), st.integers(0, 2**32 - 1), st.booleans())
def test_only_chosen_ordinary_tokens_change_and_every_sample_has_some(generator, count, step, seed, whole):
    ids, lengths, samples = batch(generator, count)
    inputs, chosen = masking(whole).apply(ids, lengths, samples, seed, step)
    assert (inputs[~chosen] == ids[~chosen]).all()
    assert not chosen[np.isin(ids, SPECIAL)].any()
    assert set(inputs[chosen].tolist()) <= {MASK, *range(5, VOCABULARY)}
    assert np.add.reduceat(chosen, np.cumsum(lengths) - lengths).min() >= 1


@settings(max_examples=40, deadline=None)
@given(samples_of, st.integers(1, 12), st.integers(0, 1000), st.booleans(), st.data())
def test_a_batch_may_be_cut_and_reordered(generator, count, step, whole, data):
    """What is masked is a function of seed, step and sample, wherever the sample stands."""
    ids, lengths, samples = batch(generator, count)
    inputs, chosen = masking(whole).apply(ids, lengths, samples, 3, step)
    order = data.draw(st.permutations(range(count)))
    begins = np.cumsum(lengths) - lengths
    at = 0
    while at < count:
        part = np.array(order[at : at + data.draw(st.integers(1, count))])
        tokens = np.concatenate([np.arange(begins[i], begins[i] + lengths[i]) for i in part])
        again, chosen_again = masking(whole).apply(ids[tokens], lengths[part], samples[part], 3, step)
        assert (again == inputs[tokens]).all()
        assert (chosen_again == chosen[tokens]).all()
        at += len(part)


@settings(max_examples=40, deadline=None)
@given(samples_of, st.integers(1, 8))
def test_whole_words_are_chosen_whole(generator, count):
    ids, lengths, samples = batch(generator, count)
    _, chosen = masking(whole_words=True).apply(ids, lengths, samples, 0, 0)
    inner = (ids >= 100) & ~np.isin(np.roll(ids, 1), SPECIAL)
    assert (chosen[inner] == np.roll(chosen, 1)[inner]).all()


@settings(max_examples=40, deadline=None)
@given(samples_of, st.integers(1, 8), st.floats(0.05, 0.5))
def test_tokens_by_themselves_are_chosen_to_the_exact_share(generator, count, share):
    ids, lengths, samples = batch(generator, count)
    _, chosen = masking(share=share).apply(ids, lengths, samples, 0, 0)
    taken = np.add.reduceat(chosen, np.cumsum(lengths) - lengths)
    assert (taken == np.maximum(np.round(share * (lengths - 2)), 1)).all()


@pytest.mark.parametrize("whole", [False, True])
def test_of_many_tokens_80_10_10_percent_are_masked_replaced_and_kept(whole):
    ids, lengths, samples = batch(np.random.default_rng(0), 4000, longest=200)
    inputs, chosen = masking(whole).apply(ids, lengths, samples, 0, 1)
    ordinary = ~np.isin(ids, SPECIAL)
    assert chosen.sum() / ordinary.sum() == pytest.approx(0.15, abs=0.005)
    masked, kept = inputs[chosen] == MASK, inputs[chosen] == ids[chosen]
    assert masked.mean() == pytest.approx(0.8, abs=0.01)
    assert kept.mean() == pytest.approx(0.1 + 0.1 / 195, abs=0.01)
    replaced = inputs[chosen][~masked & ~kept]
    counts = np.bincount(replaced, minlength=VOCABULARY)[5:]
    assert counts.min() > 0.5 * counts.mean()
    positions = np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    early = positions < np.repeat(lengths, lengths) / 2
    assert chosen[early & ordinary].mean() == pytest.approx(chosen[~early & ordinary].mean(), abs=0.005)


@pytest.mark.parametrize(
    ("name", "seed", "step", "sample"), [("seed", 1, 0, 0), ("step", 0, 1, 0), ("sample", 0, 0, 1)]
)
def test_each_of_seed_step_and_sample_gives_another_choice(name, seed, step, sample):
    ids, lengths, samples = batch(np.random.default_rng(0), 100)
    _, one = masking().apply(ids, lengths, samples, 0, 0)
    _, other = masking().apply(ids, lengths, samples + sample, seed, step)
    both = (one & other).sum() / one.sum()
    assert both == pytest.approx(0.15, abs=0.05), name


def test_samples_of_special_tokens_alone_stay_as_they_are():
    ids = np.array([2, 3, 2, 1, 3])
    inputs, chosen = masking().apply(ids, np.array([2, 3]), np.array([0, 1]), 0, 0)
    assert inputs.tolist() == ids.tolist()
    assert not chosen.any()


def test_the_choice_is_pinned():
    """A resumed run must mask as it did before: the choice may not change by accident."""
    ids = np.array([2, *range(5, 25), 3])
    inputs, chosen = masking().apply(ids, np.array([22]), np.array([7]), 5, 9)
    assert (np.flatnonzero(chosen).tolist(), inputs[chosen].tolist()) == PINNED


PINNED = ([9, 10, 14], [166, 4, 4])


def test_a_tokenizer_says_what_is_special_and_what_goes_on(tokenizer):
    rules = of_tokenizer(tokenizer, whole_words=True)
    assert rules.mask_id == tokenizer.mask_token_id
    special = np.flatnonzero(rules.special).tolist()
    assert sorted(special) == sorted(tokenizer.all_special_ids)
    assert not set(special) & set(rules.ordinary.tolist())
    inner = {tokenizer.convert_ids_to_tokens(int(i)) for i in np.flatnonzero(rules.inner)}
    assert "##a" in inner
    assert "a" not in inner
    assert of_tokenizer(tokenizer).inner is None


def test_a_tokenizer_without_a_mask_cannot_be_used(tokenizer):
    from copy import deepcopy

    other = deepcopy(tokenizer)
    other.mask_token = None
    with pytest.raises(ModelError, match="has no mask token"):
        of_tokenizer(other)


@pytest.mark.parametrize(
    ("pieces", "inner"),
    [
        (["play", "##ing", "好", ",", "##s"], [False, True, False, False, True]),
        (["Ġplay", "ing", "play", ",", "Ġ,", "å¥½", "¥½", "9"], [False, True, True, False, False, False, True, True]),
        (["▁play", "ing", "▁", "好", "の", ".", "ция", "ท"], [False, True, False, False, False, False, True, False]),
        (["a", "b"], [False, False]),
    ],
    ids=["WordPiece", "byte-level", "SentencePiece", "unmarked"],
)
def test_pieces_that_go_on_with_a_word(pieces, inner):
    assert inside_words(pieces).tolist() == inner


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=6))
def test_byte_level_pieces_of_any_text_are_read(text):
    """The bytes of any character, in letters, go on inside it; a piece may break off within a character."""
    from bertmagic.tasks.masked_language_modeling.masking import _byte_letters

    letters = {byte: letter for letter, byte in _byte_letters().items()}
    pieces = ["Ġ", *(letters[byte] for byte in text.encode())]
    inside = inside_words(pieces)
    within = [0x80 <= byte < 0xC0 for byte in text.encode()]
    assert inside[1:][within].all()

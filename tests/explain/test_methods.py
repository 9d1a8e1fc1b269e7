from itertools import permutations
from math import factorial

import numpy as np
import pytest

from bertmagic.errors import ModelError, OptionError
from bertmagic.explain import bounds, faithfulness, methods, order_search, shapley, surrogate
from bertmagic.explain.game import MaskingGame, Word

WORDS = 6


def game_of(value, words=WORDS):
    """A game of a function from kept words, ``(masks, words)``, to scores."""

    def score(rows):
        return np.asarray(value(rows[:, 1:-1] != 1), np.float32)[:, None]

    ids = np.arange(words + 2, dtype=np.int32) + 100
    made = [Word(f"w{at}", at, at + 1, 0, (at + 1,)) for at in range(words)]
    return MaskingGame(ids, made, 1, score).of(0, is_probability=False)


def odd(kept):
    """Words that work together, and one that works against."""
    kept = kept.astype(float)
    return kept[:, 0] * kept[:, 1] + 0.5 * kept[:, 2] - 0.3 * kept[:, 3] + kept[:, 0] * kept[:, 4] * kept[:, 5]


def test_shapley_values_are_the_mean_over_all_orders():
    found = shapley.exact(game_of(odd))
    expected = np.zeros(WORDS)
    for order in permutations(range(WORDS)):
        kept = np.zeros((WORDS + 1, WORDS), bool)
        for at, word in enumerate(order):
            kept[at + 1 :, word] = True
        expected[list(order)] += np.diff(odd(kept))
    assert np.allclose(found.scores, expected / factorial(WORDS), atol=1e-6)
    assert found.orders == 0
    assert shapley.values(game_of(odd), 64).orders == 0
    assert shapley.values(game_of(odd), 63).orders > 0


def test_sampled_shapley_values_are_near_and_say_how_near():
    game = game_of(odd)
    found, exact = shapley.sampled(game, 60), shapley.exact(game)
    assert found.scores.sum() == pytest.approx(odd(np.ones((1, WORDS)))[0], abs=1e-5)
    assert (np.abs(found.scores - exact.scores) <= 4 * found.errors + 1e-6).all()


@pytest.mark.parametrize("method", ["masks", "occlusion", "shapley", "search"])
def test_a_sum_of_words_is_found_as_it_is(method):
    weights = np.array([0.5, -0.25, 0.1, 0.0, 0.05, -0.4])
    found = methods.run(method, game_of(lambda kept: kept @ weights), None, None)
    assert np.allclose(found.scores, weights, atol=0.02)
    assert faithfulness.order_of(found.scores).tolist() == np.argsort(-weights).tolist()


def test_random_masks_come_with_their_complement_and_hide_every_number_of_words():
    masks = surrogate.random_masks(9, 64)
    assert (masks[::2] == ~masks[1::2]).all()
    assert set(masks.sum(axis=1)) == set(range(1, 9))
    assert surrogate.random_masks(1, 5).shape == (5, 1)


def test_comprehensiveness_and_sufficiency_are_means_over_all_removal_counts():
    game = game_of(lambda kept: kept @ np.array([4.0, 2, 1]), words=3)
    measured = bounds.measure(game, np.array([0, 1, 2]))
    assert measured.comprehensiveness == pytest.approx((4 + 6 + 7) / 3)
    assert measured.sufficiency == pytest.approx((1 + 3 + 7) / 3)
    assert (measured.best, measured.worst) == pytest.approx((17 / 3, 11 / 3))
    assert measured.normalized_comprehensiveness == measured.normalized_sufficiency == pytest.approx(1)
    other = bounds.measure(game, np.array([2, 1, 0]))
    assert other.normalized_comprehensiveness == pytest.approx(0)


def test_where_no_word_matters_nothing_is_normalised():
    measured = bounds.measure(game_of(lambda kept: kept[:, 0] * 0), np.arange(WORDS))
    assert np.isnan(measured.normalized_comprehensiveness)


def test_the_search_finds_a_nearly_best_order_where_words_work_together():
    def value(kept):
        return (kept[:, :5].all(axis=1) + kept[:, 5:].sum(axis=1) * 0.01).astype(float)

    game = game_of(value, 20)
    found = methods.run("search", game, None, 200)
    assert game.passes <= 200
    order = faithfulness.order_of(found.scores)
    best, random = (
        faithfulness.comprehensiveness(game, one) for one in (order_search.beam(game, 20), np.arange(20)[::-1])
    )
    assert faithfulness.comprehensiveness(game, order) > best - 0.05 > random


def test_scores_are_moved_as_little_as_the_order_allows():
    moved = order_search.in_order(np.array([3.0, 1.0, 2.0, -1.0]), np.array([0, 1, 2, 3]))
    assert np.allclose(moved, [3, 1.5, 1.5, -1], atol=1e-4)
    assert faithfulness.order_of(moved).tolist() == [0, 1, 2, 3]


def test_a_budget_is_kept():
    for method, passes in (("masks", 40), ("search", 100), ("shapley", 80)):
        game = game_of(lambda kept: kept.sum(axis=1), 12)
        methods.run(method, game, None, passes)
        assert 10 < game.passes <= passes


def test_what_a_method_cannot_do_is_said():
    with pytest.raises(ModelError, match="choose a method that hides words: search, masks"):
        methods.run("gradient_norm", game_of(odd), None, None)
    with pytest.raises(OptionError, match="occlusion takes 7 passes for this text, and passes = 5"):
        methods.run("occlusion", game_of(odd), None, 5)


def test_bounds_of_a_longer_text_compare_with_another_order_and_of_a_very_long_one_are_none():
    game = game_of(lambda kept: kept[:, :30].mean(axis=1), 60)
    bad = bounds.measure(game, np.concatenate([np.arange(30, 60), np.arange(30)]))
    assert bad.normalized_comprehensiveness < 0.5
    game = game_of(lambda kept: kept.mean(axis=1), bounds.LONGEST + 1)
    long = bounds.measure(game, np.arange(bounds.LONGEST + 1))
    assert np.isnan(long.normalized_comprehensiveness)
    assert "not searched" in long.searched
    assert game.passes <= 2 * (bounds.LONGEST + 1)

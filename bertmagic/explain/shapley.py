"""Shapley values of the words: exact for short texts, else by random orders, with their standard error."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.explain.faithfulness import prefixes

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.explain.game import TargetGame

    Scores = npt.NDArray[np.float64]

EXACT = 8
"""Up to how many words the sum over all sets is taken."""


@dataclass(frozen=True)
class Shapley:
    """Shapley values.

    Attributes
    ----------
    scores, errors
        Of each word, and their standard errors: 0 if they are exact, NaN after a single pair of orders. ``(words,)``.
    orders
        How many orders were drawn; 0 if they are exact.
    """

    scores: Scores
    errors: Scores
    orders: int


def exact(game: TargetGame) -> Shapley:
    """Return the exact values (Shapley 1953).

    That of a word is the sum over all sets ``S`` without it of ``|S|! (n - |S| - 1)! / n! (v(S + word) - v(S))``, with
    ``v(S)`` the score where only the words of ``S`` are kept.
    """
    count = len(game)
    numbers = np.arange(2**count)
    kept = (numbers[:, None] >> np.arange(count)) & 1 == 1  # (sets, words)
    values, sizes = game(~kept), kept.sum(axis=1)
    weights = np.array([1 / (count * comb(count - 1, size)) for size in range(count)] + [0.0])
    scores = np.zeros(count)
    for word in range(count):
        without = numbers[~kept[:, word]]
        scores[word] = (weights[sizes[without]] * (values[without | (1 << word)] - values[without])).sum()
    return Shapley(scores, np.zeros(count), 0)


def sampled(game: TargetGame, passes: int, seed: int = 0) -> Shapley:
    """Return the mean over random orders of what each word takes away when it is hidden (Castro et al. 2009).

    Orders come in pairs, each with its reverse; the standard error is that of the means of pairs. An interrupt ends
    the draws; what was measured by then counts.
    """
    count, generator = len(game), np.random.default_rng(seed)
    pairs: list[Scores] = []
    begun = game.passes
    while not pairs or game.passes - begun + 2 * (count - 1) <= passes:
        order = generator.permutation(count)
        try:
            pairs.append((_steps(game, order) + _steps(game, order[::-1])) / 2)
        except KeyboardInterrupt:
            if not pairs:
                raise
            break
        if len(pairs) > passes:  # of a text so short that all its masks are known
            break
    drawn = np.stack(pairs)
    errors = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn)) if len(drawn) > 1 else np.full(count, np.nan)
    return Shapley(drawn.mean(axis=0), errors, 2 * len(drawn))


def _steps(game: TargetGame, order: npt.NDArray[np.int64]) -> Scores:
    """Return by how much the score falls as each word is hidden in turn."""
    values = game(np.concatenate([np.zeros((1, len(game)), bool), prefixes(order)]))
    steps = np.zeros(len(game))
    steps[order] = values[:-1] - values[1:]
    return steps


def values(game: TargetGame, passes: int) -> Shapley:
    """Return exact values where there are at most `EXACT` words and passes for all sets, else sampled ones."""
    return exact(game) if len(game) <= EXACT and 2 ** len(game) <= passes else sampled(game, passes)

"""Linear models of the masking game: occlusion, and ridge regression on random masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.evaluation.probabilities import log_odds

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.explain.game import Masks, TargetGame

    Scores = npt.NDArray[np.float64]

RIDGE = 0.5
"""The penalty of the squared weights, in masks: small, as scores have no noise but interactions look like some."""


def occlusion(game: TargetGame) -> Scores:
    """Return for each word by how much the score falls without it: ``v(all) - v(all but i)`` (Zeiler & Fergus 2014)."""
    count = len(game)
    values = game(np.concatenate([np.zeros((1, count), bool), np.eye(count, dtype=bool)]))
    return np.asarray(values[0] - values[1:], float)


def random_masks(words: int, count: int, seed: int = 0) -> Masks:
    """Return masks that hide every number of words equally often, each followed by its complement.

    The pairs (antithetic sampling) take the odd part of the error out of a linear fit, as in KernelSHAP's
    implementation. Sizes are spread evenly over ``1 .. words - 1``, so that no removal count is left out.

    Parameters
    ----------
    words, count
        How many words there are, and how many masks to draw.
    """
    generator = np.random.default_rng(seed)
    pairs = -(-count // 2)
    if words < 2:
        return np.zeros((count, words), bool)
    sizes = 1 + np.round((np.arange(pairs) + generator.random()) / pairs * (words - 1) - 0.5).astype(int)
    sizes = np.clip(sizes, 1, words - 1)
    ranks = generator.random((pairs, words)).argsort(axis=1).argsort(axis=1)
    half = ranks < sizes[:, None]
    return np.stack([half, ~half], axis=1).reshape(-1, words)[:count]


def fit(hidden: Masks, values: Scores, penalty: float = RIDGE) -> Scores:
    """Return the weights of a ridge regression from kept words to the score, ``(words,)``.

    Minimises ``|v - b - K w|^2 + penalty |w|^2`` with ``K = 1 - hidden``: LIME without its kernel (Ribeiro et al.
    2016).
    """
    kept = (~hidden).astype(float)
    kept -= kept.mean(axis=0)
    moved = values - values.mean()
    gram = kept.T @ kept + penalty * np.eye(kept.shape[1])
    return np.asarray(np.linalg.solve(gram, kept.T @ moved), float)


def masks(game: TargetGame, passes: int, seed: int = 0) -> Scores:
    """Return the weights of a ridge regression on random masks, the full and the empty text among them."""
    count = len(game)
    if count == 1:
        return occlusion(game)
    ends = np.stack([np.zeros(count, bool), np.ones(count, bool)])
    hidden = np.concatenate([ends, random_masks(count, max(passes - 2, 0), seed)])
    return fit(hidden, game(hidden))


class PairModel:
    """A model of the game with all words and pairs of words: kernel ridge regression of the log-odds.

    The kernel is ``(1 + z y / 3)^2`` for masks as vectors of -1 and 1, which spans all products of two words.

    Parameters
    ----------
    hidden, values
        Masks that were scored, ``(masks, words)``, and their scores.
    is_probability
        Whether the scores are probabilities: their log-odds are nearer to a sum over words.
    """

    _CLIP = 1e-5
    _PENALTY = 1e-3

    def __init__(self, hidden: Masks, values: Scores, is_probability: bool) -> None:
        self._signs, self._is_probability = np.where(hidden, -1.0, 1.0), is_probability
        targets = np.asarray(values, float)
        if is_probability:
            targets = log_odds(targets, self._CLIP)
        self._mean = targets.mean()
        kernel = self._kernel(self._signs)
        penalty = self._PENALTY * kernel.diagonal().mean() * np.eye(len(kernel))
        self._weights = np.linalg.solve(kernel + penalty, targets - self._mean)

    def _kernel(self, signs: Scores) -> Scores:
        return np.asarray((1 + signs @ self._signs.T / 3) ** 2)

    def __call__(self, hidden: Masks) -> Scores:
        """Return the predicted scores of masks."""
        predicted = self._kernel(np.where(hidden, -1.0, 1.0)) @ self._weights + self._mean
        predicted = predicted.clip(-50, 50) if self._is_probability else predicted
        return np.asarray(1 / (1 + np.exp(-predicted)) if self._is_probability else predicted)

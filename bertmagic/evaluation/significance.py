"""How probable a difference between two models on the same rows is by chance alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FLIPS = 10_000
"""How often the randomization test draws signs."""

_AT_ONCE = 4_000_000
"""How many signs are drawn at once: they take 32 MB as numbers."""


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p of McNemar's exact test that two models are right equally often.

    Only the discordant rows count: those that exactly one of the two models has right. If both models are right equally
    often, each discordant row is as likely the first's as the second's: a binomial test with a probability of one half
    (McNemar 1947; Dietterich 1998, section 3.1, recommends it for two classifiers on one test set).

    Parameters
    ----------
    only_first, only_second
        How many rows only the first model has right, and how many only the second.
    """
    from scipy.stats import binomtest

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant, 0.5).pvalue) if discordant else 1.0


def randomization_test(change: npt.NDArray[np.float64], seed: int = 0) -> float:
    """Return the two-sided p of the paired randomization test that the mean of a change is 0.

    If the two models were the same, each change could as well have the other sign (Fisher 1935; Noreen 1989). Signs are
    drawn at random `FLIPS` times, and p is ``(1 + draws at least as far from 0 as what was seen) / (1 + FLIPS)``.

    Parameters
    ----------
    change
        By how much each row is better with the second model, shape ``(rows,)``.
    seed
        The same seed gives the same p.
    """
    import numpy as np
    from scipy.stats import monte_carlo_test

    change = change[change != 0]
    if not len(change):
        return 1.0
    sizes, generator = np.abs(change), np.random.default_rng(seed)

    def draw(size: tuple[int, ...]) -> npt.NDArray[np.int8]:
        return 2 * generator.integers(0, 2, size, np.int8) - np.int8(1)

    def distance(signs: npt.NDArray[np.float64], axis: int = -1) -> npt.NDArray[np.float64]:
        # `permutation_test` draws whole permutations, and takes 18 times as long for 10,000 rows.
        return np.abs(signs @ sizes)

    result = monte_carlo_test(
        np.sign(change),
        draw,
        distance,
        vectorized=True,
        n_resamples=FLIPS,
        batch=max(1, _AT_ONCE // len(change)),
        alternative="greater",
    )
    return float(result.pvalue)

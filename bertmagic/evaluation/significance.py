"""How probable it is that two models differ as much as they do on the same rows by chance alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

EXACT = 1_000
"""Up to so many discordant rows McNemar's test is exact; of more, the normal distribution is as good."""

FLIPS = 10_000
_AT_ONCE = 4_000_000


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p of McNemar's test that two models are right equally often.

    Only the discordant rows count: those that one of the two has right and the other has not. If both are right equally
    often, each is as likely to be the first's as the second's.

    Parameters
    ----------
    only_first, only_second
        How many rows only the first, and only the second has right.

    Notes
    -----
    With ``n`` discordant rows, of which the rarer kind are ``k``, the exact p is
    ``min(1, 2 sum_{i<=k} C(n, i) / 2^n)``: the test of McNemar 1947 in its exact, binomial form (Dietterich 1998,
    section 3.1, recommends the test for two classifiers on one test set). Of more than `EXACT` rows it is that of
    ``(|a - b| - 1)^2 / (a + b)``, distributed as chi-squared with one degree of freedom, with the continuity correction
    of Edwards 1948.
    """
    total, rarer = only_first + only_second, min(only_first, only_second)
    if not total:
        return 1.0
    if total > EXACT:
        statistic = max(0.0, abs(only_first - only_second) - 1) ** 2 / total
        return math.erfc(math.sqrt(statistic / 2))
    tail: int = sum(math.comb(total, k) for k in range(rarer + 1))
    return min(1.0, 2 * tail / int(2**total))  # whole numbers until the last division: no term is lost


def flipped(change: npt.NDArray[np.float64], seed: int = 0, flips: int = FLIPS) -> float:
    """Return the two-sided p of the paired randomization test that the mean of a change is 0.

    Parameters
    ----------
    change
        By how much each row is better with the second model, shape ``(rows,)``.

    Notes
    -----
    If the two models were the same, each change could as well have the other sign (Fisher 1935; Noreen 1989). The signs
    are drawn at random ``flips`` times, and p is ``(1 + as far from 0 as what was seen) / (1 + flips)``.
    """
    import numpy as np

    change = change[change != 0]
    if not len(change):
        return 1.0
    seen = abs(float(change.sum())) * (1 - 1e-12)
    generator, beyond = np.random.default_rng(seed), 0
    at_once = max(1, _AT_ONCE // len(change))
    for begin in range(0, flips, at_once):
        many = min(at_once, flips - begin)
        signs: npt.NDArray[Any] = generator.integers(0, 2, (many, len(change)), np.int8)
        beyond += int((np.abs((2 * signs - 1) @ change) >= seen).sum())
    return (1 + beyond) / (1 + flips)

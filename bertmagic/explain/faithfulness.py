"""How faithful an order of words is: what hiding them in this order does to the score, between measured bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bertmagic.explain.game import Masks, TargetGame

    Order = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Faithfulness:
    """Comprehensiveness and sufficiency of an order of words, over all removal counts.

    Attributes
    ----------
    comprehensiveness
        The mean over ``k = 1 .. n`` of ``v(all) - v(without the first k)``: high is good.
    sufficiency
        The mean over ``k = 1 .. n`` of ``v(all) - v(without the last k)``: low is good.
    best, worst
        The comprehensiveness of the best and the worst order that were found; NaN if they were not searched.
    normalized_comprehensiveness, normalized_sufficiency
        Where the two are between these bounds: 1 is as good as the best order, 0 as the worst.
    searched
        How the bounds were found.
    passes, seconds
        What measuring cost.
    """

    comprehensiveness: float
    sufficiency: float
    best: float
    worst: float
    searched: str = ""
    passes: int = 0
    seconds: float = 0.0

    @property
    def normalized_comprehensiveness(self) -> float:
        """``(comprehensiveness - worst) / (best - worst)``; NaN where all orders are alike."""
        return self._between(self.comprehensiveness)

    @property
    def normalized_sufficiency(self) -> float:
        """``(best - sufficiency) / (best - worst)``; NaN where all orders are alike."""
        return 1 - self._between(self.sufficiency)

    def _between(self, value: float) -> float:
        width = self.best - self.worst
        return (value - self.worst) / width if width > 1e-9 else float("nan")


def order_of(scores: npt.NDArray[np.floating]) -> Order:
    """Return the words from the one that speaks most for the target to the one that speaks most against it."""
    return np.argsort(-np.asarray(scores), kind="stable")


def prefixes(order: Sequence[int] | Order) -> Masks:
    """Return the masks that hide the first ``k`` words of an order, for ``k = 1 .. n``; ``(n, n)``."""
    count = len(order)
    ranks = np.empty(count, int)
    ranks[np.asarray(order, int)] = np.arange(count)
    return ranks[None, :] <= np.arange(count)[:, None]


def comprehensiveness(game: TargetGame, order: Sequence[int] | Order) -> float:
    """Return the mean over ``k = 1 .. n`` of ``v(all) - v(without the first k)`` (DeYoung et al. 2020, section 5).

    Sufficiency of an order is the comprehensiveness of the reversed one: both keep or hide the same words.
    """
    full = game(np.zeros((1, len(game)), bool))[0]
    return float(full - game(prefixes(order)).mean())

"""Search for the order of words that is best, or worst, by a masking game."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.explain.faithfulness import comprehensiveness, order_of, prefixes
from bertmagic.explain.surrogate import PairModel, masks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from bertmagic.explain.faithfulness import Order
    from bertmagic.explain.game import Masks, TargetGame

    Values = npt.NDArray[np.float64]
    Predict = Callable[[Masks], Values]

WIDTH = 5
"""How many orders a beam keeps."""


def beam(values: Predict, count: int, width: int = WIDTH, sign: int = 1) -> Order:
    """Return the order with the largest comprehensiveness (``sign`` 1), or the smallest (-1), by beam search.

    At each step every order of the beam is extended by every word, and the ``width`` with the best sums are kept; two
    orders of the same words are one (Zhou & Shah 2023; Edin et al. 2025).

    Parameters
    ----------
    values
        From masks ``(masks, words)`` to scores: a game, or a model of one.
    count
        The number of words.
    """
    hidden, totals = np.zeros((1, count), bool), np.zeros(1)
    orders = np.zeros((1, 0), np.int64)
    for _ in range(count):
        state, word = np.nonzero(~hidden)
        grown = hidden[state]
        grown[np.arange(len(word)), word] = True
        sums = totals[state] - sign * values(grown)
        ranked = np.argsort(-sums, kind="stable")
        _, first = np.unique(np.packbits(grown[ranked], axis=1), axis=0, return_index=True)  # the best of each set
        chosen = ranked[np.sort(first)[:width]]
        orders = np.concatenate([orders[state[chosen]], word[chosen, None]], axis=1)
        hidden, totals = grown[chosen], sums[chosen]
    return np.asarray(orders[0])


def beam_passes(count: int, width: int = WIDTH) -> int:
    """Return how many passes a beam search of a game takes at most."""
    return width * count * (count + 1) // 2


def improved(game: TargetGame, passes: int, sign: int = 1, start: Order | None = None) -> Order:
    """Return the best order that is found with a model of the game.

    A model with pairs of words is fitted to all masks that were scored; a beam search finds the order that is best by
    this model; its masks are scored by the game, and the model is fitted again. So few passes see many orders.

    Parameters
    ----------
    passes
        How many passes it may take, at most.
    sign
        1 for the largest comprehensiveness, -1 for the smallest.
    start
        An order to compare with; its masks are scored.
    """
    count, begun = len(game), game.passes
    best = None if start is None else (sign * comprehensiveness(game, start), start)
    while True:
        model = PairModel(*game.known(), game.is_probability)
        order = beam(model, count, sign=sign)
        if best is not None and game.passes - begun + game.unknown(prefixes(order)) > passes:
            return best[1]
        before = game.passes
        found = sign * comprehensiveness(game, order)
        if best is None or found > best[0]:
            best = found, order
        if game.passes == before:  # all its masks were known: the model would stay the same
            return best[1]


LEAST = 4
"""How many passes a word has at least in `search`: fewer do not leave enough to compare two orders."""


def is_enough(game: TargetGame, passes: int) -> bool:
    """Whether a budget is enough for `search`."""
    return len(game) > 1 and passes >= LEAST * len(game)


def search(game: TargetGame, passes: int, seed: int = 0) -> Values:
    """Return the scores of a ridge regression, made consistent with the best order that a search found.

    Half of the passes are random masks. The others go to the order itself, and `improved` begins with that of the
    regression. The method aims at what `Faithfulness` measures.
    """
    begun = game.passes
    scores = masks(game, passes // 2, seed)
    return in_order(scores, improved(game, passes - (game.passes - begun), start=order_of(scores)))


def in_order(scores: Values, order: Order) -> Values:
    """Return the nearest scores (in squares) that fall along an order: isotonic regression by pooling neighbours.

    Equal neighbours are then set apart by a millionth of the largest score, so that the scores say the order.
    """
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(scores, float)[order]:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            (one, many), (other, more) = blocks[-2:]
            blocks[-2:] = [((one * many + other * more) / (many + more), many + more)]
    falling = np.repeat([value for value, _ in blocks], [many for _, many in blocks])
    step = 1e-6 * max(float(np.abs(falling).max(initial=0)), 1e-9)
    ordered = np.empty(len(order))
    ordered[order] = falling - step * np.arange(len(order))
    return ordered

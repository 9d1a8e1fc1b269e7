"""The faithfulness of an order between the best and the worst order that a search finds."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from bertmagic.errors import count
from bertmagic.explain.faithfulness import Faithfulness, comprehensiveness
from bertmagic.explain.order_search import WIDTH, beam, beam_passes, improved
from bertmagic.explain.surrogate import random_masks

if TYPE_CHECKING:
    from bertmagic.explain.faithfulness import Order
    from bertmagic.explain.game import TargetGame

PASSES = 150
"""How many passes the search for both bounds takes where a whole beam search takes more; of longer texts 4 a word."""

LONGEST = 128
"""Bounds of texts with more words are searched only if that is asked for."""


def measure(game: TargetGame, order: Order, full: bool = False) -> Faithfulness:
    """Return the faithfulness of an order between the bounds that a search finds.

    Parameters
    ----------
    full
        Whether to search by a beam of width 5 that is guided by the game alone, whatever it takes.
    """
    began, begun = time.perf_counter(), game.passes
    forward, backward = comprehensiveness(game, order), comprehensiveness(game, order[::-1])
    words = len(game)
    if full or 2 * beam_passes(words) <= PASSES:
        found = [beam(game, words, sign=sign) for sign in (1, -1)]
        searched = f"beam search of width {WIDTH}"
    elif words > LONGEST:
        searched = f"not searched, as the text has more than {LONGEST} words"
        return Faithfulness(
            forward, backward, math.nan, math.nan, searched, game.passes - begun, time.perf_counter() - began
        )
    else:
        most = max(PASSES // 3, 2 * words)  # enough to compare with one other order
        game(random_masks(words, max(PASSES // 3, 0), seed=2))  # a model of the game needs masks of all sizes
        starts = (order, order[::-1])
        found = [improved(game, most, sign, start) for sign, start in zip((1, -1), starts, strict=True)]
        searched = "search by a model of the masks; the true bounds may be wider"
    known = [forward, backward, *(comprehensiveness(game, one) for one in found)]
    taken = game.passes - begun
    return Faithfulness(
        forward, backward, max(known), min(known), f"{searched}, {count(taken, 'pass', 'passes')}", taken,
        time.perf_counter() - began,
    )  # fmt: skip

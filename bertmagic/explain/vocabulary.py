"""The words of training rows that speak for a class."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from bertmagic.data import words as splitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROWS = 3
"""In so many rows of a class a word has to stand."""

_PRIOR = 0.01
"""What is added to each count, per occurrence in all rows."""


def strongest(texts: Iterable[str], has_target: Iterable[bool], most: int) -> list[str]:
    """Return the words that speak for the rows with a target, the strongest first.

    By the z-score of the log-odds ratio of their counts, with the counts of all rows as the prior (Monroe, Colaresi &
    Quinn 2008, "Fightin' Words", equations 15 to 22). Only words of letters count, in lower case.
    """
    import numpy as np

    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    rows: Counter[str] = Counter()
    for text, has in zip(texts, has_target, strict=True):
        lower = text.lower()
        words = [word for start, end in splitting.split(lower) if (word := lower[start:end]).isalpha()]
        counts[bool(has)].update(words)
        if has:
            rows.update(set(words))
    known = [word for word, number in rows.items() if number >= _ROWS]
    if not known:
        return []
    without, having = (np.array([side[word] for word in known], float) for side in counts)
    prior = _PRIOR * (without + having)
    totals = [side.total() * (1 + _PRIOR) for side in counts]
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log((having + prior) / (totals[1] - having)) - np.log((without + prior) / (totals[0] - without))
        scores = odds / np.sqrt(1 / (having + prior) + 1 / (without + prior))
    scores = np.nan_to_num(scores, nan=-np.inf)
    order = np.argsort(-scores, kind="stable")
    return [known[at] for at in order[:most].tolist() if scores[at] > 0]


class Pairs:
    """Counts of neighbouring words in texts, to see which word fits between two others."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._words: Counter[str] = Counter()
        for text in texts:
            lower = text.lower()
            words = ["", *(lower[start:end] for start, end in splitting.split(lower)), ""]
            self._words.update(words)
            self._pairs.update(pairwise(words))

    def fit(self, before: str, word: str, behind: str) -> float:
        """Return how well a word fits between two others; empty ones are the ends of the text.

        The geometric mean of its probability behind the first and before the second, each smoothed by how often it
        occurs at all.
        """
        before, word, behind = before.lower(), word.lower(), behind.lower()
        share = self._words[word] / max(1, self._words.total())
        first = (self._pairs[before, word] + share) / (self._words[before] + 1)
        second = (self._pairs[word, behind] + share) / (self._words[behind] + 1)
        return float((first * second) ** 0.5)

    def best(self, words: Sequence[str], before: str, behind: str, most: int) -> list[tuple[str, float]]:
        """Return words with how well they fit between two others: the first ones, then the best fitting others."""
        known = [(word, self.fit(before, word, behind)) for word in words]
        first = known[: most // 2]
        return first + sorted(known[most // 2 :], key=lambda one: -one[1])[: most - len(first)]

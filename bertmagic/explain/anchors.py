"""The smallest set of words that keeps a prediction while the others are hidden at random.

After Ribeiro, Singh & Guestrin 2018, "Anchors: High-Precision Model-Agnostic Explanations", with one pool of samples a
step in place of their bandits: all words that may join are judged on the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Keeps = Callable[[npt.NDArray[np.bool_]], npt.NDArray[np.bool_]]

_POOL = 96
"""Samples of a step."""

_CHECKED = 200
"""Samples that measure the precision of the words that were found; none of them has chosen these."""

MOST = 12
"""An anchor of more words would be no explanation."""

_HIDDEN = 0.5
"""The probability that one of the other words is hidden."""


@dataclass(frozen=True)
class Anchor:
    """Words that keep a prediction.

    Attributes
    ----------
    words
        Their numbers, in their order in the text.
    precision, low, high
        In which share of fresh samples the prediction stays, with its 95 % interval (Wilson 1927).
    alone
        The same share with no word kept.
    coverage
        Which share of the words they are.
    samples, passes
        How many samples measured the precision, and how many texts the model has read in all.
    interrupted
        Whether the search was ended before it was done.
    """

    words: tuple[int, ...]
    precision: float
    low: float
    high: float
    alone: float
    coverage: float
    samples: int
    passes: int
    interrupted: bool = False


@dataclass(frozen=True, repr=False)
class AnchorWords(ExportableResult):
    """The anchor of a prediction.

    Attributes
    ----------
    parts
        The text, or both texts of a pair.
    spans
        Part, first character and the one behind the last, of each word of the anchor.
    label
        The prediction that it keeps.
    wanted
        The precision that was asked for.
    anchor
        Its words and its measured precision.
    model
        The name of the model.
    seconds, notes
        How long it took, and what the user should know.
    """

    parts: tuple[str, ...]
    spans: tuple[tuple[int, int, int], ...]
    label: str
    wanted: float
    anchor: Anchor
    model: str
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the anchor."""
        return tuple(self.parts[part][start:end] for part, start, end in self.spans)


def search(
    words: int, keeps: Keeps, wanted: float = 0.95, seed: int = 0, tick: Callable[[int, int], None] = lambda *_: None
) -> Anchor:
    """Search for the smallest set of words that keeps a prediction.

    In each step the word joins with which the prediction stays most often. Then each word is left out again if the
    others keep the prediction without it. If fresh samples do not confirm the precision, more words join.

    Parameters
    ----------
    words
        How many words the text has.
    keeps
        From the words that are hidden, ``(samples, words)``, to whether the prediction stays, ``(samples,)``.
    wanted
        The precision that the words have to reach.
    seed
        Of the samples.
    tick
        Called with how many words are kept so far, and the most.
    """
    import numpy as np

    generator, most = np.random.default_rng(seed), min(words, MOST)
    chosen: list[int] = []
    passes, alone, interrupted = 0, float("nan"), False

    def sample(kept: list[int], count: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        nonlocal passes
        hidden = generator.random((count, words)) < _HIDDEN
        hidden[:, kept] = False
        passes += count
        return hidden, keeps(hidden)

    try:
        while len(chosen) < most:
            tick(len(chosen), most)
            hidden, stays = sample(chosen, _POOL)
            if not chosen:
                alone = float(stays.mean())
            if stays.mean() >= wanted:
                break
            chosen.append(_next(hidden, stays, chosen))
        for word in chosen[:-1]:
            fewer = [at for at in chosen if at != word]
            if sample(fewer, _POOL)[1].mean() >= wanted:
                chosen = fewer
        while True:
            hidden, stays = sample(chosen, _CHECKED)
            if stays.mean() >= wanted or len(chosen) == most:
                break
            chosen.append(_next(hidden, stays, chosen))  # fewer samples were too kind
    except KeyboardInterrupt:
        interrupted, stays = True, np.zeros(0, bool)
    precision = float(stays.mean()) if len(stays) else float("nan")
    low, high = _interval(stays)
    return Anchor(
        tuple(sorted(chosen)), precision, low, high, alone, len(chosen) / max(1, words), len(stays), passes, interrupted
    )


def _next(hidden: npt.NDArray[np.bool_], stays: npt.NDArray[np.bool_], chosen: list[int]) -> int:
    """Return the word with which the prediction stays most often, compared with the samples that hide it."""
    import numpy as np

    shown = ~hidden
    gains = (shown * stays[:, None]).sum(axis=0) / np.maximum(shown.sum(axis=0), 1) - (hidden * stays[:, None]).sum(
        axis=0
    ) / np.maximum(hidden.sum(axis=0), 1)
    gains[chosen] = -np.inf
    return int(gains.argmax())


def _interval(stays: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the 95 % interval of the share of true values (Wilson 1927); NaN without values."""
    from scipy.stats import binomtest

    if not len(stays):
        return float("nan"), float("nan")
    found = binomtest(int(stays.sum()), len(stays)).proportion_ci(method="wilson")
    return float(found.low), float(found.high)

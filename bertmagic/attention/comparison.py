"""Two models on one text, or one model on two: what their heads do differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention.words import gathered, in_common
from bertmagic.errors import DataError, ModelError
from bertmagic.result import Result

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.maps import AttentionMaps, Floats, Token


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """What the heads of two maps do differently.

    Attributes
    ----------
    first, second
        The maps on the same tokens; of different texts, as they were captured.
    difference
        Weights of the first less those of the second, ``(layers, heads, tokens, tokens)``; None where the texts differ.
    divergence
        The mean Jensen-Shannon divergence of a head's rows in bits, from 0 (the same) to 1, of shape
        ``(layers, heads)``; None where the texts differ.
    merged
        Whether tokens were merged to words, as the two tokenizers differ.
    """

    first: AttentionMaps
    second: AttentionMaps
    difference: Floats | None = None
    divergence: npt.NDArray[np.float64] | None = None
    merged: bool = False

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens, or the words, that both were compared on; those of the first where the texts differ."""
        return self.first.tokens

    def statistics(self, gradient: bool = False) -> pd.DataFrame:
        """Return the head statistics of both side by side, as columns ``(statistic, "first" or "second")``.

        ``divergence`` stands first where there is one.
        """
        import pandas as pd

        both = [maps.head_statistics(gradient).set_index(["layer", "head"]) for maps in (self.first, self.second)]
        found = pd.concat(both, axis=1, keys=["first", "second"]).swaplevel(axis=1)
        names = list(both[0].columns)
        found = found[[(name, of) for name in names for of in ("first", "second")]]
        if self.divergence is not None:
            found.insert(0, ("divergence", ""), self.divergence.reshape(-1))
        return found

    def ranking(self) -> pd.DataFrame:
        """Return ``layer, head, divergence``, the heads that differ most first.

        Raises
        ------
        DataError
            If the texts differ.
        """
        import pandas as pd

        if self.divergence is None:
            raise DataError("heads on different texts have no divergence.", "Look at statistics().")
        layers, heads = np.indices(self.divergence.shape)
        table = {"layer": layers.ravel(), "head": heads.ravel(), "divergence": self.divergence.ravel()}
        return pd.DataFrame(table).sort_values("divergence", ascending=False, kind="stable", ignore_index=True)


def compare(first: AttentionMaps, second: AttentionMaps) -> Comparison:
    """Return what the heads of two maps do differently; see `AttentionMaps.compare`."""
    if first.shape[:2] != second.shape[:2]:
        raise ModelError(
            f"{first.model!r} has {_size(first)} and {second.model!r} has {_size(second)}: no head has a counterpart.",
            "Compare models of one architecture; head_statistics() describes those of any.",
        )
    if (first.text, first.pair) != (second.text, second.pair):
        return Comparison(first, second)
    merged = _pieces(first) != _pieces(second)
    if merged:
        first, second = _on_equal_words(first, second)
    return Comparison(first, second, first.array - second.array, divergence(first.array, second.array), merged)


def divergence(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    """Return the Jensen-Shannon divergence of rows in bits, its mean over the rows of each head.

    ``(KL(a, m) + KL(b, m)) / 2`` with ``m = (a + b) / 2`` and ``KL(a, m) = sum_j a_j log2(a_j / m_j)`` (Lin 1991,
    eq. 4.1). Equal rows give exactly 0.

    Parameters
    ----------
    first, second
        Of shape ``(layers, heads, tokens, tokens)``, rows that sum to 1.

    Returns
    -------
    ndarray
        Of shape ``(layers, heads)``.
    """
    return np.stack([_of_layer(*pair) for pair in zip(first, second, strict=True)])


def _of_layer(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    tiny = np.finfo(np.float32).tiny  # where both are 0 the term is 0, and so is the logarithm of tiny / tiny
    middle = np.maximum((first + second) / 2, tiny)
    terms = first * np.log2(np.maximum(first, tiny) / middle) + second * np.log2(np.maximum(second, tiny) / middle)
    found: npt.NDArray[np.float64] = np.maximum(terms.sum(axis=-1, dtype=np.float64).mean(axis=-1) / 2, 0)
    return found


def _size(maps: AttentionMaps) -> str:
    layers, heads, _ = maps.shape
    return f"{layers} layers of {heads} heads"


def _pieces(maps: AttentionMaps) -> list[tuple[str, int, int, int]]:
    return [(token.piece, token.start, token.end, token.sentence) for token in maps.tokens]


def _on_equal_words(first: AttentionMaps, second: AttentionMaps) -> tuple[AttentionMaps, AttentionMaps]:
    """Return maps of the words that both have.

    Raises
    ------
    DataError
        If one of them was cut before the other.
    """
    if (first.cut or second.cut) and _last(first) != _last(second):
        raise DataError(
            f"{first.model!r} and {second.model!r} read the text up to different words.",
            "Give a shorter text, that both can read whole.",
        )
    ours, theirs = in_common(first.tokens, second.tokens)
    return gathered(first, ours), gathered(second, theirs)


def _last(maps: AttentionMaps) -> list[int]:
    """Return the last word of each text that was read."""
    return [max((token.word for token in maps.tokens if token.sentence == of), default=-1) for of in (0, 1)]

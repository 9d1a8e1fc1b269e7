"""Differences between the heads of two models on one text, or of one model on two texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention.words import common_words, merged
from bertmagic.errors import DataError, ModelError, count
from bertmagic.result import Result

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.maps import AttentionMaps, Floats, Token


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Differences between the heads of two attention maps.

    Attributes
    ----------
    first, second
        The two maps, on the same tokens or words; if the texts differ, as they were captured.
    difference
        Weights of the first minus those of the second, ``(layers, heads, tokens, tokens)``; None if the texts differ.
    divergence
        The mean Jensen-Shannon divergence of a head's rows in bits, from 0 (equal) to 1, of shape
        ``(layers, heads)``; None if the texts differ.
    merged
        Whether tokens were merged into words because the two tokenizers differ.
    """

    first: AttentionMaps
    second: AttentionMaps
    difference: Floats | None = None
    divergence: npt.NDArray[np.float64] | None = None
    merged: bool = False

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens or words of `difference`; if the texts differ, those of the first."""
        return self.first.tokens

    def statistics(self, gradient: bool = False) -> pd.DataFrame:
        """Return the head statistics of both, in columns ``(statistic, "first" or "second")``.

        If there is a ``divergence``, it is the first column.
        """
        import pandas as pd

        both = [maps.head_statistics(gradient).set_index(["layer", "head"]) for maps in (self.first, self.second)]
        table = pd.concat(both, axis=1, keys=["first", "second"]).swaplevel(axis=1)
        names = list(both[0].columns)
        table = table[[(name, side) for name in names for side in ("first", "second")]]
        if self.divergence is not None:
            table.insert(0, ("divergence", ""), self.divergence.reshape(-1))
        return table

    def ranking(self) -> pd.DataFrame:
        """Return a table ``layer, head, divergence``, the largest divergence first.

        Raises
        ------
        DataError
            If the texts differ.
        """
        import pandas as pd

        if self.divergence is None:
            raise DataError("there is no divergence between heads on different texts.", "Use statistics().")
        layers, heads = np.indices(self.divergence.shape)
        table = {"layer": layers.ravel(), "head": heads.ravel(), "divergence": self.divergence.ravel()}
        return pd.DataFrame(table).sort_values("divergence", ascending=False, kind="stable", ignore_index=True)


def compare(first: AttentionMaps, second: AttentionMaps) -> Comparison:
    """Return the differences between two maps; see `AttentionMaps.compare`."""
    if first.shape[:2] != second.shape[:2]:
        raise ModelError(
            f"the heads of {first.model!r} ({_size(first)}) and {second.model!r} ({_size(second)}) do not correspond.",
            "Compare models with as many layers and heads, or their head_statistics().",
        )
    if (first.text, first.pair) != (second.text, second.pair):
        return Comparison(first, second)
    is_merged = _pieces(first) != _pieces(second)
    if is_merged:
        first, second = _on_equal_words(first, second)
    return Comparison(first, second, first.array - second.array, divergence(first.array, second.array), is_merged)


def divergence(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    """Return the Jensen-Shannon divergence of rows in bits, as mean over the rows of each head.

    ``(KL(a, m) + KL(b, m)) / 2`` with ``m = (a + b) / 2`` and ``KL(a, m) = sum_j a_j log2(a_j / m_j)`` (Lin 1991,
    eq. 4.1). Equal rows give exactly 0.

    Parameters
    ----------
    first, second
        Of shape ``(layers, heads, tokens, tokens)``; rows sum to 1.

    Returns
    -------
    ndarray
        Of shape ``(layers, heads)``.
    """
    return np.stack([_of_layer(*pair) for pair in zip(first, second, strict=True)])


def _of_layer(first: Floats, second: Floats) -> npt.NDArray[np.float64]:
    tiny = np.finfo(np.float32).tiny  # if both are 0, the term is 0 * log2(tiny / tiny) = 0
    middle = np.maximum((first + second) / 2, tiny)
    terms = first * np.log2(np.maximum(first, tiny) / middle) + second * np.log2(np.maximum(second, tiny) / middle)
    mean: npt.NDArray[np.float64] = np.maximum(terms.sum(axis=-1, dtype=np.float64).mean(axis=-1) / 2, 0)
    return mean


def _size(maps: AttentionMaps) -> str:
    layers, heads, _ = maps.shape
    return f"{count(layers, 'layer')} of {count(heads, 'head')}"


def _pieces(maps: AttentionMaps) -> list[tuple[str, int, int, int]]:
    return [(token.piece, token.start, token.end, token.sentence) for token in maps.tokens]


def _on_equal_words(first: AttentionMaps, second: AttentionMaps) -> tuple[AttentionMaps, AttentionMaps]:
    """Return maps of the words that both tokenizers have.

    Raises
    ------
    DataError
        If one model truncated the text before the other.
    """
    if (first.cut or second.cut) and _last(first) != _last(second):
        raise DataError(
            f"{first.model!r} and {second.model!r} truncated the text at different words.",
            "Give a text that fits into both.",
        )
    of_first, of_second = common_words(first.tokens, second.tokens)
    return merged(first, of_first), merged(second, of_second)


def _last(maps: AttentionMaps) -> list[int]:
    """Return the index of the last word of each text that fits."""
    return [max((token.word for token in maps.tokens if token.sentence == sentence), default=-1) for sentence in (0, 1)]

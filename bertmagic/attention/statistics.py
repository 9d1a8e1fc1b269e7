"""Head statistics that tell kinds of heads apart, with their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.maps import AttentionMaps, Floats

    Heads = npt.NDArray[Any]

_UNIFORM = 0.98
"""A head counts as uniform from this share of the maximum entropy on."""


def of_heads(maps: AttentionMaps, gradient: bool = False, output: str | None = None) -> pd.DataFrame:
    """Return a row for each head; see `AttentionMaps.head_statistics`."""
    import pandas as pd

    layers, heads, _ = maps.shape
    table: dict[str, npt.NDArray[Any]] = {
        "layer": np.repeat(np.arange(layers), heads), "head": np.tile(np.arange(heads), layers)
    }  # fmt: skip
    table |= {name: compute(maps).astype(np.float64).reshape(-1) for name, compute in _STATISTICS.items()}
    if gradient:
        table["importance"] = importance(maps, output).reshape(-1)
    return pd.DataFrame(table)


def entropy(maps: AttentionMaps) -> Heads:
    """Return the mean entropy of a head's rows in bits: ``-sum_j A_ij log2 A_ij`` (Clark et al. 2019, section 3.2).

    0 if each token attends to one token, ``log2 tokens`` if all weights are equal. Of shape ``(layers, heads)``, like
    all functions below.
    """
    return np.stack([_mean(_entropies(layer)) for layer in maps.array])


def _entropies(weights: Floats) -> Floats:
    """Return the entropy of each row in bits, ``(heads, tokens)``."""
    # A weight of 0 adds 0; the smallest normal number keeps its logarithm finite.
    logs = np.log2(np.maximum(weights, np.finfo(np.float32).tiny))
    entropies: Floats = -np.einsum("hij,hij->hi", weights, logs)
    return np.maximum(entropies, 0)


def distance(maps: AttentionMaps) -> Heads:
    """Return the mean distance of attention in tokens, ``sum_j A_ij |i - j|`` (Vig & Belinkov 2019, eq. 2)."""
    positions = np.arange(maps.array.shape[-1])
    distances = np.abs(positions[:, None] - positions).astype(np.float32)
    mean: Heads = np.einsum("lhij,ij->lh", maps.array, distances) / len(positions)
    return mean


def itself(maps: AttentionMaps) -> Heads:
    """Return the mean weight of a token on itself (Clark et al. 2019, section 3.1)."""
    return _diagonal(maps, 0)


def previous(maps: AttentionMaps) -> Heads:
    """Return the mean weight on the previous token (Clark et al. 2019, section 3.1), over tokens that have one."""
    return _diagonal(maps, -1)


def following(maps: AttentionMaps) -> Heads:
    """Return the mean weight on the next token (Clark et al. 2019, section 3.1), over tokens that have one."""
    return _diagonal(maps, 1)


def _diagonal(maps: AttentionMaps, offset: int) -> Heads:
    weights: Heads = np.diagonal(maps.array, offset, axis1=2, axis2=3)
    return _mean(weights) if weights.shape[-1] else np.full(maps.array.shape[:2], np.nan)


def first(maps: AttentionMaps) -> Heads:
    """Return the mean weight on the first token if it is special, [CLS] for BERT (Clark et al. 2019, section 3.2)."""
    return _mean_sum(maps, [at for at, token in enumerate(maps.tokens[:1]) if token.sentence < 0])


def separators(maps: AttentionMaps) -> Heads:
    """Return the mean weight on the other special tokens, [SEP] for BERT (Clark et al. 2019, section 3.2)."""
    return _mean_sum(maps, [at for at, token in enumerate(maps.tokens) if at and token.sentence < 0])


def _mean_sum(maps: AttentionMaps, columns: list[int]) -> Heads:
    if not columns:
        return np.full(maps.array.shape[:2], np.nan)
    return _mean(maps.array[..., columns].sum(axis=-1))


def other_sentence(maps: AttentionMaps) -> Heads:
    """Return the mean weight of a token of one text on all tokens of the other; NaN without a pair."""
    sentence = np.asarray([token.sentence for token in maps.tokens])
    crossing = (sentence[:, None] >= 0) & (sentence >= 0) & (sentence[:, None] != sentence)
    if not crossing.any():
        return np.full(maps.array.shape[:2], np.nan)
    sums: Heads = np.einsum("lhij,ij->lh", maps.array, crossing.astype(np.float32))
    return sums / int((sentence >= 0).sum())


def strongest(maps: AttentionMaps) -> Heads:
    """Return the mean of the largest weight of each row, called confidence in Voita et al. 2019, section 5.1."""
    return _mean(maps.array.max(axis=-1))


def _mean(rows: Heads) -> Heads:
    mean: Heads = rows.mean(axis=-1)
    return mean


def importance(maps: AttentionMaps, output: str | None = None) -> Heads:
    """Return the importance of each head for an output: ``|dy/dg|`` at ``g = 1`` for a factor ``g`` of the head.

    By the chain rule this is ``I_h = |sum_ij A_ij dy/dA_ij|`` (Michel et al. 2019, section 4.1, for one text and with
    the logit ``y`` in place of the loss). As there, the values of a layer are divided by their L2 norm, because layers
    differ in scale (Molchanov et al. 2017).

    Raises
    ------
    ModelError
        If the model is no longer in memory.
    """
    tokens = maps if maps.source is None else maps.source
    derivatives = np.abs(np.einsum("lhij,lhij->lh", tokens.array, tokens.gradient(output), dtype=np.float64))
    norms = np.sqrt((derivatives**2).sum(axis=1, keepdims=True))
    scaled: Heads = derivatives / np.where(norms > 0, norms, 1)
    return scaled


def nearly_uniform(maps: AttentionMaps) -> bool:
    """Whether all heads have nearly equal weights, as in a model whose weights were not loaded."""
    tokens = maps.array.shape[-1]
    allowed = [tokens if layer.allowed is None else layer.allowed.sum(axis=-1) for layer in maps.layers]
    most_entropy = np.asarray([np.log2(many).mean() for many in allowed])[:, None]
    return tokens > 2 and bool((entropy(maps) >= _UNIFORM * most_entropy).all())


_STATISTICS: dict[str, Callable[[AttentionMaps], Heads]] = {
    "entropy": entropy,
    "distance": distance,
    "self": itself,
    "previous": previous,
    "next": following,
    "cls": first,
    "sep": separators,
    "other_sentence": other_sentence,
    "strongest": strongest,
}

STATISTICS = (*_STATISTICS, "importance")
"""The names of all statistics, in the order of `AttentionMaps.head_statistics`; ``importance`` only on request."""

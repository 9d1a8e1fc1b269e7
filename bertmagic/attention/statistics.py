"""What kind of head a head is: numbers of each, with their sources."""

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
"""From which share of the largest possible entropy on a head's weights say next to nothing."""


def of_heads(maps: AttentionMaps, gradient: bool = False, output: str | None = None) -> pd.DataFrame:
    """Return a row for each head; see `AttentionMaps.head_statistics`."""
    import pandas as pd

    layers, heads, _ = maps.shape
    found: dict[str, npt.NDArray[Any]] = {
        "layer": np.repeat(np.arange(layers), heads), "head": np.tile(np.arange(heads), layers)
    }  # fmt: skip
    found |= {name: measure(maps).astype(np.float64).reshape(-1) for name, measure in _MEASURES.items()}
    if gradient:
        found["importance"] = importance(maps, output).reshape(-1)
    return pd.DataFrame(found)


def entropy(maps: AttentionMaps) -> Heads:
    """Return the mean entropy of a head's rows in bits: ``-sum_j A_ij log2 A_ij`` (Clark et al. 2019, section 3.2).

    Of shape ``(layers, heads)``, as all that follow: 0 where each token looks at one, ``log2 tokens`` where all look
    everywhere alike.
    """
    return np.stack([_mean(_entropies(layer)) for layer in maps.array])


def _entropies(weights: Floats) -> Floats:
    """Return the entropy of each row in bits, ``(heads, tokens)``."""
    # A weight of 0 adds 0: the smallest normal number keeps the logarithm finite.
    logs = np.log2(np.maximum(weights, np.finfo(np.float32).tiny))
    found: Floats = -np.einsum("hij,hij->hi", weights, logs)
    return np.maximum(found, 0)


def distance(maps: AttentionMaps) -> Heads:
    """Return how many tokens away a head looks on average, ``sum_j A_ij |i - j|`` (Vig & Belinkov 2019, eq. 2)."""
    places = np.arange(maps.array.shape[-1])
    apart = np.abs(places[:, None] - places).astype(np.float32)
    found: Heads = np.einsum("lhij,ij->lh", maps.array, apart) / len(places)
    return found


def itself(maps: AttentionMaps) -> Heads:
    """Return the mean weight of a token to itself (Clark et al. 2019, section 3.1)."""
    return _diagonal(maps, 0)


def previous(maps: AttentionMaps) -> Heads:
    """Return the mean weight to the token before (Clark et al. 2019, section 3.1), over tokens that have one."""
    return _diagonal(maps, -1)


def following(maps: AttentionMaps) -> Heads:
    """Return the mean weight to the token behind (Clark et al. 2019, section 3.1), over tokens that have one."""
    return _diagonal(maps, 1)


def _diagonal(maps: AttentionMaps, by: int) -> Heads:
    found: Heads = np.diagonal(maps.array, by, axis1=2, axis2=3)
    return _mean(found) if found.shape[-1] else np.full(maps.array.shape[:2], np.nan)


def first(maps: AttentionMaps) -> Heads:
    """Return the mean weight to the special token at the beginning, [CLS] for BERT (Clark et al. 2019, section 3.2)."""
    return _mass(maps, [place for place, token in enumerate(maps.tokens[:1]) if token.sentence < 0])


def separators(maps: AttentionMaps) -> Heads:
    """Return the mean weight to the other special tokens, [SEP] for BERT (Clark et al. 2019, section 3.2)."""
    return _mass(maps, [place for place, token in enumerate(maps.tokens) if place and token.sentence < 0])


def _mass(maps: AttentionMaps, columns: list[int]) -> Heads:
    if not columns:
        return np.full(maps.array.shape[:2], np.nan)
    return _mean(maps.array[..., columns].sum(axis=-1))


def other_sentence(maps: AttentionMaps) -> Heads:
    """Return the mean weight of a token of one text to those of the other; NaN without a pair."""
    sentence = np.asarray([token.sentence for token in maps.tokens])
    crossing = (sentence[:, None] >= 0) & (sentence >= 0) & (sentence[:, None] != sentence)
    if not crossing.any():
        return np.full(maps.array.shape[:2], np.nan)
    sums: Heads = np.einsum("lhij,ij->lh", maps.array, crossing.astype(np.float32))
    return sums / int((sentence >= 0).sum())


def strongest(maps: AttentionMaps) -> Heads:
    """Return the mean of the largest weight of each row: a head's confidence in Voita et al. 2019, section 5.1."""
    return _mean(maps.array.max(axis=-1))


def _mean(rows: Heads) -> Heads:
    found: Heads = rows.mean(axis=-1)
    return found


def importance(maps: AttentionMaps, output: str | None = None) -> Heads:
    """Return how much an output hangs on each head, ``|dy / dg|`` at ``g = 1`` for a head's mix times a gate ``g``.

    ``I_h = |sum_ij A_ij dy/dA_ij|``, which is that derivative by the chain rule (Michel et al. 2019, section 4.1, for
    one text and the logit ``y`` in place of the loss). As there, the numbers of a layer are divided by the root of the
    sum of their squares, since layers differ in scale (Molchanov et al. 2017).

    Raises
    ------
    ModelError
        If the model is gone.
    """
    origin = maps if maps.source is None else maps.source
    found = np.abs(np.einsum("lhij,lhij->lh", origin.array, origin.gradient(output), dtype=np.float64))
    norms = np.sqrt((found**2).sum(axis=1, keepdims=True))
    scaled: Heads = found / np.where(norms > 0, norms, 1)
    return scaled


def nearly_uniform(maps: AttentionMaps) -> bool:
    """Whether all heads look everywhere almost alike, as those of a model do whose weights were not loaded."""
    tokens = maps.array.shape[-1]
    limits = [tokens if layer.allowed is None else layer.allowed.sum(axis=-1) for layer in maps.layers]
    largest = np.asarray([np.log2(limit).mean() for limit in limits])[:, None]
    return tokens > 2 and bool((entropy(maps) >= _UNIFORM * largest).all())


_MEASURES: dict[str, Callable[[AttentionMaps], Heads]] = {
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

STATISTICS = (*_MEASURES, "importance")
"""The names of all statistics, as columns of `AttentionMaps.head_statistics`; ``importance`` on request only."""

"""Mixing methods: maps computed from attention weights, with their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.errors import ModelError, OptionError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.attention.maps import AttentionMaps, Floats


def mixed(maps: AttentionMaps, method: str, output: str | None = None) -> Floats:
    """Return the maps of a method; see `AttentionMaps.mixed`."""
    if method not in _MIXERS:
        raise OptionError(
            f"there is no method {method!r}.{nearest(method, METHODS)}", f"Methods are {', '.join(METHODS)}."
        )
    return _MIXERS[method](maps, output)


def _weights(maps: AttentionMaps, output: str | None) -> Floats:
    """Return the weights unchanged, ``A = softmax(Q K^T / sqrt(d))`` (Vaswani et al. 2017, eq. 1)."""
    return maps.array


def head_mean(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return the mean over the heads of each layer, of shape ``(layers, 1, tokens, tokens)``; rows sum to 1."""
    mean: Floats = maps.array.mean(axis=1, keepdims=True)
    return mean


def head_max(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return the maximum over the heads of each layer, ``(layers, 1, tokens, tokens)``; rows sum to 1 or more."""
    largest: Floats = maps.array.max(axis=1, keepdims=True)
    return largest


def value_norms(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return value-weighted attention: the norm of what each token contributes to a head's output, as shares of a row.

    ``|A_ij f(x_j)| = A_ij |f(x_j)|`` with ``f(x) = (x W_V + b_V) W_O`` (Kobayashi et al. 2020, section 3), each row
    divided by its sum. A token with a large weight and a small value contributes little.

    Raises
    ------
    ModelError
        If the values were not captured.
    """
    norms = [layer.norms for layer in maps.layers if layer.norms is not None]
    if not norms or len(norms) < len(maps.layers):
        raise ModelError(f"the values of {maps.model!r} could not be captured.", "Choose another method.")
    weighted: Floats = maps.array * np.stack(norms)[:, :, None, :]
    sums: Floats = weighted.sum(axis=-1, keepdims=True)
    return np.divide(weighted, np.maximum(sums, np.finfo(np.float32).tiny), dtype=np.float32)


def rollout(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return attention rollout: the share of each input token in each token after each layer.

    ``R_l = (A_l / 2 + I / 2) R_(l-1)`` with ``A_l`` the mean over heads and ``R_0 = I``; ``I`` stands for the residual
    connection (Abnar & Zuidema 2020, section 3). Of shape ``(layers, 1, tokens, tokens)``; rows sum to 1.
    """
    rolled = identity = np.eye(maps.array.shape[-1], dtype=np.float32)
    layers = []
    for weights in maps.array.mean(axis=1):
        rolled = (weights + identity) / 2 @ rolled
        layers.append(rolled)
    return np.stack(layers)[:, None]


def gradient(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return the positive part of each weight times the gradient of an output's logit by it.

    ``max(A * dy/dA, 0)`` for the logit ``y`` (Chefer et al. 2021, "Generic Attention-model Explainability", eq. 5,
    before the mean over heads), divided by the maximum over all heads, because only proportions have a meaning.

    Raises
    ------
    ModelError
        If the model is no longer in memory.
    """
    relevance = np.maximum(maps.array * maps.gradient(output), 0)
    largest = relevance.max()
    scaled: Floats = relevance / largest if largest > 0 else relevance
    return scaled


_MIXERS: dict[str, Callable[[AttentionMaps, str | None], Floats]] = {
    "weights": _weights,
    "head_mean": head_mean,
    "head_max": head_max,
    "value_norms": value_norms,
    "rollout": rollout,
    "gradient": gradient,
}

METHODS = tuple(_MIXERS)
"""The names of all methods. ``gradient`` needs the model; the others use what was captured."""

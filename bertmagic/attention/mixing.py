"""What can be made of attention weights: the maps of all methods, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.errors import ModelError, OptionError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.attention.maps import AttentionMaps, Floats


def mixed(maps: AttentionMaps, method: str, output: str | None = None) -> Floats:
    """Return the maps by a method; see `AttentionMaps.mixed`."""
    if method not in _MIXERS:
        raise OptionError(
            f"there is no method {method!r}.{nearest(method, METHODS)}", f"Methods are {', '.join(METHODS)}."
        )
    return _MIXERS[method](maps, output)


def _weights(maps: AttentionMaps, output: str | None) -> Floats:
    """Return the weights as they are, ``A = softmax(Q K^T / sqrt(d))`` (Vaswani et al. 2017, eq. 1)."""
    return maps.array


def head_mean(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return the mean over the heads of each layer, of shape ``(layers, 1, tokens, tokens)``; rows sum to 1."""
    found: Floats = maps.array.mean(axis=1, keepdims=True)
    return found


def head_max(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return the largest weight of any head of each layer, ``(layers, 1, tokens, tokens)``; rows sum to 1 or more."""
    found: Floats = maps.array.max(axis=1, keepdims=True)
    return found


def value_norms(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return how much of each token's value a head takes, as shares of its row.

    ``|A_ij f(x_j)| = A_ij |f(x_j)|`` with ``f(x) = (x W_V + b_V) W_O`` (Kobayashi et al. 2020, section 3), each row
    divided by its sum: a token that is looked at, but whose value is short, adds little.

    Raises
    ------
    ModelError
        If the model does not show its values.
    """
    norms = [layer.norms for layer in maps.layers]
    found = [norm for norm in norms if norm is not None]
    if not found or len(found) < len(norms):
        raise ModelError(f"the values of {maps.model!r} are not shown.", "Choose another method.")
    weighted: Floats = maps.array * np.stack(found)[:, :, None, :]
    sums: Floats = weighted.sum(axis=-1, keepdims=True)
    return np.divide(weighted, np.maximum(sums, np.finfo(np.float32).tiny), dtype=np.float32)


def rollout(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return what each token has taken in from the input by each layer, ``(layers, 1, tokens, tokens)``.

    ``R_l = (A_l / 2 + I / 2) R_(l-1)`` with the mean ``A_l`` of the heads and ``R_0 = I``; the ``I`` is the residual
    connection (Abnar & Zuidema 2020, section 3). Rows sum to 1.
    """
    found, identity = [], np.eye(maps.array.shape[-1], dtype=np.float32)
    rolled = identity
    for weights in maps.array.mean(axis=1):
        rolled = (weights + identity) / 2 @ rolled
        found.append(rolled)
    return np.stack(found)[:, None]


def gradient(maps: AttentionMaps, output: str | None = None) -> Floats:
    """Return which weights speak for an output: the positive part of each weight times its gradient.

    ``max(A * dy/dA, 0)`` for the output's logit ``y`` (Chefer et al. 2021, "Generic Attention-model Explainability",
    eq. 5, before the mean over heads), divided by the largest of all, as only proportions mean something.

    Raises
    ------
    ModelError
        If the model is gone.
    """
    found = np.maximum(maps.array * maps.gradient(output), 0)
    largest = found.max()
    scaled: Floats = found / largest if largest > 0 else found
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
"""The names of all methods; ``gradient`` needs the model, the others what was captured."""

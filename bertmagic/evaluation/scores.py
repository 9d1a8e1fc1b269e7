"""The cross-entropy of logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation.blocks import blocks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of `cross_entropies`."""
    return float(cross_entropies(logits, targets).mean())


def cross_entropies(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return ``log(sum(exp(logits))) - logits[target]`` of each row, in nats."""
    import numpy as np

    losses = np.empty(len(logits))
    for part in blocks(*logits.shape):
        shifted = logits[part].astype(np.float64) - logits[part].max(axis=1, keepdims=True)
        losses[part] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(shifted)), targets[part]]
    return losses

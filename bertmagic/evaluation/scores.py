"""The cross-entropy of logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    step = max(1, _CELLS // max(1, logits.shape[1]))
    for start in range(0, len(logits), step):
        part = slice(start, start + step)
        shifted = logits[part].astype(np.float64) - logits[part].max(axis=1, keepdims=True)
        losses[part] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(shifted)), targets[part]]
    return losses


_CELLS = 1_000_000
"""How many logits are read at a time in double precision."""

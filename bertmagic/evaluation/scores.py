"""The numbers that the training of a classification is watched by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation import confusion_metrics

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def metrics(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy, macro precision, recall and F1, and the mean cross-entropy in nats as ``loss``.

    Parameters
    ----------
    logits
        Scores before the softmax, of shape ``(rows, classes)``.
    targets
        True class numbers, of shape ``(rows,)``.

    Notes
    -----
    A macro average is over the classes that occur among the true or the predicted labels.
    """
    found = confusion_metrics.tally(targets, logits.argmax(axis=1), logits.shape[1]).found()
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    return {name: found[name] for name in names} | {"loss": cross_entropy(logits, targets)}


def cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of `cross_entropies`."""
    return float(cross_entropies(logits, targets).mean())


def cross_entropies(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return ``log(sum(exp(logits))) - logits[target]`` of each row, in nats."""
    import numpy as np

    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
    return found

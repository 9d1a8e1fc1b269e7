"""The numbers of a classification, from scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation.report import ClassScore

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
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    predicted = logits.argmax(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(targets, predicted, average="macro", zero_division=0)
    return {
        "accuracy": float(accuracy_score(targets, predicted)),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
        "loss": cross_entropy(logits, targets),
    }


def cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """Return the mean of `cross_entropies`."""
    return float(cross_entropies(logits, targets).mean())


def cross_entropies(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return ``log(sum(exp(logits))) - logits[target]`` of each row, in nats."""
    import numpy as np

    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    found: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
    return found


def by_class(
    predicted: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], names: tuple[str, ...]
) -> tuple[tuple[ClassScore, ...], npt.NDArray[np.int64]]:
    """Return precision, recall and F1 of each class, and the confusion counts of shape ``(true, predicted)``."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    numbers = list(range(len(names)))
    columns = precision_recall_fscore_support(targets, predicted, labels=numbers, zero_division=0)
    classes = tuple(
        ClassScore(name, float(precision), float(recall), float(f1), int(support))
        for name, precision, recall, f1, support in zip(names, *columns, strict=True)
    )
    return classes, confusion_matrix(targets, predicted, labels=numbers)

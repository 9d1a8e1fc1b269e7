"""The numbers of texts with any number of labels each, and the thresholds above which a label is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.evaluation.bootstrap import Tally
from bertmagic.evaluation.report import ClassScore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

HALF = 0.5
"""The threshold of a label for which nothing better is known."""


def sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return ``1 / (1 + exp(-x))``, without overflow for any x."""
    import numpy as np

    return np.exp(-np.logaddexp(0.0, -logits.astype(np.float64)))


def metrics(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], thresholds: npt.NDArray[np.float64]
) -> dict[str, float]:
    """Return micro and macro F1, the share of exact matches, the ranking precision and the mean cross-entropy.

    Parameters
    ----------
    logits
        Scores before the sigmoid, of shape ``(rows, labels)``.
    targets
        1 where a row has a label, else 0, of shape ``(rows, labels)``.
    thresholds
        A label is given where its probability reaches this; shape ``(labels,)``.

    Notes
    -----
    ``exact_match`` is the share of rows with all labels right and none too many. ``ranking_precision`` is the label
    ranking average precision of Tsoumakas, Katakis & Vlahavas 2010, which needs no threshold: for each true label, the
    share of true ones among those that rank as high or higher; a row with no label, or with all, counts as 1.
    ``macro_f1`` is the mean over the labels that some row has or was given. ``loss`` is the binary cross-entropy in
    nats, summed over the labels of a row.
    """
    import numpy as np
    from sklearn.metrics import label_ranking_average_precision_score

    predicted = sigmoid(logits) >= thresholds
    f1, seen = f1_of(*_counts(predicted, targets))
    right, given, wanted = (int(part.sum()) for part in _counts(predicted, targets))
    return {
        "micro_f1": 2 * right / max(given + wanted, 1),
        "macro_f1": float(f1[seen].mean()) if seen.any() else 0.0,
        "exact_match": float(np.mean((predicted == targets).all(axis=1))),
        "ranking_precision": float(label_ranking_average_precision_score(targets, logits)),
        "loss": cross_entropy(logits, targets),
    }


def tally(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], thresholds: npt.NDArray[np.float64]) -> Tally:
    """Return `metrics` as a function of rows, precision and recall and the Brier score of the labels beside them."""
    import numpy as np

    chances, wanted = sigmoid(logits), targets > 0
    given, labels, exact = chances >= thresholds, targets.shape[1], logits.astype(np.float64)
    of_row = [
        np.ones(len(targets)),
        (given == wanted).all(axis=1),
        rankings(logits, wanted),
        ((chances - targets) ** 2).mean(axis=1),
        (np.logaddexp(0.0, exact) - targets * exact).sum(axis=1),
    ]

    def metrics(sums: Draws) -> dict[str, Draws]:
        right, said, there = (sums[:, labels * at : labels * (at + 1)] for at in range(3))
        rows, same, ranking, brier, loss = sums[:, 3 * labels :].T
        f1, seen = f1_of(right, said, there)
        total, all_said, all_there = right.sum(axis=1), said.sum(axis=1), there.sum(axis=1)
        return {
            "micro_f1": 2 * total / np.maximum(all_said + all_there, 1),
            "micro_precision": total / np.maximum(all_said, 1),
            "micro_recall": total / np.maximum(all_there, 1),
            "macro_f1": (f1 * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1),
            "weighted_f1": (f1 * there).sum(axis=1) / np.maximum(all_there, 1),
            "exact_match": same / rows,
            "ranking_precision": ranking / rows,
            "brier": brier / rows,
            "loss": loss / rows,
        }

    return Tally.of_rows(np.column_stack([given & wanted, given, wanted, *of_row]), metrics)


def rankings(logits: npt.NDArray[np.float32], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the ranking precision of each row, ``(rows,)``; see `metrics`."""
    import numpy as np

    found = np.zeros(len(wanted))
    for at in range(wanted.shape[1]):
        above = logits >= logits[:, at : at + 1]
        share = (above & wanted).sum(axis=1) / np.maximum(above.sum(axis=1), 1)
        found += np.where(wanted[:, at], share, 0.0)
    many = wanted.sum(axis=1)
    plain = (many == 0) | (many == wanted.shape[1])
    return np.where(plain, 1.0, found / np.maximum(many, 1))


def f1_of(
    right: npt.NDArray[Any], given: npt.NDArray[Any], wanted: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return ``2 right / (given + wanted)``, 0 where both are 0, and where they are not."""
    import numpy as np

    seen = given + wanted > 0
    return 2 * right / np.maximum(given + wanted, 1), seen


def cross_entropy(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8]) -> float:
    """Return the mean over rows of ``log(1 + exp(x)) - target x``, summed over the labels, in nats."""
    import numpy as np

    exact = logits.astype(np.float64)
    return float((np.logaddexp(0.0, exact) - targets * exact).sum(axis=1).mean())


def by_label(
    predicted: npt.NDArray[np.bool_], targets: npt.NDArray[np.int8], names: tuple[str, ...]
) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each label, 0 where they are not defined, and how many rows have it."""
    import numpy as np

    right, given, wanted = _counts(predicted, targets)
    f1, _ = f1_of(right, given, wanted)
    precision, recall = right / np.maximum(given, 1), right / np.maximum(wanted, 1)
    return tuple(
        ClassScore(name, float(precision[i]), float(recall[i]), float(f1[i]), int(wanted[i]))
        for i, name in enumerate(names)
    )


def _counts(
    predicted: npt.NDArray[np.bool_], targets: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each label in how many rows it is given rightly, given, and wanted; each of shape ``(labels,)``."""
    return (predicted & (targets > 0)).sum(axis=0), predicted.sum(axis=0), (targets > 0).sum(axis=0)


def best_thresholds(probabilities: npt.NDArray[np.float64], targets: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Return the threshold of each label at which its F1 on these rows is highest. Shape ``(labels,)``.

    Labels are decided one by one, as macro F1 is their mean. A label that no row has keeps `HALF`.
    """
    import numpy as np

    return np.asarray([best_threshold(probabilities[:, i], targets[:, i]) for i in range(targets.shape[1])])


def best_threshold(probabilities: npt.NDArray[np.float64], targets: npt.NDArray[np.int8]) -> float:
    """Return the threshold of one label at which its F1 is highest.

    All cuts are tried in one pass over the sorted probabilities (Lipton, Elkan & Naryanaswamy 2014, section 3). A cut
    is possible between different probabilities only, and lies half-way between them. Of cuts with the same F1 the one
    nearest to `HALF` is taken: it is the least that the rows ask for.
    """
    import numpy as np

    wanted = int(targets.sum())
    if not wanted:
        return HALF
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    last = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # the last row of each run of equal ones
    f1, _ = f1_of(np.cumsum(targets[order] > 0)[last], last + 1, np.full(len(last), wanted))
    cuts = _between(ranked[last], np.append(ranked[last[:-1] + 1], 0.0))
    best = np.flatnonzero(f1 == f1.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - HALF))]])


def _between(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `HALF` where it parts the two, else their middle; never ``below`` itself, as a threshold is reached."""
    import numpy as np

    middle = (above + below) / 2
    middle = np.where(middle > below, middle, above)
    return np.where((below < HALF) & (above >= HALF), HALF, middle)

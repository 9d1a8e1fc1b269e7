"""The metrics of texts with any number of labels each, and the thresholds at which a label is predicted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.evaluation import confusion_metrics, ranking_metrics, with_intervals
from bertmagic.evaluation.blocks import blocks
from bertmagic.evaluation.bootstrap import Tally
from bertmagic.evaluation.probabilities import BINS, bin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from scipy.sparse import csr_array

    from bertmagic.evaluation.bootstrap import Draws
    from bertmagic.evaluation.with_intervals import Estimates

HALF = 0.5
"""The threshold of a label without validation rows."""
_FEW_LABELS = 100
"""Up to so many labels a dense matrix of the labels of rows is the faster one."""


def sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return ``1 / (1 + exp(-x))``, without overflow for any x."""
    import numpy as np

    return np.exp(-np.logaddexp(0.0, -logits.astype(np.float64)))


def probabilities(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the `sigmoid` of logits in single precision, ``(rows, labels)``."""
    import numpy as np

    chances = np.empty(logits.shape, np.float32)
    for part in blocks(*logits.shape):
        chances[part] = sigmoid(logits[part])
    return chances


@dataclass(frozen=True)
class Decided:
    """What one pass over the logits of rows gives: the sigmoid of thousands of labels is computed once.

    Attributes
    ----------
    probabilities
        That of each label, ``(rows, labels)``, in single precision.
    given
        Whether the probability of each label reaches its threshold, ``(rows, labels)``, in double precision.
    brier, loss
        The mean squared error of the probabilities of a row, and its cross-entropy in nats; ``(rows,)``.
    gaps
        True labels minus probabilities of a row, summed in bins of the probability; ``(rows, BINS)``.
    """

    probabilities: npt.NDArray[np.float32]
    given: npt.NDArray[np.bool_]
    brier: npt.NDArray[np.float64]
    loss: npt.NDArray[np.float64]
    gaps: npt.NDArray[np.float64]


def decided(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], thresholds: npt.NDArray[np.float64]
) -> Decided:
    """Return probabilities, decisions and errors of rows; for the arguments see `metrics`."""
    import numpy as np

    rows, wanted = len(targets), targets > 0
    all_chances, given = np.empty(logits.shape, np.float32), np.empty(logits.shape, bool)
    brier, loss, gaps = np.empty(rows), np.empty(rows), np.empty((rows, BINS))
    for part in blocks(*logits.shape):
        chances, exact = sigmoid(logits[part]), logits[part].astype(np.float64)
        all_chances[part], given[part] = chances, chances >= thresholds
        brier[part] = ((chances - targets[part]) ** 2).mean(axis=1)
        loss[part] = (np.logaddexp(0.0, exact) - targets[part] * exact).sum(axis=1)
        cells = bin_of(chances) + BINS * np.arange(len(chances))[:, None]
        sums = np.bincount(cells.ravel(), (wanted[part] - chances).ravel(), minlength=BINS * len(chances))
        gaps[part] = sums.reshape(-1, BINS)
    return Decided(all_chances, given, brier, loss, gaps)


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
    estimates = tally(logits, targets, decided(logits, targets, thresholds)).point_estimates()
    names = ("micro_f1", "macro_f1", "exact_match", "ranking_precision", "loss")
    return {name: estimates.get(name, float("nan")) for name in names}


def report_metrics(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], made: Decided) -> Estimates:
    """Return the metrics of a report with their 95 % intervals; ``made`` is what `decided` returns for these rows."""
    ranked = ranking_metrics.tally(logits, targets)  # they rank as the probabilities do
    estimates = with_intervals.estimate([tally(logits, targets, made), ranked])
    if "roc_auc" in estimates.metrics:
        return estimates
    why = "no label is on some of the rows and missing from others"
    return replace(estimates, undefined={"roc_auc": why, "average_precision": why})


def tally(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], made: Decided) -> Tally:
    """Return `metrics` as a function of rows, with averages, Brier score and calibration error of the labels.

    The calibration error is over all pairs of a row and a label: the distance between the probability of a label and
    its frequency, in bins of that probability.
    """
    import numpy as np

    wanted, given, labels = targets > 0, made.given, targets.shape[1]
    of_row = [np.ones(len(targets)), (given == wanted).all(axis=1), rankings(logits, wanted), made.brier, made.loss]
    of_row += [(given | wanted).any(axis=1), made.gaps]
    values = _side_by_side([given & wanted, given, wanted, np.column_stack(of_row)])
    return Tally.of_rows(
        values, partial(_metrics, labels), shares=frozenset(["exact_match"]), units=partial(_units, labels)
    )


def _side_by_side(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any] | csr_array:
    """Return columns as one matrix; a sparse one of many labels, as a row has few of them."""
    import numpy as np
    from scipy.sparse import csr_array, hstack

    if columns[0].shape[1] <= _FEW_LABELS:
        return np.column_stack(columns)
    return csr_array(hstack([csr_array(each) for each in columns], format="csr", dtype=np.float64))


def _units(labels: int, sums: Draws) -> dict[str, Draws]:
    """Return how many rows decide the metrics of `tally`: micro averages those with a label, macro averages see there.

    The wrong decisions, of a row and a label each, or the right ones if these are fewer, decide the others.
    """
    import numpy as np

    right, given, wanted = (sums[:, labels * at : labels * (at + 1)].sum(axis=1) for at in range(3))
    wrong, labelled = given + wanted - 2 * right, sums[:, -BINS - 1]
    macro = confusion_metrics.deciding_rows(sums[:, : 3 * labels])
    micro = dict.fromkeys(("micro_f1", "micro_precision", "micro_recall"), labelled)
    weighted = dict.fromkeys(("weighted_f1", "weighted_precision", "weighted_recall"), labelled)
    rarer = np.minimum(wrong, labels * sums[:, 3 * labels] - wrong)
    return {**macro, **micro, **weighted, "loss": rarer, "ece": rarer}


def _metrics(labels: int, sums: Draws) -> dict[str, Draws]:
    """Return the metrics of `tally` from its sums."""
    import numpy as np

    right, predicted, actual = (sums[:, labels * at : labels * (at + 1)] for at in range(3))
    rows, same, ranking, brier, loss, _ = sums[:, 3 * labels : -BINS].T
    return {
        **confusion_metrics.averages(right, predicted, actual),
        "exact_match": same / rows,
        "ranking_precision": ranking / rows,
        "brier": brier / rows,
        "ece": np.abs(sums[:, -BINS:]).sum(axis=1) / (rows * labels),
        "loss": loss / rows,
    }


def rankings(logits: npt.NDArray[np.float32], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the ranking precision of each row, ``(rows,)``; see `metrics`."""
    import numpy as np

    rows, labels = np.nonzero(wanted)
    shares = np.empty(len(rows))
    for part in blocks(len(rows), wanted.shape[1]):
        above = logits[rows[part]] >= logits[rows[part], labels[part]][:, None]
        shares[part] = (above & wanted[rows[part]]).sum(axis=1) / np.maximum(above.sum(axis=1), 1)
    totals = np.bincount(rows, shares, minlength=len(wanted))
    many = wanted.sum(axis=1)
    plain = (many == 0) | (many == wanted.shape[1])
    return np.where(plain, 1.0, totals / np.maximum(many, 1))


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
    f1 = 2 * np.cumsum(targets[order] > 0)[last] / (last + 1 + wanted)
    cuts = _between(ranked[last], np.append(ranked[last[:-1] + 1], 0.0))
    best = np.flatnonzero(f1 == f1.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - HALF))]])


def _between(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `HALF` where it parts the two, else their middle; never ``below`` itself, as a threshold is reached."""
    import numpy as np

    middle = (above + below) / 2
    middle = np.where(middle > below, middle, above)
    return np.where((below < HALF) & (above >= HALF), HALF, middle)

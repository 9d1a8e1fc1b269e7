"""Linear models of fixed vectors: logistic and ridge regression, their penalty chosen by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.evaluation.blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.baselines import Targets

    Vectors = npt.NDArray[np.float32]
    Expected = npt.NDArray[Any]  # class numbers ``(samples,)``, or ``(samples, outputs)``

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""The penalties to choose from, from the strongest to the weakest, in units of ``width / rows``."""

_FOLDS = 5, 3
"""The number of folds for few rows and for many; see `_FEW`."""

_FEW = 500
_SELECTED_ON = 1500
"""How many samples the penalty is chosen on: with more of them it hardly changes, and each takes time."""

GAIN = 0.99
"""The share of a constant's loss that a model of some use stays below."""

UNFIT = (ArithmeticError, ValueError, MemoryError)
"""What `fit` fails with; NumPy's errors of linear algebra are among them."""

_ROUGH, _EXACT = 1e-4, 1e-6
"""By which share a step must lower the loss to go on: while penalties are compared, and for the model that is kept."""

_CELLS = 4_000_000
"""How many outputs are computed at a time."""

_WORK = 1e12
"""Multiplications for all fits of the comparison, and for the fit that is kept: some ten seconds on a core.

Only with thousands of classes are they spent before the loss stops falling.
"""

_FEWEST_STEPS = 5


@dataclass(frozen=True)
class Linear:
    """A linear model of vectors.

    Attributes
    ----------
    weight, bias
        Of shape ``(outputs, width)`` and ``(outputs,)``.
    penalty
        The penalty that was chosen, one of `PENALTIES`.
    loss
        Its cross-validated loss: mean negative log-likelihood in nats, or mean squared error.
    constant_loss
        That of a model that gives each sample the same output.
    """

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    penalty: float
    loss: float
    constant_loss: float

    @property
    def is_useful(self) -> bool:
        """Whether cross-validation shows that it predicts better than a constant, by more than its noise."""
        return self.loss < GAIN * self.constant_loss

    def scores(self, vectors: Vectors) -> npt.NDArray[np.float32]:
        """Return the logits, or the predicted number, ``(samples, outputs)``."""
        return vectors @ self.weight.T + self.bias


def fit(
    kind: Targets,
    vectors: Vectors,
    targets: npt.NDArray[Any],
    outputs: int,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
    alike: Linear | None = None,
) -> Linear:
    """Fit a linear model with the penalty whose cross-validated loss is lowest.

    The loss is the mean cross-entropy of softmax for ``classes`` and of each sigmoid for ``labels``, and the squared
    error for ``numbers``, plus ``penalty * width / samples / 2`` times the squared weights. Vectors are centred and
    divided by one number, so that their squared length is about ``width``; the result is in terms of what was given.

    Parameters
    ----------
    kind
        What ``targets`` are.
    vectors
        Of shape ``(samples, width)``.
    targets
        See `Targets`; a class number of -1 leaves the sample out.
    outputs
        How many classes or labels there are; 1 for numbers.
    groups
        Samples with the same number are in the same fold, such as windows of a text or words of a sentence.
    seed
        Of the folds.
    alike
        A linear model of nearly the same vectors, and of the same targets: its penalty and its losses are taken, and
        nothing is cross-validated.
    """
    import numpy as np

    groups = np.arange(len(vectors)) if groups is None else groups
    center, scale = vectors.mean(axis=0), max(float(vectors.std()), 1e-12)
    scaled = (vectors - center) / scale
    expected = targets if kind == "classes" else targets.reshape(len(vectors), outputs).astype(np.float32)
    if alike is None:
        penalty, loss, constant = _select(kind, scaled, expected, outputs, groups, seed)
    else:
        penalty, loss, constant = alike.penalty, alike.loss, alike.constant_loss
    weights = None
    path = [each for each in PENALTIES if each >= penalty]
    for stronger in path:
        weights = _minimize(kind, scaled, expected, outputs, stronger, weights, _EXACT, _WORK / len(path))
    assert weights is not None
    weight = weights[:, :-1] / scale
    bias = weights[:, -1] - weight @ center
    return Linear(weight.astype(np.float32), bias.astype(np.float32), penalty, loss, constant)


def _matrix(expected: Expected, outputs: int) -> Vectors:
    """Return the targets as ``(samples, outputs)``: class numbers become rows with a 1, or with none for -1."""
    import numpy as np

    if expected.ndim == 2:
        return expected
    rows = np.zeros((len(expected), outputs), np.float32)
    known = np.flatnonzero(expected >= 0)
    rows[known, expected[known]] = 1
    return rows


def _select(
    kind: Targets, vectors: Vectors, expected: Expected, outputs: int, groups: npt.NDArray[np.int64], seed: int
) -> tuple[float, float, float]:
    """Return the penalty with the lowest cross-validated loss, that loss, and the loss of a constant."""
    import numpy as np

    folds = assign_folds(expected, groups, _FOLDS[len(vectors) > _FEW], seed)
    kept = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:_SELECTED_ON])
    vectors, expected, folds = vectors[kept], expected[kept], folds[kept]
    splits = [(folds != fold, folds == fold) for fold in np.unique(folds)]
    if len(splits) < 2:
        return PENALTIES[0], np.inf, np.inf
    zero = np.zeros((outputs, vectors.shape[1]), np.float32)
    constant = 0.0
    for learned, held in splits:
        always = np.column_stack([zero, _constant(kind, expected[learned], outputs)])
        constant += _total(kind, always, vectors[held], expected[held])
    starts: list[Any] = [None] * len(splits)
    work = _WORK / len(PENALTIES) / len(splits)
    best = PENALTIES[0], np.inf
    for penalty in PENALTIES:
        total = 0.0
        for at, (learned, held) in enumerate(splits):
            starts[at] = _minimize(
                kind, vectors[learned], expected[learned], outputs, penalty, starts[at], _ROUGH, work
            )
            total += _total(kind, starts[at], vectors[held], expected[held])
        if total > 1.05 * best[1]:
            break  # with a weaker penalty it only gets worse
        best = min(best, (penalty, total), key=lambda each: each[1])
    return best[0], best[1] / len(vectors), constant / len(vectors)


def _total(kind: Targets, weights: Vectors, vectors: Vectors, expected: Expected) -> float:
    """Return the sum of the losses of samples."""
    loss = _loss(kind)
    return sum(
        float(loss(_outputs(weights, vectors[part]), _matrix(expected[part], len(weights)))[0].sum())
        for part in blocks(len(vectors), len(weights), _CELLS)
    )


def assign_folds(expected: Expected, groups: npt.NDArray[np.int64], folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each sample: groups stay together, and each class is spread over all folds."""
    import numpy as np

    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    strata = expected[first[order]]
    if strata.ndim == 2:
        kind = strata.argmax(axis=1) if strata.shape[1] > 1 else strata[:, 0].argsort().argsort() // folds
    else:
        kind = np.maximum(strata, 0)
    fold = np.empty(len(first), np.int64)
    fold[order[np.argsort(kind, kind="stable")]] = np.arange(len(first)) % folds
    return fold[number.reshape(-1)]


def _outputs(weights: Vectors, vectors: Vectors) -> Vectors:
    return vectors @ weights[:, :-1].T + weights[:, -1]


def _constant(kind: Targets, expected: Expected, outputs: int) -> Vectors:
    """Return the outputs of the model that knows the mean of the targets only, ``(outputs,)``."""
    import numpy as np

    if kind == "numbers":
        constant: Vectors = expected.mean(axis=0).astype(np.float32)
        return constant
    totals = np.bincount(expected[expected >= 0], minlength=outputs) if kind == "classes" else expected.sum(axis=0)
    mean = (totals + 1 / outputs) / (len(expected) + 1)
    logits = np.log(mean) if kind == "classes" else np.log(mean) - np.log1p(-np.minimum(mean, 1 - 1e-6))
    return logits.astype(np.float32)


def _loss(kind: Targets) -> Callable[[Vectors, Vectors], tuple[Vectors, Vectors]]:
    """Return a function from outputs and targets to the loss of each sample and its gradient by the outputs."""
    import numpy as np

    def classes(outputs: Vectors, expected: Vectors) -> tuple[Vectors, Vectors]:
        below = outputs - outputs.max(axis=1, keepdims=True)
        parts = np.exp(below)
        sums = parts.sum(axis=1, keepdims=True)
        weights = expected.sum(axis=1)
        loss = weights * np.log(sums[:, 0]) - (below * expected).sum(axis=1)
        return loss, parts * (weights[:, None] / sums) - expected

    def labels(outputs: Vectors, expected: Vectors) -> tuple[Vectors, Vectors]:
        small = np.exp(-np.abs(outputs))  # of one sign, so that it never overflows
        loss = np.maximum(outputs, 0) + np.log1p(small) - outputs * expected
        return loss.sum(axis=1), np.where(outputs >= 0, 1, small) / (1 + small) - expected

    def numbers(outputs: Vectors, expected: Vectors) -> tuple[Vectors, Vectors]:
        difference = outputs - expected
        return (difference**2).sum(axis=1) / 2, difference

    return {"classes": classes, "labels": labels, "numbers": numbers}[kind]


def _minimize(
    kind: Targets, vectors: Vectors, expected: Expected, outputs: int, penalty: float, start: Vectors | None,
    tolerance: float, work: float,
) -> Vectors:  # fmt: skip
    """Return the weights of least penalised loss, ``(outputs, width + 1)`` with the bias last, by L-BFGS.

    It takes no more steps than ``work`` multiplications allow.
    """
    import numpy as np
    from scipy.optimize import minimize

    rows, width = vectors.shape
    shape = outputs, width + 1
    loss, share = _loss(kind), penalty * width / rows

    def objective(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        gradient, slope, total = np.zeros(shape), np.zeros((outputs, width), np.float32), 0.0
        for part in blocks(rows, outputs, _CELLS):
            values, slopes = loss(_outputs(weights, vectors[part]), _matrix(expected[part], outputs))
            slope += slopes.T @ vectors[part] / rows
            gradient[:, -1] += slopes.sum(axis=0) / rows
            total += float(values.sum(dtype=np.float64))
        gradient[:, :-1] = slope + share * weights[:, :-1]
        return total / rows + share / 2 * float((weights[:, :-1] ** 2).sum()), gradient.ravel()

    begin = np.zeros(shape) if start is None else start
    options = {
        "ftol": tolerance, "gtol": 1e-4, "maxcor": 10 if outputs * width < _CELLS // 4 else 3,
        "maxfun": max(_FEWEST_STEPS, int(work / (2 * rows * outputs * width))),
    }  # fmt: skip
    solution = minimize(objective, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
    weights: Vectors = solution.x.reshape(shape).astype(np.float32)
    return weights

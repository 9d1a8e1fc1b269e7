"""What a regularised linear model would say without one of its rows: in closed form, or by fitting it again.

With rows ``x_i`` (a 1 at their end for the bias), targets ``y_i``, predictions ``p_i``, curvatures ``d_i`` of the loss
and the Hessian ``H`` of the penalised loss, the output for ``x`` without row ``i`` is

    f_{-i}(x) = f(x) - (y_i - p_i) x'H⁻¹x_i / (1 - d_i x_i'H⁻¹x_i).

For squared errors (``d_i = 1``) this is exact (Cook 1977, "Detection of Influential Observation in Linear
Regression"). For the logistic loss (``d_i = p_i (1 - p_i)``) it is one Newton step (Pregibon 1981, "Logistic Regression
Diagnostics").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from bertmagic.evaluation import linear

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating]

_EXACT = 20_000_000
"""Up to so many values of the rows the computation is in fp64, else in fp32."""

_STEPS = 50
_TOLERANCE = 1e-8
"""The share of the loss that the last step of a fit lowers it by, twice; the step after it would be its square."""

_SMALLEST = 1e-4
"""The smallest part of a step; where none of them lowers the loss, rounding is all that is left."""


@dataclass(frozen=True)
class Head:
    """A linear model with one output, fitted to vectors with a squared penalty on its weights.

    Attributes
    ----------
    kind
        ``labels`` for logistic regression, ``numbers`` for ridge regression.
    rows
        The scaled vectors with a 1 at their end, ``(rows, width + 1)``.
    targets
        0 and 1, or numbers, ``(rows,)``.
    strength
        Factor of half the squared weights in the penalised sum of losses; the bias has none.
    center, scale
        What scales vectors: ``(vectors - center) / scale``.
    penalty
        The one that cross-validation chose; see `linear.PENALTIES`.
    weights
        ``(width + 1,)``, the bias last.
    """

    kind: Literal["labels", "numbers"]
    rows: Floats = field(repr=False)
    targets: Floats = field(repr=False)
    strength: float
    center: Floats = field(repr=False)
    scale: float
    penalty: float
    weights: Floats = field(repr=False)

    def scaled(self, vectors: Floats) -> Floats:
        """Return vectors as `rows` are, ``(vectors, width + 1)``."""
        return _with_ones((vectors - self.center) / self.scale, self.rows.dtype)

    def outputs(self, vectors: Floats) -> Floats:
        """Return log-odds, or numbers, ``(vectors,)``."""
        values: Floats = self.scaled(vectors) @ self.weights
        return values

    @cached_property
    def _solved(self) -> Floats:
        """``H⁻¹x_i`` of each row, ``(rows, width + 1)``."""
        import numpy as np

        curvatures = _curvatures(self.kind, self.rows @ self.weights)
        return np.linalg.solve(_hessian(self.rows, curvatures, self.strength), self.rows.T).T

    def effects(self, vectors: Floats) -> Floats:
        """Return by how much each row raises each output: that with all rows less that without it.

        Returns
        -------
        ndarray
            Of shape ``(vectors, rows)``.
        """
        outputs = self.rows @ self.weights
        leverages = (self._solved * self.rows).sum(axis=1) * _curvatures(self.kind, outputs)
        residuals = (self.targets - _predictions(self.kind, outputs)) / (1 - leverages).clip(1e-9)
        values: Floats = (self.scaled(vectors) @ self._solved.T) * residuals
        return values

    def own_outputs(self) -> Floats:
        """Return the output for each row of the model that is fitted without it, ``(rows,)``."""
        outputs = self.rows @ self.weights
        leverages = (self._solved * self.rows).sum(axis=1)
        residuals = self.targets - _predictions(self.kind, outputs)
        curved = (1 - leverages * _curvatures(self.kind, outputs)).clip(1e-9)
        values: Floats = outputs - leverages * residuals / curved
        return values

    def refitted(self, kept: npt.NDArray[np.bool_]) -> Head:
        """Return the model that is fitted to some rows only, with the same penalty, by Newton's method."""
        rows, targets = self.rows[kept], self.targets[kept]
        weights = _minimum(self.kind, rows, targets, self.strength, self.weights)
        return Head(self.kind, rows, targets, self.strength, self.center, self.scale, self.penalty, weights)


def fit(
    kind: Literal["labels", "numbers"],
    vectors: Floats,
    targets: Floats,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
    penalty: float | None = None,
) -> Head:
    """Fit a linear model with one output.

    Parameters
    ----------
    vectors
        Of shape ``(rows, width)``.
    targets
        0 and 1, or numbers, ``(rows,)``.
    groups
        Rows with the same number are in the same fold.
    seed
        Of the folds that choose the penalty.
    penalty
        One of `linear.PENALTIES`, which is then not chosen by cross-validation.
    """
    import numpy as np

    if penalty is None:
        single = vectors.astype(np.float32)
        penalty = linear.fit(kind, single, targets.astype(np.float32)[:, None], 1, groups, seed).penalty
    dtype = np.float64 if vectors.size <= _EXACT else np.float32
    center, scale = vectors.mean(axis=0, dtype=np.float64), max(float(vectors.std(dtype=np.float64)), 1e-12)
    rows = _with_ones((vectors - center) / scale, dtype)
    targets, strength = targets.astype(dtype), penalty * vectors.shape[1]
    weights = _minimum(kind, rows, targets, strength, np.zeros(rows.shape[1], dtype))
    return Head(kind, rows, targets, strength, center, scale, penalty, weights)


def class_probabilities(vectors: Floats, targets: npt.NDArray[np.int64], classes: int, seed: int = 0) -> Floats:
    """Return the class probabilities of each row by the models that are fitted without it, ``(rows, classes)``.

    A logistic regression of each class against the others; their probabilities are divided by their sum.
    """
    import numpy as np

    probabilities = np.zeros((len(targets), classes))
    occurring = [at for at in np.unique(targets).tolist() if at >= 0]
    if len(occurring) < 2:
        return probabilities
    penalty = linear.fit("classes", vectors.astype(np.float32), targets, classes, seed=seed).penalty
    if len(occurring) == 2:
        occurring = occurring[1:]  # the other class has the rest
    for at in occurring:
        head = fit("labels", vectors, (targets == at).astype(float), penalty=penalty)
        probabilities[:, at] = _logistic(head.own_outputs())
    if len(occurring) == 1:
        rest = next(at for at in np.unique(targets).tolist() if at >= 0)
        probabilities[:, rest] = 1 - probabilities[:, occurring[0]]
    return probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)  # type: ignore[no-any-return]


def _with_ones(vectors: Floats, dtype: npt.DTypeLike) -> Floats:
    import numpy as np

    return np.column_stack([vectors, np.ones(len(vectors))]).astype(dtype)


def _logistic(outputs: Floats) -> Floats:
    import numpy as np

    small = np.exp(-np.abs(outputs))  # of one sign, so that it never overflows
    chances: Floats = np.where(outputs >= 0, 1, small) / (1 + small)
    return chances


def _predictions(kind: str, outputs: Floats) -> Floats:
    return outputs if kind == "numbers" else _logistic(outputs)


def _curvatures(kind: str, outputs: Floats) -> Floats:
    import numpy as np

    if kind == "numbers":
        return np.ones_like(outputs)
    chances = _logistic(outputs)
    return chances * (1 - chances)


def _hessian(rows: Floats, curvatures: Floats, strength: float) -> Floats:
    import numpy as np

    hessian: Floats = rows.T @ (rows * curvatures[:, None])
    hessian[np.diag_indices(len(hessian) - 1)] += strength
    hessian[-1, -1] += 1e-9 * len(rows)  # with targets of one kind the bias has no curvature
    return hessian


def _penalised(kind: str, rows: Floats, targets: Floats, strength: float, weights: Floats) -> float:
    import numpy as np

    outputs = rows @ weights
    each = (outputs - targets) ** 2 / 2 if kind == "numbers" else np.logaddexp(0, outputs) - outputs * targets
    return float(each.sum(dtype=np.float64)) + strength / 2 * float(weights[:-1] @ weights[:-1])


def _minimum(kind: str, rows: Floats, targets: Floats, strength: float, weights: Floats) -> Floats:
    """Return the weights of least penalised loss, by Newton's method; a step that raises the loss is halved."""
    import numpy as np

    loss = _penalised(kind, rows, targets, strength, weights)
    for _ in range(_STEPS):
        outputs = rows @ weights
        gradient = rows.T @ (_predictions(kind, outputs) - targets)
        gradient[:-1] += strength * weights[:-1]
        step = np.linalg.solve(_hessian(rows, _curvatures(kind, outputs), strength), gradient)
        part = 1.0
        while part > _SMALLEST and (below := _penalised(kind, rows, targets, strength, weights - part * step)) > loss:
            part /= 2
        if part <= _SMALLEST:
            break
        is_last = gradient @ step <= _TOLERANCE * loss
        weights, loss = weights - part * step, below
        if is_last:
            break
    return weights

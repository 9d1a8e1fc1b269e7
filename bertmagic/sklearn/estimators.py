"""A classifier and a regressor that fine-tune an encoder, with the interface of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from bertmagic.errors import InputError, count
from bertmagic.sklearn import inputs, models, parameters
from bertmagic.workflows.resolve import FEW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    import numpy.typing as npt

    from bertmagic.sklearn.inputs import TextColumns

_MOST_TEXTS = 2
_OF_ESTIMATORS = {"baselines": False, "keep_rows": False}
"""Options of every run: scikit-learn compares models, and keeps no rows on the disk."""


def _is_free(name: Any, taken: list[str]) -> bool:
    return isinstance(name, str) and bool(name) and name not in taken


def _is_few(given: Mapping[str, Any], rows: int) -> bool:
    """Whether all rows are trained on: they are few, and the user leaves open how weights are chosen.

    A run holds some of few rows out for its report, which an estimator does not have: scikit-learn's folds measure it.
    """
    open_choices = ("validation", "keep", "metric", "patience", "calibrate")
    return rows < FEW and all(given.get(name) is None for name in open_choices)


class _BertEstimator(models.PickledModel, BaseEstimator):
    """Fine-tunes an encoder; what differs between classes and numbers is in the classes below."""

    _task: ClassVar[str]
    _numeric: ClassVar[bool]
    show: bool

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False  # of numbers, as scikit-learn's own checks would pass
        return tags

    def _read(self, X: Any, reset: bool) -> TextColumns:
        texts = inputs.read(self, X, reset)
        if texts.frame.shape[1] > _MOST_TEXTS:
            raise InputError(
                f"X has {texts.frame.shape[1]} columns; a model reads a text or a pair of texts.",
                "Choose one or two columns, or join them.",
            )
        return texts

    def fit(self, X: Any, y: Any) -> Self:
        """Fine-tune on texts and their classes or numbers.

        Raises
        ------
        InputError
            If X, y or a parameter cannot be used; it is a `ValueError`.
        """
        texts = self._read(X, reset=True)
        column = inputs.target(self, y, len(texts.frame), self._numeric)
        names = texts.names()
        train = texts.frame.set_axis(names, axis=1)
        label = next(name for name in (getattr(y, "name", None), "label", "target", "y") if _is_free(name, names))
        train[label] = self._targets(column)
        train = train[texts.readable]
        self._check_readable(column, column[texts.readable])
        given = self.get_params(deep=False)
        if _is_few(given, len(train)):
            given |= {"validation": 0, "keep": "last"}
        options = parameters.read(given, train=train, text=names, label=label, task=self._task, **_OF_ESTIMATORS)
        self.model_, self.notes_ = models.train(options, self.show)
        return self

    def _check_readable(self, y: npt.NDArray[Any], readable: npt.NDArray[Any]) -> None:
        """Raise an `InputError` if rows with a blank text, which are left out, have all that there is to learn."""
        if len(np.unique(readable)) < 2 or (not self._numeric and len(np.unique(readable)) < len(np.unique(y))):
            raise InputError(
                f"{count(len(y) - len(readable), 'text')} of X are blank, all of a class among them.",
                "Fill them in, or drop these rows.",
            )

    def _targets(self, y: npt.NDArray[Any]) -> Any:
        """Keep what is known of the targets, and return the column that the run reads."""
        raise NotImplementedError

    def _predicted(self, X: Any) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
        """Return the predictions for the rows without a blank text, and which these are."""
        check_is_fitted(self)
        texts = self._read(X, reset=False)
        chosen = texts.readable
        frame = models.predict(self.model_, texts.rows(chosen)) if chosen.any() else pd.DataFrame()
        return frame, chosen


@parameters.parameters()
class BertClassifier(ClassifierMixin, _BertEstimator):
    """Fine-tune an encoder to classify texts, or pairs of texts.

    X is a list, a Series, an array or a frame with one column of texts, or two for pairs. A text that is missing is an
    error. A blank one, in which a model has nothing to read, is not trained on, and gets the class frequencies of y.

    Attributes
    ----------
    classes_
        The classes, ascending, of shape ``(classes,)``.
    model_
        The `bertmagic.TextModel`: its attention, report, history and `save`.
    notes_
        What the run said of rows and options.
    class_prior_
        The share of each class in y.
    n_features_in_, feature_names_in_
        The number of text columns, and the names of those of a frame.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> cross_val_score(BertClassifier(epochs=2), texts, labels, cv=3)  # doctest: +SKIP
    """

    _task: ClassVar[str] = "classification"
    _numeric: ClassVar[bool] = False

    def _targets(self, y: npt.NDArray[Any]) -> Any:
        check_classification_targets(y)
        self.classes_, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        if len(self.classes_) < 2:
            raise InputError(f"y has one class only, {self.classes_[0]!r}.", "Give rows of at least two classes.")
        self.class_prior_ = counts / counts.sum()
        self._values = inputs.class_values(self.classes_)
        return pd.Series(self._values, dtype=object).iloc[codes].to_numpy()

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each class, of shape ``(rows, classes)``, in the order of ``classes_``."""
        frame, chosen = self._predicted(X)
        probabilities = np.tile(self.class_prior_, (len(chosen), 1))
        if chosen.any():
            columns = [self.model_.labels.index(value) - len(self._values) for value in self._values]
            found = frame.iloc[:, columns].to_numpy(np.float64)
            probabilities[chosen] = found / found.sum(axis=1, keepdims=True)  # those of the model are float32
        return probabilities

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the most probable class of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]  # type: ignore[no-any-return]


@parameters.parameters(without=frozenset(["label_smoothing", "class_weights", "calibrate"]))
class BertRegressor(RegressorMixin, _BertEstimator):
    """Fine-tune an encoder to predict a number for a text, or for a pair of texts.

    X is as in `BertClassifier`; a blank text gets the mean of y.

    Attributes
    ----------
    model_
        The `bertmagic.TextModel`.
    notes_
        What the run said of rows and options.
    mean_
        The mean of y.
    n_features_in_, feature_names_in_
        The number of text columns, and the names of those of a frame.
    """

    _task: ClassVar[str] = "regression"
    _numeric: ClassVar[bool] = True

    def _targets(self, y: npt.NDArray[Any]) -> Any:
        if np.ptp(y) == 0:
            raise InputError(f"y is {y[0]} in every row (n_samples={len(y)}).", "Give rows with different numbers.")
        self.mean_ = float(np.mean(y, dtype=np.float64))
        return y.astype(np.float64)

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return a number for each row, in the unit of y."""
        frame, chosen = self._predicted(X)
        values = np.full(len(chosen), self.mean_)
        if chosen.any():
            values[chosen] = frame["value"].to_numpy(np.float64)
        return values

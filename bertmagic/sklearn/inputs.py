"""Texts and targets as scikit-learn passes them on: lists, Series, arrays, and frames of one or several columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_feature_names, _check_y

from bertmagic.data.labels import Labels, classes, missing, plain
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, InputError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class TextColumns:
    """Columns of texts, none of them missing.

    Attributes
    ----------
    frame
        The columns, ``(rows, texts of a row)``; names are those of the input, or numbers.
    """

    frame: pd.DataFrame

    @property
    def columns(self) -> list[pd.Series]:
        """The columns; a frame may give two of them the same name."""
        return [self.frame.iloc[:, at] for at in range(self.frame.shape[1])]

    @property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Which rows have no blank text, ``(rows,)``: an encoder has nothing to read in a blank one."""
        readable = np.ones(len(self.frame), bool)
        for column in self.columns:
            readable &= np.array([bool(text.strip()) for text in cells(column)], bool)
        return readable

    def names(self) -> list[str]:
        """Return a name for each column: those of the input if they are texts and differ, else usual ones."""
        given = [name for name in self.frame.columns if isinstance(name, str) and name]
        usual = ["text", "text_pair"][: self.frame.shape[1]]
        return given if len(set(given)) == self.frame.shape[1] else usual

    def rows(self, chosen: npt.NDArray[np.bool_]) -> list[Any]:
        """Return the chosen rows: a text each, or a tuple of several."""
        columns = [column[chosen].tolist() for column in self.columns]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def read(estimator: Any, X: Any, reset: bool) -> TextColumns:
    """Return the texts of X, and set or compare the number and names of its columns, as scikit-learn does.

    Parameters
    ----------
    estimator
        Gets ``n_features_in_`` and, of a frame, ``feature_names_in_``, if ``reset``.

    Raises
    ------
    InputError
        If X has no rows, a cell is not a text, or the columns differ from those of ``fit``.
    """
    frame = _frame(X)
    texts = TextColumns(frame)
    for name, column in zip(frame.columns, texts.columns, strict=True):
        _check_cells(column, f"column {name!r} of X" if frame.shape[1] > 1 else "X")
    if reset or hasattr(X, "columns"):  # a list after a frame has no names that could differ
        _check_feature_names(estimator, X, reset=reset)
    width = frame.shape[1]
    if reset:
        estimator.n_features_in_ = width
    elif width != estimator.n_features_in_:
        name, expected = type(estimator).__name__, estimator.n_features_in_
        raise InputError(
            f"X has {width} features, but {name} is expecting {expected} features as input.",
            "A feature is a column of texts: give those of fit.",
        )
    return texts


def _frame(X: Any) -> pd.DataFrame:
    """Return X as a frame with a fresh index."""
    if isinstance(X, str | bytes):
        raise InputError(f"X is one text: {quoted(X, 80)}.", "Give a list of texts, as in [text].")
    if hasattr(X, "toarray") or hasattr(X, "todense"):
        raise InputError("X is a sparse matrix, which holds numbers.", "Give texts: a list, a Series or a column.")
    if hasattr(X, "to_pandas"):  # polars, Arrow
        X = X.to_pandas()
    if isinstance(X, pd.Series):
        frame = X.to_frame()
    elif isinstance(X, pd.DataFrame):
        frame = X
    else:
        frame = _listed(X)
    if not frame.shape[1]:
        raise InputError(f"Found array with 0 feature(s) (shape={frame.shape}): X has no column.", "Give texts.")
    if not len(frame):
        raise InputError(f"Found array with 0 sample(s) (shape={frame.shape}): X has no row.", "Give texts.")
    return frame.reset_index(drop=True)


def _listed(X: Any) -> pd.DataFrame:
    """Return a list or an array, of texts or of rows of texts, as a frame."""
    if hasattr(X, "__array__"):
        X = np.asarray(X)
        if X.ndim == 0:
            raise InputError(f"X is one value: {quoted(X.item(), 80)}.", "Give a list of texts.")
        if X.ndim > 2:
            raise InputError(f"X has {X.ndim} dimensions.", "Give texts, or rows of texts.")
    try:
        rows = X.tolist() if isinstance(X, np.ndarray) else list(X)
    except TypeError:
        raise InputError(f"X is an object of type {type(X).__name__}.", "Give a list of texts.") from None
    if rows and all(isinstance(row, list | tuple | np.ndarray) for row in rows):
        widths = {len(row) for row in rows}
        if len(widths) > 1:
            raise InputError(f"the rows of X have {listing(sorted(widths))} texts.", "Give the same number in each.")
        return pd.DataFrame(dict(enumerate(zip(*rows, strict=True))), dtype=object)
    return pd.DataFrame({0: pd.Series(rows, dtype=object)})


def _check_cells(column: pd.Series, where: str) -> None:
    """Raise an `InputError` for a cell that is missing or not a text."""
    for at, value in enumerate(cells(column)):
        if isinstance(value, str):
            continue
        if missing(value):
            empty = sum(map(missing, cells(column)))
            raise InputError(
                f"{where} has {count(empty, 'missing value')} (NaN), the first in row {at}.",
                'Drop these rows, or fill them: X.fillna("").',
            )
        hint = " Complex data not supported." if isinstance(value, complex) else ""
        raise InputError(
            f"{where} holds a value that is not text in row {at}: {quoted(value, 80)} ({type(value).__name__}).{hint}",
            "Choose the columns of text, as a ColumnTransformer does; or convert them with .astype(str).",
        )


def target(estimator: Any, y: Any, rows: int, numeric: bool) -> npt.NDArray[Any]:
    """Return y as one column without missing values, as long as X.

    Raises
    ------
    InputError
        If it is not that.
    """
    if y is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None.", "Call fit(X, y)."
        )
    if not numeric:  # texts may be in a column that knows pd.NA, which numpy cannot compare
        lacking = np.asarray(pd.isna(y)) if isinstance(y, pd.Series | list) else np.zeros(0, bool)
        if lacking.any():
            raise InputError(f"Input y contains NaN: {count(int(lacking.sum()), 'label')}.", "Drop these rows.")
    try:
        column: npt.NDArray[Any] = _check_y(y, multi_output=False, y_numeric=numeric, estimator=estimator)
    except ValueError as error:
        raise InputError(str(error).partition("\n")[0], "Give one value for each row of X.") from None
    if len(column) != rows:
        raise InputError(
            f"Found input variables with inconsistent numbers of samples: X has {rows:,}, y has {len(column):,}.",
            "Give a value for each text.",
        )
    return column


def class_values(known: npt.NDArray[Any]) -> list[Any]:
    """Return the classes as a run reads them: themselves, or numbers where a run would read them in another way.

    A run strips texts, takes blank ones and ``-`` for missing, and reads lists of labels in a text.
    """
    values = known.tolist()
    try:
        read = classes(pd.Series([*values, *values], dtype=object), "y")
    except DataError:
        read = Labels(())
    same = [value in read.values and type(value) is type(plain(value)) for value in values]
    return values if len(read) == len(values) and all(same) else list(range(len(values)))

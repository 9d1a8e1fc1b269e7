"""Vectors of texts as features, with the interface of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bertmagic import options as table
from bertmagic.errors import DataError, InputError, OptionError
from bertmagic.registry import encoder_reference, held_or_open, open_model
from bertmagic.sklearn import inputs, models
from bertmagic.text_model import TextModel

if TYPE_CHECKING:
    from typing import Self

    import numpy.typing as npt

    from bertmagic.options.terms import Pooling, Precision


class BertVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, models.PickledModel, BaseEstimator):
    """Turn texts into the vectors of an encoder, which is not trained.

    X is a list, a Series, an array or a frame; of several columns the vectors stand one behind the other. A missing
    text is an error, a blank one gets zeros. Vectors of 1,000 tokens or more are kept on the disk by their content, so
    that a cross-validation computes each once; see `TextModel.embed`.

    Parameters
    ----------
    model
        The encoder: a name of the catalogue, a run, a folder, a hub id, or a model.
    pooling
        ``mean`` of all tokens, the ``first`` one, or None for what the model's folder declares.
    device
        ``cuda``, ``mps`` or ``cpu``; by default the fastest device here.
    precision
        ``auto``, ``bf16``, ``fp16`` or ``fp32``.

    Attributes
    ----------
    model_
        The `bertmagic.TextModel`.
    n_features_in_, feature_names_in_
        The number of text columns, and the names of those of a frame.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> baseline = make_pipeline(BertVectorizer(), LogisticRegression())
    """

    def __init__(
        self, model: Any = "minilm", *, pooling: Pooling | None = "mean", device: str | None = None,
        precision: Precision = "auto",
    ) -> None:  # fmt: skip
        self.model = model
        self.pooling = pooling
        self.device = device
        self.precision = precision

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False  # of numbers, as scikit-learn's own checks would pass
        tags.transformer_tags.preserves_dtype = []
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Open the encoder.

        Raises
        ------
        InputError
            If X or a parameter cannot be used; it is a `ValueError`.
        """
        self._read(X, reset=True)
        self.model_ = self._opened()
        self._n_features_out = self.n_features_in_ * int(self.model_.network.config.hidden_size)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the vectors, of shape ``(rows, columns of X * width)``."""
        check_is_fitted(self)
        texts = self._read(X, reset=False)
        try:
            vectors = [self.model_.embed(column.tolist(), pooling=self.pooling, show=False) for column in texts.columns]
        except (DataError, OptionError) as error:
            raise InputError(error.what, error.fix) from None
        return np.nan_to_num(np.hstack(vectors), nan=0.0, copy=False)

    def _read(self, X: Any, reset: bool) -> inputs.TextColumns:
        return inputs.read(self, X, reset)

    def _opened(self) -> TextModel:
        if isinstance(self.model, TextModel):
            return self.model
        try:
            chosen = table.read(
                table.commands.Load, {"ref": self.model, "device": self.device, "precision": self.precision}
            )
            if chosen.device is None and chosen.precision == "auto":
                return held_or_open(chosen.ref)
            return open_model(encoder_reference(chosen.ref), device=chosen.device, precision=chosen.precision)
        except OptionError as error:
            raise InputError(error.what, error.fix) from None

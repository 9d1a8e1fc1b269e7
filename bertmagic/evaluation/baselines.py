"""Models that train in seconds: the most frequent class, and linear models of word counts or of fixed vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.evaluation.blocks import blocks
from bertmagic.evaluation.probabilities import log_odds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Predict = Callable[[Sequence[str]], npt.NDArray[np.float32]]
    """From texts to scores as a model gives them: ``(rows, outputs)``."""

BASELINES = {
    "majority": "predicts for every text, or every word, what is most frequent in the training rows",
    "tfidf": "TF-IDF of words and pairs of words, with a linear model of scikit-learn",
    "linear_probe": "a linear model of the vectors of the encoder before fine-tuning",
    "cosine": "a linear model of one number: the cosine of the vectors of both texts before fine-tuning",
}
OF_VECTORS = ("linear_probe", "cosine")
"""The baselines that read vectors instead of texts."""
Targets = Literal["classes", "labels", "numbers"]
"""The targets: a class per row ``(rows,)``, 0 or 1 for each label ``(rows, labels)``, or a number per row ``(rows,)``
with mean 0 and standard deviation 1."""

_TINY = 1e-6
_FEATURES = 100_000
"""The most words and pairs of words that are counted."""
_WEIGHTS = 4_000_000
"""The most weights of a linear model of them, over all classes: L-BFGS keeps some twenty copies."""
_MOST_LOGITS = 10_000_000
"""Rows times classes up to which a logistic regression is fitted: with more, its steps take seconds and gigabytes."""
_MOST_REGRESSIONS = 200
"""Labels up to which each gets a logistic regression of its own; more get one ridge regression for all."""
_RIDGE_FEATURES = 4000
"""The most words of that regression: its matrix has the square of it."""
_OF_MANY = {
    "labels": "one ridge regression of all labels",
    "classes": "the class whose mean text is nearest, by cosine",
}
"""The linear model of TF-IDF for many classes or labels, in whose place few have logistic regressions."""
_SHARPNESS = 10.0
"""How many times its cosine the logit of a class is; a cosine of 1 against 0 is then almost certain."""


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline.

    Attributes
    ----------
    predict
        From texts to scores as a model gives them.
    bytes
        Its size.
    method
        The simpler model that was fitted instead of the usual one, because of many classes or labels; else empty.
    """

    predict: Predict
    bytes: int
    method: str = ""


def fit(name: str, kind: Targets, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> Baseline:
    """Fit a baseline to training rows.

    Parameters
    ----------
    name
        ``majority`` or ``tfidf``.
    kind
        What ``targets`` are.
    texts, targets
        The training rows.
    outputs
        How many classes or labels there are; 1 for numbers.
    """
    return (_majority if name == "majority" else _tfidf)(kind, texts, targets, outputs)


def fit_words(words: Sequence[str], tags: npt.NDArray[np.int64], outputs: int) -> Baseline:
    """Give each word the tag that it has most often, and a word that was never seen the most frequent tag.

    Parameters
    ----------
    words, tags
        All words of the training rows, and the number of the tag of each.
    outputs
        How many tags there are.
    """
    import numpy as np

    known, number = np.unique(np.asarray(words, object), return_inverse=True)
    counts = np.bincount(number * outputs + tags, minlength=len(known) * outputs).reshape(-1, outputs)
    counts = np.vstack([counts, counts.sum(axis=0)])
    rows = np.log(np.maximum(counts / counts.sum(axis=1, keepdims=True), _TINY)).astype(np.float32)
    place = {word: at for at, word in enumerate(known)}
    size = rows.nbytes + sum(len(word.encode("utf-8", "replace")) for word in known)
    return Baseline(lambda given: rows[[place.get(word, -1) for word in given]], size)


def cosines(first: Vectors, second: Vectors) -> Vectors:
    """Return the cosine of the two vectors of each pair, ``(rows, 1)``; 0 where one of them is zero."""
    cosine: Vectors = (_directions(first) * _directions(second)).sum(axis=1, keepdims=True)
    return cosine


def pair_features(first: Vectors, second: Vectors) -> Vectors:
    """Return the features of pairs: ``|u - v|``, ``u * v`` and the cosine, of shape ``(rows, 2 * width + 1)``.

    ``u`` and ``v`` are the two vectors at a length of the square root of the width, so that both products and
    differences have entries near 1 (InferSent, Conneau et al. 2017, section 3.1). The cosine is multiplied by that
    length: among hundreds of features an equal penalty would hardly let one count.

    Parameters
    ----------
    first, second
        The vectors of the first and of the second texts, each ``(rows, width)``.
    """
    import numpy as np

    length = np.float32(first.shape[1] ** 0.5)
    u, v = _directions(first) * length, _directions(second) * length
    return np.hstack([np.abs(u - v), u * v, cosines(first, second) * length])


def _directions(vectors: Vectors) -> Vectors:
    """Return vectors divided by their length."""
    import numpy as np

    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Vectors = (vectors / np.maximum(lengths, _TINY)).astype(np.float32)
    return directions


def _majority(kind: Targets, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> Baseline:
    import numpy as np

    if kind == "numbers":
        row = np.asarray([targets.mean()], np.float32)
    elif kind == "labels":
        row = log_odds(targets.mean(axis=0)).astype(np.float32)
    else:
        shares = np.bincount(targets, minlength=outputs) / len(targets)
        row = np.log(np.maximum(shares, _TINY)).astype(np.float32)
    return Baseline(lambda given: np.tile(row, (len(given), 1)), row.nbytes)


def _tfidf(kind: Targets, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> Baseline:
    """Count the most frequent words and pairs of words, sublinear; then logistic or ridge regression.

    Texts of scripts that have no spaces between words are counted by characters, one to three together.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    spaced = np.mean([" " in text.strip() for text in texts[:1000]]) > 0.5
    how: dict[str, Any] = {"ngram_range": (1, 2)} if spaced else {"analyzer": "char", "ngram_range": (1, 3)}
    method = _OF_MANY[kind] if _has_many(kind, targets, outputs) else ""
    features = min(_RIDGE_FEATURES if method and kind == "labels" else _FEATURES, max(1000, _WEIGHTS // outputs))
    words = TfidfVectorizer(sublinear_tf=True, max_features=features, dtype=np.float32, **how)
    try:
        counted = words.fit_transform(texts)
    except ValueError:  # no text has a word
        return _majority(kind, texts, targets, outputs)
    usual = {"classes": _logistic, "labels": _each_label, "numbers": _ridge}
    score = ({"classes": _nearest_class, "labels": _all_labels} if method else usual)[kind](counted, targets, outputs)
    size = sum(len(word.encode("utf-8", "replace")) + 8 for word in words.vocabulary_) + counted.shape[1] * outputs * 8
    return Baseline(lambda given: score(words.transform(given)).astype(np.float32, copy=False), size, method)


def _has_many(kind: Targets, targets: npt.NDArray[Any], outputs: int) -> bool:
    """Whether logistic regressions would take minutes or gigabytes."""
    import numpy as np

    if kind == "labels":
        return outputs > _MOST_REGRESSIONS or targets.size > _MOST_LOGITS
    return kind == "classes" and len(targets) * len(np.unique(targets)) > _MOST_LOGITS


def _logistic(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    there = np.unique(targets)
    if len(there) < 2:
        predict = _majority("classes", (), targets, outputs).predict
        return lambda given: predict(range(given.shape[0]))  # type: ignore[arg-type]
    model = LogisticRegression(C=10.0, max_iter=1000).fit(counted, targets)

    def scores(given: Any) -> npt.NDArray[Any]:
        log_probabilities = np.full((given.shape[0], outputs), np.log(_TINY))
        log_probabilities[:, model.classes_] = model.predict_log_proba(given)
        return log_probabilities

    return scores


def _nearest_class(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    """Score classes by the cosine with their mean text (Rocchio): a regression takes minutes for thousands of them."""
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.special import log_softmax
    from sklearn.preprocessing import normalize

    rows = np.arange(len(targets))
    members = csr_array((np.ones(len(rows), np.float32), (targets, rows)), shape=(outputs, len(rows)))
    classes = normalize(members @ counted)

    def scores(given: Any) -> npt.NDArray[Any]:
        log_probabilities = np.empty((given.shape[0], outputs), np.float32)
        for part in blocks(*log_probabilities.shape):
            log_probabilities[part] = log_softmax(_SHARPNESS * (given[part] @ classes.T).toarray(), axis=1)
        return log_probabilities

    return scores


def _each_label(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    import numpy as np

    def model_of(label: int) -> Callable[[Any], npt.NDArray[Any]]:
        if len(np.unique(targets[:, label])) < 2:
            row = np.float32(log_odds(targets[:, label].mean()))
            return lambda given: np.full(given.shape[0], row)
        both = _logistic(counted, targets[:, label].astype(int), 2)
        return lambda given: np.subtract(*both(given).T[::-1])

    models = [model_of(label) for label in range(outputs)]
    return lambda given: np.stack([score(given) for score in models], axis=1)


def _all_labels(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    """Fit one ridge regression to all labels: its numbers are taken as probabilities (the linear probability model).

    A logistic regression of each label takes minutes for thousands of them.
    """
    import numpy as np
    from scipy.linalg import solve
    from scipy.sparse import csr_array

    rows, wanted = counted.shape[0], csr_array(targets, dtype=np.float64)
    center, shares = (np.asarray(each.mean(axis=0), np.float64).ravel() for each in (counted, wanted))
    spread = (counted.T @ counted).toarray().astype(np.float64) - rows * np.outer(center, center)
    spread[np.diag_indices_from(spread)] += 1.0
    together = (counted.T @ wanted).toarray() - rows * np.outer(center, shares)
    weights = solve(spread, together, assume_a="pos", overwrite_a=True, overwrite_b=True).astype(np.float32)
    bias, least = (shares - center @ weights).astype(np.float32), 1 / (rows + 2)

    def scores(given: Any) -> npt.NDArray[Any]:
        logits = np.empty((given.shape[0], outputs), np.float32)
        for part in blocks(*logits.shape):
            logits[part] = log_odds(np.clip(given[part] @ weights + bias, least, 1 - least))
        return logits

    return scores


def _ridge(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0).fit(counted, targets)
    return lambda given: model.predict(given)[:, None]

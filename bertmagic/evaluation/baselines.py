"""What is reached without a neural network: the most frequent class, and words counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    Predict = Callable[[Sequence[str]], npt.NDArray[np.float32]]
    """From texts to scores as a model gives them: ``(rows, outputs)``."""

BASELINES = {
    "majority": "says of every text, or of every word, what is most frequent in the training rows",
    "tfidf": "TF-IDF of words and pairs of words, with a linear model of scikit-learn",
}
_TEXTS = ("classification", "multi_label", "regression")
TASKS = {"majority": (*_TEXTS, "token_classification"), "tfidf": _TEXTS}
"""The tasks that there is each baseline for."""

_TINY = 1e-6


def fit(name: str, task: str, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> tuple[Predict, int]:
    """Return what predicts, and how many bytes it takes.

    Parameters
    ----------
    name
        One of `BASELINES`.
    task
        One of those in `TASKS`.
    texts, targets
        The training rows: class numbers ``(rows,)``, 0 or 1 for each label ``(rows, labels)``, or numbers ``(rows,)``
        of mean 0 and standard deviation 1. Of tags, all words of all rows with theirs, ``(words,)``.
    outputs
        How many classes, labels or tags there are.
    """
    if task == "token_classification":
        return _each_word(texts, targets, outputs)
    return (_majority if name == "majority" else _tfidf)(task, texts, targets, outputs)


def _majority(task: str, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> tuple[Predict, int]:
    import numpy as np

    if task == "regression":
        row = np.asarray([targets.mean()], np.float32)
    elif task == "multi_label":
        row = _log_odds(targets.mean(axis=0))
    else:
        shares = np.bincount(targets, minlength=outputs) / len(targets)
        row = np.log(np.maximum(shares, _TINY)).astype(np.float32)
    return lambda given: np.tile(row, (len(given), 1)), row.nbytes


def _each_word(words: Sequence[str], tags: npt.NDArray[Any], outputs: int) -> tuple[Predict, int]:
    """Give each word the tag that it has most often; to a word that was never seen the one of most words."""
    import numpy as np

    known, number = np.unique(np.asarray(words, object), return_inverse=True)
    counts = np.bincount(number * outputs + tags, minlength=len(known) * outputs).reshape(-1, outputs)
    counts = np.vstack([counts, counts.sum(axis=0)])
    rows = np.log(np.maximum(counts / counts.sum(axis=1, keepdims=True), _TINY)).astype(np.float32)
    place = {word: at for at, word in enumerate(known)}
    size = rows.nbytes + sum(len(word.encode("utf-8", "replace")) for word in known)
    return lambda given: rows[[place.get(word, -1) for word in given]], size


def _log_odds(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    import numpy as np

    kept = np.clip(shares, _TINY, 1 - _TINY)
    return np.log(kept / (1 - kept)).astype(np.float32)


def _tfidf(task: str, texts: Sequence[str], targets: npt.NDArray[Any], outputs: int) -> tuple[Predict, int]:
    """Count words and pairs of words, sublinear, of the 100,000 most frequent; then logistic or ridge regression.

    Texts of scripts that do not part words are counted by characters, one to three together.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    spaced = np.mean([" " in text.strip() for text in texts[:1000]]) > 0.5
    how: dict[str, Any] = {"ngram_range": (1, 2)} if spaced else {"analyzer": "char", "ngram_range": (1, 3)}
    words = TfidfVectorizer(sublinear_tf=True, max_features=100_000, dtype=np.float32, **how)
    try:
        counted = words.fit_transform(texts)
    except ValueError:  # no text has a word
        return _majority(task, texts, targets, outputs)
    score = {"regression": _ridge, "multi_label": _each_label}.get(task, _logistic)(counted, targets, outputs)
    size = sum(len(word.encode("utf-8", "replace")) + 8 for word in words.vocabulary_) + counted.shape[1] * outputs * 8
    return lambda given: score(words.transform(given)).astype(np.float32), size


def _logistic(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    there = np.unique(targets)
    if len(there) < 2:
        predict, _ = _majority("classification", (), targets, outputs)
        return lambda given: predict(range(given.shape[0]))  # type: ignore[arg-type]
    model = LogisticRegression(C=10.0, max_iter=1000).fit(counted, targets)

    def scores(given: Any) -> npt.NDArray[Any]:
        found = np.full((given.shape[0], outputs), np.log(_TINY))
        found[:, model.classes_] = model.predict_log_proba(given)
        return found

    return scores


def _each_label(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    import numpy as np

    def of(label: int) -> Callable[[Any], npt.NDArray[Any]]:
        if len(np.unique(targets[:, label])) < 2:
            row = _log_odds(targets[:, label].mean())
            return lambda given: np.full(given.shape[0], row)
        both = _logistic(counted, targets[:, label].astype(int), 2)
        return lambda given: np.subtract(*both(given).T[::-1])

    models = [of(label) for label in range(outputs)]
    return lambda given: np.stack([score(given) for score in models], axis=1)


def _ridge(counted: Any, targets: npt.NDArray[Any], outputs: int) -> Callable[[Any], npt.NDArray[Any]]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=1.0).fit(counted, targets)
    return lambda given: model.predict(given)[:, None]

"""Labels that are likely wrong, rows that contradict each other, and test rows that are in the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.evaluation import leave_one_out
from bertmagic.evaluation.report import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.outcomes import Outcomes

MOST = 50
"""How many rows of each kind are listed."""
FOLDS = 5
ALIKE = 0.9
"""Two texts are nearly the same if the cosine of their character 4-grams is at least this."""
_PLANTED_IN = 50, 2000
"""On at least and at most how many rows the methods are compared, by flipping some of their labels."""
_PLANTED, _DRAWS = 0.1, 2
"""The share of labels that is flipped for this, and how often."""
_TEXTS = 10_000
"""How many texts are compared with each other."""


@dataclass(frozen=True)
class Judgement:
    """Class probabilities of rows by the better of two methods.

    Attributes
    ----------
    probabilities
        Of each row by models that were fitted without it, ``(rows, classes)``.
    method
        ``leave one out`` or ``confident learning``.
    found
        The AUC with which each method finds labels that are flipped on purpose; empty for few rows.
    """

    probabilities: npt.NDArray[Any]
    method: str
    found: Mapping[str, float]

    @property
    def note(self) -> str:
        """Which method judged, and why."""
        if not self.found:
            return f"Label issues by {self.method}: too few rows to compare it with another method."
        (other,) = (name for name in self.found if name != self.method)
        return (
            f"Label issues by {self.method}: of labels flipped on purpose in these rows it finds AUC "
            f"{self.found[self.method]:.3f}, and {other} {self.found[other]:.3f}."
        )


def judge(features: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], classes: int) -> Judgement:
    """Return class probabilities of each row by models without it, by the method that finds flipped labels better.

    A tenth of the labels is flipped to a random other class that occurs. `leave_one_out.class_probabilities` and
    `cross_fitted` then judge all rows, and the AUC is that of 1 minus the probability of the label.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    methods: dict[str, Callable[..., npt.NDArray[Any]]] = {
        "leave one out": leave_one_out.class_probabilities,
        "confident learning": cross_fitted,
    }
    some = np.sort(np.random.default_rng(0).permutation(len(targets))[: _PLANTED_IN[1]])
    occurring = np.unique(targets)
    found: dict[str, float] = {}
    if len(some) >= _PLANTED_IN[0] and len(occurring) > 1:
        found = dict.fromkeys(methods, 0.0)
        for seed in range(_DRAWS):
            planted, given = _planted(targets[some], occurring, seed)
            for name, method in methods.items():
                chances = method(features[some], given, classes)
                found[name] += roc_auc_score(planted, 1 - chances[np.arange(len(some)), given]) / _DRAWS
    best = max(methods, key=lambda name: found.get(name, 0.0))
    return Judgement(methods[best](features, targets, classes), best, found)


def _planted(
    targets: npt.NDArray[np.int64], occurring: npt.NDArray[np.int64], seed: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return which labels are flipped, and the labels."""
    import numpy as np

    generator = np.random.default_rng(seed)
    planted = np.zeros(len(targets), bool)
    planted[generator.permutation(len(targets))[: max(1, round(_PLANTED * len(targets)))]] = True
    places = np.searchsorted(occurring, targets)
    moved = (places + generator.integers(1, len(occurring), len(targets))) % len(occurring)
    return planted, np.where(planted, occurring[moved], targets)


def cross_fitted(features: npt.NDArray[np.float32], targets: npt.NDArray[np.int64], classes: int) -> npt.NDArray[Any]:
    """Return class probabilities of each row from models that were fitted without it: ``(rows, classes)``.

    A logistic regression on the features of the other folds, so that no label has a say in its own judgement.

    Parameters
    ----------
    features
        What an encoder makes of each text, ``(rows, width)``.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probabilities = np.zeros((len(targets), classes))
    counts = np.bincount(targets, minlength=classes)
    kept = np.flatnonzero(counts[targets] >= FOLDS)  # a rarer class is not in each fold
    if len(np.unique(targets[kept])) < 2:
        return probabilities
    for learnt, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(kept, targets[kept]):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
        model.fit(features[kept[learnt]], targets[kept[learnt]])
        probabilities[np.ix_(kept[held], model.classes_)] = model.predict_proba(features[kept[held]])
    return probabilities


def likely_wrong(probabilities: npt.NDArray[Any], targets: npt.NDArray[np.int64]) -> list[tuple[int, int, float]]:
    """Return rows whose label is likely wrong: position, likelier class, its probability; the surest first.

    Confident learning (Northcutt, Jiang & Chuang 2021): a class is confidently another row's where its probability
    reaches the mean that it has among the rows so labelled. Rows confidently of another class than their label are
    ranked by how far the two probabilities lie apart.
    """
    import numpy as np

    classes = probabilities.shape[1]
    known = probabilities.sum(axis=1) > 0
    means = np.array([
        probabilities[known & (targets == at), at].mean() if (known & (targets == at)).any() else np.inf
        for at in range(classes)
    ])  # fmt: skip
    sure = np.where(probabilities >= means, probabilities, -1.0)
    other = sure.argmax(axis=1)
    rows = np.arange(len(targets))
    wrong = np.flatnonzero(known & (sure[rows, other] > 0) & (other != targets))
    apart = probabilities[wrong, other[wrong]] - probabilities[wrong, targets[wrong]]
    ranked = wrong[np.argsort(-apart, kind="stable")]
    return [(int(at), int(other[at]), float(probabilities[at, other[at]])) for at in ranked if apart.max(initial=0) > 0]


def alike(texts: Sequence[str], others: Sequence[str] | None = None) -> list[tuple[int, int, float]]:
    """Return pairs of texts that are nearly the same, with their cosine; of one list, or of one and another.

    Of the first 10,000 texts of each, by the character 4-grams of their first 2,000 characters.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    reader = HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), n_features=2**18, alternate_sign=False)
    ours = reader.transform(text[:2000] for text in texts[:_TEXTS])
    theirs = ours if others is None else reader.transform(text[:2000] for text in others[:_TEXTS])
    pairs = []
    for begin in range(0, ours.shape[0], 500):
        close = (ours[begin : begin + 500] @ theirs.T).tocoo()
        near = close.data >= ALIKE
        for row, column, cosine in zip(close.row[near] + begin, close.col[near], close.data[near], strict=True):
            if others is not None or row < column:
                pairs.append((int(row), int(column), float(cosine)))
    return sorted(pairs, key=lambda one: -one[2]) if len(pairs) < 10**6 else pairs[: 10**6]


def mislabelled(outcomes: Outcomes, probabilities: npt.NDArray[Any], names: Sequence[str]) -> list[Issue]:
    """Return the rows whose label is likely wrong."""
    wrong = likely_wrong(probabilities, outcomes.true)[:MOST]
    return [
        _issue(outcomes, "likely wrong label", at, names[outcomes.true[at]], names[other], chance)
        for at, other, chance in wrong
    ]


def contradicting(outcomes: Outcomes, labels: Sequence[str]) -> list[Issue]:
    """Return rows that read nearly the same and have different labels; ``labels`` are those of the rows."""
    pairs = [pair for pair in alike(_texts(outcomes)) if labels[pair[0]] != labels[pair[1]]]
    return [
        _issue(outcomes, "contradicts", at, labels[at], f"row {outcomes.index[other]}: {labels[other]}", cosine)
        for at, other, cosine in pairs[:MOST]
    ]


def leaked(outcomes: Outcomes, labels: Sequence[str], train: Sequence[str], rows: Sequence[Any]) -> list[Issue]:
    """Return rows that are in the training rows, exactly or nearly; ``rows`` are the names of the training rows."""
    best: dict[int, tuple[int, float]] = {}
    for at, other, cosine in alike(_texts(outcomes), train):
        best.setdefault(at, (other, cosine))
    matches = sorted(best.items(), key=lambda one: -one[1][1])
    return [
        _issue(outcomes, "in train" if cosine > 0.9999 else "nearly in train", at, labels[at],
               f"row {rows[other]} of train", cosine)
        for at, (other, cosine) in matches
    ]  # fmt: skip


def _texts(outcomes: Outcomes) -> list[str]:
    return [outcomes.text(at) for at in range(min(len(outcomes), _TEXTS))]


def _issue(outcomes: Outcomes, kind: str, at: int, label: str, other: str, score: float) -> Issue:
    return Issue(kind, str(outcomes.index[at]), outcomes.text(at)[:300], label, other, score)

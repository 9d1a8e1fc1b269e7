"""The rows to read first: confident mistakes, uncertain rows, and some rows of each pair of confused classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.evaluation.blocks import blocks
from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.outcomes import Outcomes

MOST = 200
"""How many mistakes are listed, and half as many rows that are least certain."""
PER_PAIR = 5
"""How many rows of each pair of confused classes are listed, too."""
_PAIRS = 60
_CHANCES = 5
"""How many of the largest probabilities of a row are kept."""
_CHARACTERS = 400
"""How many characters of a text are kept."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row to read.

    Attributes
    ----------
    row
        Its label in the user's index.
    text, cut
        The beginning of its text, and whether the text is longer.
    true, predicted
        The true and the predicted value as text.
    score
        The probability of the predicted class. For numbers the absolute error, for entities and answers 1 - F1.
    probabilities
        The most probable classes with their probabilities.
    kinds
        Why it is listed: ``mistake``, ``uncertain``, ``pair``.
    """

    row: str
    text: str
    true: str
    predicted: str
    score: float
    probabilities: tuple[tuple[str, float], ...]
    kinds: tuple[str, ...]
    wrong: bool
    cut: bool = False


@dataclass(frozen=True, repr=False)
class Errors(Result):
    """Rows to read, the most confident mistakes first, then the rest of them, then rows that are right but unsure.

    ``wrong`` is how many mistakes there are in all; ``numeric`` says that numbers were predicted, which are far off
    instead of wrong; ``model`` is the name of the model.
    """

    examples: tuple[Example, ...]
    wrong: int
    rows: int
    numeric: bool = False
    model: str = ""

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a table: ``text, true, predicted, score, wrong, kinds``, by the user's index as text."""
        import pandas as pd

        names = ("text", "true", "predicted", "score", "wrong", "kinds")
        rows = [[getattr(one, name) for name in names[:-1]] + [", ".join(one.kinds)] for one in self.examples]
        return pd.DataFrame(rows, columns=list(names), index=pd.Index([one.row for one in self.examples], name="row"))


def find(outcomes: Outcomes, labels: Sequence[str], most: int = MOST, model: str = "") -> Errors:
    """Return the rows to read.

    Parameters
    ----------
    outcomes
        The true and the predicted value of all rows.
    labels
        The names of the classes.
    most
        How many mistakes at most.
    model
        The name of the model.
    """
    import numpy as np

    wrong = np.flatnonzero(outcomes.wrong)
    score = _scores(outcomes)
    mistakes = wrong[np.argsort(-score[wrong], kind="stable")][:most]
    kinds: dict[int, list[str]] = {int(at): ["mistake"] for at in mistakes}
    if outcomes.probabilities is not None:
        margin = _margins(outcomes)
        for at in np.argsort(margin, kind="stable")[: most // 2]:
            kinds.setdefault(int(at), []).append("uncertain")
        if outcomes.true.ndim == 1:
            for at in _of_pairs(outcomes, wrong, score):
                kinds.setdefault(int(at), []).append("pair")
    order = sorted(kinds, key=lambda at: (outcomes.credit[at] >= 1, -score[at]))
    examples = tuple(_example(outcomes, at, labels, score[at], tuple(kinds[at])) for at in order)
    return Errors(examples, len(wrong), len(outcomes), outcomes.numeric, model)


def _scores(outcomes: Outcomes) -> npt.NDArray[Any]:
    """Return the confidence of the model on each row, or its error: rows with larger values are read first."""
    import numpy as np

    probabilities = outcomes.probabilities
    if probabilities is None:  # a number's credit is its error already, with the sign turned
        return -outcomes.credit if outcomes.numeric else 1 - outcomes.credit
    if outcomes.true.ndim == 1:
        return np.asarray(probabilities[np.arange(len(outcomes)), outcomes.predicted], float)
    scores = np.empty(len(outcomes))
    for part in blocks(*probabilities.shape):  # the label that is most wrongly sure
        scores[part] = np.abs(probabilities[part] - outcomes.true[part]).max(axis=1)
    return scores


def _margins(outcomes: Outcomes) -> npt.NDArray[Any]:
    """Return the difference of the two likeliest classes, or the distance of the least certain label from a half."""
    import numpy as np

    probabilities = outcomes.probabilities
    assert probabilities is not None
    margins = np.empty(len(probabilities))
    for part in blocks(*probabilities.shape):
        if outcomes.true.ndim == 2:
            margins[part] = np.abs(probabilities[part] - 0.5).min(axis=1)
        else:
            two = np.partition(probabilities[part], -2, axis=1)[:, -2:]
            margins[part] = two[:, 1] - two[:, 0]
    return margins


def _of_pairs(outcomes: Outcomes, wrong: npt.NDArray[Any], score: npt.NDArray[np.float64]) -> list[int]:
    """Return some rows of each of the most frequent pairs of confused classes, the most confident first."""
    import numpy as np

    pairs = outcomes.true[wrong] * (int(outcomes.true.max(initial=0)) + 10_000) + outcomes.predicted[wrong]
    names, counts = np.unique(pairs, return_counts=True)
    listed: list[int] = []
    for pair in names[np.argsort(-counts, kind="stable")][:_PAIRS]:
        rows = wrong[pairs == pair]
        listed += rows[np.argsort(-score[rows], kind="stable")][:PER_PAIR].tolist()
    return listed


def _example(outcomes: Outcomes, at: int, labels: Sequence[str], score: float, kinds: tuple[str, ...]) -> Example:
    text = outcomes.text(at)
    probabilities: tuple[tuple[str, float], ...] = ()
    if outcomes.probabilities is not None:
        values = outcomes.probabilities[at]
        probabilities = tuple((labels[i], float(values[i])) for i in (-values).argsort(kind="stable")[:_CHANCES])
    return Example(
        row=str(outcomes.index[at]),
        text=text[:_CHARACTERS],
        true=value_text(outcomes.true[at], labels),
        predicted=value_text(outcomes.predicted[at], labels),
        score=float(score),
        probabilities=probabilities,
        kinds=kinds,
        wrong=bool(outcomes.wrong[at]),
        cut=len(text) > _CHARACTERS,
    )


def value_text(value: Any, labels: Sequence[str]) -> str:
    """Return the true or the predicted value of a row as text."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return ", ".join(labels[i] for i in np.flatnonzero(value).tolist()) or "none"
    if isinstance(value, np.integer) and labels:
        return labels[int(value)]
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value) or "no answer"

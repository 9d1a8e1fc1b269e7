"""The answers that users get, with the next-best ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertmagic.data.texts import cells, strings
from bertmagic.inference.predictions import Predictions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.tasks.question_answering.decoding import Candidates

KEPT = 5
"""How many answers to a question a result has."""


@dataclass(frozen=True)
class Ranked:
    """Answers to questions with their probabilities, by question and from the most probable on.

    Attributes
    ----------
    at
        The position of the question, shape ``(answers,)``.
    start, end
        Characters of its context, of the same shape; -1 for "no answer".
    score
        Probabilities, of the same shape.
    """

    at: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]

    def of_question(self, at: int) -> slice:
        """Return the answers to one question, as a slice of the arrays."""
        import numpy as np

        return slice(*np.searchsorted(self.at, [at, at + 1]).tolist())


@dataclass(frozen=True, repr=False)
class Answers(Predictions):
    """Answers in the order and with the index of the input.

    ``frame`` has ``row, answer, start, end, score``: a text, its characters in the context, and its probability among
    the best answers and, where the model has learnt to say that, "no answer". An empty text says that the context has
    no answer; ``<NA>`` that the question or the context is missing.

    Attributes
    ----------
    given
        The questions and their contexts, with the user's index.
    ranked
        The best answers to each question; `candidates` has them as a table.
    """

    given: pd.DataFrame = field(kw_only=True)
    ranked: Ranked = field(kw_only=True)

    def decisions(self) -> list[Any]:
        """Return the answer to each question."""
        return self.frame["answer"].astype(str).tolist()

    @property
    def candidates(self) -> pd.DataFrame:
        """The best answers to each question as a table: ``row, rank, answer, start, end, score``."""
        import numpy as np
        import pandas as pd

        ranked, contexts = self.ranked, self.given["context"]
        spans = zip(ranked.at.tolist(), ranked.start.tolist(), ranked.end.tolist(), strict=True)
        texts = ["" if start < 0 else contexts.iloc[at][start:end] for at, start, end in spans]
        rank = np.arange(len(ranked.at)) - np.searchsorted(ranked.at, ranked.at) + 1
        return pd.DataFrame({"row": self.given.index[ranked.at], "rank": rank, **_columns(texts, ranked)})


def _columns(texts: list[Any], ranked: Ranked) -> dict[str, Any]:
    """Return the columns that answers have in every table."""
    import numpy as np
    import pandas as pd

    return {
        "answer": strings(pd.Series(texts, dtype=object)).array,
        **{name: pd.arrays.IntegerArray(getattr(ranked, name).copy(), ranked.start < 0) for name in ("start", "end")},
        "score": pd.arrays.FloatingArray(ranked.score.copy(), np.isnan(ranked.score)),
    }


def _ranked(
    candidates: Candidates, chances: npt.NDArray[np.float64], nothing: npt.NDArray[np.float64],
    read: npt.NDArray[np.int64], threshold: float | None,
) -> Ranked:  # fmt: skip
    """Return the best answers to each question, and "no answer" with its probability where that is possible."""
    import numpy as np

    owner = candidates.owner
    kept = np.flatnonzero(np.arange(len(owner)) - candidates.offsets[owner] < KEPT)
    silent = np.flatnonzero(np.isinf(candidates.margin) if threshold is None else np.ones(len(candidates), bool))
    none = np.full(len(silent), -1)
    at = np.concatenate([read[owner[kept]], read[silent]])
    score = np.concatenate([chances[kept], nothing[silent]])
    order = np.lexsort((-score, at))
    start, end = (np.concatenate([place[kept], none])[order] for place in (candidates.start, candidates.end))
    return Ranked(at[order], start, end, score[order])


def answers(
    given: pd.DataFrame, read: npt.NDArray[np.int64], candidates: Candidates, threshold: float | None, **known: Any
) -> Answers:
    """Return the result of a prediction.

    Parameters
    ----------
    given
        Questions and contexts with the user's index.
    read
        The positions of those that could be read.
    candidates
        The best answers to those.
    threshold
        See `Candidates.best`.
    known
        Further fields of the result.
    """
    import numpy as np
    import pandas as pd

    chances, nothing = candidates.probabilities(silent=threshold is not None)
    spans = np.full((len(given), 2), -1, np.int64)
    spans[read] = candidates.best(threshold)
    score = np.full(len(given), np.nan)
    best = np.where(np.diff(candidates.offsets) > 0, candidates.offsets[:-1], -1)
    score[read] = np.where(spans[read, 0] < 0, nothing, np.append(chances, 0.0)[best])
    lacking = np.isnan(score).tolist()
    each = zip(cells(given["context"]), *spans.T.tolist(), lacking, strict=True)
    texts = [None if lacks else "" if start < 0 else context[start:end] for context, start, end, lacks in each]
    columns = _columns(texts, Ranked(np.arange(len(given)), spans[:, 0], spans[:, 1], score))
    frame = pd.DataFrame({"row": given.index, **columns}, index=given.index)
    return Answers(
        frame=frame, labels=(), given=given, ranked=_ranked(candidates, chances, nothing, read, threshold), **known
    )

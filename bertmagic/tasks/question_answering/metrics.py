"""The metrics of question answering: exact match and F1 as in SQuAD (Rajpurkar et al. 2016, section 6.1)."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Kana and Chinese characters: their words are not set apart by spaces."""
_CHARACTER = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(f"[{_UNSPACED}]|[^{_UNSPACED}\\s]+")


def normal(text: str) -> str:
    """Return a text as SQuAD compares it: lower case, without punctuation of ASCII, ``a``, ``an``, ``the``."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def characters(text: str) -> list[str]:
    """Return the words of a text with each kana and Chinese character as one, and no punctuation of any script.

    So MLQA (Lewis et al. 2020, appendix B) counts words of Chinese, where SQuAD's own rule sees a single long one.
    """
    bare = "".join(letter for letter in text.lower() if unicodedata.category(letter)[0] != "P")
    return _WORD.findall(_ARTICLE.sub(" ", bare))


def scores(predicted: Sequence[str], known: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """Return exact match, F1 and F1 over `characters` of each answer, shape ``(rows, 3)``.

    Parameters
    ----------
    predicted
        One answer a row; an empty text says that there is none.
    known
        The texts of all right answers of a row, the best match counts; empty for a question without an answer.

    Notes
    -----
    As in the script of SQuAD 2.0: where some questions have no answer, right answers that `normal` reduces to an empty
    text are skipped.
    """
    import numpy as np

    some_lack = not all(known)
    values = np.zeros((len(predicted), 3))
    for row, (one, right) in enumerate(zip(predicted, known, strict=True)):
        kept = [text for text in right if not some_lack or normal(text)] or [""]
        values[row] = np.max([_compared(one, text) for text in kept], axis=0)
    return values


def _compared(predicted: str, right: str) -> tuple[float, float, float]:
    ours, theirs = normal(predicted), normal(right)
    by_character = _f1(characters(predicted), characters(right))
    return float(ours == theirs), _f1(ours.split(), theirs.split()), by_character


def _f1(predicted: list[str], right: list[str]) -> float:
    """Return the F1 of two bags of words; where one is empty, whether both are."""
    if not predicted or not right:
        return float(predicted == right)
    same = sum((Counter(predicted) & Counter(right)).values())
    return 2 * same / (len(predicted) + len(right))


def metrics(row_scores: npt.NDArray[np.float64], known: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return the mean of each of the `scores` of rows, by name.

    There is a ``character_f1`` only where a right answer has such characters.
    """
    exact, f1, character_f1 = (float(mean) for mean in row_scores.mean(axis=0))
    means = {"exact_match": exact, "f1": f1}
    unspaced = any(_CHARACTER.search(text) for right in known for text in right)
    return means | ({"character_f1": character_f1} if unspaced else {})


def tally(row_scores: npt.NDArray[np.float64], known: Sequence[Sequence[str]]) -> Tally:
    """Return `metrics` as a function of rows."""
    import numpy as np

    names = tuple(metrics(row_scores, known))
    values = np.column_stack([row_scores[:, : len(names)], np.ones(len(row_scores))])
    return Tally.of_rows(values, partial(_means, names), shares=frozenset(["exact_match"]))


def _means(names: Sequence[str], sums: Draws) -> dict[str, Draws]:
    """Return the mean of each of the `scores` in each draw."""
    return {name: sums[:, at] / sums[:, -1] for at, name in enumerate(names)}


def threshold(
    margin: npt.NDArray[np.floating], f1: npt.NDArray[np.float64], answerable: npt.NDArray[np.bool_]
) -> float:
    """Return the margin from which on it is best to say that there is no answer.

    Parameters
    ----------
    margin
        How far the score of "no answer" is above that of the best answer, shape ``(rows,)``.
    f1
        What each best answer is worth, were it given, shape ``(rows,)``.
    answerable
        Whether the question has an answer, shape ``(rows,)``: if it has none, being silent is worth 1.

    Returns
    -------
    float
        The threshold with the highest mean F1, in the middle between two margins; of equals the one nearest to 0.
    """
    import numpy as np

    order = np.argsort(margin, kind="stable")
    rising = margin[order].astype(np.float64)
    # What is gained by answering the first n questions, those of the smallest margins, and being silent on the others.
    worth = np.concatenate([[0.0], np.cumsum(np.where(answerable, f1, -1.0)[order])])
    cuts = np.concatenate([[rising[0] - 1], (rising[1:] + rising[:-1]) / 2, [rising[-1] + 1]])
    apart = np.concatenate([[True], rising[1:] > rising[:-1], [True]])  # equal margins share a fate
    best = np.flatnonzero(apart & (worth >= worth[apart].max() - 1e-9))
    return float(cuts[best[np.abs(cuts[best]).argmin()]])

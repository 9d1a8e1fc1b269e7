"""What a model leans on in general: words and phrases with the largest mean effect, the likely spurious ones first.

The effect of a word on a text is by how much the log-odds of the predicted class fall if its occurrences are hidden.
A word is suspicious if it has a large effect in many texts although it hardly tells the class in a second data set
(the idea of spurious features in Wang, Sridhar & Yang 2022, "Identifying and Mitigating Spurious Correlations for
Improving Robustness in NLP Models").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.explain.edits import Document

    Places = dict[int, tuple[int, ...]]  # from a document to the words of a unit in it

_ROWS = 3
"""In so many texts a word has to stand, and a phrase in twice as many."""

_WORDS, _PHRASES = 3000, 300
"""The most words and phrases that are measured, those of most texts first."""

_EFFECTS = 4
"""The fewest texts that an effect is the mean of."""

FEW = 5
"""In fewer texts of a second data set a word tells nothing."""


@dataclass(frozen=True, repr=False)
class Overview(ExportableResult):
    """Words and phrases with their mean effect on the predictions of a model.

    Attributes
    ----------
    frame
        The most suspicious first: ``word``, ``label`` (the predicted one that it speaks for), ``effect`` with ``low``
        and ``high`` (mean fall of the label's log-odds if it is hidden, 95 % interval by Student's t), ``rows`` (texts
        that have it and this prediction), ``share`` (of texts that have it), ``tells`` (how much it tells of the label
        in the second data: 1 if each text with it has the label, 0 if no more than the others; NaN if it stands in too
        few of them) and ``suspicion``, the product of ``low``, the root of ``share``, and 1 - ``tells``.
    where
        From a word to the index of the rows that have it.
    texts
        How many texts there are.
    measured, planned
        How many effects are measured, and how many would have been without an interrupt.
    second
        What the second data set is called; empty where there is none.
    model, data
        Their names.
    seconds, notes
        How long it took, and what the user should know.
    """

    frame: pd.DataFrame
    where: Mapping[str, Sequence[object]] = field(repr=False)
    texts: int = 0
    measured: int = 0
    planned: int = 0
    second: str = ""
    model: str = ""
    data: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def rows(self, word: str) -> list[object]:
        """Return the index of the rows that have a word or phrase; none for one that was not measured."""
        return list(self.where.get(word.lower(), ()))


def units(documents: Sequence[Document], phrases: bool = True) -> dict[str, Places]:
    """Return words and phrases of two words that stand in several texts, with their places; in lower case."""
    words: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    pairs: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, document in enumerate(documents):
        lower = [word.lower() for word in document.words]
        for at, word in enumerate(lower):
            words[word][number].append(at)
            is_phrase = at + 1 < len(lower) and document.spans[at][0] == document.spans[at + 1][0]
            if phrases and is_phrase and word[0].isalnum() and lower[at + 1][0].isalnum():
                pairs[f"{word} {lower[at + 1]}"][number] += [at, at + 1]
    return _frequent(words, _ROWS, _WORDS) | _frequent(pairs, 2 * _ROWS, _PHRASES)


def _frequent(found: Mapping[str, dict[int, list[int]]], rows: int, most: int) -> dict[str, Places]:
    kept = sorted((unit for unit in found if len(found[unit]) >= rows), key=lambda unit: (-len(found[unit]), unit))
    return {unit: {number: tuple(at) for number, at in found[unit].items()} for unit in kept[:most]}


def plan(found: Mapping[str, Places], passes: int, seed: int) -> list[tuple[str, int]]:
    """Return which units are hidden in which documents, in random order.

    Each unit is hidden in as many as the passes allow. Where these do not suffice for `_EFFECTS` documents of each,
    the units of most documents are measured.
    """
    import numpy as np

    sizes = np.array([len(places) for places in found.values()])
    if not len(sizes):
        return []
    most = int(sizes.max())
    while most > _EFFECTS and np.minimum(sizes, most).sum() > passes:
        most = max(_EFFECTS, int(most * 0.8))
    generator = np.random.default_rng(seed)
    chosen = []
    largest = np.argsort(-sizes, kind="stable")
    kept = set(largest[np.minimum(sizes[largest], most).cumsum() <= passes].tolist())
    for number, (unit, places) in enumerate(found.items()):
        if number not in kept:
            continue
        numbers = sorted(places)
        chosen += [(unit, numbers[at]) for at in generator.permutation(len(numbers))[:most]]
    return [chosen[at] for at in generator.permutation(len(chosen))]


def hidden(document: Document, places: Sequence[int], mask: str) -> tuple[str, ...]:
    """Return the texts of a document with some words hidden."""
    words = list(document.words)
    for at in places:
        words[at] = mask
    return document.written(words)


def table(
    found: Mapping[str, Places],
    measured: Iterable[tuple[str, int, npt.NDArray[np.float64]]],
    predicted: npt.NDArray[np.bool_],
    names: Sequence[str],
    tells: Mapping[tuple[str, int], float],
) -> pd.DataFrame:
    """Return the frame of `Overview`.

    Parameters
    ----------
    measured
        Unit, document, and by how much the log-odds of each label fall, ``(labels,)``.
    predicted
        Which labels each document is predicted to have, ``(documents, labels)``.
    tells
        What `tell` returns for units and labels; nothing where there is no second data set.
    """
    import numpy as np
    import pandas as pd
    from scipy.stats import t

    values: dict[tuple[str, int], list[float]] = defaultdict(list)
    for unit, number, falls in measured:
        for label in np.flatnonzero(predicted[number]).tolist():
            values[unit, label].append(float(falls[label]))
    means = {key: float(np.mean(each)) for key, each in values.items() if len(each) >= _EFFECTS}
    rows = []
    for (unit, label), mean in means.items():
        each = np.array(values[unit, label])
        half = float(t.ppf(0.975, len(each) - 1) * each.std(ddof=1)) / len(each) ** 0.5
        parts = unit.split(" ")
        of_words = max(means.get((part, label), 0.0) for part in parts) if len(parts) > 1 else -np.inf
        if mean <= 0 or mean - half <= of_words:  # a phrase that surely does more than each of its words
            continue
        having = sum(bool(predicted[number, label]) for number in found[unit])
        share = len(found[unit]) / len(predicted)
        told = tells.get((unit, label), np.nan)
        certain = max(0.0, mean - half)  # of what may be chance, the part that is not
        suspicion = certain * share**0.5 * (1 if np.isnan(told) else 1 - max(0.0, told))
        rows.append((unit, names[label], mean, mean - half, mean + half, having, share, told, suspicion))
    columns = ["word", "label", "effect", "low", "high", "rows", "share", "tells", "suspicion"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["suspicion", "effect", "word"], ascending=[False, False, True], ignore_index=True)


def tell(
    units: Iterable[str], documents: Sequence[Document], has: npt.NDArray[np.bool_],
    groups: Sequence[npt.NDArray[np.int64]] = (),
) -> dict[tuple[str, int], float]:  # fmt: skip
    """Return how much each unit tells of each label in a second data set.

    ``(P(label | unit) - P(label)) / (1 - P(label))``: 1 if each text with it has the label, 0 if it tells nothing. With
    groups of the documents it is the lowest of those that have the unit often enough. A unit that the data set does not
    have often enough has no entry.

    Parameters
    ----------
    has
        Which labels each document has, ``(documents, labels)``.
    groups
        The documents of each slice.
    """
    import numpy as np

    wanted = set(units)
    holding: dict[str, list[int]] = defaultdict(list)
    for number, document in enumerate(documents):
        lower = [word.lower() for word in document.words]
        two = [f"{one} {other}" for one, other in pairwise(lower)]
        for unit in wanted.intersection([*lower, *two]):
            holding[unit].append(number)
    told: dict[tuple[str, int], float] = {}
    for group in groups or [np.arange(len(documents))]:
        base = has[group].mean(axis=0)
        for unit, numbers in holding.items():
            here = np.intersect1d(numbers, group)
            if len(here) < FEW:
                continue
            gains = (has[here].mean(axis=0) - base) / np.maximum(1 - base, 1e-9)
            for label, gain in enumerate(gains.tolist()):
                told[unit, label] = min(gain, told.get((unit, label), gain))
    return told

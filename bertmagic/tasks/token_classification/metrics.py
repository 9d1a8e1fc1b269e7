"""The metrics of named-entity recognition: an entity is correct if its words and its type are."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.data.tags import Entity
from bertmagic.evaluation.bootstrap import FEWEST, Tally, intervals
from bertmagic.evaluation.report import ClassScore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.words import Words
    from bertmagic.evaluation.bootstrap import Draws

Read = Callable[[Sequence[str]], list[Entity]]
Tags = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Measured:
    """Predicted and true tags of sentences.

    Attributes
    ----------
    true, predicted
        The tags of each sentence.
    likeliest
        The most probable tag of each word by itself, which need not make valid sequences.
    losses, weights
        Of each sentence, the cross-entropies of its tags in nats, summed up, and of how many; shape ``(sentences,)``.
    """

    true: Tags
    predicted: Tags
    likeliest: Tags
    losses: npt.NDArray[np.float64]
    weights: npt.NDArray[np.int64]

    def metrics(self) -> dict[str, float]:
        """Return precision, recall and F1 of entities, the share of right tags, and the mean loss of a word.

        The strict numbers are of each word's most probable tag, read strictly: an entity has to begin with ``B-``.
        They show how well the model keeps to the scheme by itself.
        """
        score = overall(self.true, self.predicted)
        strict = overall(self.true, self.likeliest, tags.strict_entities)
        return {
            "f1": score.f1,
            "precision": score.precision,
            "recall": score.recall,
            "strict_f1": strict.f1,
            "strict_precision": strict.precision,
            "strict_recall": strict.recall,
            "accuracy": accuracy(self.true, self.predicted),
            "loss": float(self.losses.sum() / max(self.weights.sum(), 1)),
        }


def tally(measured: Measured) -> Tally:
    """Return `Measured.metrics` and partial matches as a function of sentences; see `partial`."""
    import numpy as np

    rows = []
    for one in zip(measured.true, measured.predicted, measured.likeliest, strict=True):
        true, predicted, likeliest = one
        exact = _overall(true, predicted, tags.entities)
        right = sum(half / 2 for _, half in partial(tags.entities(true), tags.entities(predicted)))
        strict = _overall(true, likeliest, tags.strict_entities)
        words = sum(first == second for first, second in zip(true, predicted, strict=True))
        rows.append((*exact, right, *strict, words, len(true)))
    values = np.column_stack([np.array(rows, np.float64), measured.losses, measured.weights])

    return Tally.of_rows(values, _metrics, units=_units)


def _units(sums: Draws) -> dict[str, Draws]:
    """Return how many entities decide the metrics of `tally`, words the accuracy, and wrong or right words the loss."""
    import numpy as np

    right, predicted, actual, partly, s_right, s_predicted, s_actual, words, all_words, *_ = sums.T
    named = _denominators("", right, predicted, actual) | _denominators("partial_", partly, predicted, actual)
    named |= _denominators("strict_", s_right, s_predicted, s_actual)
    return named | {"accuracy": all_words, "loss": np.minimum(words, all_words - words)}


def _denominators(name: str, right: Draws, predicted: Draws, actual: Draws) -> dict[str, Draws]:
    return {f"{name}f1": predicted + actual - right, f"{name}precision": predicted, f"{name}recall": actual}


def _metrics(sums: Draws) -> dict[str, Draws]:
    """Return the metrics of `tally` from its sums, ``(draws, 11)``."""
    import numpy as np

    right, predicted, actual, partly, s_right, s_predicted, s_actual, words, all_words, loss, weight = sums.T
    named = _three("", right, predicted, actual) | _three("partial_", partly, predicted, actual)
    named |= _three("strict_", s_right, s_predicted, s_actual)
    return named | {"accuracy": words / np.maximum(all_words, 1), "loss": loss / np.maximum(weight, 1)}


def _three(name: str, right: Draws, predicted: Draws, actual: Draws) -> dict[str, Draws]:
    import numpy as np

    return {
        f"{name}f1": 2 * right / np.maximum(predicted + actual, 1),
        f"{name}precision": right / np.maximum(predicted, 1),
        f"{name}recall": right / np.maximum(actual, 1),
    }


def _overall(true: Sequence[str], predicted: Sequence[str], read: Read) -> tuple[int, int, int]:
    actual, guessed = set(read(true)), set(read(predicted))
    return len(actual & guessed), len(guessed), len(actual)


def partial(true: Sequence[Entity], predicted: Sequence[Entity]) -> list[tuple[str, int]]:
    """Return the type of each predicted entity that matches, with 2 for the same words and 1 for only some of them.

    A predicted entity matches at most one true one of its type, the exact one first. Half a point for an overlap is how
    MUC-5 and SemEval-2013 task 9 count partial matches (Chinchor & Sundheim 1993).
    """
    there, matched = set(true), [(entity.label, 2) for entity in predicted if entity in set(true)]
    free = sorted(there - set(predicted))
    for entity in sorted(set(predicted) - there):
        like = (one for one in free if one.label == entity.label)
        hit = next((one for one in like if one.start < entity.end and entity.start < one.end), None)
        if hit is not None:
            free.remove(hit)
            matched.append((entity.label, 1))
    return matched


def type_tally(measured: Measured, types: Sequence[str]) -> Tally:
    """Return precision, recall, F1 and partial F1 of each type as a function of sentences, named ``f1 0`` and so on."""
    import numpy as np

    number = {label: at for at, label in enumerate(types)}
    values = np.zeros((len(measured.true), 4, len(types)))  # right, predicted, actual, partly right
    for row, (true, predicted) in enumerate(zip(measured.true, measured.predicted, strict=True)):
        actual, guessed = tags.entities(true), tags.entities(predicted)
        for at, part in enumerate((set(actual) & set(guessed), guessed, actual)):
            for entity in part:
                values[row, at, number[entity.label]] += 1
        for label, half in partial(actual, guessed):
            values[row, 3, number[label]] += half / 2

    return Tally.of_rows(
        values.reshape(len(values), -1), functools.partial(_type_metrics, len(types)),
        units=functools.partial(_type_units, len(types)),
    )  # fmt: skip


def _type_units(types: int, sums: Draws) -> dict[str, Draws]:
    """Return how many entities decide the metrics of `type_tally`."""
    right, predicted, actual, partly = sums.reshape(len(sums), 4, types).transpose(1, 0, 2)
    named = _denominators("", right, predicted, actual)
    named["partial_f1"] = _denominators("partial_", partly, predicted, actual)["partial_f1"]
    return {f"{name} {at}": draws[:, at] for name, draws in named.items() for at in range(types)}


def _type_metrics(types: int, sums: Draws) -> dict[str, Draws]:
    """Return the metrics of `type_tally` from its sums, ``(draws, 4 x types)``."""
    right, predicted, actual, partly = sums.reshape(len(sums), 4, types).transpose(1, 0, 2)
    named = _three("", right, predicted, actual) | {"partial_f1": _three("", partly, predicted, actual)["f1"]}
    return {f"{name} {at}": draws[:, at] for name, draws in named.items() for at in range(types)}


def typed(measured: Measured) -> tuple[ClassScore, ...]:
    """Return `by_type` with partial F1 and the intervals."""
    table = by_type(measured.true, measured.predicted)
    counted = type_tally(measured, [one.label for one in table])
    exact = counted.point_estimates()
    spread = intervals(counted, exact, most=FEWEST)
    return tuple(
        replace(one, partial_f1=exact[f"partial_f1 {at}"], intervals={
            name: spread[f"{name} {at}"] for name in ("precision", "recall", "f1", "partial_f1")
            if f"{name} {at}" in spread
        })
        for at, one in enumerate(table)
    )  # fmt: skip


def named(texts: Sequence[str], words: Words, sentence_tags: Tags) -> npt.NDArray[Any]:
    """Return the entities of each text as a string such as ``PER Ada Lovelace; LOC London``: objects, ``(rows,)``."""
    import numpy as np

    def described(at: int, text: str, row: Sequence[str]) -> str:
        spans = words.spans_of(at)
        marked = ((one.label, text[spans[one.start][0] : spans[one.end - 1][1]]) for one in tags.entities(row))
        return "; ".join(f"{label} {words}" for label, words in marked) or "none"

    rows = (described(at, text, row) for at, (text, row) in enumerate(zip(texts, sentence_tags, strict=True)))
    return np.fromiter(rows, object, len(sentence_tags))


def credits_of(measured: Measured) -> npt.NDArray[np.float64]:
    """Return the entity F1 of each sentence, 1 for no true and no predicted entity. Shape ``(sentences,)``."""
    import numpy as np

    def f1(true: Sequence[str], predicted: Sequence[str]) -> float:
        right, guessed, actual = _overall(true, predicted, tags.entities)
        return 2 * right / (guessed + actual) if guessed + actual else 1.0

    return np.array([f1(*pair) for pair in zip(measured.true, measured.predicted, strict=True)], np.float64)


def by_type(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read = tags.entities
) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each type, by alphabet, and how many true entities it has.

    Parameters
    ----------
    true, predicted
        The tags of each sentence, as many for the one as for the other.
    read
        How entities are read from tags: `tags.entities`, or `tags.strict_entities`, for which an entity has to begin
        with ``B-``.
    """
    right, predicted_counts, true_counts = _counts(true, predicted, read)
    return tuple(
        _score(label, right[label], predicted_counts[label], true_counts[label])
        for label in sorted(predicted_counts | true_counts)
    )


def overall(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read = tags.entities
) -> ClassScore:
    """Return precision, recall and F1 over the entities of all types together (the micro average)."""
    return _score("all types", *(counts.total() for counts in _counts(true, predicted, read)))


def accuracy(true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> float:
    """Return the share of words with the correct tag; 0 without words."""
    right = words = 0
    for true_tags, predicted_tags in zip(true, predicted, strict=True):
        right += sum(one == other for one, other in zip(true_tags, predicted_tags, strict=True))
        words += len(true_tags)
    return right / max(words, 1)


def _counts(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count the correct, the predicted and the true entities of each type."""
    right, predicted_counts, true_counts = Counter[str](), Counter[str](), Counter[str]()
    for of_true, of_predicted in zip(true, predicted, strict=True):
        true_entities, predicted_entities = set(read(of_true)), set(read(of_predicted))
        true_counts.update(entity.label for entity in true_entities)
        predicted_counts.update(entity.label for entity in predicted_entities)
        right.update(entity.label for entity in true_entities & predicted_entities)
    return right, predicted_counts, true_counts


def _score(label: str, right: int, predicted: int, actual: int) -> ClassScore:
    """Return precision, recall and F1 of counts; 0 instead of a division by 0."""
    f1 = 2 * right / max(predicted + actual, 1)
    return ClassScore(label, right / max(predicted, 1), right / max(actual, 1), f1, actual)

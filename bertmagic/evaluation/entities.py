"""The numbers of named-entity recognition: an entity is right if its words and its type are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.data.tags import Entity
from bertmagic.evaluation.report import ClassScore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Read = Callable[[Sequence[str]], list[Entity]]
Tags = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Measured:
    """What a model makes of sentences, beside what is true.

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

    def take(self, rows: npt.NDArray[Any]) -> Measured:
        """Return some of the sentences, by position."""
        true, predicted, likeliest = ([of[row] for row in rows] for of in (self.true, self.predicted, self.likeliest))
        return Measured(true, predicted, likeliest, self.losses[rows], self.weights[rows])

    def metrics(self) -> dict[str, float]:
        """Return precision, recall and F1 of entities, the share of right tags, and the mean loss of a word.

        The strict numbers are of each word's most probable tag, read strictly: what does not begin with ``B-`` is no
        entity. They show how well the model keeps to the scheme by itself.
        """
        found = overall(self.true, self.predicted)
        strict = overall(self.true, self.likeliest, tags.strict_entities)
        return {
            "f1": found.f1,
            "precision": found.precision,
            "recall": found.recall,
            "strict_f1": strict.f1,
            "strict_precision": strict.precision,
            "strict_recall": strict.recall,
            "accuracy": accuracy(self.true, self.predicted),
            "loss": float(self.losses.sum() / max(self.weights.sum(), 1)),
        }


def by_type(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read = tags.entities
) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each type, by alphabet, and how many true entities it has.

    Parameters
    ----------
    true, predicted
        The tags of each sentence, as many for the one as for the other.
    read
        How entities are read from tags: `tags.entities`, or `tags.strict_entities`, for which what does not begin with
        ``B-`` is none.
    """
    right, found, wanted = _counts(true, predicted, read)
    return tuple(_score(label, right[label], found[label], wanted[label]) for label in sorted(found | wanted))


def overall(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read = tags.entities
) -> ClassScore:
    """Return precision, recall and F1 over the entities of all types together (the micro average)."""
    return _score("all types", *(counts.total() for counts in _counts(true, predicted, read)))


def accuracy(true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> float:
    """Return the share of words whose tag is right; 0 where there is no word."""
    right = words = 0
    for wanted, found in zip(true, predicted, strict=True):
        right += sum(one == other for one, other in zip(wanted, found, strict=True))
        words += len(wanted)
    return right / max(words, 1)


def _counts(
    true: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]], read: Read
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count the entities of each type that are right, that were found, and that there are."""
    right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
    for of_true, of_predicted in zip(true, predicted, strict=True):
        there, guessed = set(read(of_true)), set(read(of_predicted))
        wanted.update(entity.label for entity in there)
        found.update(entity.label for entity in guessed)
        right.update(entity.label for entity in there & guessed)
    return right, found, wanted


def _score(label: str, right: int, found: int, wanted: int) -> ClassScore:
    """Return the scores of counts; one that would be divided by nothing is 0."""
    return ClassScore(label, right / max(found, 1), right / max(wanted, 1), 2 * right / max(found + wanted, 1), wanted)

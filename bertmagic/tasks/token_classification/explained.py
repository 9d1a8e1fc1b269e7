"""What can be explained of the entities in a text: each of them, its borders, and each type anywhere in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.explain.scores import ExplainedScores
from bertmagic.tasks.description import predict_one, rows_of
from bertmagic.tasks.token_classification.alignment import alignment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks.token_classification.task import TokenClassification

    Score = Callable[[torch.Tensor], torch.Tensor]


def scores(task: TokenClassification, outputs: torch.Tensor, sample: Tokens, texts: list[str]) -> ExplainedScores:
    """Return the probability of each entity, of its borders, and of each type anywhere in the text.

    That of an entity is the mean over its words of the probability of its type, as in a prediction. It *begins* with
    the probability that its first word is tagged so and the word before is not of the entity's type; it *ends* with
    the probability that the word behind does not go on with it. Of a type it is the largest of any word.
    """
    alignment = alignment_of(sample, rows_of(task, texts)[1])
    words, spans = alignment.tokens, alignment.words.spans
    own = [at for at in range(len(words)) if alignment.own[at]]
    columns = {label: _columns(task.tags, label) for label in task.labels}
    named: dict[str, Score] = {}
    for start, end, text, label in _entities(task, outputs, sample, texts):
        inside = [at for at in own if start <= spans[at, 0] < end]
        if not inside:
            continue
        name = _new(f"{text}: {label}", named)
        named[name] = _mean(words[inside].tolist(), columns[label])
        before = [at for at in own if at < inside[0]][-1:]
        behind = [at for at in own if at > inside[-1]][:1]
        if before:
            named[f"{name} begins"] = _without(int(words[before[0]]), columns[label])
        if behind:
            named[f"{name} ends"] = _without(int(words[behind[0]]), _columns(task.tags, label, "I"))
    found = len(named)
    for label in task.labels:
        named[_new(label, named)] = _largest(words[own].tolist(), columns[label])
    every = list(named.values())
    best = 0 if found else int(_stacked(every, outputs)[0].argmax())
    return ExplainedScores(tuple(named), best, lambda logits: _stacked(every, logits))


def _entities(
    task: TokenClassification, outputs: torch.Tensor, sample: Tokens, texts: list[str]
) -> list[tuple[int, int, str, str]]:
    frame = predict_one(task, outputs, sample, texts).frame
    return [
        (int(start), int(end), " ".join(str(text).split())[:60], str(label))
        for start, end, text, label in frame[["start", "end", "text", "label"]].itertuples(index=False, name=None)
    ]


def _columns(names: Sequence[str], label: str, prefix: str = "") -> list[int]:
    """Return the outputs of a type, or those that begin with a prefix."""
    parts = [tags.parts(name) or ("", "") for name in names]
    return [at for at, (kind, of) in enumerate(parts) if of == label and kind.startswith(prefix)]


def _new(name: str, known: dict[str, Score]) -> str:
    """Return a name that no other target has."""
    return name if name not in known else next(f"{name} ({i})" for i in range(2, 10**6) if f"{name} ({i})" not in known)


def _stacked(every: Sequence[Score], logits: torch.Tensor) -> torch.Tensor:
    import torch

    chances = logits.softmax(dim=-1)
    return torch.stack([score(chances) for score in every], dim=-1)


def _mean(tokens: list[int], columns: list[int]) -> Score:
    return lambda chances: chances[:, tokens][:, :, columns].sum(dim=-1).mean(dim=-1)


def _largest(tokens: list[int], columns: list[int]) -> Score:
    return lambda chances: chances[:, tokens][:, :, columns].sum(dim=-1).amax(dim=-1)


def _without(token: int, columns: list[int]) -> Score:
    return lambda chances: 1 - chances[:, token][:, columns].sum(dim=-1)

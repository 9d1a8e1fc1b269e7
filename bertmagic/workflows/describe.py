"""What a model says of one text, and which of its outputs a gradient can be taken of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks
from bertmagic.data.texts import Texts
from bertmagic.errors import listing

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks import Task

_WORDS = 5
"""How many words are told for a mask."""


@dataclass(frozen=True)
class Said:
    """What a model says of one text.

    Attributes
    ----------
    prediction
        Classes, answers or words with their probability, the most probable first.
    line
        The same as a sentence.
    """

    prediction: tuple[tuple[str, float], ...] = ()
    line: str = ""


def say(task: Task, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase) -> Said:
    """Return what a model says of one text or pair.

    Parameters
    ----------
    scores
        Its logits, ``(1, outputs)`` or ``(1, tokens, outputs)``.
    sample
        The tokens, with their characters.
    """
    if task.name == "masked_language_modeling":
        return _words(scores, sample, tokenizer)
    found = _predictions(task, scores, sample, texts)
    match type(found).__name__:
        case "Answers":
            return _answers(found)
        case "Entities":
            told = zip(found.frame["text"], found.frame["label"], strict=True)
            return Said((), ", ".join(f"{text}: {label}" for text, label in told) or "no entity")
        case "NumberPredictions":
            return Said((), f"{found.frame['value'].iloc[0]:.6g}")
    return _classes(found)


def _predictions(task: Task, scores: torch.Tensor, sample: Tokens, texts: list[str]) -> Any:
    import numpy as np
    import pandas as pd

    given = pd.DataFrame([texts[: len(task.inputs)]], columns=list(task.inputs), dtype=object)
    columns = [Texts(given[name], np.zeros(1, np.int64)) for name in task.inputs]
    rows = checks.TextRows("the text", columns[0], given.index, *columns[1:])
    found = scores.detach().float().cpu().numpy()
    return task.predictions(given, rows, sample, found[0] if found.ndim == 3 else found, model="")


def _classes(found: Any) -> Said:
    row = found.frame.iloc[0]
    chances = sorted(((name, float(row[f"p_{name}"])) for name in found.labels), key=lambda pair: -pair[1])
    if "labels" in row:
        return Said(tuple(chances), listing(row["labels"]) or "no label")
    return Said(tuple(chances), f"{chances[0][0]} {chances[0][1]:.3f}")


def _answers(found: Any) -> Said:
    best = found.frame["answer"].iloc[0]
    told = zip(found.candidates["answer"], found.candidates["score"], strict=True)
    return Said(tuple((answer or "no answer", float(score)) for answer, score in told), best or "no answer")


def _words(scores: torch.Tensor, sample: Tokens, tokenizer: PreTrainedTokenizerBase) -> Said:
    """Return the likeliest words behind the first mask, and the likeliest one behind each."""
    import numpy as np

    masks = np.flatnonzero(sample.ids == tokenizer.mask_token_id).tolist()
    if not masks or scores.shape[-1] < len(tokenizer):
        return Said()
    best, ids = scores[0, masks].detach().float().softmax(-1).topk(_WORDS)
    words = [[tokenizer.decode([number]).strip() for number in row] for row in ids.tolist()]
    line = ", ".join(f"{row[0]} {chance:.3f}" for row, chance in zip(words, best[:, 0].tolist(), strict=True))
    return Said(tuple(zip(words[0], best[0].tolist(), strict=True)), line)


def outputs(task: Task, said: Said, network: PreTrainedModel) -> tuple[str, ...]:
    """Return the outputs that a gradient can be taken of; the first is what the model says."""
    match task.name:
        case "question_answering":
            return tuple(_ENDS)
        case "masked_language_modeling":
            return ("words",)
        case "token_classification":
            return ("tags", *_names(network))
        case "regression":
            return ("value",)
    return tuple(name for name, _ in said.prediction)


_ENDS = {"answer": [0, 1], "start": [0], "end": [1]}


def _names(network: PreTrainedModel) -> list[str]:
    """Return the names of the outputs in order."""
    return [str(name) for _, name in sorted(network.config.id2label.items())]


def logit(task: Task, scores: torch.Tensor, output: str, network: PreTrainedModel, places: list[int]) -> torch.Tensor:
    """Return the number that the gradient of an output is taken of.

    A class or a value is its logit, ``answer`` the sum of the best logits to begin and to end it, ``tags`` and
    ``words`` the sum of the best logit of each token, and a tag the sum of its logits over all tokens.

    Parameters
    ----------
    scores
        ``(1, outputs)`` or ``(1, tokens, outputs)``.
    places
        Which tokens count: those that are not special, or the masks where there are any.
    """
    if task.name == "question_answering":
        return scores[0][:, _ENDS[output]].amax(dim=0).sum()
    if output in ("tags", "words") and scores.ndim == 3:
        return scores[0, places].amax(dim=-1).sum()
    number = 0 if task.name == "regression" else _names(network).index(output)
    return scores[0, number] if scores.ndim == 2 else scores[0, places, number].sum()

"""What can be explained of an answer: the whole of it, where it starts and where it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.explain.scores import ExplainedScores
from bertmagic.tasks.description import predict_one
from bertmagic.tasks.question_answering.alignment import in_context

if TYPE_CHECKING:
    import torch

    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks.question_answering.task import QuestionAnswering


def scores(task: QuestionAnswering, outputs: torch.Tensor, sample: Tokens, texts: list[str]) -> ExplainedScores:
    """Return the probability of the answer, that of its first token and that of its last one.

    The probability of a token is its share among the tokens of the context and the first one, which stands for "no
    answer"; that of the answer is the product of both.
    """
    import torch

    first, last = _places(task, outputs, sample, texts)
    allowed = in_context(sample)
    allowed[0] = True
    closed = torch.from_numpy(~allowed)

    def of(logits: torch.Tensor) -> torch.Tensor:
        logs = logits.masked_fill(closed.to(logits.device)[None, :, None], -torch.inf).log_softmax(dim=1)
        start, end = logs[:, first, 0], logs[:, last, 1]
        return torch.stack([start + end, start, end], dim=-1).exp()

    return ExplainedScores(("answer", "start", "end"), 0, of)


def _places(task: QuestionAnswering, outputs: torch.Tensor, sample: Tokens, texts: list[str]) -> tuple[int, int]:
    """Return first and last token of the best answer; 0 and 0 for "no answer"."""
    found = predict_one(task, outputs, sample, texts)
    start, end = found.frame["start"].iloc[0], found.frame["end"].iloc[0]
    if not isinstance(start, int | np.integer) or start < 0 or end <= start:
        return 0, 0
    assert sample.spans is not None
    spans, inside = sample.spans, in_context(sample)
    here = np.flatnonzero(inside & (spans[:, 0] < end) & (spans[:, 1] > start))
    return (int(here[0]), int(here[-1])) if len(here) else (0, 0)

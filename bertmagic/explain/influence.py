"""The training rows behind a prediction: their scores by several methods, and how well these agree with fitting again.

``leave_one_out`` is `evaluation.leave_one_out` of a regularised head on the vectors that the model's output layer
reads. The others are dot products of gradients at the weights of the whole model (Pruthi et al. 2020, "Estimating
Training Data Influence by Tracing Gradient Descent", with one checkpoint): ``head_gradients`` of the output layer,
whose gradient is the outer product of error and vector, and ``word_gradients`` of the word embeddings (Yeh et al. 2022,
"First is Better Than Last for Language Data Influence"), which is a sum over the words that both texts have.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from bertmagic.data.batches import budget_batches
from bertmagic.evaluation.correlation import spearman
from bertmagic.models import devices
from bertmagic.models.fast.working_copy import share_weights
from bertmagic.options.terms import INFLUENCES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource
    from bertmagic.evaluation.leave_one_out import Head

    Floats = npt.NDArray[np.floating]
    Kind = Literal["classes", "labels", "numbers"]

METHODS = INFLUENCES

_SUBSETS = 8, 32
_WORK = 4e11
"""Multiplications for the heads that are fitted again; they decide how many there are."""

_DRAWS = 500
_TOKENS = 2048
"""Padded tokens of a batch whose gradients are computed."""


@dataclass(frozen=True)
class Refits:
    """Heads that were fitted again to random halves of the rows.

    Attributes
    ----------
    kept
        The rows of each, ``(subsets, rows)``.
    outputs
        Their outputs for the vectors asked for, ``(subsets, vectors)``.
    planned
        How many there would have been without an interrupt.
    seconds
        How long they took.
    """

    kept: npt.NDArray[np.bool_]
    outputs: Floats
    planned: int
    seconds: float


@dataclass(frozen=True)
class Agreement:
    """How well the scores of rows foretell the outputs of heads that are fitted again without some of them.

    Attributes
    ----------
    correlation, low, high
        The linear datamodelling score (Park et al. 2023, "TRAK", section 2): Spearman's correlation over random halves
        of the rows between the sum of the scores of a half and the output of the head that is fitted to it; with the 95
        % interval of bootstrapped halves. NaN for fewer than four.
    subsets, planned, seconds
        See `Refits`.
    """

    correlation: float
    low: float
    high: float
    subsets: int
    planned: int
    seconds: float


def refits(
    head: Head, vectors: Floats, seed: int = 0, subsets: int = 0, tick: Callable[[int, int], None] = lambda *_: None
) -> Refits:
    """Fit a head again to random halves of its rows; an interrupt ends it with those that are fitted.

    Parameters
    ----------
    vectors
        Those whose outputs are wanted, ``(vectors, width)``.
    subsets
        How many halves; 0 for as many as take little time.
    tick
        Called with how many are done, and how many there are.
    """
    import numpy as np

    began = time.perf_counter()
    rows, width = head.rows.shape
    planned = subsets or int(np.clip(_WORK / (rows * width**2), *_SUBSETS))
    generator = np.random.default_rng(seed)
    kept = np.zeros((planned, rows), bool)
    for half in kept:
        half[generator.permutation(rows)[: rows // 2]] = True
    outputs: list[Floats] = []
    try:
        for half in kept:
            outputs.append(head.refitted(half).outputs(vectors))
            tick(len(outputs), planned)
    except KeyboardInterrupt:
        pass
    done = len(outputs)
    values = np.array(outputs).reshape(done, len(vectors))
    return Refits(kept[:done], values, planned, time.perf_counter() - began)


def agreement(scores: Floats, again: Refits, at: int = 0, seed: int = 0) -> Agreement:
    """Return how well the scores of rows, ``(rows,)``, agree with heads that were fitted again.

    Parameters
    ----------
    at
        The vector that the scores are for.
    """
    import numpy as np

    told, real = again.kept @ scores, again.outputs[:, at]
    done = len(real)
    known = done, again.planned, again.seconds
    if done < 4:
        return Agreement(np.nan, np.nan, np.nan, *known)
    generator = np.random.default_rng(seed)
    draws = [spearman(told[some], real[some]) for some in generator.integers(done, size=(_DRAWS, done))]
    low, high = np.quantile(draws, [0.025, 0.975])
    return Agreement(spearman(told, real), float(low), float(high), *known)


def output_gradient(kind: Kind, logits: Floats, target: int) -> Floats:
    """Return the gradient by the logits of what is explained, ``(rows, outputs)``.

    That is the logit of a label, the predicted number, or for classes the log-odds of one of them,
    ``log p - log(1 - p)``.
    """
    import numpy as np

    gradient: Floats = np.zeros_like(logits)
    if kind == "classes":
        others = logits.copy()
        others[:, target] = -np.inf
        parts = np.exp(others - others.max(axis=1, keepdims=True))
        gradient -= parts / parts.sum(axis=1, keepdims=True)
    gradient[:, target] = 1
    return gradient


def errors(kind: Kind, logits: Floats, targets: npt.NDArray[np.generic]) -> Floats:
    """Return the gradient of the loss of each row by its logits, ``(rows, outputs)``."""
    import numpy as np

    wanted = targets.astype(logits.dtype)
    if kind == "numbers":
        wrong: Floats = logits - wanted.reshape(logits.shape)
    elif kind == "labels":
        wrong = 1 / (1 + np.exp(-logits.clip(-60, 60))) - wanted
    else:
        parts = np.exp(logits - logits.max(axis=1, keepdims=True))
        wrong = parts / parts.sum(axis=1, keepdims=True)
        wrong[np.arange(len(wrong)), targets.astype(int)] -= 1
    return wrong


def head_gradients(wrong: Floats, vectors: Floats, gradient: Floats, vector: Floats) -> Floats:
    """Return the score of each row by the gradients of the output layer, ``(rows,)``.

    Parameters
    ----------
    wrong, vectors
        The `errors` of the rows, ``(rows, outputs)``, and what the output layer reads of them, ``(rows, width)``.
    gradient, vector
        The `output_gradient` of the text, ``(outputs,)``, and its vector, ``(width,)``.
    """
    return -(wrong @ gradient) * (vectors @ vector + 1)  # the 1 is the bias


def word_gradients(
    network: PreTrainedModel,
    feed: BatchSource,
    directions: Callable[[Floats, npt.NDArray[np.int64]], Floats],
    text: BatchSource,
    direction: Callable[[Floats], Floats],
    tick: Callable[[int], None] = lambda done: None,
) -> Floats:
    """Return the score of each sample by the gradients of the word embeddings, ``(samples,)``.

    Parameters
    ----------
    network
        Any model with logits ``(rows, outputs)``; it stays as it is.
    feed, text
        The samples, and the windows of the text that is explained.
    directions, direction
        From logits to the gradient of the loss by them, for the samples of these numbers; and to that of what is
        explained.
    tick
        Called with how many samples are done.
    """
    import numpy as np
    import torch

    model = share_weights(network, training=False)
    place = np.zeros(int(max(feed.tokens.ids.max(initial=0), text.tokens.ids.max(initial=0))) + 1, np.int64)
    words = np.unique(text.tokens.ids)
    place[words] = np.arange(1, len(words) + 1)  # row 0 is for all other words
    width = model.get_input_embeddings().weight.shape[1]
    table = torch.zeros((len(words) + 1, width), device=network.device)
    for rows in budget_batches(text.tokens.lengths, _TOKENS):
        ids, gradients = _embedding_gradients(model, text, rows, lambda logits, _: direction(logits))
        table.index_add_(0, torch.from_numpy(place[ids]).to(table.device).reshape(-1), gradients.flatten(0, 1))
    table[0] = 0
    scores, done = np.zeros(len(feed.tokens), np.float32), 0
    for rows in budget_batches(feed.tokens.lengths, _TOKENS):
        ids, gradients = _embedding_gradients(model, feed, rows, directions)
        met = table[torch.from_numpy(place[ids]).to(table.device)]  # (rows, tokens, width)
        scores[rows] = -(gradients * met).sum(dim=(1, 2)).cpu().numpy()
        done += len(rows)
        tick(done)
    return scores


def _embedding_gradients(
    model: PreTrainedModel,
    feed: BatchSource,
    rows: npt.NDArray[np.int64],
    directions: Callable[[Floats, npt.NDArray[np.int64]], Floats],
) -> tuple[npt.NDArray[np.int64], torch.Tensor]:
    """Return ids ``(rows, tokens)``, and the gradient by the word embedding of each token; 0 where it is padding."""
    import torch

    leaves: list[torch.Tensor] = []

    def hold(module: object, given: object, output: torch.Tensor) -> torch.Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1]

    batch = feed.batch(rows).to(partial(devices.send, device=model.device))
    handle = model.get_input_embeddings().register_forward_hook(hold)
    try:
        with torch.enable_grad():
            logits = model(**batch.inputs).logits.float()
            towards = torch.from_numpy(directions(logits.detach().cpu().numpy(), rows)).to(logits)
            (gradients,) = torch.autograd.grad(logits, leaves[:1], towards)
    finally:
        handle.remove()
    return batch.ids.cpu().numpy(), gradients * batch.mask[..., None]

"""Scores of tokens by gradients of the word embeddings: the norm of the gradient, and integrated gradients."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bertmagic.errors import DeviceError, is_out_of_memory
from bertmagic.models import devices
from bertmagic.models.fast.working_copy import share_weights
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch

    Score = Callable[[PreTrainedModel, Batch], torch.Tensor]

STEPS = (16, 32, 64, 128, 256, 512)
"""Steps of the integral, doubled until the residual is small."""

RESIDUAL = 0.01
"""The residual that is small, as a share of the difference that the scores should sum to."""

_TOKENS = 2048
"""Token slots of a forward and backward pass."""


class GradientModel:
    """A model whose word embeddings are exchanged, to be differentiated by; the user's network stays as it is.

    Parameters
    ----------
    network
        The user's.
    batch
        One sample on the network's device; `types` are repeated for each row.
    score
        From a network and a batch to the score that is explained, ``(rows,)``.
    """

    def __init__(self, network: PreTrainedModel, batch: Batch, score: Score) -> None:
        self._network, self._batch, self._score = share_weights(network, training=False), batch, score
        self._layer: Any = self._network.get_input_embeddings()
        self.passes = 0

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the word embeddings of token ids, in fp32: ``(…, width)``."""
        with torch.no_grad():
            vectors: torch.Tensor = self._layer(ids.to(self._batch.ids.device)).float()
        return vectors

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the scores of rows of word embeddings, ``(rows,)`` for ``(rows, tokens, width)``."""
        from bertmagic.data.batches import Batch

        rows = len(vectors)
        own = (self._batch.ids, self._batch.mask, self._batch.types)
        ids, mask, types = (None if part is None else part.expand(rows, -1) for part in own)
        assert ids is not None
        assert mask is not None
        self.passes += rows
        with _exchanged(self._layer, vectors):
            return self._score(self._network, Batch(ids, mask, types))

    def gradients(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the gradient of each row's score by its word embeddings, ``(rows, tokens, width)``.

        Raises
        ------
        DeviceError
            If the memory does not hold one row.
        """
        most, done, parts = max(1, _TOKENS // vectors.shape[1]), 0, []
        while done < len(vectors):
            part = vectors[done : done + most].detach().requires_grad_()
            try:
                (gradient,) = torch.autograd.grad(self.scores(part).sum(), part)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if most == 1:
                    raise DeviceError(
                        f"the memory of {vectors.device} does not hold the gradient of one text.",
                        "Choose a method that hides words: masks or occlusion.",
                    ) from error
                devices.release(vectors.device)
                most = max(1, most // 2)
                continue
            parts.append(gradient)
            done += len(part)
        return torch.cat(parts)


@contextmanager
def _exchanged(layer: Any, vectors: torch.Tensor) -> Iterator[None]:
    """Let the embedding layer of a copy return other vectors."""
    handle = layer.register_forward_hook(lambda *_: vectors)
    try:
        yield
    finally:
        handle.remove()


@torch_defaults()
def gradient_norms(model: GradientModel, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return the L2 norm of the gradient of the score by each word embedding, ``(tokens,)`` (Simonyan et al. 2014)."""
    vectors = model.embedded(torch.from_numpy(ids.astype(np.int64))[None])
    return model.gradients(vectors)[0].norm(dim=-1).double().cpu().numpy()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Integrated:
    """Integrated gradients of tokens.

    Attributes
    ----------
    scores
        Of each token, ``(tokens,)``.
    steps
        How many points of the path were taken.
    difference
        The score of the text minus that of the baseline: what the scores should sum to.
    """

    scores: npt.NDArray[np.float64]
    steps: int
    difference: float

    @property
    def residual(self) -> float:
        """By how much the sum of the scores misses the difference, as a share of it."""
        return abs(float(self.scores.sum()) - self.difference) / max(abs(self.difference), 1e-6)


@torch_defaults()
def integrated_gradients(model: GradientModel, vectors: torch.Tensor, baseline: torch.Tensor, steps: int) -> Integrated:
    """Return ``(x - b) * mean of dv/dx along the line from b to x`` of each token (Sundararajan et al. 2017, eq. 1).

    The mean is that of Gauss and Legendre's quadrature.

    Parameters
    ----------
    vectors, baseline
        The word embeddings of the text and of the baseline, ``(tokens, width)``.
    steps
        How many points of the path are taken.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    points = torch.tensor((nodes + 1) / 2, dtype=vectors.dtype, device=vectors.device)[:, None, None]
    shares = torch.tensor(weights / 2, dtype=torch.float64, device=vectors.device)
    total = torch.zeros(vectors.shape, dtype=torch.float64, device=vectors.device)
    most = max(1, _TOKENS // len(vectors))
    for start in range(0, steps, most):
        path = baseline + points[start : start + most] * (vectors - baseline)
        total += torch.einsum("s,stw->tw", shares[start : start + most], model.gradients(path).double())
    scores = ((vectors - baseline).double() * total).sum(dim=-1)
    with torch.no_grad():
        ends = model.scores(torch.stack([baseline, vectors])).double()
    return Integrated(scores.cpu().numpy(), steps, float(ends[1] - ends[0]))


def until_complete(model: GradientModel, vectors: torch.Tensor, baseline: torch.Tensor) -> Integrated:
    """Return integrated gradients with as many steps as are needed for a small residual, or with the most."""
    for steps in STEPS:
        found = integrated_gradients(model, vectors, baseline, steps)
        if found.residual <= RESIDUAL:
            break
    return found

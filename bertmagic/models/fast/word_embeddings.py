"""The word embeddings of a run: the rows of the tokens that its samples have.

The gradient of every other row is zero in every step, and all that AdamW does to such a row is to decay it. Yet dense
gradients are cleared, their norm is taken and moments are kept for all rows, which are half of the parameters of
MiniLM and two thirds of those of XLM-R. While steps are taken the model therefore has a smaller matrix. One more row
of it, of ones, stands for those left out: what the optimizer, or an average of the weights, makes of it is the factor
that it would have made of them.

The loss and the gradients are those of the whole matrix to the bit, but the norm of all gradients is a sum in another
order, and the rows left out are multiplied by a product instead of by its factors: what comes of a run differs by
rounding.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource

_MOST = 0.9
"""The share of the rows up to which a smaller matrix is worth it."""

_READ = 1 << 20
"""How many token ids are looked at together: they may lie in a file larger than the memory."""


def trim(model: PreTrainedModel, feed: BatchSource) -> Vocabulary | None:
    """Leave only the word embeddings in the model that some samples need.

    None where that cannot be or gains nothing: the rows are not trained, nearly all are in use, the head reads them
    too (as a masked language model's does), or the model has word embeddings of another kind.
    """
    from torch import nn

    embedding = model.get_input_embeddings()
    if type(embedding) is not nn.Embedding or not embedding.weight.requires_grad:
        return None
    holders = sum(held is embedding.weight for module in model.modules() for held in module.parameters(recurse=False))
    if holders > 1 or model.get_output_embeddings() is not None:
        return None
    used = _used(feed, embedding)
    return Vocabulary(embedding, used) if len(used) <= _MOST * len(embedding.weight) else None


def _used(feed: BatchSource, embedding: torch.nn.Embedding) -> npt.NDArray[np.int64]:
    """Return the ids that batches may have, in order."""
    import numpy as np

    seen = np.zeros(len(embedding.weight), dtype=bool)
    for start in range(0, len(feed.tokens.ids), _READ):
        seen[feed.tokens.ids[start : start + _READ]] = True
    seen[feed.pad_id] = True
    if embedding.padding_idx is not None:
        seen[embedding.padding_idx] = True
    return np.flatnonzero(seen)


class Vocabulary:
    """Word embeddings that are cut down to the rows in use, from now until `join`.

    Attributes
    ----------
    start
        The whole matrix as it was before the first step, ``(vocabulary, width)``; a checkpoint needs it.
    """

    def __init__(self, embedding: torch.nn.Embedding, used: npt.NDArray[np.int64]) -> None:
        import torch

        self._whole: Any = embedding.weight
        self.start, self._embedding = embedding.weight.detach(), embedding
        self._used = torch.from_numpy(used).to(self.start.device)
        places = torch.full((len(self.start),), -1, device=self.start.device)  # -1 is an error, should one be asked for
        places[self._used] = torch.arange(len(used), device=self.start.device)
        padding = None if embedding.padding_idx is None else int(places[embedding.padding_idx])
        self._look_up = partial(_look_up, embedding, places, padding)
        rows = torch.cat([self.start[self._used], torch.ones_like(self.start[:1])])  # (used and one, width)
        self._rows = torch.nn.Parameter(rows)
        self._cut()

    def _cut(self) -> None:
        self._embedding.weight = self._rows
        self._embedding.forward = self._look_up  # type: ignore[method-assign]

    def _put(self, matrix: Any) -> None:
        """Give the model a whole matrix, and fill it with what has become of all rows."""
        import torch

        with torch.no_grad():
            torch.mul(self.start, self._rows[-1], out=matrix)
            matrix[self._used] = self._rows[:-1]
        self._embedding.weight = matrix
        vars(self._embedding).pop("forward", None)

    def join(self) -> None:
        """End the run: the matrix that the network had before the first step gets what has become of all its rows."""
        self._put(self._whole)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """While this lasts, the model has a whole matrix."""
        import torch

        self._put(torch.nn.Parameter(torch.empty_like(self.start)))
        try:
            yield
        finally:
            self._cut()


def _look_up(
    embedding: torch.nn.Embedding, places: torch.Tensor, padding: int | None, ids: torch.Tensor
) -> torch.Tensor:
    """Return the vectors ``(batch, tokens, width)`` of token ids ``(batch, tokens)``."""
    from torch.nn import functional

    return functional.embedding(places[ids], embedding.weight, padding)

"""Word embeddings during a run: only the rows of tokens that the training samples have.

All other rows have a gradient of zero in every step, and AdamW only decays them. With dense gradients these rows would
still be cleared, summed into the norm and given moments, and they are half of the parameters of MiniLM and two thirds
of those of XLM-R. During the run the model therefore has a smaller matrix. One further row of ones stands for all
unused rows: the optimizer, or an average of the weights, turns it into the factor that each of them is multiplied by.

Loss and gradients are exactly those of the whole matrix. The norm of all gradients is summed in another order, and the
unused rows are multiplied once by a product instead of by each factor, so the trained weights differ by rounding.
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
"""A smaller matrix is used if at most this share of the rows is."""

_READ = 1 << 20
"""How many token ids are read at a time: the file with them may be larger than the memory."""


def trim(model: PreTrainedModel, feed: BatchSource) -> Vocabulary | None:
    """Replace the word embeddings of a model by the rows that some samples need.

    Returns None, with nothing changed, where that is impossible or of no use: the rows are not trained, nearly all of
    them are used, the head reads them too (as in a masked language model), or the model has another kind of embedding.
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
    """Return the token ids that batches can have, in order."""
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

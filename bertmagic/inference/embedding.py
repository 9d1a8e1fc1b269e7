"""One vector for each text: its token vectors in the encoder's last layer, pooled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.inference.forward import run_model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch, BatchSource
    from bertmagic.data.tokens import Tokens
    from bertmagic.options.terms import Pooling


def embed(
    network: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    pooling: Pooling,
    after_batch: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Return the pooled last hidden states of each text, not normalised.

    Parameters
    ----------
    network
        An encoder, or a model with any head on it, which is not computed.
    number_format, after_batch
        As in `run_model`.
    pooling
        ``mean`` of all real tokens, special tokens included, as in Reimers & Gurevych 2019, "Sentence-BERT", section 3;
        or the ``first`` token. Of a text in several windows: the mean over windows, weighted by their tokens.

    Returns
    -------
    ndarray
        float32 of shape ``(texts, width)``.

    Raises
    ------
    DeviceError
        If the memory does not hold one row.
    """
    (vectors,) = embed_each(network, feed, number_format, (pooling,), after_batch)
    return vectors


def embed_each(
    network: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    poolings: Sequence[Pooling],
    after_batch: Callable[[int], None] = lambda done: None,
) -> list[npt.NDArray[np.float32]]:
    """Return the vectors of `embed` for several poolings, in one pass of the encoder."""
    import numpy as np

    if not len(feed.tokens):
        return [np.zeros((0, network.config.hidden_size), np.float32) for _ in poolings]
    vectors = run_model(network, feed, number_format, after_batch, partial(_pooled, poolings=poolings))
    return [_by_text(part, feed.tokens) for part in np.split(vectors, len(poolings), axis=1)]


def hidden_states(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the hidden states of the encoder's last layer, float32 of shape ``(rows, tokens, width)``."""
    states: torch.Tensor = encoder(model)(**batch.inputs).last_hidden_state
    return states.float()


def encoder(model: PreTrainedModel) -> Any:
    """Return the encoder of a model, which computes the hidden states."""
    return model.get_encoder() if model.config.is_encoder_decoder else model.base_model


def _pooled(model: PreTrainedModel, batch: Batch, poolings: Sequence[Pooling]) -> torch.Tensor:
    """Return the vectors of each sample, one after the other, ``(rows, poolings * width)``."""
    import torch

    states = hidden_states(model, batch)
    return torch.cat([states[:, 0] if pooling == "first" else _mean(states, batch) for pooling in poolings], dim=1)


def _mean(states: torch.Tensor, batch: Batch) -> torch.Tensor:
    mask = batch.mask.unsqueeze(-1).to(states.dtype)  # (rows, tokens, 1)
    return (states * mask).sum(dim=1) / mask.sum(dim=1)


def _by_text(vectors: npt.NDArray[np.float32], tokens: Tokens) -> npt.NDArray[np.float32]:
    """Return the vector of each text from those of its windows: their mean, weighted by their tokens."""
    import numpy as np

    if tokens.windows is None:
        return vectors
    sums = np.add.reduceat(vectors * tokens.lengths[:, None], tokens.windows[:-1], axis=0)
    return (sums / tokens.lengths_by_row()[:, None]).astype(np.float32)

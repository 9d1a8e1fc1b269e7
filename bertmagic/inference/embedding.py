"""One vector for each text: its token vectors in the encoder's last layer, pooled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.inference.forward import run_model

if TYPE_CHECKING:
    from collections.abc import Callable

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
    import numpy as np

    if not len(feed.tokens):
        return np.zeros((0, network.config.hidden_size), np.float32)
    vectors = run_model(network, feed, number_format, after_batch, partial(_pooled, pooling=pooling))
    return _by_text(vectors, feed.tokens)


def hidden_states(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the hidden states of the encoder's last layer, float32 of shape ``(rows, tokens, width)``."""
    states: torch.Tensor = encoder(model)(**batch.inputs).last_hidden_state
    return states.float()


def encoder(model: PreTrainedModel) -> Any:
    """Return the encoder of a model, which computes the hidden states."""
    return model.get_encoder() if model.config.is_encoder_decoder else model.base_model


def _pooled(model: PreTrainedModel, batch: Batch, pooling: Pooling) -> torch.Tensor:
    """Return the vector of each sample, ``(rows, width)``."""
    states = hidden_states(model, batch)
    if pooling == "first":
        return states[:, 0]
    mask = batch.mask.unsqueeze(-1).to(states.dtype)  # (rows, tokens, 1)
    return (states * mask).sum(dim=1) / mask.sum(dim=1)


def _by_text(vectors: npt.NDArray[np.float32], tokens: Tokens) -> npt.NDArray[np.float32]:
    """Return the vector of each text from those of its windows: their mean, weighted by their tokens."""
    import numpy as np

    if tokens.windows is None:
        return vectors
    sums = np.add.reduceat(vectors * tokens.lengths[:, None], tokens.windows[:-1], axis=0)
    return (sums / tokens.lengths_by_row()[:, None]).astype(np.float32)

"""Scores of tokens by attention: rollout of the weights, or of value-weighted attention, to where the score is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bertmagic.attention import mixing
from bertmagic.attention.capture import layers_of, recording
from bertmagic.attention.maps import AttentionMaps
from bertmagic.models.fast.working_copy import share_weights
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch


@torch_defaults()
def token_scores(
    network: PreTrainedModel, batch: Batch, score: Callable[[PreTrainedModel, Batch], torch.Tensor], method: str,
    name: str,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Return the share of each input token in the states that the score is read from, ``(tokens,)``; they sum to 1.

    The rows of the last layer's rollout (Abnar & Zuidema 2020) are averaged with the norm of the gradient of the score
    by each last hidden state as weights: a classifier reads the first token, a tagger the words of an entity.

    Parameters
    ----------
    method
        ``attention_rollout``; or ``value_norms``, in which the weights are those of `mixing.value_norms`.
    name
        The name of the model, for messages.
    """
    copied = share_weights(network, training=False)
    states: list[torch.Tensor] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        states.append(output[0])

    handle = copied.base_model.register_forward_hook(keep)
    try:
        with recording(copied) as tape:
            value = score(copied, batch).sum()
    finally:
        handle.remove()
    (gradient,) = torch.autograd.grad(value, states[-1:], retain_graph=False)
    reads = gradient[0].norm(dim=-1).double().cpu().numpy()
    array = torch.stack([layer.weights.detach() for layer in tape.layers]).float().cpu().numpy()
    maps = AttentionMaps(array, (), "", None, name, name, layers=layers_of(tape))
    if method == "value_norms":
        maps = replace(maps, array=mixing.value_norms(maps))
    rolled = mixing.rollout(maps)[-1, 0]  # (tokens, tokens)
    total = reads.sum()
    weights = reads / total if total > 0 else np.eye(len(reads))[0]
    return np.asarray(weights @ rolled, float)

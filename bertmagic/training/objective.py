"""What a task wants of the loss, in a form that lets a batch be computed in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.models import heads

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch


@dataclass(frozen=True)
class Objective:
    """A loss as a sum and what it is divided by.

    The loss of a batch is the ``total`` of its pieces over the ``weight`` of its pieces, each summed up. The weight
    needs the targets only, so it is known before the first piece is computed: a batch in pieces then has the loss and
    the gradients that it has as a whole, also where rows weigh differently.

    Attributes
    ----------
    total
        From the outputs and the targets ``(rows, …)`` of a piece, on the model's device, to the sum of the losses of
        all that is learnt from; a scalar.
    weight
        From the targets of a piece, on the CPU, to what they weigh: the number of rows, of labelled tokens, or the sum
        of their class weights.
    outputs
        From the model and a piece to what ``total`` takes of it.
    """

    total: Callable[[Any, torch.Tensor], torch.Tensor]
    weight: Callable[[torch.Tensor], float] = len
    outputs: Callable[[PreTrainedModel, Batch], Any] = heads.logits

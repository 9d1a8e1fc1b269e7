"""The loss of a task, in a form that lets a batch be computed in micro-batches."""

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
    """A loss as a sum and the weight that it is divided by.

    The loss of a batch is the sum of the ``total`` of its micro-batches, divided by the sum of their ``weight``. The
    weight needs the targets only, so it is known before the first micro-batch is computed: the loss and the gradients
    are then those of the whole batch, also where rows have different weights.

    Attributes
    ----------
    total
        From the outputs and the targets ``(rows, …)`` of a micro-batch, on the model's device, to the sum of its
        losses; a scalar.
    weight
        From the targets of a micro-batch, on the CPU, to their weight: the number of rows, of labelled tokens, or the
        sum of their class weights.
    outputs
        From the model and a micro-batch to the outputs that ``total`` takes. With `heads.logits` the last layer of a
        classifier is computed for the first token only.
    """

    total: Callable[[Any, torch.Tensor], torch.Tensor]
    weight: Callable[[torch.Tensor], float] = len
    outputs: Callable[[PreTrainedModel, Batch], Any] = heads.logits

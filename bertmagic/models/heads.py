"""The outputs of a model's head, in fp32."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch


def logits(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the scores of each row, ``(rows, outputs)``, or of each token, ``(rows, tokens, outputs)``."""
    outputs: torch.Tensor = model(**batch.inputs).logits
    return outputs.float()


def answer_logits(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the scores of each token to begin and to end the answer, ``(rows, tokens, 2)``."""
    import torch

    output = model(**batch.inputs)
    return torch.stack((output.start_logits, output.end_logits), dim=-1).float()


def reads_segments(model: PreTrainedModel) -> bool:
    """Whether a model has token types that mark the second text of a pair."""
    return int(getattr(model.config, "type_vocab_size", 0) or 0) > 1

"""Logits of many rows: sorted by length, in batches that fit a token budget, given back in the rows' order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from bertmagic.data.batches import budget_batches, collate
from bertmagic.errors import DeviceError
from bertmagic.models import devices, heap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.tokens import Tokens

TOKEN_BUDGET = {"cpu": 4096, "mps": 8192, "cuda": 32768}
"""How many token slots a batch has, by kind of device: more gains nothing there and costs memory."""


def logits(
    model: PreTrainedModel,
    tokens: Tokens,
    pad_id: int,
    number_format: str,
    after_batch: Callable[[int], None] = lambda done: None,
) -> npt.NDArray[np.float32]:
    """Run a model over all rows and return its logits, of shape ``(rows, outputs)``.

    Parameters
    ----------
    pad_id
        The token id to pad with.
    number_format
        ``bf16``, ``fp16`` or ``fp32``, for the matrix products.
    after_batch
        Called with the number of rows done; what it raises ends the work.

    Raises
    ------
    DeviceError
        If the memory does not hold one row.
    """
    import numpy as np
    import torch

    device = model.device
    found = np.zeros((len(tokens), model.config.num_labels), dtype=np.float32)
    training, done, parts = model.training, 0, 1
    budget = TOKEN_BUDGET[device.type]
    model.eval()
    try:
        # A single batch frees nothing that the next could take.
        with (
            heap.kept() if len(tokens.ids) > budget else nullcontext(),
            torch.inference_mode(),
            devices.autocast(device, number_format),
        ):
            for rows in budget_batches(tokens.lengths, budget):
                while (scores := _outputs(model, tokens, np.array_split(rows, min(parts, len(rows))), pad_id)) is None:
                    parts = _more(parts, tokens, rows, device)
                found[rows] = scores
                done += len(rows)
                after_batch(done)
    finally:
        model.train(training)
    return found


def _outputs(
    model: PreTrainedModel, tokens: Tokens, pieces: Sequence[npt.NDArray[np.int64]], pad_id: int
) -> npt.NDArray[np.float32] | None:
    """Return the logits of the rows of all pieces; None if memory ran out."""
    import numpy as np

    found = []
    try:
        for rows in pieces:
            ids, mask = collate(tokens, rows, pad_id)
            output = model(input_ids=devices.send(ids, model.device), attention_mask=devices.send(mask, model.device))
            found.append(output.logits.float().cpu().numpy())
    except (RuntimeError, MemoryError) as error:
        if not devices.out_of_memory(error):
            raise
        return None
    return np.concatenate(found)


def _more(parts: int, tokens: Tokens, rows: npt.NDArray[np.int64], device: torch.device) -> int:
    """Return in how many parts batches are to be computed from here on, after memory ran out with fewer."""
    if parts >= len(rows):
        longest = int(tokens.lengths[rows].max())
        raise DeviceError(
            f"the memory of {device} does not hold one row of {longest} tokens.",
            f"Use a model trained with max_length below {longest}, or a smaller one.",
        )
    devices.release(device)
    return 2 * parts


def softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return probabilities along the last axis: ``exp(x) / sum(exp(x))``, with the maximum taken off first."""
    import numpy as np

    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]

"""The outputs of a model for many rows: computed in batches of similar length, returned in the order of the rows."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import budget_batches
from bertmagic.errors import DeviceError, is_out_of_memory
from bertmagic.models import devices, heads
from bertmagic.models.fast import allocator, bf16_linear
from bertmagic.models.fast.working_copy import for_inference
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch, BatchSource
    from bertmagic.data.tokens import Tokens

    Rows = npt.NDArray[np.int64]
    Outputs = Callable[[PreTrainedModel, Batch], Any]

TOKEN_BUDGET = {"cpu": 4096, "mps": 8192, "cuda": 32768}
"""How many padded tokens a batch has, by kind of device: more gains nothing there and costs memory."""


def run_model(
    model: PreTrainedModel,
    feed: BatchSource,
    number_format: str,
    after_batch: Callable[[int], None] = lambda done: None,
    outputs: Outputs = heads.logits,
) -> npt.NDArray[np.float32]:
    """Run a model over all samples and return its outputs.

    Parameters
    ----------
    model
        A plain transformers model. It is left as it is, so other threads may use it meanwhile.
    number_format
        ``bf16``, ``fp16`` or ``fp32``, for the matrix products.
    after_batch
        Called with the number of samples that are done; an exception that it raises ends the run.
    outputs
        Computes the outputs of a batch, from a copy of the model that shares its weights. In a classifier's copy for
        `heads.logits` the last layer has the first token only; for any other function all layers are whole.

    Returns
    -------
    ndarray
        Of shape ``(samples, outputs)``; or, where ``outputs`` returns those of each token, ``(all tokens, outputs)``,
        in the order of `Tokens.ids`.

    Raises
    ------
    DeviceError
        If the memory does not hold one row.
    """
    import numpy as np
    import torch

    device, tokens = model.device, feed.tokens
    results: npt.NDArray[np.float32] | None = None
    done, parts = 0, 1
    budget = TOKEN_BUDGET[device.type]
    fast = for_inference(model, logits_only=outputs is heads.logits)
    with ExitStack() as stack:
        stack.enter_context(torch_defaults())
        stack.enter_context(torch.inference_mode())
        stack.enter_context(devices.autocast(device, number_format))
        if len(tokens.ids) > budget:  # a single batch gains nothing by what is prepared for the next
            stack.enter_context(allocator.kept())
            if device.type == "cpu" and number_format == "bf16":
                stack.enter_context(bf16_linear.packed(fast))
        for rows in budget_batches(tokens.lengths, budget):
            while (read := _read(fast, feed, np.array_split(rows, min(parts, len(rows))), outputs)) is None:
                parts = _more(parts, tokens, rows, device)
            for part, values in read:
                results = put(results, tokens, part, values)
            done += len(rows)
            after_batch(done)
    return np.zeros((0, model.config.num_labels), np.float32) if results is None else results


def _read(
    model: PreTrainedModel, feed: BatchSource, pieces: Sequence[Rows], outputs: Outputs
) -> list[tuple[Rows, npt.NDArray[np.float32]]] | None:
    """Return the rows of each micro-batch with their outputs; None if memory ran out."""
    parts = []
    try:
        for rows in pieces:
            batch = feed.batch(rows).to(partial(devices.send, device=model.device))
            parts.append((rows, outputs(model, batch).cpu().numpy()))
    except (RuntimeError, MemoryError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    return parts


def put(
    results: npt.NDArray[np.float32] | None, tokens: Tokens, rows: Rows, values: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Put the outputs of some rows in their places; ``(rows, outputs)`` or ``(rows, tokens, outputs)``."""
    import numpy as np

    of_tokens = values.ndim == 3
    if results is None:
        results = np.zeros((len(tokens.ids) if of_tokens else len(tokens), values.shape[-1]), np.float32)
    if not of_tokens:
        results[rows] = values
        return results
    columns, lengths = np.arange(values.shape[1]), tokens.lengths_of(rows)
    real = columns < lengths[:, None]  # (rows, tokens)
    results[(tokens.offsets[rows][:, None] + columns)[real]] = values[real]
    return results


def _more(parts: int, tokens: Tokens, rows: npt.NDArray[np.int64], device: torch.device) -> int:
    """Return in how many micro-batches to compute batches from now on, after memory ran out."""
    if parts >= len(rows):
        longest = int(tokens.lengths_of(rows).max())
        raise DeviceError(
            f"the memory of {device} does not hold one row of {longest} tokens.",
            f"Use a model trained with max_length below {longest}, or a smaller one.",
        )
    devices.release(device)
    return 2 * parts


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return probabilities along the last axis: ``exp(x) / sum(exp(x))``, with the maximum taken off first."""
    import numpy as np

    probabilities: npt.NDArray[np.float32] = logits - logits.max(axis=-1, keepdims=True)
    np.exp(probabilities, out=probabilities)  # in place: with thousands of classes each copy has 100 MB
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    return probabilities

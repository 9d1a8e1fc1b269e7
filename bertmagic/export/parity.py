"""Whether an exported network gives the logits of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data.batches import Batch
from bertmagic.export.session import inputs
from bertmagic.models.fast.working_copy import for_inference
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedModel

    from bertmagic.export.session import Session
    from bertmagic.inference.forward import Outputs

TOLERANCE = 1e-4
"""How far logits may be from those of the model in fp32; relative to the largest where that is above 1."""

_ROWS = (1, 7, 64)
_SLOTS = 4096
"""How many tokens, padding included, a batch of random tokens has at most."""


def batches(vocabulary: int, longest: int, segments: bool, seed: int = 0) -> Iterator[Batch]:
    """Yield random tokens: from 1 to 64 rows of 1 to ``longest`` tokens, some of them padded."""
    import numpy as np
    import torch

    generator = np.random.default_rng(seed)
    lengths = sorted({1, min(2, longest), min(17, longest), (longest + 1) // 2, longest})
    for most in lengths:
        for rows in sorted({min(rows, max(1, _SLOTS // most)) for rows in _ROWS}):
            ids = torch.from_numpy(generator.integers(0, vocabulary, (rows, most)))
            real = generator.integers(1, most + 1, rows)
            real[0] = most
            mask = torch.from_numpy((np.arange(most) < real[:, None]).astype(np.int64))
            types = torch.from_numpy((np.arange(most) >= real[:, None] // 2).astype(np.int64)) * mask
            yield Batch(ids, mask, types if segments else None)


def on_random_tokens(
    model: PreTrainedModel, outputs: Outputs, session: Session, longest: int, segments: bool,
    reading: Callable[[Batch], Batch] = lambda batch: batch,
) -> tuple[int, float]:  # fmt: skip
    """Return how many batches of random tokens were compared, and how far logits are from those of the model.

    Parameters
    ----------
    reading
        Makes the batch that is read of random tokens, for a network that needs more than random ones.
    """
    import torch

    fast, count, worst = for_inference(model, logits_only=False), 0, 0.0
    for batch in map(reading, batches(model.config.vocab_size, longest, segments)):
        with torch_defaults(), torch.inference_mode():
            expected = outputs(fast, batch.to(lambda values: values.to(model.device))).float().cpu().numpy()
        found, real = session(inputs(batch)), batch.mask.numpy().astype(bool)
        apart = difference(*(logits[real] if logits.ndim == 3 else logits for logits in (expected, found)))
        count, worst = count + 1, max(worst, apart)
    return count, worst


def difference(expected: npt.NDArray[np.float32], found: npt.NDArray[np.float32]) -> float:
    """Return the largest difference of logits, relative to the largest logit where that is above 1; NaN is infinite."""
    import numpy as np

    if expected.shape != found.shape:
        return float("inf")
    apart = np.abs(expected - found).max(initial=0.0) / max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(apart) if np.isfinite(apart) else float("inf")

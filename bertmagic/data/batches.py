"""Which rows go through the model together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from bertmagic.data.tokens import Tokens

PASS = 512
"""What a pass through the model costs whatever its rows, in token slots: weights are cast, their gradients added up."""

MEGA_BATCH = 50
"""How many batches are sorted by length together: enough to pad little, few enough to keep the order random."""


def training_batches(
    lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int
) -> list[npt.NDArray[np.int64]]:
    """Return the batches of an epoch: rows of like length together, in an order that the seed decides.

    Rows are shuffled, sorted by length within mega-batches of `MEGA_BATCH` batches, cut into batches, and the
    batches shuffled; a batch has ``batch_size`` rows, one of them may have fewer.
    """
    import numpy as np

    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), MEGA_BATCH * batch_size):
        mega = order[start : start + MEGA_BATCH * batch_size]
        mega = mega[np.argsort(-lengths[mega], kind="stable")]
        batches += [mega[i : i + batch_size] for i in range(0, len(mega), batch_size)]
    return [batches[i] for i in generator.permutation(len(batches))]


def by_length(lengths: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Cut a batch where padding costs more than a further pass through the model.

    Parameters
    ----------
    lengths
        The number of tokens of each row of the batch.

    Returns
    -------
    list
        The positions of the rows in each part, the longest rows first.
    """
    import numpy as np

    order = np.argsort(-lengths, kind="stable")
    falling = lengths[order]
    saved = (falling[0] - falling) * np.arange(len(falling), 0, -1)  # by a cut before each row
    cut = int(saved.argmax())
    if saved[cut] <= PASS:
        return [order]
    return [order[:cut][part] for part in by_length(falling[:cut])] + [
        order[cut:][part] for part in by_length(falling[cut:])
    ]


def budget_batches(lengths: npt.NDArray[np.int64], budget: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield batches for prediction, longest rows first, each of at most ``budget`` token slots (rows x longest).

    Longest first, so that the batch that needs most memory comes at the start, not after an hour.
    """
    import numpy as np

    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, budget // max(int(lengths[order[start]]), 1))
        yield order[start : start + rows]
        start += rows


def collate(tokens: Tokens, rows: npt.NDArray[np.int64], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and attention mask, both of shape ``(batch, tokens)``, padded to the longest row."""
    import numpy as np
    import torch

    starts = tokens.offsets[rows]
    lengths = tokens.offsets[rows + 1] - starts
    columns = np.arange(lengths.max())
    mask = columns < lengths[:, None]  # (batch, tokens)
    places = np.where(mask, starts[:, None] + columns, 0)
    ids = np.where(mask, tokens.ids[places], pad_id)
    return torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(mask.astype(np.int64))

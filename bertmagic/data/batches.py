"""Which rows go through the model together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import numpy.typing as npt
    import torch

    from bertmagic.data.tokens import Tokens

PASS_COST = 512
"""Fixed cost of one forward and backward pass, in padded tokens: weights are cast, gradients are summed."""

_ROWS = 4
"""A batch is split after one row, two, or a multiple of this: then shapes repeat, see `padded`."""

MEGA_BATCH = 50
"""How many batches are sorted by length together: many enough to pad little, few enough to keep the order random."""

JITTER = 0.8, 1.25
"""By which factors lengths are varied before few rows are sorted, so that each epoch has other batches."""


def training_batches(lengths: npt.NDArray[Any], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """Return the batches of an epoch: rows of similar length together, in an order that the seed decides.

    Rows are shuffled, sorted by length within mega-batches of `MEGA_BATCH` batches, cut into batches, and the
    batches shuffled; a batch has ``batch_size`` rows, one of them may have fewer. Fewer rows than two mega-batches
    would be cut from the same sorted list in each epoch: their lengths are varied a little first (`JITTER`).
    """
    import numpy as np

    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    if len(lengths) < 2 * MEGA_BATCH * batch_size:
        lengths = lengths * generator.uniform(*JITTER, len(lengths))
    for start in range(0, len(order), MEGA_BATCH * batch_size):
        mega = order[start : start + MEGA_BATCH * batch_size]
        mega[:] = mega[np.argsort(-lengths[mega], kind="stable")]
    starts = np.arange(0, len(order), batch_size)
    return [order[start : start + batch_size] for start in generator.permutation(starts).tolist()]


def padded(longest: int) -> int:
    """Return how many tokens the rows of a batch are padded to: one of 16 lengths from a power of two to the next.

    A CPU's products in bf16 are compiled for each shape that is new, which takes a step of 32 short texts an eighth
    more time, and those of some 70 shapes are kept. This adds up to 6 % of slots, and none below 32 tokens.
    """
    step = 1 << max(0, longest.bit_length() - 5)
    return -(-longest // step) * step


def split_by_length(lengths: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Split a batch where padding costs more than another pass through the model.

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
    before = np.arange(len(falling))
    saved = (falling[0] - falling) * (len(falling) - before)  # by a cut before each row
    saved[(before > 2) & (before % _ROWS > 0)] = 0
    cut = int(saved.argmax())
    if saved[cut] <= PASS_COST:
        return [order]
    return [order[:cut][part] for part in split_by_length(falling[:cut])] + [
        order[cut:][part] for part in split_by_length(falling[cut:])
    ]


def budget_batches(lengths: npt.NDArray[np.int64], budget: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield batches for prediction, longest rows first, each of at most ``budget`` token slots (rows x longest).

    Longest first, so that the batch that needs most memory comes at the start, not after an hour.
    """
    import numpy as np

    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, budget // max(padded(int(lengths[order[start]])), 1))
        yield order[start : start + rows]
        start += rows


IGNORED = -100
"""The target of a token without a label: the value that PyTorch's cross-entropy ignores."""


@dataclass(frozen=True)
class Batch:
    """What goes through a model at once.

    Attributes
    ----------
    ids, mask
        Token ids, and 1 for each real token; both of shape ``(rows, tokens)``.
    types
        1 for each token of a second text, of the same shape; None where the model does not read it.
    targets
        What the model learns to predict, of shape ``(rows, …)`` or ``(rows, tokens)``; None in prediction.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    types: torch.Tensor | None = None
    targets: torch.Tensor | None = None

    @property
    def inputs(self) -> dict[str, torch.Tensor]:
        """The keywords that models of transformers take."""
        keywords = {"input_ids": self.ids, "attention_mask": self.mask}
        return keywords if self.types is None else keywords | {"token_type_ids": self.types}

    def to(self, move: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        """Return the batch with each tensor moved."""
        parts = (self.ids, self.mask, self.types, self.targets)
        return Batch(*(part if part is None else move(part) for part in parts))  # type: ignore[arg-type]


@dataclass(frozen=True)
class BatchSource:
    """Samples with their targets, as batches for a model.

    Attributes
    ----------
    tokens
        The samples.
    pad_id
        The token id to pad with.
    targets
        One per sample, ``(samples, …)``, or with ``per_token`` one per token as in `Tokens.ids`; None in prediction.
    per_token
        Whether each token has a target; padding gets `IGNORED`.
    segments
        Whether the model reads to which of two texts a token belongs.
    owners
        The text of each sample, if the tokens do not say it: those of `sample`.
    """

    tokens: Tokens
    pad_id: int
    targets: npt.NDArray[Any] | None = None
    per_token: bool = False
    segments: bool = False
    owners: npt.NDArray[np.int64] | None = None

    def sample(self, most: int, seed: int) -> BatchSource:
        """Return at most so many samples, drawn at random, in their order, each as a text of its own."""
        import numpy as np

        if len(self.tokens) <= most and self.tokens.windows is None:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self.tokens))[:most])
        at = self.tokens.positions(chosen) if self.per_token else chosen
        targets = None if self.targets is None else self.targets[at]
        owner = self.owner[chosen]
        return replace(self, tokens=self.tokens.choose(chosen), targets=targets, owners=owner)

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """The text that each sample belongs to, shape ``(samples,)``."""
        return self.tokens.owner if self.owners is None else self.owners

    @cached_property
    def _longest(self) -> int:
        return int(self.tokens.lengths.max())

    def batch(self, rows: npt.NDArray[np.int64], step: int = 0) -> Batch:
        """Return some samples, padded to the length of the longest, rounded up; see `padded`.

        Parameters
        ----------
        step
            The optimizer step of the batch. A batch may depend on the step, but on nothing else that changes: it is
            also computed in parts, and again after memory ran out.
        """
        import numpy as np
        import torch

        starts, lengths = self.tokens.offsets[rows], self.tokens.lengths_of(rows)
        columns = np.arange(min(padded(int(lengths.max())), self._longest))
        mask = columns < lengths[:, None]  # (rows, tokens)
        places = np.where(mask, starts[:, None] + columns, 0)
        ids = np.where(mask, self.tokens.ids[places], self.pad_id).astype(np.int64)
        second = self.tokens.second
        types = None
        if self.segments and second is not None:
            types = torch.from_numpy(((columns >= second[rows][:, None]) & mask).astype(np.int64))
        targets = None
        if self.targets is not None:
            of_rows = np.where(mask, self.targets[places], IGNORED) if self.per_token else self.targets[rows]
            targets = torch.from_numpy(of_rows)
        return Batch(torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64)), types, targets)

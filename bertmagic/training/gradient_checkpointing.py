"""Activations that are computed again when they are needed, instead of being kept."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bertmagic.models.fast import dropout, first_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel


@contextmanager
def recomputing(model: PreTrainedModel) -> Iterator[None]:
    """Have each layer keep only its input for the backward pass (Chen et al. 2016, "Sublinear Memory Cost")."""
    from torch.utils.checkpoint import checkpoint

    found = first_token.stack(model)
    before = [{"forward": layer.forward} if "forward" in vars(layer) else {} for layer in found]
    for layer in found:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, context_fn=partial(_same_masks, model))
    try:
        yield
    finally:
        for layer, own in zip(found, before, strict=True):
            del layer.forward
            vars(layer).update(own)


def _same_masks(model: PreTrainedModel) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return the contexts of a layer's two computations: the second draws the dropout masks of the first.

    PyTorch brings its own generators back, but not the one of `bertmagic.models.fast.dropout`.
    """
    before = dropout.state(model)

    @contextmanager
    def first() -> Iterator[None]:
        yield

    @contextmanager
    def second() -> Iterator[None]:
        now = dropout.state(model)
        dropout.restore(model, before)
        try:
            yield
        finally:
            dropout.restore(model, now)

    return first(), second()

"""Activations that are computed again in the backward pass, instead of being kept in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import dropout, first_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from transformers import PreTrainedModel


def recompute_activations(model: PreTrainedModel) -> None:
    """Have each layer keep only its input for the backward pass (Chen et al. 2016, "Sublinear Memory Cost").

    The layers get another class: give a copy that the user does not have, as `working_copy.for_training` makes.
    """
    for layer in first_token.stack(model):
        kind: Any = type(layer)
        layer.__class__ = _recomputed(kind)


@cache
def _recomputed(plain: type[Any]) -> type[Any]:
    """Return the class of layers that compute what ``plain`` computes, twice where a gradient is wanted."""
    import torch
    from torch.utils.checkpoint import checkpoint

    def forward(layer: torch.nn.Module, *given: Any, **known: Any) -> Any:
        if not torch.is_grad_enabled():
            return plain.forward(layer, *given, **known)
        contexts = partial(_same_masks, layer)
        return checkpoint(partial(plain.forward, layer), *given, use_reentrant=False, context_fn=contexts, **known)

    return type(f"Recomputed{plain.__name__}", (plain,), {"forward": forward})


def _same_masks(layer: torch.nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Return the contexts of a layer's two computations: the second draws the dropout masks of the first.

    PyTorch restores its own generators, but not the one of `bertmagic.models.fast.dropout`.
    """
    before = dropout.state(layer)

    @contextmanager
    def first() -> Iterator[None]:
        yield

    @contextmanager
    def second() -> Iterator[None]:
        now = dropout.state(layer)
        dropout.restore(layer, before)
        try:
            yield
        finally:
            dropout.restore(layer, now)

    return first(), second()

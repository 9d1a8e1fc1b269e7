"""Parameters that are not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.errors import OptionError, count
from bertmagic.models.fast import first_token

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


def freeze(model: PreTrainedModel, what: str | int | None) -> str:
    """Freeze parts of a model and return one line that says what is left to train; empty if all is.

    Parameters
    ----------
    what
        ``"embeddings"``, ``"encoder"`` (all but the head), or how many of the lowest layers, embeddings included.
    """
    if what is None:
        return ""
    for part in _parts(model, what):
        part.requires_grad_(False)
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    trained = sum(size for size, wanted in sizes if wanted)
    return f"freeze = {what!r}: {trained / 1e6:.2f} M of {sum(size for size, _ in sizes) / 1e6:.1f} M parameters train."


def _parts(model: PreTrainedModel, what: str | int) -> list[nn.Module]:
    if what == "encoder":
        return [model.base_model]
    if what == "embeddings":
        return first_token.embeddings(model)
    layers = first_token.stack(model)
    if int(what) > len(layers):
        depth = count(len(layers), "layer")
        raise OptionError(f"freeze = {what}: {type(model).__name__} has {depth}.", "Freeze fewer.")
    return [*first_token.embeddings(model), *layers[: int(what)]]

"""Dropout (Srivastava et al. 2014) with masks that are cheap on a CPU and come from a generator of the model's own.

On a CPU PyTorch draws a mask one Bernoulli variable at a time, which takes a tenth of a step of fine-tuning. Here each
element gets 16 random bits, which are compared with a threshold. The generator belongs to the model: random numbers
that are drawn elsewhere in the process, as by another cell during a background run, do not change the run's result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    import numpy as np

_OF_ATTENTION = "attention_dropout_layer"
"""The attribute for the dropout layer of an attention module that has only a rate."""

_LEVELS = 1 << 16
"""How many values 16 bits have: the share of zeros is exact to one part in so many."""


class Dropout(torch.nn.Module):
    """Zero a share ``p`` of the elements while training and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    p
        The share of zeros.
    source
        The generator of the masks; the layers of a model share one.
    """

    def __init__(self, p: float, source: np.random.Generator) -> None:
        super().__init__()
        self.p, self.source = p, source

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return the values with the dropped ones zero, in the same shape."""
        if not self.training or self.p == 0:
            return values
        return values * self.mask(values)

    def mask(self, values: torch.Tensor) -> torch.Tensor:
        """Draw zeros for the elements to drop and the scale for the others, in the shape of the values."""
        words = self.source.bit_generator.random_raw((values.numel() + 3) // 4)  # 64 bits are four draws
        draws = torch.from_numpy(words).view(torch.int16)[: values.numel()].view(values.shape)
        dropped = round(self.p * _LEVELS)
        kept = draws >= dropped - _LEVELS // 2
        return kept.to(values.dtype).mul_(_LEVELS / (_LEVELS - dropped))

    def extra_repr(self) -> str:
        """Show the share, as torch's own layer does."""
        return f"p={self.p}"


def install_dropout(model: torch.nn.Module, seed: int) -> None:
    """Have all dropout layers of a model draw their masks here, from one generator that ``seed`` begins."""
    import numpy as np

    source = np.random.Generator(np.random.SFC64(seed))
    for parent in list(model.modules()):
        if isinstance(rate := getattr(parent, "attention_dropout", None), float):  # a rate without a layer: ModernBERT
            setattr(parent, _OF_ATTENTION, Dropout(rate, source).train(parent.training))
        for name, child in parent.named_children():
            if isinstance(child, torch.nn.Dropout | Dropout):
                setattr(parent, name, Dropout(child.p, source).train(child.training))


def drawn(attention: torch.nn.Module) -> Dropout | None:
    """Return the layer for dropout on attention weights; None for an attention that is not ours."""
    layers = (getattr(attention, name, None) for name in ("dropout", _OF_ATTENTION))
    return next((layer for layer in layers if isinstance(layer, Dropout)), None)


def state(model: torch.nn.Module) -> torch.Tensor | None:
    """Return the state of a model's generator, as bytes; None if the model draws from torch's own."""
    source = _source(model)
    if source is None:
        return None
    return torch.from_numpy(source.bit_generator.state["state"]["state"].copy()).view(torch.uint8)


def restore(model: torch.nn.Module, saved: torch.Tensor | None) -> None:
    """Set a model's generator to a state that `state` returned."""
    source = _source(model)
    if source is None or saved is None:
        return
    words = saved.clone().view(torch.uint64).numpy()
    source.bit_generator.state = {**source.bit_generator.state, "state": {"state": words}}


def _source(model: torch.nn.Module) -> np.random.Generator | None:
    return next((layer.source for layer in model.modules() if isinstance(layer, Dropout)), None)

"""The matrix products of an encoder that only predicts, on a CPU: with weights in bf16, laid out as oneDNN reads them.

Autocast converts every weight for every batch, and each product first copies its weight into blocks. While a model only
predicts, its weights do not change, so both are done once for all batches. GELU is computed before the product is
written, which saves a pass over the memory. The outputs are those of autocast except for rounding.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bertmagic.models.fast import first_token, operators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from transformers import PreTrainedModel

    Forward = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def packed(model: PreTrainedModel) -> Iterator[None]:
    """While this lasts, the layers of a model on a CPU multiply by packed bf16 weights; the weights stay as they are.

    Does nothing where oneDNN has no products in bf16.
    """
    changed = _forwards(model) if operators.has_bf16_linear() else {}
    try:
        for module, forward in changed.items():
            module.forward = forward
        yield
    finally:
        for module in changed:
            vars(module).pop("forward", None)


def _forwards(model: PreTrainedModel) -> dict[torch.nn.Module, Forward]:
    """Return the modules that compute with packed weights, with their new ``forward``."""
    from torch import nn

    forwards: dict[torch.nn.Module, Forward] = {}
    for module in (part for layer in first_token.stack(model) for part in layer.modules()):
        if type(module) is nn.Linear and "forward" not in vars(module):
            forwards[module] = _product(module, "none")
        elif _is_product_and_gelu(module):
            forwards[module] = _product(module.dense, "gelu")  # type: ignore[arg-type]
    return forwards


def _is_product_and_gelu(module: torch.nn.Module) -> bool:
    """Whether a module is one linear layer and the exact GELU, as the ``…Intermediate`` of the BERT family is."""
    from torch import nn
    from transformers.activations import GELUActivation

    activation = getattr(module, "intermediate_act_fn", None)
    exact = isinstance(activation, GELUActivation) or (
        isinstance(activation, nn.GELU) and activation.approximate == "none"
    )
    named = type(module).__name__.endswith("Intermediate")
    return named and exact and type(getattr(module, "dense", None)) is nn.Linear


def _product(layer: torch.nn.Linear, then: str) -> Forward:
    bias = None if layer.bias is None else layer.bias.detach().bfloat16()
    return partial(operators.linear, weight=operators.reorder(layer.weight), bias=bias, then=then)

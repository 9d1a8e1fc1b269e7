"""A layer on top of an encoder whose first token compares the two texts of a pair: a plain BERT of two towers.

A linear model of ``|u - v|``, ``u * v`` and the cosine is a strong baseline where ``u`` and ``v`` are the vectors of
two texts. One more layer of the encoder's own kind computes what such a model reads. Half of its heads look at the
tokens of the first text alike, half at those of the second, and hold the mean of half of the directions, the strongest
ones: ``u`` and ``v``. Their output is ``(u - v, u + v)``, to which the layer norm gives a fixed length. In the
feed-forward part ``f(x) + f(-x)``, for an activation ``f``, is a smooth ``|x|``, near a square for small ``x``:
that of ``u - v`` is the difference, and that of ``u + v`` less that of ``u - v`` the product, as ``(x + y)^2 - (x -
y)^2 = 4 x y``. Their sum is the cosine. It needs an encoder that reads each text as if it stood alone; see
`two_texts`.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import first_token

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from bertmagic.models.two_texts import Marks

_STRENGTH = 20.0
"""By how much the logit of attention to the text that a head does not look at is lower."""

_SCALE = 30.0
"""How much more the vectors of the texts count than the first token itself."""

_FIXED = 40.0
"""Two coordinates of plus and minus this, so that the last layer norm divides all pairs by nearly the same number."""


COSINE = -3
"""The coordinate that has the cosine."""

COSINE_WEIGHT = 16.0
"""How much larger the cosine is made for the linear model: among hundreds of features an equal penalty hardly lets one
count. On two sets (`benchmarks/defaults.py`) this was best of 1, 2, 4, 8, 16 and 32 by cross-validated loss."""


def append(model: PreTrainedModel) -> Any:
    """Put a copy of the top layer on a model, and return it."""
    layers: Any = first_token.stack(model)
    top: Any = deepcopy(layers[-1], {id(model.config): model.config})  # all layers read one config
    for module in top.modules():
        if hasattr(module, "layer_idx"):
            module.layer_idx = len(layers)
    layers.append(top)
    model.config.num_hidden_layers = len(layers)
    return top


def add(model: PreTrainedModel, marks: Marks, products: torch.Tensor) -> None:
    """Put the layer on top of a model.

    Parameters
    ----------
    marks
        Those of `two_texts.separate`.
    products
        The mean outer product of vectors of texts, ``(width, width)``: its largest eigenvectors are the directions.
    """
    import torch

    top = append(model)
    width = int(model.config.hidden_size)
    products = products.detach().cpu().double().clone()
    products[marks.all] = 0
    products[:, marks.all] = 0
    directions = torch.linalg.eigh(products)[1].flip(1)[:, : width // 2].T
    with torch.no_grad():
        _attend(top.attention, marks, directions)
        _compare(top.intermediate.dense, top.output, width)


def _attend(attention: Any, marks: Marks, directions: torch.Tensor) -> None:
    """Have the first half of the heads hold the mean of the first text, the other that of the second."""
    import torch

    inner, half = attention.self, len(directions)
    for part in (inner.query, inner.key, inner.value, attention.output.dense):
        part.weight.zero_()
        part.bias.zero_()
    root = math.sqrt(_STRENGTH / 2 / inner.scaling)
    for head in range(inner.num_attention_heads):
        row = head * inner.attention_head_size
        plus, minus = marks.second if head < inner.num_attention_heads // 2 else marks.first
        inner.query.bias[row] = root
        inner.key.weight[row, plus], inner.key.weight[row, minus] = -root, root
    inner.value.weight.copy_(torch.cat([directions, directions]))
    same = torch.eye(half)
    both = torch.cat([torch.cat([same, -same], dim=1), torch.cat([same, same], dim=1)])
    attention.output.dense.weight.copy_(both * _SCALE / math.sqrt(2))
    attention.output.LayerNorm.reset_parameters()


def _compare(wide: nn.Linear, output: Any, width: int) -> None:
    """Have the feed-forward part replace ``(u - v, u + v)`` by differences, products and the cosine."""
    import torch

    half, same = width // 2, torch.eye(width)
    wide.weight[: 2 * width] = torch.cat([same, -same])
    wide.bias[: 2 * width] = 0
    squares = torch.zeros(width, width)
    squares[:half, :half] = same[:half, :half]
    squares[half:, half:] = same[:half, :half]
    squares[half:, :half] = -same[:half, :half]
    squares[COSINE] = torch.cat([-torch.ones(half), torch.ones(half)]) / math.sqrt(width)
    squares[width - 2 :] = 0
    # f(x) + f(-x) is added, and x = f(x) - f(-x), which the residual connection brings, is taken away.
    squares *= math.sqrt(math.pi / 2)
    output.dense.weight.zero_()
    output.dense.bias.zero_()
    output.dense.weight[:, :width] = squares - same
    output.dense.weight[:, width : 2 * width] = squares + same
    output.dense.bias[width - 2], output.dense.bias[width - 1] = _FIXED, -_FIXED
    output.LayerNorm.reset_parameters()
    output.LayerNorm.weight.fill_(_FIXED * math.sqrt(2 / width))
    output.LayerNorm.weight[width - 2 :] = 0

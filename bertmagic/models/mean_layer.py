"""A layer on top of an encoder that puts the mean of all tokens into the first: a plain BERT that pools by mean.

A classification head of transformers reads the first token. Where the mean of all tokens is the better vector of a
text, as in encoders that were trained so, one more layer of the encoder's own kind computes it: with queries of zero
its attention looks at all tokens alike, its values are the tokens themselves, and its feed-forward layer adds nothing.
What it returns for the first token is ``LayerNorm(first + SCALE * mean)``. The folder of such a model is that of an
encoder with one more layer: `AutoModelForSequenceClassification` reads it, and its weights train like all others.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import first_token

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

SCALE = 10.0
"""How much more the mean counts than the token itself: enough for the vector to be the mean, in bf16 too."""


_SETTING = "classifier_pooling"
"""How the config of ModernBERT and its like says what its classifier reads."""


def fits(model: PreTrainedModel) -> bool:
    """Whether a model can pool by mean: a classifier with layers like BERT's, each with weights of its own.

    Architectures whose config says how they pool, as ModernBERT's does, need no further layer.
    """
    own_weights = getattr(model.config, "num_hidden_layers", None) == len(first_token.stack(model))
    return hasattr(model.config, _SETTING) or (own_weights and first_token.applies(model))


def add(model: PreTrainedModel) -> None:
    """Put the layer on top of a model for which `fits` is true, or have its config say that it pools by mean."""
    if hasattr(model.config, _SETTING):
        setattr(model.config, _SETTING, "mean")
        return
    layers: Any = first_token.stack(model)
    top: Any = deepcopy(layers[-1], {id(model.config): model.config})  # all layers read one config
    for module in top.modules():
        if hasattr(module, "layer_idx"):
            module.layer_idx = len(layers)
    attention = top.attention
    for part in (attention.self.query, top.output.dense):  # keys stay: were both zero, neither would ever learn
        _fill(part, 0.0)
    _fill(attention.self.value, 1.0)
    _fill(attention.output.dense, SCALE)
    for norm in (attention.output.LayerNorm, top.output.LayerNorm):
        norm.reset_parameters()
    layers.append(top)
    model.config.num_hidden_layers = len(layers)


def _fill(linear: nn.Linear, diagonal: float) -> None:
    """Make a linear layer multiply by a number."""
    import torch

    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        linear.weight.fill_diagonal_(diagonal)

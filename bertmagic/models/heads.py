"""The outputs of a model's head, in fp32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch

_SMALL, _FAR = 0.3, 3.0
"""The standard deviation of what goes into an odd activation, and the offset of what goes into another."""


def logits(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the scores of each row, ``(rows, outputs)``, or of each token, ``(rows, tokens, outputs)``."""
    outputs: torch.Tensor = model(**batch.inputs).logits
    return outputs.float()


def answer_logits(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the scores of each token to begin and to end the answer, ``(rows, tokens, 2)``."""
    import torch

    output = model(**batch.inputs)
    return torch.stack((output.start_logits, output.end_logits), dim=-1).float()


def reads_segments(model: PreTrainedModel) -> bool:
    """Whether a model has token types that mark the second text of a pair."""
    return int(getattr(model.config, "type_vocab_size", 0) or 0) > 1


def output_layer(model: PreTrainedModel) -> nn.Linear | None:
    """Return the last layer of a head, from features to logits; None where the head does not end in a linear layer."""
    from torch import nn

    encoder = set(model.base_model.modules())
    layers = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in encoder]
    return layers[-1] if layers and layers[-1].out_features == model.config.num_labels else None


def output_parameters(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return weight and bias of the `output_layer` by their names in the model."""
    layer = output_layer(model)
    own = {id(parameter) for parameter in (() if layer is None else layer.parameters())}
    return {name: parameter for name, parameter in model.named_parameters() if id(parameter) in own}


def permute(model: PreTrainedModel, order: Sequence[int]) -> None:
    """Give the output layer its rows in another order: row ``order[i]`` becomes row ``i``."""
    import torch

    with torch.no_grad():
        for rows in output_parameters(model).values():
            rows.copy_(rows[list(order)])


def renew(model: PreTrainedModel) -> None:
    """Draw the output layer anew, as transformers does for a new head."""
    import torch

    with torch.no_grad():
        for rows in output_parameters(model).values():
            if rows.ndim > 1:
                rows.normal_(0.0, float(getattr(model.config, "initializer_range", 0.02)))
            else:
                rows.zero_()


def features(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return what the output layer reads, in fp32: ``(rows, width)``, or ``(rows, tokens, width)``."""
    layer = output_layer(model)
    assert layer is not None
    return _calls(model, batch, [layer])[-1][1].float()


def dense_layer(model: PreTrainedModel, batch: Batch) -> tuple[nn.Linear, torch.Tensor] | None:
    """Return the square layer between the vector of a text and the output layer, and what it reads for a batch.

    BERT's is the pooler. None where a head has no such layer, or applies it to each token.
    """
    from torch import nn

    calls = _calls(model, batch, [module for module in model.modules() if isinstance(module, nn.Linear)])
    layer, vectors = calls[-2]
    return (layer, vectors) if vectors.ndim == 2 and layer.in_features == layer.out_features else None


def open_dense(model: PreTrainedModel, batch: Batch, center: bool = False) -> None:
    """Have the `dense_layer` of a new head pass on what it reads, nearly unchanged.

    Its weights begin as a multiple of the identity, so that the activation behind it works where it is nearly linear:
    around zero for one that is odd, such as tanh; far above zero for one that cuts off negative values, such as GELU.
    With ``center`` an odd one gets each feature less its mean, for features whose means are far from zero.
    """
    import torch

    if (dense := dense_layer(model, batch)) is None:
        return
    layer, vectors = dense
    with torch.no_grad():
        is_odd = False
        if layer.bias is not None:
            layer.weight.zero_()
            positive, negative = (features(model, batch) for _ in map(layer.bias.fill_, (_FAR, -_FAR)))
            is_odd = bool(positive.abs().max() > 0.1) and torch.allclose(positive, -negative, atol=1e-3)
            layer.bias.fill_(0.0 if is_odd else _FAR)
        means = vectors.mean(dim=0) if center and is_odd else torch.zeros_like(vectors[0])
        factor = (_SMALL if is_odd else 1.0) / max(float((vectors - means).std()), 1e-6)
        layer.weight.zero_()
        layer.weight.fill_diagonal_(factor)
        if layer.bias is not None:
            layer.bias.sub_(factor * means)


def _calls(model: PreTrainedModel, batch: Batch, layers: Iterable[nn.Linear]) -> list[tuple[nn.Linear, torch.Tensor]]:
    """Return the calls of linear layers in one forward pass, in their order, each with what the layer read."""
    calls: list[tuple[nn.Linear, torch.Tensor]] = []

    def note(layer: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        calls.append((layer, inputs[0]))

    handles = [layer.register_forward_pre_hook(note) for layer in layers]
    try:
        model(**batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    return calls

"""Encoders with their own attention code, redirected to a given attention function.

MPNet and DeBERTa-v2 do not look their attention function up in transformers. For each there is a ``forward`` method
here that computes what the original does, but leaves ``softmax(Q K^T) V`` to the given function.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

Attend = Callable[..., Any]


def is_supported(model: PreTrainedModel) -> bool:
    """Whether `redirected` supports the architecture of a model."""
    return str(model.config.model_type) in _FAMILIES


@contextmanager
def redirected(attend: Attend, model: PreTrainedModel) -> Iterator[None]:
    """Have the attention layers of a model call ``attend``, until the context ends."""
    class_name, make_forward = _FAMILIES[str(model.config.model_type)]
    layers = [module for module in model.modules() if type(module).__name__ == class_name]
    originals = [vars(layer).get("forward") for layer in layers]
    try:
        for layer in layers:
            layer.forward = types.MethodType(make_forward(attend), layer)
        yield
    finally:
        for layer, original in zip(layers, originals, strict=True):
            vars(layer).pop("forward", None)
            if original is not None:
                layer.forward = original


def _mpnet(attend: Attend) -> Callable[..., Any]:
    """Return a forward with a learned bias per token distance (Song et al. 2020; Raffel et al. 2020, section 2.1)."""

    def forward(
        layer: Any, hidden: torch.Tensor, mask: Any = None, position_bias: Any = None, *rest: Any, **options: Any
    ) -> Any:
        shape = (*hidden.shape[:-1], layer.num_attention_heads, -1)
        query, key, value = (
            projection(hidden).view(shape).transpose(1, 2) for projection in (layer.q, layer.k, layer.v)
        )
        mixed, weights = attend(layer, query, key, value, mask, position_bias=position_bias)
        return layer.o(mixed.flatten(2)), weights

    return forward


def _deberta(attend: Attend) -> Callable[..., Any]:
    """Return a forward with content-to-position and position-to-content terms (He et al. 2021, eq. 2 and 4)."""

    def forward(
        layer: Any, hidden: torch.Tensor, mask: torch.Tensor, output_attentions: bool = False, query_states: Any = None,
        relative_pos: Any = None, rel_embeddings: Any = None,
    ) -> Any:  # fmt: skip
        query_input = hidden if query_states is None else query_states
        shape = (1, layer.num_attention_heads, hidden.shape[1], -1)
        query, key, value = (
            layer.transpose_for_scores(projection(states), layer.num_attention_heads)
            for projection, states in (
                (layer.query_proj, query_input),
                (layer.key_proj, hidden),
                (layer.value_proj, hidden),
            )
        )  # (heads, tokens, width)
        terms = 1 + sum(kind in layer.pos_att_type for kind in ("c2p", "p2c"))
        bias = None
        if layer.relative_attention:
            bias = layer.disentangled_attention_bias(
                query, key, relative_pos, layer.pos_dropout(rel_embeddings), terms
            )[None]
        mixed, weights = attend(
            layer, query.view(shape), key.view(shape), value.view(shape), mask.bool(),
            scaling=(query.shape[-1] * terms) ** -0.5, position_bias=bias,
        )  # fmt: skip
        return mixed.flatten(2), weights if output_attentions else None

    return forward


_FAMILIES: dict[str, tuple[str, Callable[[Attend], Callable[..., Any]]]] = {
    "mpnet": ("MPNetSelfAttention", _mpnet),
    "deberta-v2": ("DisentangledSelfAttention", _deberta),
}
"""By model type: the class of an attention layer, and the function that makes its forward method."""

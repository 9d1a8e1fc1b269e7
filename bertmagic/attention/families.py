"""Encoders that compute attention in a way of their own, led to a function that others give theirs to.

MPNet and DeBERTa-v2 do not ask transformers for an implementation. Each has one method here that says the same as its
own, with the product of queries, keys and values left to the function.
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


def known(model: PreTrainedModel) -> bool:
    """Whether a model is of a kind that `led_to` can lead."""
    return str(model.config.model_type) in _FAMILIES


@contextmanager
def led_to(attend: Attend, model: PreTrainedModel) -> Iterator[None]:
    """Have the layers of a model give their queries, keys and values to ``attend``."""
    layer, make = _FAMILIES[str(model.config.model_type)]
    parts = [part for part in model.modules() if type(part).__name__ == layer]
    before = [vars(part).get("forward") for part in parts]
    try:
        for part in parts:
            part.forward = types.MethodType(make(attend), part)
        yield
    finally:
        for part, own in zip(parts, before, strict=True):
            vars(part).pop("forward", None)
            if own is not None:
                part.forward = own


def _mpnet(attend: Attend) -> Callable[..., Any]:
    """Add a bias for each distance between two tokens (Song et al. 2020; Raffel et al. 2020, section 2.1)."""

    def forward(
        layer: Any, hidden: torch.Tensor, mask: Any = None, position_bias: Any = None, *rest: Any, **known: Any
    ) -> Any:
        shape = (*hidden.shape[:-1], layer.num_attention_heads, -1)
        query, key, value = (part(hidden).view(shape).transpose(1, 2) for part in (layer.q, layer.k, layer.v))
        mixed, weights = attend(layer, query, key, value, mask, position_bias=position_bias)
        return layer.o(mixed.flatten(2)), weights

    return forward


def _deberta(attend: Attend) -> Callable[..., Any]:
    """Add what content and relative positions say of each other (He et al. 2021, eq. 2 and 4)."""

    def forward(
        layer: Any, hidden: torch.Tensor, mask: torch.Tensor, output_attentions: bool = False, query_states: Any = None,
        relative_pos: Any = None, rel_embeddings: Any = None,
    ) -> Any:  # fmt: skip
        asking = hidden if query_states is None else query_states
        shape = (1, layer.num_attention_heads, hidden.shape[1], -1)
        query, key, value = (
            layer.transpose_for_scores(part(read), layer.num_attention_heads)
            for part, read in ((layer.query_proj, asking), (layer.key_proj, hidden), (layer.value_proj, hidden))
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
"""By the kind of model: the class of a layer of attention, and what makes its method."""

"""The layers of an encoder, and a last layer that computes the first token only.

A classification head of the BERT family reads the first token only. In the last layer the other tokens are then
needed as keys and values, and for nothing else: their queries, their feed-forward layers and the gradients of these
would be computed and thrown away. A token costs ``12 d^2`` multiplications in a layer of width ``d`` (four products of
``d x d``, two of ``d x 4d``), ``10 d^2`` of them are saved: a seventh of the work of six layers. Outputs and
gradients are those of the whole layer.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import attention

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def embeddings(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Return the modules that turn token ids into vectors."""
    return [child for name, child in model.base_model.named_children() if "embedding" in name]


def stack(model: PreTrainedModel) -> torch.nn.ModuleList:
    """Return the layers of the encoder from the lowest up: its longest list of modules; an empty one without lists."""
    from torch import nn

    lists = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    return max(lists, key=len, default=nn.ModuleList())


def applies(model: PreTrainedModel) -> bool:
    """Whether a model is a classifier whose layers are built like BERT's."""
    layers = stack(model)
    return len(layers) > 0 and type(model).__name__.endswith("ForSequenceClassification") and _like_bert(layers[-1])


def compute_first_token_only(model: PreTrainedModel) -> None:
    """Have a classifier whose layers are built like BERT's compute the last one for its first token only.

    Other models are left as they are; so is the state dict of all. The layer gets another class instead of another
    ``forward``, so that a copy of it computes with its own weights and modes.
    """
    if applies(model):
        last: Any = stack(model)[-1]
        kind: Any = type(last)
        last.__class__ = _first_token_layer(kind)


def _like_bert(layer: torch.nn.Module) -> bool:
    """Whether a layer has the parts that `_for_first_token` uses: BERT, RoBERTa, XLM-R, CamemBERT and ELECTRA do."""
    inner = getattr(getattr(layer, "attention", None), "self", None)
    parts = all(hasattr(inner, name) for name in ("query", "key", "value", "attention_head_size", "scaling"))
    return parts and hasattr(layer, "feed_forward_chunk") and not getattr(layer, "is_decoder", False)


@cache
def _first_token_layer(whole: type[Any]) -> type[Any]:
    """Return the class of layers that compute their first token where ``whole`` computes all tokens."""
    if getattr(whole, "first_token_only", False):
        return whole

    def forward(layer: Any, hidden: torch.Tensor, mask: torch.Tensor | None = None, *rest: Any, **known: Any) -> Any:
        if _is_whole_wanted(layer):
            return whole.forward(layer, hidden, mask, *rest, **known)
        return _for_first_token(layer, hidden, mask)

    return type(f"FirstToken{whole.__name__}", (whole,), {"forward": forward, "first_token_only": True})


def _is_whole_wanted(layer: Any) -> bool:
    """Whether another attention was chosen, such as one that returns its weights, or the layer is recomputed."""
    chosen = layer.attention.self.config._attn_implementation
    return chosen not in (attention.NAME, attention.TRACED, "sdpa") or (layer.gradient_checkpointing and layer.training)


def _for_first_token(layer: Any, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return the layer's output for the first token, of shape ``(batch, 1, width)``.

    Parameters
    ----------
    hidden
        Of shape ``(batch, tokens, width)``.
    mask
        True where a query may look, of shape ``(batch, 1, 1 or tokens, tokens)``.
    """
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    inner = layer.attention.self
    batch, first = hidden.shape[0], hidden[:, :1]  # a trace keeps this as the size of the batch, unlike `len`
    query, key, value = (
        part(read).view(batch, -1, inner.num_attention_heads, inner.attention_head_size).transpose(1, 2)
        for part, read in ((inner.query, first), (inner.key, hidden), (inner.value, hidden))
    )  # (batch, heads, 1 or tokens, width of a head)
    mixed, _ = ALL_ATTENTION_FUNCTIONS[inner.config._attn_implementation](
        inner, query, key, value, None if mask is None else mask[:, :, :1],
        dropout=inner.dropout.p if layer.training else 0.0, scaling=inner.scaling,
    )  # fmt: skip
    last: torch.Tensor = layer.feed_forward_chunk(layer.attention.output(mixed.reshape(batch, 1, -1), first))
    return last

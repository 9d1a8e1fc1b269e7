"""Attention for the CPU: the matrix products that are fastest for the number format and the length of the batch.

PyTorch can compute ``softmax(Q K^T / sqrt(d)) V`` (Vaswani et al. 2017, eq. 1) in two ways. The fused kernel never
stores the scores of all tokens; it is faster in fp32 at every length, and wherever no gradient is needed. In bf16 its
backward pass is slow, and plain matrix products are faster until the scores grow too large. Both give the same numbers
except for rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from bertmagic.models.fast import operators
from bertmagic.models.fast.dropout import drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedModel

    from bertmagic.models.fast.dropout import Dropout

NAME = "bertmagic_cpu"
"""The name under which transformers knows this attention."""

TRACED = "bertmagic_traced"
"""The name of attention by plain operations, of which a graph is made."""

SHORT = 512
"""Up to how many tokens plain products are used in the formats of `PLAIN`: a head's scores then take at most 512 KB."""

_TILE = 32
"""oneDNN's bf16 products are fastest with a multiple of so many columns: a row of an AMX tile."""

PLAIN = (torch.bfloat16, torch.float16)
"""The number formats in which plain products are faster on a CPU, forward and backward pass together."""


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **known: Any,
) -> tuple[torch.Tensor, None]:
    """Return for each query the mean of the values, weighted by how well their keys match it.

    Parameters
    ----------
    query, key, value
        Of shape ``(batch, heads, tokens, width)``.
    attention_mask
        True where a query may look, of shape ``(batch, 1, 1 or tokens, tokens)``.
    dropout
        The share of weights that is set to zero.
    scaling
        What the scores are multiplied by; by default ``1 / sqrt(width)``.

    Returns
    -------
    tuple
        The mixed values, of shape ``(batch, tokens, heads, width)``, and None for the weights.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    causal = attention_mask is None and known.get("is_causal", getattr(module, "is_causal", True))
    own = drawn(module)
    slow = query.requires_grad and query.dtype in PLAIN and query.shape[2] <= SHORT  # the fused kernel's backward pass
    # With dropout PyTorch uses no fused kernel but plain products, with masks from the generator of the process.
    plain = own is not None if dropout else slow
    if causal or not plain or "position_bias" in known or key.shape[1] != query.shape[1]:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **known
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    given = query, key, value, attention_mask, scale, own if dropout else None
    return MatmulAttention.apply(*given), None  # type: ignore[no-untyped-call]


class MatmulAttention(torch.autograd.Function):
    """Attention by plain products, with a backward pass that is written out.

    With ``S = Q K^T / sqrt(d)``, ``P = softmax(S)``, ``O = P V`` and ``dO`` the gradient of the loss by ``O``::

        dV = P^T dO;  dP = dO V^T;  dS = P * (dP - rowsum(dP * P));  dQ = dS K / sqrt(d);  dK = dS^T Q / sqrt(d)

    (Dao et al. 2022, "FlashAttention", appendix B.2.) Scores have a multiple of `_TILE` columns, from keys of zeros
    that get no weight: oneDNN is slow where rows of a matrix may begin anywhere in memory. The same products left to
    PyTorch take 1.0 to 1.5 times as long, and keep the scores.
    """

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scale: float,
        own: Dropout | None,
    ) -> torch.Tensor:  # fmt: skip
        """Return the mixed values ``(batch, tokens, heads, width)`` of queries, keys and values as in `attention`."""
        tokens = key.shape[2]
        queries = _matrices(query).mul_(scale)
        keys, values = (_matrices(part, -tokens % _TILE) for part in (key, value))
        scores = torch.bmm(queries, keys.transpose(1, 2))  # (batch x heads, tokens, tokens and more)
        _hide(scores.view(*query.shape[:3], -1), mask, tokens)
        weights = scores.softmax(-1)
        masks = () if own is None else (own.mask(weights),)
        ctx.save_for_backward(queries, keys, values, weights, *masks)
        ctx.scale, ctx.shape = scale, key.shape
        mixed = torch.bmm(_dropped(weights, masks), values)
        return mixed.view(query.shape).transpose(1, 2).contiguous()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of queries, keys and values, and None for what else `forward` was given."""
        queries, keys, values, weights, *masks = ctx.saved_tensors
        wanted = _matrices(gradient.transpose(1, 2))
        of_values = torch.bmm(_dropped(weights, masks).transpose(1, 2), wanted)
        of_weights = _dropped(torch.bmm(wanted, values.transpose(1, 2)), masks)
        of_scores = operators.softmax_backward(of_weights, weights)
        of_queries = torch.bmm(of_scores, keys).mul_(ctx.scale)
        of_keys = torch.bmm(of_scores.transpose(1, 2), queries)
        batch, heads, tokens, width = ctx.shape
        gradients = (part.view(batch, heads, -1, width)[:, :, :tokens] for part in (of_queries, of_keys, of_values))
        return *gradients, None, None, None


def _matrices(values: torch.Tensor, more: int = 0) -> torch.Tensor:
    """Return a copy of ``(batch, heads, tokens, width)`` as ``(batch x heads, tokens + more, width)`` with zeros."""
    batch, heads, tokens, width = values.shape
    padded = values.new_empty(batch, heads, tokens + more, width)
    padded[:, :, :tokens] = values
    padded[:, :, tokens:] = 0
    return padded.flatten(0, 1)


def _hide(scores: torch.Tensor, mask: torch.Tensor | None, tokens: int) -> None:
    """Add the lowest number to the scores ``(batch, heads, tokens, tokens and more)`` of what must not be looked at.

    It is not -inf: padding that sees padding only (ModernBERT's windows) would become NaN. A sum takes a tenth of the
    time of `masked_fill`; columns that all queries may see are not touched.
    """
    if mask is None:
        mask = scores.new_ones((1, 1, 1, tokens), dtype=torch.bool)
    mask = torch.nn.functional.pad(mask, (0, scores.shape[-1] - tokens))
    hidden = (~mask).flatten(0, -2).any(0).nonzero()
    if len(hidden):
        some = mask[..., int(hidden[0]) :]
        lowest = torch.finfo(scores.dtype).min
        scores[..., int(hidden[0]) :].add_(torch.zeros_like(some, dtype=scores.dtype).masked_fill_(~some, lowest))


def _dropped(values: torch.Tensor, masks: Sequence[torch.Tensor]) -> torch.Tensor:
    return values * masks[0] if masks else values


def install_attention(model: PreTrainedModel) -> None:
    """Have a model on the CPU compute its attention here, where its code lets attention be chosen."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    if model.device.type != "cpu" or model.config._attn_implementation != "sdpa":
        return
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def traced(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **known: Any,
) -> tuple[torch.Tensor, None]:
    """Return what `attention` does, by the fewest plain operations; the mask is added to the scores."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query * scale, key.transpose(2, 3))
    weights = (scores if attention_mask is None else scores + attention_mask).softmax(-1)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def install_traced(model: PreTrainedModel) -> None:
    """Have a copy of a model compute its attention by `traced`."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(TRACED, traced)
    AttentionMaskInterface.register(TRACED, eager_mask)
    model.set_attn_implementation(TRACED)

"""Attention for the CPU: the products that are fastest in the number format and at the length of the batch.

``softmax(Q K^T / sqrt(d)) V`` (Vaswani et al. 2017, eq. 1) has two ways of being computed in PyTorch. The fused one
never holds the scores of all tokens, and wins in fp32 at every length and wherever no gradient is wanted; in bf16 its
backward pass is slow, and plain products win until the scores grow too large. Both give the same numbers but for
rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from bertmagic.models.dropout import drawn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "bertmagic_cpu"
"""The name under which transformers knows this attention."""

SHORT = 512
"""Up to how many tokens plain products are taken in `PLAIN`; the scores of a head then have no more than 512 KB."""

PLAIN = (torch.bfloat16, torch.float16)
"""The number formats in which plain products are faster on a CPU, forward and backward together."""


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
    """Mix the values of all tokens by how well their keys answer a query.

    Parameters
    ----------
    query, key, value
        Of shape ``(batch, heads, tokens, width)``.
    attention_mask
        True where a query may look, of shape ``(batch, 1, 1 or tokens, tokens)``.
    dropout
        The share of weights to drop.
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
    # With dropout the fused kernel is none: PyTorch takes plain products then, and masks from the process's generator.
    fused = not slow and not (dropout and own)
    if causal or fused or "position_bias" in known or key.shape[1] != query.shape[1]:
        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **known
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = (query * scale) @ key.transpose(2, 3)  # (batch, heads, tokens, tokens)
    if attention_mask is not None:
        # The lowest number instead of -inf: padding that sees padding only (ModernBERT's windows) would become NaN. It
        # is added, which takes a tenth of the time of `masked_fill` and nothing in the backward pass.
        lowest = torch.finfo(scores.dtype).min
        scores = scores + torch.zeros_like(attention_mask, dtype=scores.dtype).masked_fill(~attention_mask, lowest)
    weights = scores.softmax(-1)
    weights = own(weights) if own else torch.nn.functional.dropout(weights, dropout, module.training)
    return (weights @ value).transpose(1, 2).contiguous(), None  # (batch, tokens, heads, width)


def use(model: PreTrainedModel) -> None:
    """Have a model on the CPU compute its attention here, where its code lets attention be chosen."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    if model.device.type != "cpu" or model.config._attn_implementation != "sdpa":
        return
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)

"""What we use of PyTorch that is not public: each part is tried once, and replaced by public operators if it fails.

A part fails if this version of PyTorch lacks it, if it raises for the arguments that we pass, or if its result is not
that of the public operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import torch

_tensor = partial(torch.tensor, dtype=torch.float32)  # another cell may have set another default


def softmax_backward(gradient: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the gradient with respect to the scores of ``weights = softmax(scores)``, along the last axis.

    ``dS = P * (dP - rowsum(dP * P))`` in one pass over the memory where PyTorch has it.
    """
    return _softmax_backward()(gradient, weights)


@cache
def _softmax_backward() -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    def fused(gradient: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return torch._softmax_backward_data(gradient, weights, -1, weights.dtype)

    def plain(gradient: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return weights * (gradient - (gradient * weights).sum(-1, keepdim=True))

    gradient, weights = _tensor([[1.0, 2.0, 4.0]]), _tensor([[0.25, 0.5, 0.25]])
    return fused if _gives(lambda: fused(gradient, weights), plain(gradient, weights)) else plain


def lerp(means: list[torch.Tensor], weights: list[torch.Tensor], share: torch.Tensor) -> None:
    """Move each mean by a share of its way to the weight, in place."""
    _lerp()(means, weights, share)


@cache
def _lerp() -> Callable[[list[torch.Tensor], list[torch.Tensor], torch.Tensor], None]:
    def fused(means: list[torch.Tensor], weights: list[torch.Tensor], share: torch.Tensor) -> None:
        torch._foreach_lerp_(means, weights, [share] * len(means))

    def plain(means: Sequence[torch.Tensor], weights: Sequence[torch.Tensor], share: torch.Tensor) -> None:
        for mean, weight in zip(means, weights, strict=True):
            mean.lerp_(weight, share)

    def tried() -> torch.Tensor:
        means = [_tensor([1.0, 2.0])]
        fused(means, [_tensor([3.0, 6.0])], _tensor(0.5))
        return means[0]

    return fused if _gives(tried, _tensor([2.0, 4.0])) else plain


@cache
def has_scaling_adamw(kind: str) -> bool:
    """Whether the fused AdamW of a kind of device divides gradients by ``grad_scale`` and skips where ``found_inf``."""

    def tried() -> torch.Tensor:
        weight = torch.nn.Parameter(_tensor([1.0], device=kind))
        optimizer: Any = torch.optim.AdamW([weight], lr=0.1, weight_decay=0.0, eps=1.0, fused=True)
        optimizer.grad_scale = _tensor(4.0, device=kind)
        seen = []
        for number, gradient in ((1.0, float("nan")), (0.0, 4.0)):
            optimizer.found_inf, weight.grad = _tensor(number, device=kind), torch.full_like(weight, gradient)
            optimizer.step()
            seen.append(weight.detach().clone())
        return torch.cat(seen).cpu()

    # A first step moves by lr * g / (|g| + eps), here with g = 4 / 4.
    return kind in ("cpu", "cuda") and _gives(tried, _tensor([1.0, 0.95]))


@cache
def has_bf16_linear() -> bool:
    """Whether oneDNN multiplies by reordered weights in bf16 on this CPU, with and without the exact GELU."""

    def tried() -> torch.Tensor:
        layer = reorder(weight)
        return torch.cat([linear(values, layer, None, then).float() for then in ("none", "gelu")])

    values, weight = _tensor([[1.0, -2.0]]), _tensor([[1.0, 0.5], [-1.0, 1.0]])
    product = values @ weight.T
    expected = torch.cat([product, torch.nn.functional.gelu(product)])
    return _gives(lambda: torch.tensor(bool(_onednn()._is_mkldnn_bf16_supported())), torch.tensor(True)) and _gives(
        tried, expected, 0.01
    )


def reorder(weight: torch.Tensor) -> torch.Tensor:
    """Return a weight ``(out, in)`` in bf16, laid out as `linear` reads it; only where `has_bf16_linear`."""
    laid_out: torch.Tensor = _onednn()._reorder_linear_weight(weight.detach().to(torch.bfloat16))
    return laid_out


def linear(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, then: str) -> torch.Tensor:
    """Return ``values @ weight.T + bias`` in bf16, and the exact GELU of it where ``then`` is ``"gelu"``."""
    product: torch.Tensor = _onednn()._linear_pointwise(values.to(torch.bfloat16), weight, bias, then, [], "none")
    return product


def _onednn() -> Any:
    return torch.ops.mkldnn


def _gives(tried: Callable[[], torch.Tensor], expected: torch.Tensor, tolerance: float = 1e-6) -> bool:
    """Whether something can be computed, and is what is expected."""
    try:
        return torch.allclose(tried().to(expected.dtype), expected, atol=tolerance)
    except (AttributeError, RuntimeError, TypeError, ValueError, NotImplementedError):
        return False

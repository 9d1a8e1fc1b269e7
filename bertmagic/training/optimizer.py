"""AdamW with its learning rates by layer, and the moving average of the weights."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import first_token, operators

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from transformers import PreTrainedModel

_NORM_PART = 65_536
"""Numbers whose squares are added in fp32, before their sums are added in fp64."""

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def adamw(model: PreTrainedModel, weight_decay: float, lr_decay: float = 1.0) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019) over what is trained, its moments made.

    Biases and norms are not decayed, as in BERT's own training. The key ``share`` of a group is its share of the
    learning rate: ``lr_decay ** layers above it``, all of them for the embeddings and 1 for the head (Clark et al.
    2020, ELECTRA, appendix B).
    """
    import torch

    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    shares = _shares(model, lr_decay)
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault((shares.get(parameter, 1.0), parameter.ndim > 1), []).append(parameter)
    made = torch.optim.AdamW(
        [
            {"params": parameters, "weight_decay": weight_decay if decays else 0.0, "share": share}
            for (share, decays), parameters in groups.items()
        ],
        lr=0.0,
        fused=operators.has_scaling_adamw(model.device.type),
    )
    _make_moments(made)
    return made


def norm_of(gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Euclidean norm of all gradients together, a tensor of one number on their device."""
    import torch

    if not gradients or any(gradient.device.type != "cpu" for gradient in gradients):
        return torch.nn.utils.get_total_norm(gradients)
    # On a CPU the product of a tensor with itself takes half the time of PyTorch's norm. In short parts whose sums are
    # added in fp64 it is exact to a part in a million on any CPU; over four million numbers the norm is off by one in
    # 10,000.
    parts = (part for gradient in gradients for part in torch.split(gradient.flatten(), _NORM_PART))
    return torch.stack([part.dot(part) for part in parts]).sum(dtype=torch.float64).sqrt().float()


def _shares(model: PreTrainedModel, decay: float) -> dict[torch.nn.Parameter, float]:
    if decay == 1.0:
        return {}
    layers = first_token.stack(model)
    depths = [(part, len(layers)) for part in first_token.embeddings(model)]
    depths += [(layer, len(layers) - 1 - at) for at, layer in enumerate(layers)]
    return {parameter: decay**depth for part, depth in depths for parameter in part.parameters()}


def _make_moments(optimizer: torch.optim.AdamW) -> None:
    """Make what AdamW makes in its first step: a full memory shows now, not between the groups of an update."""
    import torch

    for group in optimizer.param_groups:
        for p in group["params"]:
            device = p.device if group["fused"] else "cpu"
            zeros = (torch.zeros_like(p, memory_format=torch.preserve_format) for _ in range(2))
            optimizer.state[p] = dict(
                zip(_MOMENTS, (*zeros, torch.zeros((), dtype=torch.float32, device=device)), strict=True)
            )


def moments(model: PreTrainedModel, optimizer: torch.optim.AdamW) -> dict[str, torch.Tensor]:
    """Return the tensors of the optimizer by name; they are its own, so that writing to them restores it."""
    return {
        f"{kind}.{name}": optimizer.state[parameter][kind]
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
        for kind in _MOMENTS
    }


class Average:
    """An exponential moving average of the trained weights (Polyak & Juditsky 1992).

    It begins at the weights themselves, and keeps less of them than ``decay`` in its first steps, as in the average
    of TensorFlow: ``min(decay, (1 + step) / (10 + step))``.
    """

    def __init__(self, model: PreTrainedModel, decay: float) -> None:
        self._decay = decay
        self._parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._weights = [p.detach() for p in self._parameters.values()]
        self._means = [weight.clone() for weight in self._weights]

    def update(self, step: int, skipped: torch.Tensor) -> None:
        """Take the weights after optimizer step ``step`` in; not where ``skipped``, on the device, is 1."""
        kept = min(self._decay, (1 + step) / (10 + step))
        share = (1 - kept) * (1 - skipped)
        operators.lerp(self._means, self._weights, share)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the averages by the name of their parameter; writing to them restores the average."""
        return dict(zip(self._parameters, self._means, strict=True))

    def exchange(self) -> None:
        """Put the averages into the model and the model's weights here."""
        import torch

        with torch.no_grad():
            for parameter, mean in zip(self._parameters.values(), self._means, strict=True):
                weight = parameter.clone()
                parameter.copy_(mean)
                mean.copy_(weight)


@contextmanager
def averaged(average: Average | None) -> Iterator[Any]:
    """While this lasts, the model has the averaged weights, where there are any."""
    if average is None:
        yield
        return
    average.exchange()
    try:
        yield
    finally:
        average.exchange()

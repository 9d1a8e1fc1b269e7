"""Attention as a model computes it, kept: queries, keys, values, scores and weights of every layer.

The implementation that transformers calls is exchanged for one that remembers what it is given, for as long as
`recording` lasts; nothing is loaded again and no flag has to be set beforehand. Models with attention of their own are
led to the same place by `families`.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bertmagic.attention import families
from bertmagic.attention.maps import Layer
from bertmagic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel

    from bertmagic.attention.maps import Floats

NAME = "bertmagic_recording"
"""The name under which transformers knows this attention."""


@dataclass
class Recorded:
    """What one layer computed for a batch of one text; tensors are on the model's device.

    Attributes
    ----------
    weights
        ``softmax(scores)``, of shape ``(heads, tokens, tokens)``.
    query, key, value
        Of shape ``(heads, tokens, width)``, as they are multiplied: with a rotation, after it. None where the model
        does not show them.
    scale
        What the products of queries and keys are multiplied with.
    bias
        What is added to the scaled products, ``(1 or heads, tokens, tokens)``; None where nothing is.
    allowed
        True where a token may look, ``(1, tokens, tokens)``; None where all may look everywhere.
    output
        The linear map behind the heads.
    """

    weights: torch.Tensor
    query: torch.Tensor | None = None
    key: torch.Tensor | None = None
    value: torch.Tensor | None = None
    scale: float = 1.0
    bias: torch.Tensor | None = None
    allowed: torch.Tensor | None = None
    output: nn.Linear | None = None


@dataclass
class Tape:
    """The layers that were computed since `recording` began, the lowest first.

    Attributes
    ----------
    gates
        Where given, of shape ``(layers, heads)``: what the mix of each head is multiplied with (Michel et al. 2019).
    """

    layers: list[Recorded] = field(default_factory=list)
    gates: torch.Tensor | None = None

    def keep(self, recorded: Recorded) -> None:
        """Remember one layer, with weights that a gradient can be taken with respect to."""
        if torch.is_grad_enabled() and not recorded.weights.requires_grad:
            recorded.weights.requires_grad_()  # the layers below may be frozen
        self.layers.append(recorded)


_tape: ContextVar[Tape] = ContextVar("bertmagic_tape")


def attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,
    **known: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix values by ``softmax(Q K^T scale + bias)`` (Vaswani et al. 2017, eq. 1), and keep all of it on the tape.

    Parameters
    ----------
    query, key, value
        Of shape ``(1, heads, tokens, width)``.
    attention_mask
        True where a query may look, or a term that is added to the scores; of shape ``(1, 1, 1 or tokens, tokens)``.
    scaling
        By default ``1 / sqrt(width)``.
    position_bias
        What is added to the scaled products, ``(1, heads, tokens, tokens)``.
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = query @ key.transpose(2, 3) * scale  # (1, heads, tokens, tokens)
    if position_bias is not None:
        scores = scores + position_bias
    allowed = _allowed(attention_mask)
    if allowed is not None:
        scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    tape = _tape.get()
    recorded = Recorded(
        weights[0], query[0], key[0], value[0], float(scale),
        None if position_bias is None else position_bias[0], None if allowed is None else allowed[0],
    )  # fmt: skip
    tape.keep(recorded)
    mixed = recorded.weights[None] @ value  # of the kept weights, so that gradients reach them
    if tape.gates is not None:
        mixed = mixed * tape.gates[len(tape.layers) - 1][:, None, None]
    return mixed.transpose(1, 2).contiguous(), weights


def _allowed(mask: torch.Tensor | None) -> torch.Tensor | None:
    """Return where a token may look; None if that is everywhere."""
    if mask is None:
        return None
    allowed = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
    return None if bool(allowed.all()) else allowed


@contextmanager
def recording(model: PreTrainedModel, gates: torch.Tensor | None = None) -> Iterator[Tape]:
    """Keep what a model's attention computes, for one text without padding at a time.

    What is exchanged for it is put back at the end, also after an error: the implementation, the methods of layers,
    hooks, and whether the model is in training.

    Parameters
    ----------
    gates
        See `Tape`.

    Raises
    ------
    ModelError
        At the end, if the model computed no attention, or not that of every layer.
    """
    tape = Tape(gates=gates)
    token, training = _tape.set(tape), model.training
    try:
        with ExitStack() as stack:
            stack.callback(model.train, training)
            model.eval()
            stack.enter_context(_listening(model, tape))
            yield tape
    finally:
        _tape.reset(token)
    _check(model, tape)


@contextmanager
def _listening(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    if getattr(model, "_supports_attention_backend", False):
        with _exchanged(model), _outputs_found(model, tape):
            yield
    elif families.known(model):
        with families.led_to(attend, model), _outputs_found(model, tape):
            yield
    else:
        with _asked(model, tape):
            yield


@contextmanager
def _exchanged(model: PreTrainedModel) -> Iterator[None]:
    """Have transformers call `attend` for this model."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    before = model.config._attn_implementation
    try:
        model.set_attn_implementation(NAME)
        yield
    finally:
        model.set_attn_implementation(before)


@contextmanager
def _outputs_found(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    """Note the linear map behind the heads of each layer: it is the first one computed after them."""

    def note(module: nn.Module, given: Any) -> None:
        if tape.layers and tape.layers[-1].output is None:
            tape.layers[-1].output = module  # type: ignore[assignment]

    hooks = [part.register_forward_pre_hook(note) for part in model.modules() if isinstance(part, nn.Linear)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _asked(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    """Ask a model that is built otherwise for its weights, the one thing that it can be asked for."""

    def keep(module: nn.Module, given: Any, output: Any) -> None:
        for weights in getattr(output, "attentions", None) or ():
            if weights is not None and weights.ndim == 4 and weights.shape[2] == weights.shape[3]:
                tape.layers.append(Recorded(weights[0]))

    config, hook = model.config, model.base_model.register_forward_hook(keep)
    before, asked = config._attn_implementation, config.output_attentions
    try:
        config._attn_implementation = "eager"
        config.output_attentions = True
        yield
    finally:
        config.output_attentions = asked
        config._attn_implementation = before
        hook.remove()


def _check(model: PreTrainedModel, tape: Tape) -> None:
    config = model.config
    wanted = int(getattr(config, "num_hidden_layers", 0)) * int(getattr(config, "inner_group_num", 1) or 1)
    if not tape.layers or len({layer.weights.shape for layer in tape.layers}) > 1:
        raise ModelError(
            f"a {config.model_type!r} model has no attention from every token to every token that could be shown.",
            "Choose an encoder of the BERT family.",
        )
    if len(tape.layers) != wanted:
        raise ModelError(
            f"{len(tape.layers)} layers of attention were found in a {config.model_type!r} model of {wanted}.",
            "Its attention cannot be shown.",
        )


def layers_of(tape: Tape) -> tuple[Layer, ...]:
    """Return what was kept beside the weights as arrays, in fp32."""
    return tuple(map(_layer, tape.layers))


def _layer(recorded: Recorded) -> Layer:
    allowed = recorded.allowed
    return Layer(
        query=_array(recorded.query),
        key=_array(recorded.key),
        value=_array(recorded.value),
        scale=recorded.scale,
        bias=_array(recorded.bias),
        allowed=None if allowed is None else allowed.expand(1, *recorded.weights.shape[1:])[0].cpu().numpy(),
        norms=_array(_norms(recorded)),
    )


def _array(tensor: torch.Tensor | None) -> Floats | None:
    return None if tensor is None else tensor.detach().float().cpu().numpy()


def _norms(recorded: Recorded) -> torch.Tensor | None:
    """Return ``|f(x)|`` of each token, ``f(x) = (x W_V + b_V) W_O`` (Kobayashi et al. 2020), ``(heads, tokens)``.

    ``W_O`` are the columns of the linear map behind the heads that read the head.
    """
    value, output = recorded.value, recorded.output
    if value is None or output is None or output.in_features != value.shape[0] * value.shape[2]:
        return None
    parts = output.weight.view(output.out_features, value.shape[0], value.shape[2])
    found: torch.Tensor = torch.einsum("htw,ohw->hto", value, parts).norm(dim=-1)
    return found

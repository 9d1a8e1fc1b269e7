"""Captures queries, keys, values, scores and weights of every layer while a model runs.

Within `recording`, transformers calls an attention function that records its inputs and its weights. The model is not
loaded again and needs no flag set before. Architectures with their own attention code are redirected by `families`.
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
from bertmagic.errors import ModelError, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel

    from bertmagic.attention.maps import Floats

NAME = "bertmagic_recording"
"""The name that this attention function is registered under in transformers."""


@dataclass
class Recorded:
    """What one layer computed for a batch of one text. Tensors are on the model's device.

    Attributes
    ----------
    weights
        ``softmax(scores)``, of shape ``(heads, tokens, tokens)``.
    query, key, value
        Of shape ``(heads, tokens, head width)``, after a rotary embedding if there is one; None if they could not be
        captured.
    scale
        The factor of the products of queries and keys.
    bias
        The term added to the scaled products, ``(1 or heads, tokens, tokens)``; None if there is none.
    allowed
        The attention mask, ``(1, tokens, tokens)``: True where a token may attend; None if every pair is allowed.
    output
        The output projection of the attention block.
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
    """The layers that were computed within `recording`, the first layer first.

    Attributes
    ----------
    gates
        Factors of the heads' outputs (Michel et al. 2019), of shape ``(layers, heads)``; None for 1.
    """

    layers: list[Recorded] = field(default_factory=list)
    gates: torch.Tensor | None = None

    def keep(self, recorded: Recorded) -> None:
        """Append one layer, with weights that can be differentiated by."""
        if torch.is_grad_enabled() and not recorded.weights.requires_grad:
            recorded.weights.requires_grad_()  # lower layers may be frozen
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
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute ``softmax(Q K^T scale + bias) V`` (Vaswani et al. 2017, eq. 1) and record it on the tape.

    Parameters
    ----------
    query, key, value
        Of shape ``(1, heads, tokens, head width)``.
    attention_mask
        Of shape ``(1, 1, 1 or tokens, tokens)``: boolean, True where a query may attend, or a term added to the scores.
    scaling
        By default ``1 / sqrt(head width)``.
    position_bias
        A term added to the scaled products, ``(1, heads, tokens, tokens)``.

    Returns
    -------
    tuple
        The heads' outputs, ``(1, tokens, heads, head width)``, and the weights, ``(1, heads, tokens, tokens)``.
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
    mixed = recorded.weights[None] @ value  # uses the recorded weights, so that gradients reach them
    if tape.gates is not None:
        mixed = mixed * tape.gates[len(tape.layers) - 1][:, None, None]
    return mixed.transpose(1, 2).contiguous(), weights


def _allowed(mask: torch.Tensor | None) -> torch.Tensor | None:
    """Return the boolean attention mask; None if every pair is allowed."""
    if mask is None:
        return None
    allowed = mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
    return None if bool(allowed.all()) else allowed


@contextmanager
def recording(model: PreTrainedModel, gates: torch.Tensor | None = None) -> Iterator[Tape]:
    """Record what a model's attention computes for one text without padding.

    Everything that is changed for it is restored at the end, also after an error: the attention implementation,
    methods of layers, hooks, and the training mode.

    Parameters
    ----------
    gates
        See `Tape`.

    Raises
    ------
    ModelError
        At the end, if not every layer's attention was recorded.
    """
    tape = Tape(gates=gates)
    token, training = _tape.set(tape), model.training
    try:
        with ExitStack() as stack:
            stack.callback(model.train, training)
            model.eval()
            stack.enter_context(_redirected(model, tape))
            yield tape
    finally:
        _tape.reset(token)
    _check(model, tape)


@contextmanager
def _redirected(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    if getattr(model, "_supports_attention_backend", False):
        with _registered(model), _output_projections_recorded(model, tape):
            yield
    elif families.is_supported(model):
        with families.redirected(attend, model), _output_projections_recorded(model, tape):
            yield
    else:
        with _weights_returned(model, tape):
            yield


@contextmanager
def _registered(model: PreTrainedModel) -> Iterator[None]:
    """Set `attend` as the model's attention implementation."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    original = model.config._attn_implementation
    try:
        model.set_attn_implementation(NAME)
        yield
    finally:
        model.set_attn_implementation(original)


@contextmanager
def _output_projections_recorded(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    """Record the output projection of each layer: the first linear layer that runs after its heads."""

    def record(module: nn.Module, inputs: Any) -> None:
        if tape.layers and tape.layers[-1].output is None:
            tape.layers[-1].output = module  # type: ignore[assignment]

    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    hooks = [module.register_forward_pre_hook(record) for module in linear]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _weights_returned(model: PreTrainedModel, tape: Tape) -> Iterator[None]:
    """Let any other model return its weights, the only thing that it can return."""

    def record(module: nn.Module, inputs: Any, output: Any) -> None:
        for weights in getattr(output, "attentions", None) or ():
            if weights is not None and weights.ndim == 4 and weights.shape[2] == weights.shape[3]:
                tape.layers.append(Recorded(weights[0]))

    config, hook = model.config, model.base_model.register_forward_hook(record)
    implementation, output_attentions = config._attn_implementation, config.output_attentions
    try:
        config._attn_implementation = "eager"
        config.output_attentions = True
        yield
    finally:
        config.output_attentions = output_attentions
        config._attn_implementation = implementation
        hook.remove()


def _check(model: PreTrainedModel, tape: Tape) -> None:
    config = model.config
    expected = int(getattr(config, "num_hidden_layers", 0)) * int(getattr(config, "inner_group_num", 1) or 1)
    if not tape.layers or len({layer.weights.shape for layer in tape.layers}) > 1:
        raise ModelError(
            f"a {config.model_type!r} model has no attention between all pairs of tokens that could be shown.",
            "Choose an encoder of the BERT family.",
        )
    if len(tape.layers) != expected:
        raise ModelError(
            f"attention of {count(len(tape.layers), 'layer')} was captured from a {config.model_type!r} model with "
            f"{count(expected, 'layer')}.",
            "Choose an encoder of the BERT family.",
        )


def layers_of(tape: Tape) -> tuple[Layer, ...]:
    """Return what was recorded besides the weights, as fp32 arrays."""
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

    ``W_O`` is the head's part of the output projection.
    """
    value, output = recorded.value, recorded.output
    if value is None or output is None or output.in_features != value.shape[0] * value.shape[2]:
        return None
    projections = output.weight.view(output.out_features, value.shape[0], value.shape[2])
    norms: torch.Tensor = torch.einsum("htw,ohw->hto", value, projections).norm(dim=-1)
    return norms

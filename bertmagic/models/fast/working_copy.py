"""A copy of a network's modules that shares its weights: what we make faster is changed there, and nowhere else.

The network that a user has stays a plain transformers model, also while another thread trains or predicts with it: its
modules, its config and its modes are never touched. A copy holds the same parameters and buffers, so it costs no
memory for weights, and an optimizer that moves the parameters of a copy moves those of the network.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from bertmagic.models.fast.attention import install_attention, install_traced
from bertmagic.models.fast.dropout import install_dropout
from bertmagic.models.fast.first_token import applies, compute_first_token_only

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    Module = TypeVar("Module", bound=torch.nn.Module)


def for_inference(model: PreTrainedModel, logits_only: bool) -> PreTrainedModel:
    """Return a copy that predicts, with the same outputs as the network but for rounding.

    Parameters
    ----------
    logits_only
        Whether only the logits of the head are read; a classifier then computes its last layer for the first token.
    """
    fast = share_weights(model, training=False)
    _speed_up(fast, logits_only)
    return fast


def for_training(model: PreTrainedModel, seed: int, logits_only: bool) -> PreTrainedModel:
    """Return a copy that learns; on a CPU its dropout masks come from a generator of its own.

    Parameters
    ----------
    seed
        Of that generator.
    logits_only
        See `for_inference`.
    """
    fast = share_weights(model, training=True)
    _speed_up(fast, logits_only)
    if fast.device.type == "cpu":
        install_dropout(fast, seed)
    return fast


def for_graph(model: PreTrainedModel, logits_only: bool) -> PreTrainedModel:
    """Return a copy on the CPU in fp32, of which a graph can be made.

    Parameters
    ----------
    logits_only
        See `for_inference`.
    """
    import torch

    copied = share_weights(model, training=False)
    if any(weights.device.type != "cpu" or weights.dtype != torch.float32 for weights in model.parameters()):
        copied = deepcopy(copied).to("cpu", torch.float32)
    if logits_only and applies(copied):
        install_traced(copied)
        compute_first_token_only(copied)
    else:
        copied.set_attn_implementation("eager")
    return copied


def _speed_up(fast: PreTrainedModel, logits_only: bool) -> None:
    """Install in a copy what makes predictions and training faster."""
    install_attention(fast)
    if logits_only:
        compute_first_token_only(fast)


def share_weights(model: Module, training: bool) -> Module:
    """Return a copy of all modules and configs, in training mode or not, with the same parameters and buffers."""
    return _copied(model, training, {})


def _copied(module: Module, training: bool, made: dict[int, Any]) -> Module:
    """Return the copy of a module; ``made`` holds the copies so far by the id of what they are of."""
    if id(module) in made:  # layers that are used twice stay one layer
        return made[id(module)]  # type: ignore[no-any-return]
    fast = made[id(module)] = object.__new__(type(module))
    state = vars(module).copy()
    for name, value in state.items():
        if type(value) is OrderedDict or name in ("_parameters", "_buffers"):  # hooks: those of a copy are its own
            state[name] = value.copy() if value else type(value)()
    state["training"] = training
    state["_modules"] = {
        name: None if child is None else _copied(child, training, made) for name, child in module._modules.items()
    }
    if (config := state.get("config")) is not None:
        state["config"] = made.setdefault(id(config), copy(config))
    vars(fast).update(state)
    return fast

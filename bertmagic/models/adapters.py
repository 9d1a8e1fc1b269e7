"""Low-rank adapters: small matrices that are trained while the weights are frozen, and merged into them afterwards.

Hu et al. 2021 ("LoRA: Low-Rank Adaptation of Large Language Models") add ``(alpha / rank) B A`` to the weight of a
linear layer, with ``A`` of ``(rank, in)`` and ``B`` of ``(out, rank)``. Gradients and moments are then those of a few
matrices and of the head. A model that is used, after a run or when it is loaded, is always a merged one: an ordinary
model of transformers, as fast as any. On disk it is merged, or an adapter in the format of peft with the model card.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import ModelError, OptionError, listing, nearest
from bertmagic.models import weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import torch
    from transformers import PreTrainedModel

LR = 5e-4
"""The default learning rate: that of RoBERTa-base in Hu et al. 2021, table 9, for most tasks."""

CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
"""The files of an adapter, as peft names them."""

_NAME, _DIGEST = "default", "base_sha256"
_PREFIX = "base_model.model."
_TARGETS = {
    "distilbert": ("q_lin", "v_lin"), "modernbert": ("Wqkv",), "deberta-v2": ("query_proj", "value_proj"),
    "mpnet": ("q", "v"), "deberta": ("in_proj",),
    **dict.fromkeys(
        ("bert", "roberta", "xlm-roberta", "camembert", "electra", "albert", "mobilebert"), ("query", "value")
    ),
}  # fmt: skip
"""The projections that get an adapter, by the kind of model: of queries and values (Hu et al. 2021, section 7.1)."""


@dataclass(frozen=True)
class Settings:
    """Size and place of the adapters, and the other modules that are trained."""

    rank: int
    alpha: float
    targets: tuple[str, ...]
    head: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adapter:
    """What was trained: settings, the tensors by their names in the model, and the base that they belong to.

    ``base`` is what to load (an alias, a folder or a hub id) and ``sha256`` the digest of its weights.
    """

    settings: Settings
    tensors: Mapping[str, torch.Tensor]
    base: str
    sha256: str


def require() -> None:
    """Raise an `OptionError` with what to install, if peft is missing."""
    if importlib.util.find_spec("peft") is None:
        raise OptionError(
            'adapt = "lora" needs peft, which is not installed.', 'Install it: pip install "bertmagic[lora]"'
        )


def settings(model: PreTrainedModel, rank: int, alpha: float | None, targets: Sequence[str] = ()) -> Settings:
    """Return what was asked for, with the defaults for this kind of model.

    Raises
    ------
    OptionError
        If the model has no such linear layers, or none are known for its kind.
    """
    kind = str(model.config.model_type)
    chosen = tuple(targets) or _TARGETS.get(kind, ())
    there = _linear(model)
    if not chosen:
        raise OptionError(f"which layers of a {kind!r} model get adapters is not known.", _one_of(there))
    for name in chosen:
        if name not in there:
            raise OptionError(f"lora_targets has {name!r}: no such linear layer.{nearest(name, there)}", _one_of(there))
    return Settings(rank, float(alpha if alpha is not None else 2 * rank), chosen, _head(model))


def inject(model: PreTrainedModel, wanted: Settings) -> str:
    """Give a model its adapters, freeze all else but the head, and say in one line what is trained.

    An adapter begins as nothing: ``B`` is zero.
    """
    from peft import LoraConfig, inject_adapter_in_model

    from bertmagic.models.fast import first_token  # it imports torch, which the folder of a model is read without

    model.requires_grad_(False)
    known = LoraConfig(r=wanted.rank, lora_alpha=wanted.alpha, target_modules=list(wanted.targets))
    inject_adapter_in_model(known, model.base_model, adapter_name=_NAME)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".lora_" in name or _of_head(name, wanted))
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    trained = sum(size for size, wants in sizes if wants)
    share = (
        f"{trained / 1e6:.2f} M of {sum(size for size, _ in sizes) / 1e6:.1f} M parameters train, the head's among them"
    )
    where = f"{' and '.join(wanted.targets)} of {len(first_token.stack(model))} layers"
    return f"LoRA of rank {wanted.rank}, alpha {wanted.alpha:g}, on {where}: {share}."


def present(model: torch.nn.Module) -> bool:
    """Whether a model has adapters that are not merged."""
    return any(".lora_" in name for name, _ in model.named_parameters())


def state(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return the tensors that a run changes, by name: of a model with adapters what is trained, else all."""
    if not present(model):
        return dict(model.state_dict())
    return {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}


def restore(model: PreTrainedModel, saved: Mapping[str, torch.Tensor]) -> None:
    """Put back what `state` gave."""
    model.load_state_dict(saved, strict=not present(model))


def merge(model: PreTrainedModel) -> None:
    """Add the adapters to their weights; the result is a plain model."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.base_layer)
    vars(model.base_model).pop("peft_config", None)  # else the next adapters would be taken for further ones


def write(folder: Path, adapter: Adapter) -> None:
    """Write an adapter as peft does, so that peft and transformers read it, too."""
    from peft import LoraConfig
    from safetensors.torch import save_file

    wanted = adapter.settings
    config = LoraConfig(
        r=wanted.rank, lora_alpha=wanted.alpha, target_modules=list(wanted.targets),
        modules_to_save=list(wanted.head), base_model_name_or_path=adapter.base, inference_mode=True,
    )  # fmt: skip
    config.save_pretrained(str(folder))
    named = {_PREFIX + name.replace(f".{_NAME}.", "."): value for name, value in adapter.tensors.items()}
    kept = {name: value.detach().cpu().contiguous() for name, value in named.items()}
    save_file(kept, folder / TENSORS, {"format": "pt", _DIGEST: adapter.sha256})


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter instead of whole weights."""
    return (folder / CONFIG).is_file() and not (folder / "model.safetensors").is_file()


def check_alone(folder: Path) -> None:
    """Raise a `ModelError` if a folder has whole weights and an adapter: transformers would add one to the other."""
    if (folder / CONFIG).exists() and not is_adapter(folder):
        raise ModelError(
            f"{folder} has whole weights and an adapter, and which of them is meant is not known.",
            f"Remove {CONFIG} there to use the weights, or model.safetensors to use the adapter on its base.",
        )


def base(folder: Path) -> Path:
    """Return the folder of the weights that an adapter belongs to.

    Raises
    ------
    ModelError
        If they are not on this disk, or not those that the adapter was trained with.
    """
    named = str(_config(folder)["base_model_name_or_path"])
    base = weights.on_disk(named)
    if base is None:
        raise ModelError(
            f"the adapter in {folder} needs its base {named[:100]!r}, which is not on this disk.",
            f"What a file names is not fetched from the hub. If you trust it: %bert_load {named[:100]}, then again.",
        )
    weights_folder = base.folder
    if (was := _saved_digest(folder)) and was != digest(weights_folder):
        raise ModelError(
            f"the adapter in {folder} was trained with other weights than {named} has now.", "Train it again."
        )
    return weights_folder


def _config(folder: Path) -> dict[str, Any]:
    # What peft leaves out has its defaults.
    config = {"r": 8, "lora_alpha": 8, **json_files.read_object(folder / CONFIG, "Save or download it again.")}
    rank, alpha, targets = config.get("r"), config.get("lora_alpha"), config.get("target_modules")
    head, base = config.get("modules_to_save") or [], config.get("base_model_name_or_path")
    named = all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in (targets, head))
    sizes = _is_size(rank) and _is_size(alpha)
    if config.get("peft_type") == "LORA" and base and isinstance(base, str) and named and targets and sizes:
        _check_plain(folder, config)
        return config
    raise ModelError(
        f"{folder / CONFIG} is not the config of a LoRA adapter.", "Give a model, or an adapter that bertmagic saved."
    )


def _check_plain(folder: Path, config: Mapping[str, Any]) -> None:
    """Raise a `ModelError` if an adapter is more than ``(alpha / rank) B A``: it would be merged wrong.

    ``init_lora_weights`` such as ``"pissa"`` says that the weights of the base were changed, too.
    """
    used = [name for name in _CHANGES if config.get(name) not in (None, False, {}, [], "none")]
    if isinstance(how := config.get("init_lora_weights"), str) and how != "gaussian":
        used.append("init_lora_weights")
    if used:
        raise ModelError(
            f"the adapter in {folder} uses what is not read here: {listing(used)}.",
            "Merge it with peft, as in model.merge_and_unload().save_pretrained(NEW_FOLDER), and give that folder.",
        )


_CHANGES = (
    "use_rslora", "use_dora", "use_qalora", "use_bdlora", "alpha_pattern", "rank_pattern", "bias", "lora_bias",
    "layer_replication", "alora_invocation_tokens", "trainable_token_indices", "target_parameters",
)  # fmt: skip
"""Settings of peft that change what an adapter adds, or where."""


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _MOST


_MOST = 100_000
"""No adapter has such a rank: a larger one is damage, and would take all memory."""


def _saved_digest(folder: Path) -> str:
    from safetensors import safe_open

    with safe_open(folder / TENSORS, framework="pt") as file:
        return str((file.metadata() or {}).get(_DIGEST, ""))


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a folder by their names in a model with adapters."""
    from safetensors.torch import load_file

    saved = load_file(folder / TENSORS)
    ends = (".lora_A.", ".lora_B.")
    return {
        next((name.replace(end, f"{end}{_NAME}.") for end in ends if end in name), name).removeprefix(_PREFIX): value
        for name, value in saved.items()
    }


def apply(model: PreTrainedModel, folder: Path) -> set[str]:
    """Bring the adapter of a folder into its base, merged, and return the names of the tensors it brought.

    Raises
    ------
    ModelError
        If it does not fit the model.
    """
    require()
    config, saved = _config(folder), tensors(folder)
    head = tuple(config.get("modules_to_save") or ())
    inject(model, Settings(int(config["r"]), float(config["lora_alpha"]), tuple(config["target_modules"]), head))
    try:
        unexpected = model.load_state_dict(saved, strict=False).unexpected_keys
    except RuntimeError as error:
        raise _unfitting(folder, str(error).split("\n")[-1].strip()) from None
    if unexpected:
        raise _unfitting(folder, f"it has {listing(unexpected, 2)}")
    brought = {model.get_parameter(name).data_ptr() for name in saved}
    named = {name for name, value in model.state_dict().items() if value.data_ptr() in brought}  # also tied ones
    merge(model)
    return named


def digest(folder: Path) -> str:
    """Return the SHA-256 of the weights of a base, which an adapter is of no use without."""
    sha256 = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            sha256.update(hashlib.file_digest(file, "sha256").digest())
    return sha256.hexdigest()


def _unfitting(folder: Path, why: str) -> ModelError:
    return ModelError(f"the adapter in {folder} does not fit its base: {why}.", "Train it again.")


def _linear(model: PreTrainedModel) -> list[str]:
    """Return the names that the linear layers of the encoder have where they are, each once."""
    from torch import nn

    inside = model.base_model.named_modules()
    return list(dict.fromkeys(name.rpartition(".")[2] for name, module in inside if isinstance(module, nn.Linear)))


def _one_of(names: Sequence[str]) -> str:
    return f"Give lora_targets, of {listing(names, 12)}."


def _head(model: PreTrainedModel) -> tuple[str, ...]:
    """Return the modules that are trained as they are: the head, and BERT's pooler, which is a part of it."""
    outside = [
        name for name, child in model.named_children() if child is not model.base_model and _has_parameters(child)
    ]
    pooler = getattr(model.base_model, "pooler", None)
    return (*outside, *(("pooler",) if pooler is not None else ()))


def _has_parameters(module: torch.nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _of_head(name: str, wanted: Settings) -> bool:
    return any(part in wanted.head for part in name.split(".")[:2])

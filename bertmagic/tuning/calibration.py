"""What one kind of model costs on this machine: measured once in some seconds, and kept on disk.

Nothing of it needs weights: a model of the same config with random ones takes the same time and the same memory.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.models import adapters, devices, dropout, heap, kernels, layers, loading
from bertmagic.training import runs
from bertmagic.training.events import Listener, Phase
from bertmagic.training.freezing import freeze
from bertmagic.training.optimizer import adamw
from bertmagic.training.recomputing import recomputing

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.options import Finetune

LENGTHS = (8, 32, 128, 500)
"""The lengths that are measured, in tokens, with as many rows as make a batch of `_SLOTS`; between them it is
interpolated."""

_SLOTS = 1024
_REPEATS = 2
_VERSION = 2


@dataclass(frozen=True)
class Calibration:
    """The costs of a model on this machine.

    Attributes
    ----------
    lengths
        The lengths in tokens that were measured.
    train, read
        Seconds a row of each length takes in a step of training, forward and backward, and in a forward pass.
    launch
        Seconds of a pass whatever its rows: what a small batch mostly takes.
    update
        Seconds of the optimizer's part of a step.
    kept
        Bytes that a row of each length keeps for the backward pass.
    shared
        Bytes that a pass keeps whatever its rows, such as weights in another number format.
    parameters, trained, embeddings
        How many parameters the model has, how many of them train, and how many word embeddings are among these.
    width
        Of the word embeddings.
    """

    lengths: tuple[int, ...]
    train: tuple[float, ...]
    read: tuple[float, ...]
    launch: float
    update: float
    kept: tuple[float, ...]
    shared: float
    parameters: int
    trained: int
    embeddings: int
    width: int

    def at(self, of: tuple[float, ...], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return a cost for each length, along straight lines between those that were measured."""
        known = np.asarray(self.lengths, float)
        a_token = np.interp(lengths, known, np.asarray(of) / known)  # nearly flat, so that little is interpolated
        return np.asarray(a_token * lengths, float)


def of(folder: Path, options: Finetune, emit: Listener) -> Calibration:
    """Return the calibration for the model in a folder, from the disk if this machine has made it before.

    Parameters
    ----------
    options
        Of the run; precision, device and what is trained matter.
    """
    device = devices.choose(options.device)
    number_format, _ = devices.precision(options.precision, device)
    key = _key(folder, options, str(device), number_format)
    path = runs.home() / "cache" / "calibration" / f"{key}.json"
    if (found := _read(path)) is not None:
        return found
    emit(Phase(f"timing {folder.name} on {device}, once", 0, len(LENGTHS) + 1, "lengths"))
    model = _random_model(folder, options).to(device)
    found = measure(model, number_format, options, emit)
    del model
    devices.release(device)
    runs.made_folder("")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")
    return found


def _read(path: Path) -> Calibration | None:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
        return Calibration(**values)
    except (OSError, ValueError, TypeError):
        return None


def _key(folder: Path, options: Finetune, device: str, number_format: str) -> str:
    import torch

    config = {name: value for name, value in loading.config(folder).items() if not name.startswith("_")}
    machine = [platform.node(), platform.machine(), torch.get_num_threads(), device, torch.__version__]
    chosen = [getattr(options, name) for name in _MATTERS]
    text = json.dumps([_VERSION, config, machine, number_format, chosen], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


_MATTERS = ("adapt", "lora_rank", "lora_targets", "freeze", "gradient_checkpointing", "attention_dropout")
"""The options that change what a row costs."""


def _random_model(folder: Path, options: Finetune) -> PreTrainedModel:
    """Return a classifier of a folder's config, as a run would have it, with random weights."""
    import torch
    import transformers

    base = adapters.base(folder) if adapters.is_adapter(folder) else folder
    with loading.alone, loading.quiet(), torch.random.fork_rng(devices=[]):
        config = transformers.AutoConfig.from_pretrained(base, local_files_only=True, num_labels=2)
        model: PreTrainedModel = transformers.AutoModelForSequenceClassification.from_config(config)
    if options.adapt == "lora":
        wanted = adapters.settings(model, options.lora_rank, options.lora_alpha, options.lora_targets)
        adapters.inject(model, wanted)
    for module in model.modules():
        if hasattr(module, "dropout") and "Attention" in type(module).__name__ and hasattr(module.dropout, "p"):
            module.dropout.p = options.attention_dropout
    return model


def measure(model: PreTrainedModel, number_format: str, options: Finetune, emit: Listener) -> Calibration:
    """Measure a model on its device."""
    kernels.use(model)
    layers.use(model)
    if model.device.type == "cpu":
        dropout.use(model, 0)
    freeze(model, options.freeze)
    model.train()
    limit = int(getattr(model.config, "max_position_embeddings", 512) or 512)
    lengths = tuple(length for length in LENGTHS if length <= limit - 2) or (max(4, limit - 2),)
    timed = []
    with recomputing(model) if options.gradient_checkpointing else nullcontext(), heap.kept():
        _pass(model, 4, 8, number_format)  # the first one starts threads and chooses kernels
        few = min(_pass(model, 2, lengths[0], number_format) for _ in range(_REPEATS + 2))
        launch = max(0.0, few - 2 * _timed(model, _SLOTS // lengths[0], lengths[0], number_format, 0.0)[0])
        for at, length in enumerate(lengths):
            timed.append(_timed(model, max(2, _SLOTS // length), length, number_format, launch))
            emit(Phase("timing the model, once", at + 1, len(lengths) + 1, "lengths"))
        shared, kept = _kept(model, lengths, number_format)
        update = _update(model)
        emit(Phase("timing the model, once", len(lengths) + 1, len(lengths) + 1, "lengths"))
    embedding = model.get_input_embeddings().weight
    return Calibration(
        lengths, tuple(a for a, _ in timed), tuple(b for _, b in timed), launch, update, kept, shared,
        sum(p.numel() for p in model.parameters()),
        sum(p.numel() for p in model.parameters() if p.requires_grad),
        embedding.numel() if embedding.requires_grad else 0, embedding.shape[-1],
    )  # fmt: skip


def _ids(model: PreTrainedModel, rows: int, length: int) -> dict[str, torch.Tensor]:
    import torch

    ids = torch.arange(rows * length).reshape(rows, length) % (model.config.vocab_size - 10) + 5
    return {"input_ids": ids.to(model.device), "attention_mask": torch.ones_like(ids).to(model.device)}


def _pass(model: PreTrainedModel, rows: int, length: int, number_format: str, backward: bool = True) -> float:
    """Make one pass and return its seconds."""
    import torch

    given = _ids(model, rows, length)
    began = time.perf_counter()
    with torch.set_grad_enabled(backward), devices.autocast(model.device, number_format):
        outputs = model(**given).logits
    if backward:
        outputs.float().logsumexp(-1).sum().backward()
    _wait(model.device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _timed(model: PreTrainedModel, rows: int, length: int, number_format: str, launch: float) -> tuple[float, float]:
    """Return the seconds of a row in training and in reading: the least of some passes, without their launch."""
    train = min(_pass(model, rows, length, number_format) for _ in range(_REPEATS + 1))
    model.eval()
    read = min(_pass(model, rows, length, number_format, backward=False) for _ in range(_REPEATS))
    model.train()
    return max(train - launch, 0.5 * train) / rows, read / rows


def _kept(model: PreTrainedModel, lengths: tuple[int, ...], number_format: str) -> tuple[float, tuple[float, ...]]:
    """Return the bytes that a pass keeps whatever its rows, and those a row of each length keeps."""
    few, many = 2, 4
    found = [
        (_saved(model, few, length, number_format), _saved(model, many, length, number_format)) for length in lengths
    ]
    kept = tuple((more - less) / (many - few) for less, more in found)
    shared = min(less - few * row for (less, _), row in zip(found, kept, strict=True))
    return max(0.0, shared), kept


def _saved(model: PreTrainedModel, rows: int, length: int, number_format: str) -> float:
    """Return the bytes of all tensors that a forward pass keeps for the backward pass, but for the weights."""
    import torch

    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    seen: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    watched = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with watched, devices.autocast(model.device, number_format):
        outputs = model(**_ids(model, rows, length)).logits
    del outputs
    return float(sum(seen.values()))


def _update(model: PreTrainedModel) -> float:
    """Return the seconds of an update of all that is trained, in proportion, without the word embeddings."""
    import torch

    embedding = model.get_input_embeddings().weight
    before = embedding.requires_grad
    embedding.requires_grad_(False)  # a run updates only the rows of tokens in use
    optimizer = adamw(model, 0.01)
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    found = []
    for _ in range(_REPEATS + 1):
        began = time.perf_counter()
        torch.nn.utils.get_total_norm([p.grad for p in trained if p.grad is not None])
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        _wait(model.device)
        found.append(time.perf_counter() - began)
    optimizer.zero_grad(set_to_none=True)
    embedding.requires_grad_(before)
    return min(found)

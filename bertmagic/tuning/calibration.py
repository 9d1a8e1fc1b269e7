"""The cost of a model on this machine in seconds and bytes: measured once in some seconds, and cached on disk.

No weights are needed: a model of the same config with random weights takes the same time and memory. What is timed are
training steps as in a run, with its kernels, dropout and optimizer, on batches of one length each. Long and short
batches take turns, so that a slow moment of the machine affects all of them. The model of the cost is linear: a fixed
cost of each pass, and a cost of each row that depends on its length.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokens import Tokens
from bertmagic.disk import files, json_files
from bertmagic.errors import FileError
from bertmagic.events import Listener, Phase, ignore
from bertmagic.inference.forward import TOKEN_BUDGET, run_model
from bertmagic.models import adapters, devices, loading, mean_layer
from bertmagic.models.fast import allocator
from bertmagic.models.fast.working_copy import for_training
from bertmagic.models.torch_defaults import torch_defaults
from bertmagic.run import folders
from bertmagic.training.freezing import freeze
from bertmagic.training.gradient_checkpointing import recompute_activations
from bertmagic.training.objective import Objective
from bertmagic.training.optimizer import adamw, norm_of
from bertmagic.training.plan import Plan
from bertmagic.training.step import Stepper
from bertmagic.workflows import setup as work
from bertmagic.workflows.resolve import place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.options import Finetune

LENGTHS = (8, 32, 128, 500)
"""The measured lengths in tokens, in batches of `_BATCH_TOKENS` tokens; costs between them are interpolated."""

_BATCH_TOKENS = 1024
_REPEATS = 5
"""Timings of each batch; the median counts. Some machines are twice as fast for a second after a pause, which would
distort the median of fewer timings."""

_SHAPES = 6
"""How many new batch shapes are timed. They have few rows, so that memory grows only by what is compiled."""

_VERSION = 10


@dataclass(frozen=True)
class Calibration:
    """The cost of a model on this machine.

    Attributes
    ----------
    lengths
        The measured lengths, in tokens.
    train, read
        Seconds per row of each length, in a training step (forward and backward) and in a prediction.
    per_pass
        Fixed seconds of a pass: most of the time of a small batch.
    new_shape
        Additional seconds of the first batch of a shape; see `bertmagic.data.batches.padded`.
    compiled
        Bytes that stay in memory for each shape.
    update
        Seconds of an optimizer update, without the word embeddings.
    kept
        Bytes per row of each length that are kept for the backward pass.
    shared
        Fixed bytes that a pass keeps, such as weights in another number format.
    at_peak
        Additional bytes of a step at its peak, beyond what it keeps and `reading`: gradients, and heap fragmentation.
    reading
        Temporary bytes per token in a forward pass without gradients.
    parameters, trained, embeddings
        Number of parameters, of those that are trained, and of those of them that are word embeddings.
    words
        Number of parameters of the word embeddings, trained or not.
    width
        Width of the word embeddings.
    """

    lengths: tuple[int, ...]
    train: tuple[float, ...]
    read: tuple[float, ...]
    per_pass: float
    new_shape: float
    compiled: float
    update: float
    kept: tuple[float, ...]
    shared: float
    at_peak: float
    reading: float
    parameters: int
    trained: int
    embeddings: int
    words: int
    width: int

    def at(self, costs: tuple[float, ...], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return a cost for each length by linear interpolation between the measured lengths."""
        known = np.asarray(self.lengths, float)
        per_token = np.interp(lengths, known, np.asarray(costs) / known)  # nearly flat, so that little is interpolated
        return np.asarray(per_token * lengths, float)


def load_or_measure(folder: Path, options: Finetune, emit: Listener) -> Calibration:
    """Return the calibration of the model in a folder, from the cache if this machine has measured it before.

    The random states of the process do not change.

    Parameters
    ----------
    options
        Options of the run; the precision, the device, the pooling and what is trained matter.
    """
    import torch

    device, number_format, _ = place(options.device, options.precision)
    key = _key(folder, options, str(device), number_format)
    path = folders.home() / "cache" / "calibration" / f"{key}.json"
    if (cached := _read(path)) is not None:
        return cached
    emit(Phase(f"timing {folder.name} on {device}, once", 0, _REPEATS + 1, "rounds"))
    with torch_defaults(), torch.random.fork_rng([device] if device.type == "cuda" else []):
        model = _random_model(folder, options)
        work.place_network(model, folder.name, device)
        freeze(model, options.freeze)
        costs = measure(model, number_format, emit, options.gradient_checkpointing)
    del model
    devices.release(device)
    with suppress(FileError):  # without a cache it is measured again
        folders.made(path.parent)
        files.write_json(path, asdict(costs))
    return costs


def _read(path: Path) -> Calibration | None:
    try:
        cached = json_files.read_object(path)
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in cached.items()}
        return Calibration(**values)
    except (FileError, TypeError):
        return None


def _key(folder: Path, options: Finetune, device: str, number_format: str) -> str:
    import torch

    config = {name: value for name, value in loading.config(folder).items() if not name.startswith("_")}
    machine = [platform.node(), platform.machine(), torch.get_num_threads(), device, torch.__version__]
    chosen = [getattr(options, name) for name in MATTERS]
    text = json.dumps([_VERSION, config, machine, number_format, chosen], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


MATTERS = ("pooling", "adapt", "lora_rank", "lora_targets", "freeze", "gradient_checkpointing", "attention_dropout")
"""The options that change the cost of a row."""


def _random_model(folder: Path, options: Finetune) -> PreTrainedModel:
    """Return a classifier of a folder's config with random weights, with adapters and dropout as in the run."""
    import transformers

    base = adapters.base(folder) if adapters.is_adapter(folder) else folder
    with loading.alone, loading.quiet():
        changes = work.attention_dropout(base, options)
        config = loading.network_config(base, num_labels=2, **changes)
        model: PreTrainedModel = transformers.AutoModelForSequenceClassification.from_config(config)
    if options.pooling == "mean" and mean_layer.fits(model):
        mean_layer.add(model)
    if options.adapt == "head":
        freeze(model, "encoder")
    if options.adapt == "lora":
        wanted = adapters.settings(model, options.lora_rank, options.lora_alpha, options.lora_targets)
        adapters.inject(model, wanted)
    return model


def measure(
    model: PreTrainedModel, number_format: str, emit: Listener, gradient_checkpointing: bool = False
) -> Calibration:
    """Measure a model that is on its device, with the frozen layers of the run."""
    limit = loading.positions(model)
    lengths = tuple(length for length in LENGTHS if length <= limit) or (limit,)
    embedding = model.get_input_embeddings().weight
    parameters = list(model.parameters())
    sizes = sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)
    embeddings = embedding.numel() if embedding.requires_grad else 0
    shared, kept = _kept(_training_copy(model, gradient_checkpointing), lengths, number_format)
    read, reading = _predictions(model, lengths, number_format)
    update = _update(model)
    plan = _plan(number_format, gradient_checkpointing)
    train, per_pass, new_shape, compiled, grown = _steps(model, lengths, plan, update, emit)
    most = max(shared + row * _rows(length) for length, row in zip(lengths, kept, strict=True))
    at_peak = max(0.0, grown - most - reading * _BATCH_TOKENS)
    return Calibration(
        lengths, train, read, per_pass, new_shape, compiled, update, kept, shared, at_peak, reading, *sizes, embeddings,
        embedding.numel(), embedding.shape[-1],
    )  # fmt: skip


def _training_copy(model: PreTrainedModel, gradient_checkpointing: bool) -> PreTrainedModel:
    copy = for_training(model, seed=0, logits_only=True)
    if gradient_checkpointing:
        recompute_activations(copy)
    return copy


def _rows(length: int) -> int:
    return max(2, _BATCH_TOKENS // length)


def _feed(model: PreTrainedModel, lengths: list[int]) -> BatchSource:
    """Return samples of the given lengths, without padding."""
    ids = (np.arange(sum(lengths)) % min(2000, model.config.vocab_size - 10) + 5).astype(np.int32)
    offsets = np.cumsum([0, *lengths]).astype(np.int64)
    return BatchSource(Tokens(ids, offsets, 0, 0.0), 0, np.zeros(len(lengths), np.int64))


def _predictions(
    model: PreTrainedModel, lengths: tuple[int, ...], number_format: str
) -> tuple[tuple[float, ...], float]:
    """Return seconds per row of each length in a prediction, and temporary bytes per token."""
    seconds = []
    for length in lengths:
        predict = partial(run_model, model, _feed(model, [length] * _rows(length)), number_format)
        seconds.append(median(_seconds(model, predict) for _ in range(_REPEATS)))
    budget, length = TOKEN_BUDGET[model.device.type], lengths[-2] if len(lengths) > 1 else lengths[0]
    full = _feed(model, [length] * (budget // length))
    grown = _grown(model, lambda: run_model(model, full, number_format)) / len(full.tokens.ids)
    return tuple(took / _rows(length) for took, length in zip(seconds, lengths, strict=True)), grown


def _steps(
    model: PreTrainedModel, lengths: tuple[int, ...], plan: Plan, update: float, emit: Listener
) -> tuple[tuple[float, ...], float, float, float, float]:
    """Time training steps.

    Returns
    -------
    tuple
        Seconds per row of each length, per pass and per new shape; bytes per new shape, and of all steps at the peak.
    """
    feed = _feed(model, [length for length in lengths for _ in range(_rows(length))])
    ends = np.cumsum([_rows(length) for length in lengths])
    stepper = Stepper(model, feed, plan, Objective(_total), ignore)
    most = _rows(lengths[0])
    few = max(1, most // 16)
    batches = [np.arange(few)] + [
        np.arange(end - _rows(length), end) for length, end in zip(lengths, ends, strict=True)
    ]
    timings: list[list[float]] = []

    def rounds() -> None:
        stepper.step([batches[-1]], 1e-9, 1)  # the first step starts threads and allocates memory
        for turn in range(_REPEATS + 1):
            timings.append([_seconds(model, partial(stepper.step, [rows], 1e-9, 1)) for rows in batches])
            emit(Phase("timing the model, once", turn + 1, _REPEATS + 1, "rounds"))
        before = devices.process_memory()  # from here on memory grows only by what is compiled
        for rows in new:
            once, again = (_seconds(model, partial(stepper.step, [rows], 1e-9, 1)) for _ in range(2))
            slower.append(max(0.0, once - again))
        compiled.append(max(0, devices.process_memory() - before) if model.device.type == "cpu" else 0)

    new = [np.arange(few + more) for more in range(1, min(most - few, 2 * _SHAPES), 2)]
    slower: list[float] = []
    compiled: list[int] = []
    try:
        grown = _grown(model, rounds) - sum(compiled)
    finally:
        stepper.optimizer.zero_grad(set_to_none=True)
    few_seconds, *many = [median(seconds) for seconds in zip(*timings[1:], strict=True)]
    fixed = max(0.0, (few_seconds * most - many[0] * few) / (most - few)) if most > few else 0.0
    fixed = max(min(fixed, few_seconds), min(update, few_seconds))
    train = tuple((took - min(fixed, took / 2)) / _rows(length) for took, length in zip(many, lengths, strict=True))
    return train, max(0.0, fixed - update), median(slower or [0.0]), sum(compiled) / max(1, len(new)), grown


def _plan(number_format: str, gradient_checkpointing: bool) -> Plan:
    return Plan(
        steps=1, batch_size=1, lr=0.0, warmup=0.0, weight_decay=0.01, schedule="constant", seed=0, eval_every=None,
        patience=None, metric="loss", higher_is_better=False, precision=number_format,
        gradient_checkpointing=gradient_checkpointing,
    )  # fmt: skip


def _total(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")


def _seconds(model: PreTrainedModel, work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    _wait(model.device)
    return time.perf_counter() - began


def _grown(model: PreTrainedModel, work: Callable[[], Any]) -> float:
    """Return the bytes by which the process grows at the peak of some work.

    On a GPU PyTorch has the peak. On a CPU freed memory is kept during the work, as in a run, so its end is the peak.
    """
    import torch

    device = model.device
    devices.release(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return float(torch.cuda.max_memory_allocated(device) - before)
    with allocator.kept():
        before = devices.process_memory()
        work()
        return float(max(0, devices.process_memory() - before))


def _ids(model: PreTrainedModel, rows: int, length: int) -> dict[str, torch.Tensor]:
    import torch

    ids = torch.arange(rows * length).reshape(rows, length) % (model.config.vocab_size - 10) + 5
    return {"input_ids": ids.to(model.device), "attention_mask": torch.ones_like(ids).to(model.device)}


def _wait(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _kept(model: PreTrainedModel, lengths: tuple[int, ...], number_format: str) -> tuple[float, tuple[float, ...]]:
    """Return the fixed bytes that a pass keeps, and the bytes per row of each length."""
    few, many = 2, 4
    saved = [
        (_saved(model, few, length, number_format), _saved(model, many, length, number_format)) for length in lengths
    ]
    kept = tuple((more - less) / (many - few) for less, more in saved)
    shared = min(less - few * row for (less, _), row in zip(saved, kept, strict=True))
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
        return tensor.detach()  # the tensor itself would keep the node that keeps it, and all of it for good

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
    seconds = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        norm_of([p.grad for p in trained if p.grad is not None])
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        _wait(model.device)
        seconds.append(time.perf_counter() - began)
    optimizer.zero_grad(set_to_none=True)
    embedding.requires_grad_(before)
    return median(seconds)

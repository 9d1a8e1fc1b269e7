"""A run put together, up to its first step: read, check, tokenize, load."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data import cache, checks, tables
from bertmagic.data.tokens import SpecialTokens, longest_overlap
from bertmagic.errors import OptionError, listing
from bertmagic.events import Listener, Note, Phase, counting, downloading
from bertmagic.inference.forward import run_model
from bertmagic.models import adapters, catalogue, devices, heads, loading, weights
from bertmagic.models.fast import allocator
from bertmagic.options import LOWER_IS_BETTER
from bertmagic.run import checkpoints, folders
from bertmagic.tasks import Task, find, infer
from bertmagic.training.freezing import freeze
from bertmagic.training.plan import Plan, count_steps, default_epochs, steps_an_epoch
from bertmagic.workflows.prepare import Prepared, asked, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import BatchSource
    from bertmagic.data.checks import LabelledRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.models.adapters import Adapter
    from bertmagic.options import Finetune, Precision, Pretrain


@dataclass(frozen=True)
class Setup:
    """Everything that a run has put together before its first step."""

    options: Finetune | Pretrain
    prepared: Prepared
    found: weights.Weights
    tokenizer: PreTrainedTokenizerBase
    parts: dict[str, Tokens]
    network: PreTrainedModel
    facts: dict[str, Any]
    adapter: Adapter | None = None

    def feed(self, part: str) -> BatchSource:
        """Return what the model learns from, or is measured on: the part is train, validation or test."""
        pad_id: Any = self.tokenizer.pad_token_id
        segments = heads.reads_segments(self.network)
        return self.prepared.task.feed(self.parts[part], self.rows(part), pad_id, segments, self.options.seed)

    def rows(self, part: str) -> LabelledRows:
        """Return the rows of a part."""
        found: LabelledRows = getattr(self.prepared, part)
        return found

    def scores(
        self, part: str, after_batch: Callable[[int], None] = lambda done: None, network: PreTrainedModel | None = None
    ) -> Any:
        """Return the outputs of the model for a part, or those of another network than `network`."""
        task, computing = self.prepared.task, network or self.network
        return run_model(computing, self.feed(part), self.options.precision, after_batch, task.outputs)


@contextmanager
def set_up(
    options: Finetune | Pretrain, emit: Listener, resumed: checkpoints.Checkpoint | None = None
) -> Iterator[Setup]:
    """Put a run together, seeded, for as long as it goes on.

    Raises
    ------
    BertMagicError
        If data, model, device or options cannot be used; before the model is loaded where that can be known.
    """
    _check_adapt(options)
    prepared = read(options, emit)
    forced: dict[str, Any] = {"long_text": prepared.task.long_text} if prepared.task.long_text else {}
    options = replace(options, metric=metric(options, prepared.task), **forced)
    found = weights.find(str(options.model), downloading(emit), folders.names())
    tokenizer = loading.tokenizer(found.folder)
    longest = max_length(options, loading.limit(found.folder, tokenizer))
    _check_stride(options, longest, tokenizer, len(prepared.task.inputs) > 1)
    device = devices.choose(options.device)
    number_format, why = devices.precision(options.precision, device)
    options = replace(
        options,
        lr=options.lr or (adapters.LR if options.adapt == "lora" else found.lr),
        max_length=longest,
        device=str(device),
        precision=cast("Precision", number_format),
    )
    kept = cache.Cache(folders.home(), tokenizer, longest, options.long_text, found.folder, options.stride)
    parts = {
        name: prepared.task.encode(kept, rows, counting(emit, f"tokenizing {name}"))
        for name, rows in (("train", prepared.train), ("validation", prepared.validation), ("test", prepared.test))
        if rows is not None
    }
    allocator.trim()  # what checks and tokenizing took for a while
    in_epoch = an_epoch(options, parts["train"])
    options = replace(options, epochs=options.epochs or default_epochs(in_epoch, options.max_steps))
    facts = {"options": folders.plain(vars(options)), "data": about(prepared)}
    if resumed is not None:
        checkpoints.compare(resumed, facts)
    _tell(prepared, parts["train"], found.name, options, why, emit)
    emit(Phase(f"loading {found.name}"))
    with loading.alone, _seeded(options.seed, device):  # another run that began here would draw from the same seed
        network, said = prepared.task.build(found.folder, **dropped(found.folder, options))
        adapter, adapted = _adapted(network, found, options)
    emit(Note(f"{found.name}: {said}."))
    if adapted:
        emit(Note(adapted))
    if frozen := placed(network, found.name, options, device):
        emit(Note(frozen))
    with _training(options.seed, device):
        try:
            yield Setup(options, prepared, found, tokenizer, parts, network, facts, adapter)
        finally:
            network.requires_grad_(True)  # as transformers loads it: what a run froze is no property of its model


def placed(network: PreTrainedModel, name: str, options: Finetune | Pretrain, device: torch.device) -> str:
    """Move a network to its device, freeze what the options say, and return a line about that; empty if nothing is."""
    with devices.enough(device, f"the weights of {name}", devices.FREE):
        network.to(device)
    return freeze(network, options.freeze)


def _check_adapt(options: Finetune | Pretrain) -> None:
    if options.adapt == "lora":
        adapters.require()
        if options.freeze is not None:
            raise OptionError('adapt = "lora" freezes the encoder already.', "Leave freeze out.")


def _adapted(
    network: PreTrainedModel, found: weights.Weights, options: Finetune | Pretrain
) -> tuple[Adapter | None, str]:
    """Give the network adapters where they are wanted, and return what belongs to them, and a line about them."""
    if options.adapt == "full":
        return None, ""
    wanted = adapters.settings(network, options.lora_rank, options.lora_alpha, options.lora_targets)
    said = adapters.inject(network, wanted)
    entry, given = catalogue.ALIASES.get(str(options.model)), Path(str(options.model))
    base = entry.ref if entry else str(given.resolve() if given.is_dir() else given)
    return adapters.Adapter(wanted, {}, base, adapters.digest(found.folder)), said


def read(options: Finetune | Pretrain, emit: Listener) -> Prepared:
    """Read the data, and check it for the task that it is for."""
    emit(Phase("reading the data"))
    source = find(options.task).source if options.task else Task.source
    given = tables.splits(source(options.train))
    found = {"train": tables.choose(given, "train")}
    if isinstance(options.validation, int | float):
        if tables.has(given, "validation"):
            found["validation"] = tables.choose(given, "validation")
            emit(Note(f"Validation is {found['validation'].name}, which came with train."))
    else:
        found["validation"] = tables.read(source(options.validation), "validation")
    if options.test is not None:
        found["test"] = tables.read(source(options.test), "test")
    emit(Phase("checking the data"))
    task = find(options.task) if options.task else infer(found["train"], asked(options))
    prepared = prepare(task, options, found)
    _check_calibration(options, prepared)
    return prepared


def _check_calibration(options: Finetune | Pretrain, prepared: Prepared) -> None:
    """Raise an `OptionError` where there is nothing to calibrate, or no rows for it: not after hours of training."""
    if not getattr(options, "calibrate", False):
        return
    if not prepared.task.calibrates:
        raise OptionError(
            f"calibrate is for probabilities of classes, and {prepared.task.name} gives none.", "Leave it out."
        )
    if prepared.validation is None:
        raise OptionError("calibrate = True needs validation rows.", "Give validation = 0.1, or a data set.")


def metric(options: Finetune | Pretrain, task: Task) -> str:
    """Return the metric that chooses the best weights."""
    if options.metric in (None, *task.validation_metrics):
        return options.metric or task.validation_metrics[0]
    raise OptionError(
        f"metric = {options.metric!r} is no metric of {task.name}.",
        f"It has {listing(task.validation_metrics)}.",
    )


def max_length(options: Finetune | Pretrain, limit: int) -> int:
    """Return after how many tokens a text is cut, of those that a model reads."""
    if options.max_length is None:
        return min(limit, options.longest)
    if options.max_length > limit:
        raise OptionError(
            f"max_length = {options.max_length} is more than the model reads: {limit} tokens.",
            f"Set max_length to {limit} or less, or choose a model that reads more (modernbert: 8192).",
        )
    return options.max_length


def _check_stride(
    options: Finetune | Pretrain, max_length: int, tokenizer: PreTrainedTokenizerBase, paired: bool
) -> None:
    """Raise an `OptionError` if windows of long texts would overlap so far that they hardly move on."""
    if options.long_text != "window" or options.stride is None:
        return
    room = max_length - len(SpecialTokens.of(tokenizer, paired))
    if options.stride > (most := longest_overlap(room)):
        raise OptionError(
            f"stride = {options.stride} is too large: of the {room} tokens that a window of max_length = {max_length} "
            f"holds, the special ones aside, neighbouring windows can share {most}.",
            f"Set stride to {most} or less, or leave it out: windows then share a quarter.",
        )


def _tell(
    prepared: Prepared, train: Tokens, encoder: str, options: Finetune | Pretrain, why: str, emit: Listener
) -> None:
    for line in prepared.notes:
        emit(Note(line))
    longest: Any = options.max_length
    found = checks.token_findings(train, longest, options.long_text, encoder)
    found += prepared.task.token_findings(train, prepared.train)
    for finding in (*prepared.findings, *found):
        emit(Note(finding.sentence, warning=finding.severity == "warning"))
    emit(Note(f"lr = {options.lr:g}, max_length = {longest}, {options.precision} on {options.device} ({why})."))
    if not str(options.device).startswith("cpu"):
        emit(Note("The same seed may differ in the last bits here: sums on this device have no fixed order."))


def dropped(folder: Path, options: Finetune | Pretrain) -> dict[str, Any]:
    """Return the config's name for attention dropout, with the wanted value."""
    known = loading.config(folder)
    names = ("attention_probs_dropout_prob", "attention_dropout")
    return {name: options.attention_dropout for name in names if name in known}


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch for the run and give the user's own random state back afterwards."""
    import torch

    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _training(seed: int, device: torch.device) -> AbstractContextManager[None]:
    """Seed torch for what the steps draw from it, except beside the notebook.

    There, giving the user's random state back at the end would undo the draws of all cells that ran meanwhile.
    """
    beside = threading.current_thread() is not threading.main_thread()
    return nullcontext() if beside else _seeded(seed, device)


def an_epoch(options: Finetune | Pretrain, train: Tokens) -> int:
    """Return how many optimizer steps go through the training rows once."""
    return steps_an_epoch(len(train), options.batch_size, options.gradient_accumulation_steps)


def planned(options: Finetune | Pretrain, train: Tokens) -> Plan:
    """Return what the loop needs of the options; learning rate, precision and epochs were resolved before."""
    shared = {field.name: getattr(options, field.name) for field in fields(Plan) if hasattr(options, field.name)}
    steps = count_steps(an_epoch(options, train), cast("float", options.epochs), options.max_steps)
    return Plan(steps=steps, higher_is_better=options.metric not in LOWER_IS_BETTER, **shared)


def about(prepared: Prepared) -> dict[str, Any]:
    """Return what tells the rows of a run from any others."""
    return {
        part: {
            "name": rows.name,
            "rows": len(rows),
            "columns": dict(prepared.columns),
            "sha256": folders.digest(rows.texts, *([rows.second] if rows.second else []), rows.targets.tolist()),
        }
        for part in ("train", "validation", "test")
        if (rows := getattr(prepared, part)) is not None
    }

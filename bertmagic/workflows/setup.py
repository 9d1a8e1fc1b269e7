"""A run put together, up to its first step: rows, values, tokens, network."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bertmagic.data import cache, checks
from bertmagic.data.profile import lengths, profile
from bertmagic.data.tokenization import SpecialTokens, longest_overlap
from bertmagic.errors import OptionError, count
from bertmagic.events import Listener, Note, Phase, counting, waiting_for
from bertmagic.inference.forward import run_model
from bertmagic.models import adapters, catalogue, checksums, devices, heads, loading
from bertmagic.models.fast import allocator
from bertmagic.models.fast.working_copy import share_weights
from bertmagic.models.torch_defaults import torch_defaults
from bertmagic.options import LOWER_IS_BETTER, Pretrain
from bertmagic.options.rates import rate_text
from bertmagic.run import checkpoints, folders
from bertmagic.training.freezing import freeze
from bertmagic.training.plan import Plan
from bertmagic.workflows import pair_comparison, pair_similarity, warm_start
from bertmagic.workflows.prepare import digests, prepare
from bertmagic.workflows.resolve import calibrates, class_weights, find_encoder, resolve, trained_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import BatchSource
    from bertmagic.data.rows import LabelledRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.models.adapters import Adapter
    from bertmagic.models.loading import Loaded
    from bertmagic.options import Finetune
    from bertmagic.workflows.prepare import Prepared
    from bertmagic.workflows.resolve import Encoder, Steps


Options = TypeVar("Options", "Finetune", Pretrain, "Finetune | Pretrain")

_LOADER = "another thread that loads a model"
_PLANNED = tuple(field.name for field in fields(Plan))


@dataclass(frozen=True)
class Setup:
    """Everything that a run needs before its first step.

    ``frozen`` is the network as it was loaded, without what a warm start adds. It shares the weights, so it is that
    encoder only until the first step; that of a run that learns the similarity of pairs is a copy.
    """

    options: Finetune | Pretrain
    prepared: Prepared
    encoder: Encoder
    tokenizer: PreTrainedTokenizerBase
    parts: dict[str, Tokens]
    steps: Steps
    network: PreTrainedModel
    facts: dict[str, Any]
    adapter: Adapter | None = None
    frozen: PreTrainedModel | None = None

    @property
    def plan(self) -> Plan:
        """What the training loop needs of the options."""
        shared = {name: getattr(self.options, name) for name in _PLANNED if hasattr(self.options, name)}
        return Plan(steps=self.steps.total, higher_is_better=self.options.metric not in LOWER_IS_BETTER, **shared)

    @property
    def token_cache(self) -> cache.Cache:
        """Makes the tokens of texts as those of the run were made."""
        return _cache(self.options, self.encoder, self.tokenizer)

    def feed(self, part: str) -> BatchSource:
        """Return the batches of a part: train, validation or test."""
        pad_id: Any = self.tokenizer.pad_token_id
        segments = heads.reads_segments(self.network)
        return self.prepared.task.feed(self.parts[part], self.rows(part), pad_id, segments, self.options.seed)

    def rows(self, part: str) -> LabelledRows:
        """Return the rows of a part."""
        return self.prepared.parts[part]

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
    """Set a run up, with the random state of its seed while it goes on.

    Raises
    ------
    BertMagicError
        If data, model, device or options cannot be used; if possible, before the model is loaded.
    """
    with torch_defaults(), _set_up(options, emit, resumed) as setup:
        yield setup


@contextmanager
def _set_up(options: Finetune | Pretrain, emit: Listener, resumed: checkpoints.Checkpoint | None) -> Iterator[Setup]:
    _check_adapt(options)
    prepared = prepare(options, emit)
    encoder, tokenizer = find_encoder(options.model, emit)
    if resumed is not None:
        options = _as_before(options, resumed.state["options"])
    given = options
    resolved = resolve(options, prepared.task, encoder.lr, encoder.max_tokens)
    held_out = {} if prepared.held_out is None else {"validation": prepared.held_out}
    calibrate = calibrates(options, prepared.task, prepared.keep, len(prepared.validation or ()))
    weights, weighted = class_weights(options, prepared.task, prepared.task.counts(prepared.train))
    chosen = {"keep": prepared.keep, "calibrate": calibrate, "class_weights": weights}
    options = with_values(options, resolved.options | chosen | held_out)
    _check_stride(options, tokenizer, len(prepared.task.inputs) > 1)
    parts = _tokenize(prepared, options, encoder, tokenizer, emit)
    steps = resolved.steps(len(parts["train"]))
    options = replace(options, epochs=steps.epochs)
    facts = {"options": folders.plain(vars(options)), "data": digests(prepared)}
    if resumed is not None:
        checkpoints.compare(resumed, facts)
    _announce(prepared, parts["train"], encoder, tokenizer.unk_token_id, options, resolved.precision_reason, emit)
    if weighted:
        emit(Note(weighted))
    device = devices.choose(options.device)
    emit(Phase(f"loading {encoder.name}"))
    with (
        waiting_for(loading.alone, _LOADER, emit),  # no run that starts now draws from this seed
        torch_defaults(loading=True),
        _seeded(options.seed, device),
    ):
        loaded = prepared.task.build(encoder.folder, **attention_dropout(encoder.folder, options))
        network = loaded.network
    pair_comparison.check_encoder(encoder.card, encoder.name, prepared.task, bool(loaded.new))
    emit(Note(f"{encoder.name}: {loaded.summary}."))
    if changed := checksums.note(encoder.folder):
        emit(Note(changed, warning=True))
    place_network(network, encoder.name, device)
    setup = Setup(options, prepared, encoder, tokenizer, parts, steps, network, facts)
    setup = _warm_started(setup, given, loaded, resumed is not None, emit)
    with waiting_for(loading.alone, _LOADER, emit), torch_defaults(loading=True), _seeded(options.seed, device):
        adapter, adapted = _adapted(network, encoder, options)
    for note in filter(None, (adapted, freeze(network, options.freeze))):
        emit(Note(note))
    with _training(options.seed, device):
        try:
            yield replace(setup, adapter=adapter)
        finally:
            network.requires_grad_(True)  # as transformers loads it: what a run froze is not kept in its model


def _as_before(options: Finetune | Pretrain, before: Mapping[str, Any]) -> Finetune | Pretrain:
    """Return the options with what the user left open as the interrupted run had it: its rules may have been others."""
    values = {"pooling": before.get("pooling", "first"), "class_weights": before.get("class_weights", "none")}
    values["read_pairs"] = before.get("read_pairs")
    if options.max_steps is None:
        values["epochs"] = before.get("epochs")
    return with_values(options, {name: value for name, value in values.items() if getattr(options, name, 0) is None})


def with_values(options: Options, values: Mapping[str, Any]) -> Options:
    """Return options with other values; names that this kind of run does not have are ignored."""
    known = {field.name for field in fields(options)}
    return replace(options, **{name: value for name, value in values.items() if name in known})


def _tokenize(
    prepared: Prepared, options: Finetune | Pretrain, encoder: Encoder, tokenizer: PreTrainedTokenizerBase,
    emit: Listener,
) -> dict[str, Tokens]:  # fmt: skip
    """Return the tokens of each part, from the cache where they were made before."""
    kept = _cache(options, encoder, tokenizer)
    parts = {
        name: prepared.task.encode(kept, rows, counting(emit, f"tokenizing {name}"))
        for name, rows in prepared.parts.items()
    }
    allocator.trim()  # memory that checks and tokenizing used
    return parts


def _cache(options: Finetune | Pretrain, encoder: Encoder, tokenizer: PreTrainedTokenizerBase) -> cache.Cache:
    longest = cast("int", options.max_length)
    return cache.Cache(folders.home(), tokenizer, longest, options.long_text, encoder.folder, options.stride)


def _check_stride(options: Finetune | Pretrain, tokenizer: PreTrainedTokenizerBase, paired: bool) -> None:
    """Raise an `OptionError` if windows of long texts would overlap so far that they hardly move on."""
    if options.long_text != "window" or options.stride is None:
        return
    room = cast("int", options.max_length) - len(SpecialTokens.from_tokenizer(tokenizer, paired))
    if options.stride > (most := longest_overlap(room)):
        raise OptionError(
            f"stride = {options.stride} is too large: of the {room} tokens that a window of max_length = "
            f"{options.max_length} holds, the special ones aside, neighbouring windows can share {most}.",
            f"Set stride to {most} or less, or leave it out: windows then share a quarter.",
        )


def place_network(network: PreTrainedModel, name: str, device: torch.device) -> None:
    """Move a network to its device."""
    with devices.enough(device, f"the weights of {name}", devices.FREE):
        network.to(device)


def _warm_started(setup: Setup, given: Finetune | Pretrain, loaded: Loaded, again: bool, emit: Listener) -> Setup:
    """Start a new head from a linear model, and record what it reads.

    Parameters
    ----------
    given
        The options with what the user left open: what the head reads decides some of it.
    again
        Whether a run goes on from a checkpoint, which has the weights.
    """
    options, task = setup.options, setup.prepared.task
    if isinstance(options, Pretrain) or isinstance(given, Pretrain):
        return setup
    before = pair_similarity.steps(task, options, setup.plan.steps, len(setup.rows("train")))
    learns_pairs = before > 0 or pair_comparison.applies(task, options)
    frozen = deepcopy(setup.network) if learns_pairs and not again else share_weights(setup.network, training=False)
    with _training(options.seed, setup.network.device):
        started = warm_start.start(replace(setup, frozen=frozen), loaded, again, emit)
    if started.note:
        emit(Note(started.note))
    options = replace(options, pooling=started.pooling, read_pairs=started.read_pairs)
    if started.read_pairs == "apart":
        resolved = resolve(replace(given, read_pairs="apart"), task, setup.encoder.lr, setup.encoder.max_tokens)
        steps = resolved.steps(len(setup.parts["train"]))
        if (resolved.lr, steps) != (options.lr, setup.steps):
            emit(
                Note(f"Such a model needs less training: lr = {rate_text(resolved.lr)}, {count(steps.total, 'step')}.")
            )
        options, setup = replace(options, lr=resolved.lr, epochs=steps.epochs), replace(setup, steps=steps)
    facts = {**setup.facts, "options": folders.plain(vars(options))}
    return replace(setup, options=options, facts=facts, frozen=frozen)


def _check_adapt(options: Finetune | Pretrain) -> None:
    if options.adapt == "head" and isinstance(options, Pretrain):
        raise OptionError('adapt = "head" trains no encoder.', 'Set adapt = "full" or "lora" to pre-train one.')
    if options.adapt != "full" and options.freeze is not None:
        raise OptionError(f'adapt = "{options.adapt}" freezes the encoder already.', "Leave freeze out.")
    if options.adapt == "lora":
        adapters.require()


def _adapted(network: PreTrainedModel, encoder: Encoder, options: Finetune | Pretrain) -> tuple[Adapter | None, str]:
    """Add adapters to the network if the options ask for them; return them and a line about them."""
    if options.adapt == "head":
        return None, freeze(network, "encoder")
    if options.adapt == "full":
        return None, ""
    wanted = adapters.settings(network, options.lora_rank, options.lora_alpha, options.lora_targets)
    note = adapters.inject(network, wanted)
    entry, given = catalogue.ALIASES.get(str(options.model)), Path(str(options.model))
    base = entry.ref if entry else str(given.resolve() if given.is_dir() else given)
    return adapters.Adapter(wanted, {}, base, adapters.digest(encoder.folder)), note


def _announce(
    prepared: Prepared, train: Tokens, encoder: Encoder, unknown: int | None, options: Finetune | Pretrain, why: str,
    emit: Listener,
) -> None:  # fmt: skip
    for line in prepared.notes:
        emit(Note(line))
    longest: Any = options.max_length
    if isinstance(options, Pretrain):  # its samples are blocks of running text, and no rows
        texts, sizes = profile(prepared.train, encoder.name, trained_on(encoder)), ""
        token_findings = checks.token_findings(train, longest, options.long_text, encoder.name)
    else:
        texts = profile(prepared.train, encoder.name, trained_on(encoder), train, unknown)
        sizes = lengths(train.lengths_by_row(), "tokens, as they are read").sentence
        token_findings = checks.length_findings(train, longest, options.long_text)
    token_findings += prepared.task.token_findings(train, prepared.train)
    for finding in (*prepared.findings, *token_findings, *checks.reading_findings(texts)):
        emit(Note(finding.sentence, warning=finding.severity == "warning"))
    emit(Note(f"{texts.about_languages} {sizes}".rstrip()))
    rate = rate_text(options.lr or 0.0)
    emit(Note(f"lr = {rate}, max_length = {longest}, {options.precision} on {options.device} ({why})."))
    if not str(options.device).startswith("cpu"):
        emit(Note("The same seed may differ in the last bits here: sums on this device have no fixed order."))


def attention_dropout(folder: Path, options: Finetune | Pretrain) -> dict[str, Any]:
    """Return the config entry of attention dropout with the value of the options."""
    known = loading.config(folder)
    names = ("attention_probs_dropout_prob", "attention_dropout")
    return {name: options.attention_dropout for name in names if name in known}


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch, and restore the user's random state afterwards."""
    import torch

    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _training(seed: int, device: torch.device) -> AbstractContextManager[None]:
    """Seed torch for the training steps, except in a background thread.

    There, restoring the user's random state at the end would undo the draws of all cells that ran meanwhile.
    """
    background = threading.current_thread() is not threading.main_thread()
    return nullcontext() if background else _seeded(seed, device)

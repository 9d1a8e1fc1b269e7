"""Which models of the catalogue suit a data set: by its language, lengths and rows, on this machine."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.data import languages
from bertmagic.errors import FileError, Interrupted, count, empty_frames
from bertmagic.events import Event, Listener, Phase, Step, ignore
from bertmagic.models import catalogue, devices, saving
from bertmagic.models.status import Entry
from bertmagic.options import Finetune, files
from bertmagic.run import folders
from bertmagic.run.locks import RunLock
from bertmagic.run.stopping import StopButton
from bertmagic.tasks import TASKS, find
from bertmagic.tuning import estimates
from bertmagic.tuning.results import Advice, Advised, Estimate, Tried
from bertmagic.workflows import finetune
from bertmagic.workflows.prepare import prepare
from bertmagic.workflows.resolve import max_length

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bertmagic.options.commands import Models
    from bertmagic.tuning.estimates import Subject
    from bertmagic.workflows.prepare import Prepared

_SAMPLE = 500
_FEW, _LARGE = 300, 200_000_000
"""With fewer rows than the first, models with more parameters than the second train badly (Mosbach et al. 2021)."""
_BUDGET = 3600.0
"""Seconds of training above which a model counts as slow on this device."""
_TRY_STEPS, _TRY_TOKENS, _HELD_OUT = 60, 128, 0.3
"""Steps, tokens per text, and share of held-out rows of a short run that tries a model."""
_TRYING = "trying"
"""The folder of the runs that try models."""
_READS = 0.9
"""A model can read the data from this share of texts in its languages on: the others it guesses, however good it is."""
_UNKNOWN = 82.0
"""The assumed accuracy of a model without a published one; three points of accuracy are 1 in the score."""
_CHANGED = 5_000_000
"""From so many tokens on, pre-training changes a published encoder enough to try it first: 205,000 did not help, see
docs/results.md, and what helped others read millions (Gururangan et al. 2020, "Don't stop pretraining")."""
_LEARNED = 1_000_000_000
"""From so many tokens on, a new encoder may be as good as a published one: BERT read a hundred times as many."""


@dataclass(frozen=True)
class _Own:
    """An encoder of this folder: the published one that it began with, if that is known, and what it read since.

    Attributes
    ----------
    is_new
        Whether it began with random weights.
    tokens
        How many tokens its pre-training here read.
    """

    entry: Entry
    origin: Entry | None
    is_new: bool
    tokens: int

    def judged(self, score: float, of_origin: float | None) -> tuple[float, str]:
        """Return its score and the reason: behind its origin until it has read much, new ones last."""
        read = f"its pre-training here read {count(self.tokens, 'token')}"
        if self.is_new and self.tokens < _LEARNED:
            return score - 10, f"began with random weights, and {read} where published encoders read billions"
        if of_origin is None or self.origin is None:
            return score, read
        if self.tokens < _CHANGED:
            return of_origin - 0.1, f"{read}, which changes {self.origin.alias} little"
        return of_origin + 0.1, f"{read} more than {self.origin.alias}"


@dataclass(frozen=True)
class _Profile:
    """Properties of the data: share of each language, share of long texts, rows."""

    languages: dict[str, float]
    long: float
    rows: int


def advise(options: Models, emit: Listener = ignore) -> Advice:
    """Rank the models of the catalogue for a data set, and try some of them if asked to.

    Raises
    ------
    BertMagicError
        If the data cannot be used.
    """
    base = Finetune(
        train=options.data, text=options.text, label=options.label, task=options.task, device=options.device,
        **files.as_keywords(options),
    )  # fmt: skip
    prepared = prepare(base, emit)
    texts = prepared.train.texts
    chosen = np.random.default_rng(0).permutation(len(texts))[:_SAMPLE].tolist()
    spoken = languages.shares(languages.of_texts(texts[at] for at in chosen))
    about = _subject(base, prepared, emit)
    profile = _Profile(spoken, float((about.lengths > 500).mean()) if about else 0.0, len(prepared.train))
    published = [_advised(entry, profile, base, about) for entry in catalogue.listed().entries if not entry.tuned]
    scores = {one.entry.alias: one.score for one in published}
    free = about.free if about else math.inf
    advised = sorted(
        [*published, *(_advised_own(one, profile, base, about, scores) for one in _own())],
        key=lambda one: (not _can_read(one.entry, spoken) or one.bytes > free, -one.score),
    )
    tried = _tried(options, base, advised, emit) if options.try_models else ()
    return Advice(
        data=prepared.train.name, task=prepared.task.name, rows=profile.rows, languages=spoken,
        median_tokens=int(np.median(about.lengths)) if about else 0, long=profile.long,
        epochs=estimates.estimate(base, about).epochs if about else 0.0,
        device=str(devices.choose(options.device)), models=tuple(advised), tried=tried,
        unread=tuple(one.entry.alias for one in advised if 0.5 <= _knows(one.entry, spoken) < _READS),
    )  # fmt: skip


def _subject(base: Finetune, prepared: Prepared, emit: Listener) -> Subject | None:
    """Return the base of all estimates: MiniLM, or the first model of the catalogue that is on this disk."""
    here = [one.entry.ref for one in _own()]
    here += [entry.alias for entry in catalogue.listed().entries if entry.on_disk and not entry.tuned]
    for alias in here[:1]:
        return estimates.subject(replace(base, model=alias), emit, prepared)
    return None


def _advised(entry: Entry, profile: _Profile, base: Finetune, about: Subject | None) -> Advised:
    """Return a model with its score and the reasons for it."""
    score, reasons = 0.0, []
    known = _knows(entry, profile.languages)
    score += 10 * known
    other = profile.languages.get(languages.OTHER, 0.0) if entry.trained_on else 0.0
    if known * (1 - other) < _READS:
        reasons.append(f"knows the language of {known * (1 - other):.0%} of the texts")
    elif "languages" in entry.languages and len([s for s in profile.languages.values() if s > 0.05]) < 2:
        score -= 1.5
        reasons.append("knows the language, among many others that cost it accuracy")
    else:
        reasons.append("knows the language")
    if profile.long > 0.05:
        score += 2.0 if entry.max_length > 512 else -1.0
        reads = "it reads them" if entry.max_length > 512 else "it cuts them"
        reasons.append(f"{profile.long:.0%} of the texts have more than 500 tokens, and {reads}")
    accuracy, published = catalogue.PUBLISHED.get(entry.alias, (_UNKNOWN, ""))
    score += (accuracy - _UNKNOWN) / 3
    seconds, memory = _costs(entry, base, about)
    if seconds > _BUDGET:
        score -= min(4.0, seconds / _BUDGET)
        reasons.append("slow on this device")
    if about is not None and memory > about.free:
        score -= 6
        reasons.append("does not fit the free memory")
    if profile.rows < _FEW and entry.parameters > _LARGE:
        score -= 2
        reasons.append("large for so few rows")
    if entry.on_disk:
        score += 0.5
        reasons.append("is on this disk")
    return Advised(entry, round(score, 2), seconds, memory, tuple(reasons), published)


def _advised_own(
    own: _Own, profile: _Profile, base: Finetune, about: Subject | None, published: Mapping[str, float]
) -> Advised:
    """Return an encoder of this folder with its score, which depends on what it began with and what it read since."""
    advised = _advised(own.entry, profile, base, about)
    score, reason = own.judged(advised.score, published.get(own.origin.alias) if own.origin else None)
    return replace(advised, score=round(score, 2), reasons=(reason, *advised.reasons))


def _knows(entry: Entry, shares: dict[str, float]) -> float:
    """Return the share of texts whose language a model was trained on, among those whose language is recognized."""
    recognized = 1.0 - shares.get(languages.OTHER, 0.0)
    if entry.trained_on is None or recognized <= 0:
        return 1.0
    return sum(shares.get(name, 0.0) for name in entry.trained_on) / recognized


def _can_read(entry: Entry, shares: dict[str, float]) -> bool:
    """Whether a model was trained on the languages of nearly all texts that have a recognized one."""
    return _knows(entry, shares) >= _READS


def _costs(entry: Entry, base: Finetune, about: Subject | None) -> tuple[float, int]:
    """Return the estimated seconds and bytes of a run of a model."""
    if about is None:
        return 0.0, 0
    longest = max_length(None, base.longest, entry.max_length)
    estimate = in_proportion(estimates.estimate(replace(base, max_length=longest), about), entry, about)
    return estimate.seconds, estimate.bytes


def in_proportion(timed: Estimate, entry: Entry, about: Subject) -> Estimate:
    """Return the estimate of a model that was not measured, in proportion to the parameters of its layers."""
    if about.encoder.name in (entry.alias, entry.ref):
        return timed
    layers, width, pieces = catalogue.SIZES.get(entry.alias, (about.layers, about.costs.width, about.pieces))
    inside = max(entry.parameters - pieces * width, 1)
    trained = inside + about.pieces * width
    grown = inside / max(about.costs.parameters - about.costs.embeddings, 1)
    wide = layers * width / (about.layers * about.costs.width)
    few = timed.memory["gradients"] / (4 * (about.costs.parameters - about.costs.embeddings))  # with LoRA or freeze
    part = int(4 * trained * min(1.0, few))
    memory = {
        "weights": 4 * entry.parameters, "gradients": part, "optimizer": 2 * part,
        "activations": int(timed.memory["activations"] * wide), "best weights": 4 * entry.parameters,
    }  # fmt: skip
    return replace(
        timed,
        model=entry.alias,
        seconds=timed.seconds * grown,
        epoch_seconds=timed.epoch_seconds * grown,
        memory=memory,
    )


def _own() -> list[_Own]:
    """Return the encoders that were made or pre-trained in this folder; a damaged one is no advice."""
    encoders = []
    for name in folders.names():
        with suppress(FileError):
            folder = folders.model_folder(name)
            card = saving.read_card(folder)
            if card.get("task") in TASKS and find(card["task"]).is_pretraining:
                encoders.append(_encoder(name, folder, card))
    return encoders


def _encoder(name: str, folder: Path, card: Mapping[str, Any]) -> _Own:
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) // 4
    length = int(card.get("max_length") or 512)
    origin, is_new, tokens = _begun(card)
    reads = origin.languages if origin and tokens < _CHANGED else "yours"
    entry = Entry(name, str(folder), size, reads, length, "yours", float(card.get("lr") or 1e-4),
                  "an encoder of this folder", on_disk=True)  # fmt: skip
    return _Own(entry, origin, is_new, tokens)


def _begun(card: Mapping[str, Any]) -> tuple[Entry | None, bool, int]:
    """Return what an own encoder began with, through others of this folder, and the tokens that were read since."""
    tokens, seen = 0, set[str]()
    while True:
        read = card["run"].get("tokens") if isinstance(card.get("run"), dict) else 0
        tokens += read if isinstance(read, int) else 0
        name = str(card.get("encoder", ""))
        origin = catalogue.entry(name)
        if origin or name in seen or name not in folders.names():
            return origin, "vocabulary" in card, tokens
        seen.add(name)
        card = saving.read_card(folders.model_folder(name))


def _tried(options: Models, base: Finetune, advised: list[Advised], emit: Listener) -> tuple[Tried, ...]:
    """Train the first available models for a few steps each, and evaluate them on the same held-out rows."""
    tries: list[Tried] = []
    with RunLock(_TRYING):
        for one in advised:
            done = sum(not tried.error for tried in tries)
            if done == options.try_models:
                break
            where = f"trying {one.entry.alias}, model {done + 1} of {options.try_models}"
            tries.append(_try(one.entry, base, _steps_of(where, emit)))
    return tuple(tries)


def _steps_of(trial: str, emit: Listener) -> Listener:
    """Return a listener of a trial's events that names the trial in each phase, and reports its steps as a phase."""

    def listen(event: Event) -> None:
        if isinstance(event, Step):
            emit(Phase(trial, event.step, _TRY_STEPS, "steps"))
        elif isinstance(event, Phase):
            emit(replace(event, what=f"{trial}: {event.what}"))

    return listen


def _try(entry: Entry, base: Finetune, emit: Listener) -> Tried:
    """Train a model for a few steps; with the same seed the held-out rows are the same for all.

    Raises
    ------
    Interrupted
        If the user stopped it.
    """
    reference = entry.ref if entry.licence == "yours" else entry.alias
    wanted = replace(
        base,
        model=reference,
        name=f"{_TRYING}/trials/{entry.alias}",
        max_steps=_TRY_STEPS,
        validation=_HELD_OUT,
        max_length=_TRY_TOKENS,
        eval_every=_TRY_STEPS,
        baselines=False,
    )
    try:
        done = finetune.run(wanted, emit, StopButton(), checkpointed=False)
    except Exception as error:  # for example without network: the next one is tried
        empty_frames(error)
        devices.release()
        return Tried(entry.alias, error=str(error).partition("\n")[0])
    report, seconds = done.report, done.ended.seconds
    del done
    devices.empty_cache()
    if report is None:  # held-out rows there are: only a stop leaves no report
        raise Interrupted(f"stopped while {entry.alias} was tried; no advice was given.")
    metric = next(iter(report.intervals), next(iter(report.metrics)))
    spread = report.intervals.get(metric)
    low, high = (spread.low, spread.high) if spread else (report.metrics[metric],) * 2
    return Tried(entry.alias, metric, report.metrics[metric], low, high, report.rows, seconds)

"""Baselines of a run: fitted before the first step, and compared with the model in its report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data import cache
from bertmagic.data.batches import BatchSource
from bertmagic.errors import BertMagicError, count
from bertmagic.evaluation import baselines, linear, verdict
from bertmagic.events import Listener, Phase
from bertmagic.inference import embedding, vector_cache
from bertmagic.inference.forward import run_model
from bertmagic.magic_words import without_magics
from bertmagic.models import heads, pooling
from bertmagic.run.stopping import Stop, StopButton
from bertmagic.workflows import warm_start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch
    from bertmagic.data.rows import LabelledRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.linear import Linear
    from bertmagic.evaluation.report import Report
    from bertmagic.events import Ended
    from bertmagic.options.terms import Pooling
    from bertmagic.tasks import Task
    from bertmagic.workflows.setup import Setup

    Floats = npt.NDArray[np.float32]
    Tick = Callable[[int], None]
    Scores = Callable[["Encoder", LabelledRows, Tokens], Floats]

ROWS = 20_000
"""The most training rows of a baseline in a run, which has to stay short."""
TOKENS = 1_000_000, 30_000
"""The most tokens of these rows, and the most if each word has a vector of its own."""


@dataclass(frozen=True)
class Encoder:
    """An encoder before fine-tuning.

    Attributes
    ----------
    network
        The encoder, or a model with any head on it.
    precision
        The number format of matrix products.
    tokens
        Makes the tokens of texts; with a `cache.Fresh` no vectors are kept either.
    tick
        Called after each batch; an exception that it raises ends the work.
    """

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    precision: str
    pooling: Pooling
    tokens: cache.Cache
    tick: Tick = lambda done: None

    def feed(self, tokens: Tokens) -> BatchSource:
        """Return tokens as batches."""
        pad_id = cast("int", self.tokenizer.pad_token_id)
        return BatchSource(tokens, pad_id, segments=heads.reads_segments(self.network))

    def vectors(self, tokens: Tokens) -> Floats:
        """Return the vector of each text, ``(texts, width)``."""
        given = self.network, self.feed(tokens), self.precision, self.pooling, self.tick
        if isinstance(self.tokens, cache.Fresh):
            return embedding.embed(*given)
        return vector_cache.embed(self.tokens.home, *given)

    def features(self, name: str, rows: LabelledRows, tokens: Tokens) -> Floats:
        """Return what a baseline reads of each row; see `baselines.pair_features` and `baselines.cosines`."""
        if rows.second is None:
            return self.vectors(tokens)
        # All texts at once: the cache of vectors hashes the weights at each call.
        vectors = self.vectors(self.tokens.encode([*rows.texts, *rows.second]))
        features = baselines.cosines if name == "cosine" else baselines.pair_features
        return features(vectors[: len(rows)], vectors[len(rows) :])

    def without_caches(self) -> Encoder:
        """Return the same, to measure the time of tokenizing and of the encoder."""
        kept = self.tokens
        fresh = cache.Fresh(kept.home, kept.tokenizer, kept.max_length, kept.long_text, kept.source, kept.stride)
        return replace(self, tokens=fresh)


@dataclass(frozen=True)
class Fitted:
    """A fitted baseline.

    Attributes
    ----------
    scores
        From rows and their tokens to what `Task.report` takes.
    predict
        From rows to scores, with all that it takes from their texts on and without caches.
    bytes
        Its size, without the encoder.
    method
        As in `bertmagic.evaluation.baselines.Baseline`.
    """

    scores: Callable[[LabelledRows, Tokens], Floats]
    predict: Callable[[LabelledRows], object]
    bytes: int
    method: str = ""

    def notes(self, name: str) -> tuple[str, ...]:
        """Return a note on a simpler method than the usual one; none for the usual one."""
        if not self.method:
            return ()
        called = verdict.CALLED[name]
        return (f"{called} is {self.method} here: with so many, logistic regressions take minutes or gigabytes.",)


def fit(name: str, task: Task, rows: LabelledRows, tokens: Tokens, encoder: Encoder | None, seed: int = 0) -> Fitted:
    """Fit one of the task's baselines.

    Parameters
    ----------
    name
        One of `Task.baselines`.
    rows, tokens
        The training rows.
    encoder
        Computes the vectors, now and for new rows; None for a baseline that reads texts.
    seed
        Of the folds that choose the penalty.
    """
    if name not in baselines.OF_VECTORS:
        baseline = task.fit_baseline(name, rows)

        def predict(rows: LabelledRows) -> Floats:
            return baseline.predict(task.baseline_texts(rows))

        def scored(rows: LabelledRows, tokens: Tokens) -> Floats:
            return task.baseline_scores(predict(rows), rows, tokens)

        return Fitted(scored, predict, baseline.bytes, baseline.method)
    assert encoder is not None
    scores, model = (_of_words if task.has_word_outputs else _of_texts)(name, task, rows, tokens, encoder, seed)
    fresh = encoder.without_caches()
    return Fitted(
        partial(scores, encoder),
        lambda rows: scores(fresh, rows, task.encode(fresh.tokens, rows, lambda done, total: None)),
        model.weight.nbytes + model.bias.nbytes,
    )


def _of_texts(
    name: str, task: Task, rows: LabelledRows, tokens: Tokens, encoder: Encoder, seed: int
) -> tuple[Scores, Linear]:
    targets, outputs = task.linear_targets(rows)
    assert task.target_kind is not None
    model = linear.fit(task.target_kind, encoder.features(name, rows, tokens), targets, outputs, seed=seed)

    def scores(encoder: Encoder, rows: LabelledRows, tokens: Tokens) -> Floats:
        return task.baseline_scores(model.scores(encoder.features(name, rows, tokens)), rows, tokens)

    return scores, model


def _of_words(
    name: str, task: Task, rows: LabelledRows, tokens: Tokens, encoder: Encoder, seed: int
) -> tuple[Scores, Linear]:
    """Fit a linear model of the hidden state of the token that predicts each word."""

    def run(encoder: Encoder, tokens: Tokens, outputs: Callable[[PreTrainedModel, Batch], torch.Tensor]) -> Floats:
        return run_model(encoder.network, encoder.feed(tokens), encoder.precision, encoder.tick, outputs)

    source = encoder.feed(tokens)
    feed = task.feed(tokens, rows, source.pad_id, source.segments, seed)
    vectors = run(encoder, tokens, embedding.hidden_states)
    model = warm_start.fit_linear(task, vectors, feed, task.linear_targets(rows)[1], seed)
    # Applied to each batch: the hidden states of all tokens of many rows would take gigabytes.
    return lambda encoder, rows, tokens: run(encoder, tokens, partial(_applied, linear_model=model)), model


def _applied(model: PreTrainedModel, batch: Batch, linear_model: Linear) -> torch.Tensor:
    """Return the outputs of a linear model for each token, ``(rows, tokens, outputs)``."""
    import torch

    states = embedding.hidden_states(model, batch)
    weight, bias = (torch.from_numpy(part).to(states) for part in (linear_model.weight, linear_model.bias))
    with torch.autocast(states.device.type, enabled=False):
        return states @ weight.T + bias


@dataclass(frozen=True)
class Measured:
    """The reports of baselines on the rows of the run's report and their methods, by name, and notes on the fit."""

    reports: dict[str, Report]
    notes: tuple[str, ...] = ()
    methods: dict[str, str] = field(default_factory=dict)


def measure(setup: Setup, part: str | None, emit: Listener, button: StopButton) -> Measured:
    """Fit the baselines of a run to its training rows, and return their reports on a part.

    To be called before the first step, as the encoder must not have been trained. An error ends no run: a note says
    what is missing. If the stop button is pressed, there are no reports: the run ends at its first step.

    Parameters
    ----------
    part
        The part that the report is about; None if there will be none.
    """
    task = setup.prepared.task
    names = [name for name in task.baselines if name not in _left_out(setup, task)]
    if part is None or not names or not getattr(setup.options, "baselines", False):
        return Measured({})
    reports: dict[str, Report] = {}
    methods: dict[str, str] = {}
    notes: list[str] = []
    current = names[0]

    def tick(done: int) -> None:
        emit(Phase(f"fitting the baseline {current}", done))
        button.check()

    try:
        encoder = _encoder(setup, tick)
        rows, tokens, drawn = _training_rows(setup, encoder)
        notes += drawn
        for current in names:
            try:
                tick(0)
                fitted = fit(current, task, rows, tokens, encoder, setup.options.seed)
                button.check()
                scores = fitted.scores(setup.rows(part), setup.parts[part])
                button.check()
                reports[current] = _report(current, task, scores, setup.rows(part), setup.parts[part])
                methods[current] = fitted.method
                notes += fitted.notes(current)
            except Stop:
                return Measured({})
            except Exception as error:  # any error: the model matters more
                notes.append(_failed(f"baseline {current} could not be fitted", error))
    except Exception as error:
        notes.append(_failed("baselines could not be fitted", error))
    return Measured(reports, tuple(notes), methods)


def _report(name: str, task: Task, scores: Floats, rows: LabelledRows, tokens: Tokens) -> Report:
    """Return the report of a baseline with what the comparison with the model reads: no probabilities, one tally."""
    report = task.report(scores, rows, tokens, model=name, data=rows.name)
    if report.outcomes is None:
        return report
    tallies = report.outcomes.tallies
    read = next((at for at, one in enumerate(tallies) if task.main_metric in one.point_estimates()), len(tallies))
    outcomes = replace(report.outcomes, probabilities=None, tallies=tallies[: read + 1])
    return replace(report, outcomes=outcomes, confusion=None, classes=())


def _left_out(setup: Setup, task: Task) -> tuple[str, ...]:
    """Return the baselines that would say nothing: a class alone, and the model itself if only its head is trained."""
    constant = () if task.has_word_outputs else ("majority",)
    return (*constant, "linear_probe") if str(setup.options.adapt) == "head" and not task.paired else constant


def _encoder(setup: Setup, tick: Tick) -> Encoder:
    options, folder = setup.options, setup.encoder.folder
    network, rows = setup.frozen or setup.network, len(setup.rows("train"))
    vectors = probe_pooling(setup.prepared.task, folder, rows, getattr(options, "pooling", None))
    return Encoder(network, setup.tokenizer, options.precision, vectors, setup.token_cache, tick)


def probe_pooling(task: Task, folder: Path, rows: int, chosen: Pooling | None) -> Pooling:
    """Return the pooling of the vectors that baselines read: that of the run where it was chosen for single texts.

    The head of a pair reads both texts at once, and that of many rows learns to read the first token: these choices
    say nothing about the vectors of an encoder before fine-tuning.

    Parameters
    ----------
    folder
        That of the encoder.
    rows
        The number of training rows.
    chosen
        The option ``pooling`` of the run.
    """
    compared = not task.paired and rows < warm_start.MANY
    return (chosen if compared else None) or pooling.choose(folder)[0]


def _training_rows(setup: Setup, encoder: Encoder) -> tuple[LabelledRows, Tokens, tuple[str, ...]]:
    """Return the training rows of the baselines: all, or as many as are read in a minute or so."""
    import numpy as np

    rows, tokens, task = setup.rows("train"), setup.parts["train"], setup.prepared.task
    order = np.random.default_rng(setup.options.seed).permutation(len(rows))[:ROWS]
    kept = np.cumsum(tokens.lengths_by_row()[order]) <= TOKENS[task.has_word_outputs]
    kept[0] = True
    if kept.sum() == len(rows):
        return rows, tokens, ()
    chosen = rows.take(np.sort(order[kept]))
    note = f"The baselines were trained on {count(len(chosen), 'row')}, drawn from the {len(rows):,} of the model."
    return chosen, task.encode(encoder.tokens, chosen, lambda done, total: encoder.tick(done)), (note,)


def compared(
    report: Report, measured: Measured, setup: Setup, ended: Ended, emit: Listener, button: StopButton
) -> Report:
    """Return a report with its baselines and the verdict; without them, and with a note, after an error.

    Raises
    ------
    Stop
        If the stop button is pressed.
    """
    report = replace(report, notes=(*report.notes, *measured.notes))
    if not measured.reports or report.outcomes is None:
        return report
    results: list[verdict.BaselineResult] = []
    try:
        for name, other in measured.reports.items():
            emit(Phase("comparing with the baselines", len(results), len(measured.reports), "baselines"))
            button.check()
            result = verdict.against(report, other, setup.prepared.task.main_metric)
            results.append(replace(result, method=measured.methods.get(name, "")))
        words = verdict.sentence(results, report.rows, _advice(ended, setup.plan.keep), _keep(setup))
    except Stop:
        raise
    except Exception as error:  # any error: the model matters more
        return replace(report, notes=(*report.notes, _failed("baselines could not be compared", error)))
    return replace(report, baselines=tuple(results), verdict=words)


def _failed(what: str, error: Exception) -> str:
    reason = error.what if isinstance(error, BertMagicError) else f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"The {what}: {reason}"


def _advice(ended: Ended, keep: str) -> str:
    if keep == "best" and ended.best_step and ended.best_step == ended.step:
        first = "Try more epochs, as the last evaluation was the best; or another encoder"
        return without_magics(f"{first} (%bert_models), or more rows.")
    return without_magics("Try another encoder (%bert_models), more rows, or more epochs.")


def _keep(setup: Setup) -> dict[str, str]:
    """Return how each baseline can be used instead of the model."""
    embed = f"bm.load({str(setup.options.model)!r}).embed(texts)"
    probe = 'Or keep the linear probe: add the line adapt = "head" to the cell.'
    if setup.prepared.task.paired:
        probe = f"Or use a linear model of the vectors of both texts: {embed}."
    return {
        "majority": "The model has learnt nothing from the context of a word: check the labels first.",
        "tfidf": "Or use a linear model of the words, which needs no encoder (TfidfVectorizer).",
        "linear_probe": probe,
        "cosine": f"Or use the cosine of the vectors of both texts, which needs no training: {embed}.",
    }


def card(report: Report | None) -> dict[str, Any]:
    """Return the baselines of a report as JSON values."""
    return {
        result.name: {
            "metrics": dict(result.metrics),
            "metric": result.metric,
            "difference": result.difference,
            "interval": [result.interval.low, result.interval.high] if result.interval else None,
            "p": result.p,
            **({"method": result.method} if result.method else {}),
        }
        for result in (report.baselines if report else ())
    }

"""Estimates of a run: steps, time and memory, from the lengths of its texts and a calibration of its model.

The batches are those of the run, so the numbers include padding. Time is that of all steps and evaluations, without
reading, tokenizing and loading. Memory is what the run adds to the process at its peak, which is in a step or in an
evaluation; the rows and tokens of the data are not included.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.data.batches import padded, split_by_length, training_batches
from bertmagic.data.tokenization import encode
from bertmagic.events import Listener, counting, ignore
from bertmagic.inference.forward import TOKEN_BUDGET
from bertmagic.models import devices, loading
from bertmagic.tuning import calibration
from bertmagic.tuning.results import Estimate
from bertmagic.workflows import pair_similarity, warm_start
from bertmagic.workflows.prepare import prepare
from bertmagic.workflows.resolve import find_encoder, resolve

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.options import Finetune
    from bertmagic.tuning.calibration import Calibration
    from bertmagic.workflows.prepare import Prepared
    from bertmagic.workflows.resolve import Encoder

    Passes = list[tuple[int, int]]
    """The rows and padded tokens of each pass over a batch."""

_SAMPLE = 4000
"""Rows in the sample of lengths: enough for their distribution, and few enough for a slider to react at once."""
_FLOAT = 4

_OTHER = 30 << 20
"""Bytes of everything else in a run: tokenizer, records, evaluation."""
_SHAPES = 70
"""For how many batch shapes a CPU keeps compiled code: oneDNN caches 1,024 products."""
_PYTORCH = 140 << 20
"""Bytes of PyTorch's own code and threads, which the first run of a process on a CPU allocates."""


@dataclass(frozen=True)
class Subject:
    """What an estimate needs: a data set, a model, and the cost of the model on this machine.

    Attributes
    ----------
    lengths
        Lengths in tokens of a sample of the training rows, before truncation.
    rows, validation_rows
        The numbers of rows.
    pieces
        Number of different tokens in the sample.
    layers
        Number of layers of the model.
    """

    prepared: Prepared
    encoder: Encoder
    lengths: npt.NDArray[np.int64]
    rows: int
    validation_rows: int
    pieces: int
    layers: int
    costs: Calibration
    free: int


def subject(options: Finetune, emit: Listener = ignore, prepared: Prepared | None = None) -> Subject:
    """Read the data and measure the model of a run.

    Parameters
    ----------
    prepared
        The rows, if they were read before.

    Raises
    ------
    BertMagicError
        If data or model cannot be used.
    """
    prepared = prepared or prepare(options, emit)
    encoder, tokenizer = find_encoder(options.model, emit)
    rows = prepared.train
    chosen = np.random.default_rng(0).permutation(len(rows))[:_SAMPLE]
    chosen.sort()  # so that few rows make the run's batches
    pairs = None if rows.second is None else [rows.second[at] for at in chosen.tolist()]
    tokens = encode(
        tokenizer,
        [rows.texts[at] for at in chosen.tolist()],
        encoder.max_tokens,
        progress=counting(emit, "tokenizing"),
        pairs=pairs,
    )
    pooling = warm_start.likely_pooling(encoder.folder, options, rows)
    costs = calibration.load_or_measure(encoder.folder, replace(options, pooling=pooling), emit)
    device = devices.described()[[d.name for d in devices.described()].index(str(devices.choose(options.device)))]
    return Subject(
        prepared, encoder, np.asarray(tokens.lengths, np.int64), len(rows),
        len(prepared.validation) if prepared.validation is not None else 0, len(np.unique(tokens.ids)),
        int(loading.config(encoder.folder).get("num_hidden_layers") or 1),
        costs, device.free,
    )  # fmt: skip


def estimate(options: Finetune, about: Subject) -> Estimate:
    """Return the estimate of a run with these options, within milliseconds."""
    most = about.encoder.max_tokens
    wanted = replace(options, max_length=min(options.max_length or most, most) if options.max_length else None)
    resolved = resolve(wanted, about.prepared.task, about.encoder.lr, most)
    longest, run = resolved.max_length, resolved.steps(about.rows)
    lengths, an_epoch, steps = np.minimum(about.lengths, longest), run.per_epoch, run.total
    batches = training_batches(lengths, options.batch_size, options.seed, 0)
    batches = batches[: steps * options.gradient_accumulation_steps]
    shapes = [_shapes(lengths[batch]) for batch in batches]
    different = len({shape for passes in shapes for shape in passes})
    compiling = about.costs.new_shape * different
    seconds = sum(_seconds(about.costs, passes) for passes in shapes) / max(len(batches), 1)
    step = seconds * options.gradient_accumulation_steps + _update(about)
    row = float(about.costs.at(about.costs.read, lengths).mean())
    reading = row * about.validation_rows
    fitting = row * warm_start.rows_read(about.rows) if about.prepared.task.target_kind else 0.0
    similarity = pair_similarity.steps(about.prepared.task, options, steps, about.rows)
    evaluations = steps // (options.eval_every or an_epoch) + 2 if about.validation_rows else 0
    return Estimate(
        model=about.encoder.name,
        rows=about.rows,
        steps=steps,
        epochs=steps / an_epoch,
        seconds=float(fitting + (steps + similarity) * step + compiling + evaluations * reading),
        epoch_seconds=float(an_epoch * step + compiling + reading),
        memory=_memory(options, about, lengths, shapes, different, steps > (options.eval_every or an_epoch)),
        free=about.free,
        truncated=float((about.lengths > longest).mean()),
        max_length=longest,
    )


def _shapes(lengths: npt.NDArray[np.int64]) -> Passes:
    """Return the rows and padded tokens of each pass over a batch, which is split where padding would cost more."""
    return [(len(part), padded(int(lengths[part].max()))) for part in split_by_length(lengths)]


def _seconds(costs: Calibration, passes: Passes) -> float:
    """Return the seconds of all passes over a batch."""
    rows, tokens = np.asarray(passes).T
    return float((costs.at(costs.train, tokens) * rows).sum() + costs.per_pass * len(rows))


def _used(about: Subject) -> int:
    """Return how many parameters of the word embeddings a run trains: those of tokens in its texts."""
    return min(about.pieces * about.costs.width, about.costs.embeddings)


def _update(about: Subject) -> float:
    """Return the seconds of an optimizer update, in proportion to the trained parameters."""
    costs = about.costs
    timed = max(1, costs.trained - costs.embeddings)
    return costs.update * (timed + _used(about)) / timed


def _memory(
    options: Finetune, about: Subject, lengths: npt.NDArray[np.int64], shapes: list[Passes], different: int, again: bool
) -> dict[str, int]:
    """Return the bytes of each part of the peak, which is in a step or in an evaluation.

    There are no gradients yet in the first forward pass of a step, so ``activations`` are the peak minus all other
    parts. The best weights are in memory during training if there is an evaluation before the end (``again``).
    ``different`` is the number of batch shapes.
    """
    costs, used, device = about.costs, _used(about), devices.choose(options.device)
    trained = costs.trained - costs.embeddings + used
    best = (costs.trained if options.adapt == "lora" else costs.parameters) if about.validation_rows else 0
    average = trained if options.ema_decay else 0
    accumulated = options.gradient_accumulation_steps > 1
    step = max((_held(costs, passes, _FLOAT * trained, accumulated) for passes in shapes), default=0.0)
    reading = 0.0
    if about.validation_rows:  # an evaluation has all word embeddings in memory, and those in use
        slots = TOKEN_BUDGET[device.type]
        reading = costs.reading * min(slots, about.validation_rows * lengths.mean())
        reading += _FLOAT * (best + (costs.words if used else 0))
    peak = max(step + (_FLOAT * best if again else 0), reading)
    known = {
        "weights": _FLOAT * (costs.parameters + used),
        "gradients": _FLOAT * trained,
        "optimizer": _FLOAT * (2 * trained + average),
    }
    left = max(0, int(peak) - _FLOAT * (trained + best))
    fresh = device.type == "cpu" and "torch._dynamo" not in sys.modules  # imported by the first optimizer
    compiled = min(different, _SHAPES) - 1 - len(costs.lengths)  # `at_peak` has those of the calibration
    other = _OTHER + (_PYTORCH if fresh else 0) + int(costs.compiled * max(0, compiled))
    return {**known, "activations": left, "best weights": _FLOAT * best, "other": other}


def _held(costs: Calibration, passes: Passes, gradients: int, accumulated: bool) -> float:
    """Return the peak bytes of a step on a batch: activations, and gradients from its second pass on."""
    peaks = [float(gradients)]
    for at, (rows, tokens) in enumerate(passes):
        kept = costs.shared + float(costs.at(costs.kept, np.asarray([tokens]))[0]) * rows
        forward = kept + costs.reading * tokens * rows
        peaks.append(costs.at_peak + forward + (gradients if at or accumulated else 0))
    return max(peaks)

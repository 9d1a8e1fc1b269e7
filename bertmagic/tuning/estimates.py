"""What a run will take: steps, time and memory, from the lengths of its texts and a calibration.

The batches are those that the run will make, so padding and the cutting of batches are in the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic import work
from bertmagic.data.batches import by_length, training_batches
from bertmagic.data.tokens import encode
from bertmagic.models import devices, loading, weights
from bertmagic.training import runs
from bertmagic.training.events import Listener, counting, downloading, ignore
from bertmagic.training.plan import count_steps, default_epochs, steps_an_epoch
from bertmagic.tuning import calibration
from bertmagic.tuning.results import Estimate

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from bertmagic.options import Finetune
    from bertmagic.tasks import Prepared
    from bertmagic.tuning.calibration import Calibration

_SAMPLE = 4000
"""Rows whose lengths are looked at: their spread is known well enough, and a slider moves at once."""
_FLOAT = 4


@dataclass(frozen=True)
class Subject:
    """What estimates are made of: a data set, a model, and the costs of the model on this machine.

    Attributes
    ----------
    lengths
        The lengths in tokens of a sample of the training rows, before they are cut.
    rows, validation_rows
        How many there are.
    pieces
        How many different tokens the sample has.
    limit
        How many tokens the model reads.
    layers
        How many it has.
    lr
        The learning rate that suits the model.
    """

    prepared: Prepared
    name: str
    folder: Path
    lengths: npt.NDArray[np.int64]
    rows: int
    validation_rows: int
    pieces: int
    limit: int
    layers: int
    lr: float
    costs: Calibration
    free: int


def subject(options: Finetune, emit: Listener = ignore, prepared: Prepared | None = None) -> Subject:
    """Look at the data and the model of a run.

    Parameters
    ----------
    prepared
        The rows, where they were read before.

    Raises
    ------
    BertMagicError
        If data or model cannot be used.
    """
    prepared = prepared or work.read(options, emit)
    found = weights.find(str(options.model), downloading(emit), runs.names())
    tokenizer = loading.tokenizer(found.folder)
    rows = prepared.train
    chosen = np.random.default_rng(0).permutation(len(rows))[:_SAMPLE]
    pairs = None if rows.second is None else [rows.second[at] for at in chosen.tolist()]
    limit = loading.limit(found.folder, tokenizer)
    tokens = encode(
        tokenizer, [rows.texts[at] for at in chosen.tolist()], limit, progress=counting(emit, "tokenizing"), pairs=pairs
    )
    costs = calibration.of(found.folder, options, emit)
    device = devices.described()[[d.name for d in devices.described()].index(str(devices.choose(options.device)))]
    return Subject(
        prepared, found.name, found.folder, np.asarray(tokens.lengths, np.int64), len(rows),
        len(prepared.validation) if prepared.validation is not None else 0, len(np.unique(tokens.ids)), limit,
        int(loading.config(found.folder).get("num_hidden_layers") or 1), found.lr,
        costs, device.free,
    )  # fmt: skip


def estimate(options: Finetune, about: Subject) -> Estimate:
    """Return what a run with these options will take; it takes some milliseconds itself."""
    longest = min(options.max_length or min(about.limit, options.longest), about.limit)
    lengths = np.minimum(about.lengths, longest)
    an_epoch = steps_an_epoch(about.rows, options.batch_size, options.gradient_accumulation_steps)
    steps = count_steps(an_epoch, options.epochs or default_epochs(an_epoch, options.max_steps), options.max_steps)
    batches = training_batches(lengths, options.batch_size, options.seed, 0)
    passes = sum(_seconds(about.costs, lengths[batch]) for batch in batches) / len(batches)
    step = passes * options.gradient_accumulation_steps + about.costs.update
    reading = about.costs.at(about.costs.read, lengths).mean() * about.validation_rows
    evaluations = steps // (options.eval_every or an_epoch) + 2 if about.validation_rows else 0
    return Estimate(
        model=about.name,
        rows=about.rows,
        steps=steps,
        epochs=steps / an_epoch,
        seconds=float(steps * step + evaluations * reading),
        epoch_seconds=float(an_epoch * step + reading),
        memory=_memory(options, about, lengths, batches),
        free=about.free,
        truncated=float((about.lengths > longest).mean()),
        max_length=longest,
    )


def _seconds(costs: Calibration, lengths: npt.NDArray[np.int64]) -> float:
    """Return the seconds of the passes over a batch: cut where padding costs more, and padded."""
    parts = [lengths[part] for part in by_length(lengths)]
    rows = sum(float(costs.at(costs.train, np.asarray([part.max()]))[0]) * len(part) for part in parts)
    return rows + costs.launch * len(parts)


def _memory(options: Finetune, about: Subject, lengths: npt.NDArray[np.int64], batches: list[Any]) -> dict[str, int]:
    """Return the bytes of each part: they are held together where a step has gone halfway."""
    costs = about.costs
    used = min(about.pieces * costs.width, costs.embeddings)  # the run keeps the word embeddings of tokens in use
    trained = costs.trained - costs.embeddings + used
    most = max(_activations(costs, lengths[batch]) for batch in batches)
    kept = (costs.trained if options.adapt == "lora" else costs.parameters) if about.validation_rows else 0
    average = trained if options.ema_decay else 0
    return {
        "weights": _FLOAT * (costs.parameters + used),
        "gradients": _FLOAT * trained,
        "optimizer": _FLOAT * (2 * trained + average),
        "activations": int(costs.shared + most),
        "best weights": _FLOAT * kept,
    }


def _activations(costs: Calibration, lengths: npt.NDArray[np.int64]) -> float:
    return max(
        float(costs.at(costs.kept, np.asarray([lengths[part].max()]))[0] * len(part)) for part in by_length(lengths)
    )

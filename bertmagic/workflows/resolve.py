"""The values that a run takes by itself where the user left them open: the one place that decides them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from bertmagic.errors import OptionError, count, listing
from bertmagic.events import downloading, ignore
from bertmagic.models import adapters, catalogue, devices, loading, saving, weights
from bertmagic.run import folders
from bertmagic.training.plan import count_steps, default_epochs, steps_an_epoch
from bertmagic.workflows import conversion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from transformers import PreTrainedTokenizerBase

    from bertmagic.events import Listener
    from bertmagic.options import Finetune, LongText, Precision, Pretrain
    from bertmagic.options.terms import Adapt, ClassWeights, Keep
    from bertmagic.tasks import Task


@dataclass(frozen=True)
class Encoder:
    """What is known of an encoder before its weights are loaded.

    Attributes
    ----------
    name
        The name to show.
    folder
        Where its files are.
    lr
        The learning rate that suits it.
    max_tokens
        How many tokens it can read.
    digest
        The digest of its weights in the card of its folder; None where it has none.
    revision
        The commit of a model of the hub; None for any other.
    """

    name: str
    folder: Path
    lr: float
    max_tokens: int
    digest: str | None = None
    revision: str | None = None

    @cached_property
    def card(self) -> dict[str, Any]:
        """The card of its folder, see `saving.read_card`; empty where there is none."""
        return saving.read_card(self.folder)


@dataclass(frozen=True)
class Steps:
    """How long a run is: optimizer steps per epoch, epochs, and optimizer steps in all."""

    per_epoch: int
    epochs: float
    total: int


@dataclass(frozen=True)
class Resolved:
    """The values of a run, those included that the user left open.

    Attributes
    ----------
    lr
        The highest learning rate.
    max_length
        After how many tokens a text is cut, or a window ends.
    long_text
        What becomes of longer texts.
    batch_size, gradient_accumulation_steps
        Rows in a batch, and batches in an optimizer step.
    metric
        The validation metric that chooses the best weights.
    device, precision
        Where the run computes, and the number format of its matrix products.
    precision_reason
        Why it has this precision.
    epochs, max_steps
        As the user gave them; None where they were left open.
    adapt
        Which weights are trained; without steps for ``head``.
    needs_few_epochs
        Whether few epochs are enough by default, see `Task.needs_few_epochs`.
    """

    lr: float
    max_length: int
    long_text: LongText
    batch_size: int
    gradient_accumulation_steps: int
    metric: str
    device: str
    precision: Precision
    precision_reason: str
    epochs: float | None
    max_steps: int | None
    adapt: Adapt
    needs_few_epochs: bool = False

    def steps(self, samples: int) -> Steps:
        """Return how long the run is on so many training samples: rows, or the windows of long texts."""
        per_epoch = steps_an_epoch(samples, self.batch_size, self.gradient_accumulation_steps)
        if self.adapt == "head":
            return Steps(per_epoch, 0.0, 0)
        epochs = self.epochs or default_epochs(per_epoch, self.max_steps, self.needs_few_epochs)
        return Steps(per_epoch, epochs, count_steps(per_epoch, epochs, self.max_steps))

    @property
    def options(self) -> dict[str, Any]:
        """The values as options of the run."""
        names = ("lr", "max_length", "long_text", "metric", "device", "precision")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class HoldOut:
    """The rows to hold out for validation.

    Attributes
    ----------
    share
        The share of the training rows; 0 for none.
    keep
        Which weights the run keeps.
    reason
        A sentence on a choice that is made for few rows; else empty.
    """

    share: float
    keep: Keep
    reason: str = ""


FEW = 500
"""Below so many rows a tenth of them is too small to choose weights on; `benchmarks/defaults.py`."""


def hold_out(options: Finetune | Pretrain, task: Task, rows: int, has_validation: bool, has_test: bool) -> HoldOut:
    """Decide how many of the training rows to hold out, and which weights to keep.

    With few rows a small validation set chooses weights by chance, so the last ones are kept; rows are then held out
    for the report only, or for the thresholds of labels.
    """
    selects = any(getattr(options, name, None) for name in ("metric", "patience", "calibrate"))
    is_few = rows < FEW and task.target_kind is not None and not selects
    chosen = options.validation is not None or has_validation
    keep: Keep = options.keep or ("last" if is_few and not chosen else "best")
    if chosen:
        return HoldOut(0.0 if has_validation else float(options.validation), keep)
    if not is_few or keep == "best":
        return HoldOut(0.1, keep)
    if not has_test or task.has_thresholds:
        return HoldOut(0.2, keep, f"The last weights are kept: a part of {count(rows, 'row')} would choose by chance.")
    return HoldOut(0.0, keep, f"No row is held out: a part of {count(rows, 'row')} would choose weights by chance.")


CALIBRATED = 50
"""From so many validation rows on a run fits a temperature to them; `benchmarks/defaults.py`."""


def calibrates(options: Finetune | Pretrain, task: Task, keep: Keep, validation_rows: int) -> bool:
    """Decide whether to fit a temperature to the validation rows, which makes up for weights that are too sure.

    Where the last weights are kept, the validation rows are there for the report, and stay unseen.
    """
    wanted = getattr(options, "calibrate", False)
    if wanted is None:
        return task.calibrates and keep == "best" and validation_rows >= CALIBRATED
    return bool(wanted)


RARE = 0.2
"""The rarer of two classes is weighted if it has a smaller share of the rows; see docs/results.md."""


def class_weights(options: Finetune | Pretrain, task: Task, counts: Mapping[str, int]) -> tuple[ClassWeights, str]:
    """Decide whether the loss weights classes by their inverse frequency, with a sentence if that was left open.

    Parameters
    ----------
    counts
        The number of training rows of each class.
    """
    wanted: ClassWeights | None = getattr(options, "class_weights", "none")
    if wanted is not None:
        return wanted, ""
    share = min(counts.values(), default=0) / max(sum(counts.values()), 1)
    if not task.needs_few_epochs or len(counts) != 2 or share >= RARE:
        return "none", ""
    rare = min(counts, key=lambda name: counts[name])
    return "balanced", f"Classes are weighted by their inverse frequency: {share:.0%} of the rows are {rare!r}."


def find_encoder(model: Any, emit: Listener = ignore) -> tuple[Encoder, PreTrainedTokenizerBase]:
    """Find an encoder, downloading it if need be, and load its tokenizer.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    pretrained = weights.find(conversion.reference(str(model), emit), downloading(emit), folders.names())
    tokenizer = loading.tokenizer(pretrained.folder)
    limit = loading.limit(pretrained.folder, tokenizer)
    digest = saving.saved_digest(pretrained.folder)
    revision = weights.revision(pretrained.folder)
    return Encoder(pretrained.name, pretrained.folder, pretrained.lr, limit, digest, revision), tokenizer


def trained_on(encoder: Encoder) -> frozenset[str] | None:
    """Return the languages that an encoder was trained on; None for many, or if they are not known.

    A model that was fine-tuned here knows those of the encoder that it was made from.
    """
    made_from = encoder.card.get("encoder", "")
    entry = catalogue.entry(encoder.name) or catalogue.entry(str(made_from))
    return entry.trained_on if entry else None


APART_LR = 0.3
"""The learning rate of a model that compares vectors, as a share of the encoder's; `benchmarks/defaults.py`."""


def resolve(options: Finetune | Pretrain, task: type[Task] | Task, lr: float, max_tokens: int) -> Resolved:
    """Decide what the user left open.

    Parameters
    ----------
    task
        What is to be learned.
    lr, max_tokens
        Those of the `Encoder`.

    Raises
    ------
    OptionError
        If ``metric`` or ``max_length`` cannot be had with this task or encoder.
    DeviceError
        If the device or the precision cannot be had.
    """
    device, precision, reason = place(options.device, options.precision)
    apart = getattr(options, "read_pairs", None) == "apart"
    return Resolved(
        lr=options.lr or (adapters.LR if options.adapt == "lora" else lr * (APART_LR if apart else 1.0)),
        max_length=max_length(options.max_length, options.longest, max_tokens),
        long_text=task.long_text or options.long_text,
        batch_size=options.batch_size,
        gradient_accumulation_steps=options.gradient_accumulation_steps,
        metric=metric(options.metric, task),
        device=str(device),
        precision=precision,
        precision_reason=reason,
        epochs=options.epochs,
        max_steps=options.max_steps,
        adapt=options.adapt,
        needs_few_epochs=apart or (task.needs_few_epochs and not task.paired),
    )


def place(device: str | None, precision: str) -> tuple[torch.device, Precision, str]:
    """Return the device to compute on, the number format of matrix products there, and why it is this one."""
    chosen = devices.choose(device)
    number_format, reason = devices.precision(precision, chosen)
    return chosen, cast("Precision", number_format), reason


def metric(wanted: str | None, task: type[Task] | Task) -> str:
    """Return the validation metric that chooses the best weights: by default the first of the task.

    Raises
    ------
    OptionError
        If the task does not have it.
    """
    known = task.validation_metrics
    if wanted is None or wanted in known:
        return wanted or known[0]
    raise OptionError(f"metric = {wanted!r} is not a metric of {task.name}.", f"It has {listing(known)}.")


def max_length(wanted: int | None, default: int, max_tokens: int) -> int:
    """Return after how many tokens a text is cut: by default ``default``, or fewer where the encoder reads fewer.

    Raises
    ------
    OptionError
        If the encoder reads fewer tokens than wanted.
    """
    if wanted is None:
        return min(max_tokens, default)
    if wanted > max_tokens:
        raise OptionError(
            f"max_length = {wanted} is more than the model reads: {max_tokens} tokens.",
            f"Set max_length to {max_tokens} or less, or choose a model that reads more (modernbert: 8192).",
        )
    return wanted

"""How many steps a run takes, and how it takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the loop does: see `bertmagic.options.Finetune` for the meaning of each value.

    ``keep`` is ``best`` or ``last``.
    """

    steps: int
    batch_size: int
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    lr: float
    warmup: float
    weight_decay: float
    layerwise_lr_decay: float = 1.0
    schedule: str
    seed: int
    eval_every: int | None
    patience: int | None
    metric: str
    higher_is_better: bool
    keep: str = "best"
    precision: str
    max_grad_norm: float = 1.0
    ema_decay: float | None = None


def steps_an_epoch(rows: int, batch_size: int, accumulated: int = 1) -> int:
    """Return how many optimizer steps go through all rows once, each over ``accumulated`` batches."""
    return math.ceil(math.ceil(rows / batch_size) / accumulated)


def count_steps(an_epoch: int, epochs: float, max_steps: int | None) -> int:
    """Return the number of optimizer steps of a run."""
    wanted = math.ceil(an_epoch * epochs)
    return max(1, min(wanted, max_steps) if max_steps else wanted)


_WARM_EPOCHS, _WARM_STEPS = 6, 40
"""A head that starts from a linear model gets at most so many epochs, or this many steps; `benchmarks/defaults.py`."""


def default_epochs(an_epoch: int, max_steps: int | None, warm: bool = False) -> float:
    """Return as many epochs as ``max_steps`` makes, else 3, and for few rows as many as make 300 steps, at most 10.

    A few dozen steps leave a random head untrained: Mosbach et al. 2021 ("On the stability of fine-tuning BERT",
    section 6) find that small data sets need more epochs, not other hyperparameters. A head that starts from a linear
    model (``warm``) is trained already: more than 6 epochs then raise the loss and hardly the accuracy, unless they are
    a handful of steps.
    """
    if max_steps is not None:
        return max_steps / an_epoch
    most = max(_WARM_EPOCHS, math.ceil(_WARM_STEPS / an_epoch)) if warm else 10
    return float(min(max(3, math.ceil(300 / an_epoch)), most, 10))

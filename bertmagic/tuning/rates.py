"""The learning-rate finder: a few steps at a rising rate. Afterwards the weights are restored.

The range test is of Smith 2017 ("Cyclical Learning Rates for Training Neural Networks", section 3.3).
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from bertmagic.data.batches import training_batches
from bertmagic.errors import TrainingError
from bertmagic.events import Phase
from bertmagic.models import devices
from bertmagic.models.fast import allocator
from bertmagic.options.rates import rate_text
from bertmagic.training.step import Stepper
from bertmagic.tuning.results import Rates

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource
    from bertmagic.events import Listener
    from bertmagic.run.stopping import StopButton
    from bertmagic.training.objective import Objective
    from bertmagic.training.plan import Plan
    from bertmagic.training.step import Rows

LOWEST, HIGHEST, STEPS = 1e-7, 1e-1, 100
"""First and last rate, and the number of steps; the rate rises by the same factor at each step."""

_KEEP = 0.9
"""Decay of the moving average of the losses."""
_RISEN = 1.5
"""The test ends when the smoothed loss exceeds its minimum by this factor: larger rates only destroy the weights."""
_SETTLED = 5
"""Steps before the minimum is looked for: the first averages are of too few losses."""

RULE = (
    "a tenth of the rate at which the smoothed loss is lowest: there it is about to rise again "
    "(the rule of fastai's finder, after Smith 2017)"
)


def find(
    model: PreTrainedModel, feed: BatchSource, plan: Plan, objective: Objective, emit: Listener, button: StopButton,
    named: tuple[str, str] = ("", ""),
) -> Rates:  # fmt: skip
    """Raise the learning rate step by step until the loss diverges, and suggest a rate.

    Weights, buffers and random states are the same afterwards, to the bit.

    Parameters
    ----------
    plan
        The plan of a run; its learning rate and schedule are not used.
    named
        Names of the model and the data, for the result.

    Raises
    ------
    TrainingError
        If the loss is not finite in the first steps.
    """
    tried: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    ended = f"the rate reached {rate_text(HIGHEST)}"
    with _untouched(model), allocator.kept():
        stepper = Stepper(model, feed, plan, objective, emit)
        for at, batch in zip(range(STEPS), _batches(feed, plan), strict=False):
            rate = LOWEST * (HIGHEST / LOWEST) ** (at / (STEPS - 1))
            result = stepper.step([batch], rate, at + 1)
            if result is None:
                continue
            loss = float(result.loss)
            if not math.isfinite(loss):
                ended = f"the loss was {loss} at {rate:.2g}"
                break
            tried.append(rate)
            losses.append(loss)
            smoothed.append(_average(losses))
            emit(Phase("raising the learning rate", at + 1, STEPS, "steps"))
            if at > _SETTLED and smoothed[-1] > _RISEN * min(smoothed[_SETTLED:]):
                ended = f"the smoothed loss had risen to {smoothed[-1]:.3g} at {rate:.2g}"
                break
            button.check()
        del stepper
    lowest = _lowest(tried, smoothed)
    return Rates(
        *named,
        len(feed.tokens),
        tuple(tried),
        tuple(losses),
        tuple(smoothed),
        _rounded(lowest / 10),
        lowest,
        ended,
        RULE,
    )


def _batches(feed: BatchSource, plan: Plan) -> Iterator[Rows]:
    """Yield batches as a run does, epoch after epoch."""
    for epoch in count():
        yield from training_batches(feed.tokens.lengths, plan.batch_size, plan.seed, epoch)


def _average(losses: list[float]) -> float:
    """Return the moving average of losses with bias correction (Kingma & Ba 2015, section 3)."""
    weights = [_KEEP**back for back in range(len(losses) - 1, -1, -1)]
    return sum(w * loss for w, loss in zip(weights, losses, strict=True)) / sum(weights)


def _lowest(rates: list[float], smoothed: list[float]) -> float:
    settled = smoothed[_SETTLED:]
    if not settled:
        raise TrainingError(
            "the loss is not finite in the first steps.", 'Set precision = "fp32", or look at the data.'
        )
    return rates[_SETTLED + settled.index(min(settled))]


def _rounded(rate: float) -> float:
    """Return a rate with two significant digits."""
    return float(f"{rate:.1e}")


@contextmanager
def _untouched(model: PreTrainedModel) -> Iterator[None]:
    """Restore the weights of a model and the random state on leaving."""
    import torch

    device = model.device
    kept = {name: value.detach().clone() for name, value in (*model.named_parameters(), *model.named_buffers())}
    random = devices.random_state(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        try:
            yield
        finally:
            _put_back(model, kept)
    devices.set_random_state(device, random)


def _put_back(model: PreTrainedModel, kept: dict[str, torch.Tensor]) -> None:
    import torch

    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            value.copy_(kept[name])
            value.grad = None

"""The learning rate over a run."""

from __future__ import annotations

import math


def factor(step: int, steps: int, warmup: int, kind: str) -> float:
    """Return the share of the peak learning rate at a step.

    It rises linearly from 0 over ``warmup`` steps, then falls to 0 along a line (Devlin et al. 2019), along half a
    cosine (Loshchilov & Hutter 2017, eq. 5, without restarts), or stays.

    Parameters
    ----------
    step
        The number of steps already taken, from 0 to ``steps - 1``.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if kind == "constant":
        return 1.0
    done = (step - warmup) / max(steps - warmup, 1)
    return 0.5 * (1 + math.cos(math.pi * done)) if kind == "cosine" else 1 - done


def warmup_steps(warmup: float, steps: int) -> int:
    """Return the number of warm-up steps: ``warmup`` itself, or below 1 that share of all steps."""
    return min(round(warmup * steps) if warmup < 1 else int(warmup), steps)

"""The methods that score words, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.explain import surrogate

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from bertmagic.explain.game import TargetGame

PASSES = 200
"""How many rows go through the model by default."""


@dataclass(frozen=True)
class Scored:
    """Scores of words, ``(words,)``, and the method that gave them."""

    method: str
    scores: npt.NDArray[np.float64]


def run(method: str, game: TargetGame, passes: int | None) -> Scored:
    """Return the scores of words by a method."""
    most = PASSES if passes is None else passes
    chosen = "masks" if method == "auto" else method
    return Scored(chosen, METHODS[chosen](game, most))


METHODS: dict[str, Callable[[TargetGame, int], npt.NDArray[np.float64]]] = {
    "masks": surrogate.masks,
    "occlusion": lambda game, passes: surrogate.occlusion(game),
}
"""The methods by their names in the option ``method``."""

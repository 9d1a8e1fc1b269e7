"""What a prediction can be explained by: named scores that are computed from the outputs of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.errors import OptionError, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

Unit = Literal["probability", "number"]


@dataclass(frozen=True)
class ExplainedScores:
    """The scores of one sample that can be explained.

    Attributes
    ----------
    names
        What they are called: labels, entities, ``answer``, words.
    predicted
        The one that is explained if the user names none.
    scores
        From the outputs of rows with as many tokens as this sample, ``(rows, outputs)`` or ``(rows, tokens, outputs)``,
        to the scores ``(rows, targets)``. It is differentiable.
    unit
        ``probability``, or ``number`` for predicted numbers.
    fixed
        Tokens that are never hidden, because the prediction is about them: the mask whose word is predicted.
    """

    names: tuple[str, ...]
    predicted: int
    scores: Callable[[torch.Tensor], torch.Tensor]
    unit: Unit = "probability"
    fixed: frozenset[int] = frozenset()

    def number(self, target: Any) -> int:
        """Return the number of a target; the predicted one for None.

        Raises
        ------
        OptionError
            If there is no such target.
        """
        if target is None:
            return self.predicted
        for known in (str(target), repr(target)):
            if known in self.names:
                return self.names.index(known)
        raise OptionError(
            f"there is no target {str(target)[:60]!r}.{nearest(str(target), self.names)}",
            f"Targets of this prediction are {listing(self.names, 12)}.",
        )

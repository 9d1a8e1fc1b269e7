"""The masking game: the score of a text with some of its words hidden.

All that explains by removing words goes through `MaskingGame.values`, so it works with every task and every backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Masks = npt.NDArray[np.bool_]

CHUNK = 64
"""How many masks are scored at a time, so that an interrupt loses little."""


@dataclass(frozen=True)
class Word:
    """A word of the text that can be hidden.

    Attributes
    ----------
    text, start, end
        Its characters in its text, ``[start, end)``.
    side
        0 for the text, 1 for the second one of a pair.
    pieces
        The places of its tokens in the sample.
    """

    text: str
    start: int
    end: int
    side: int
    pieces: tuple[int, ...]


class MaskingGame:
    """The scores of a text with any set of its words hidden, each set computed once.

    Parameters
    ----------
    ids
        The token ids of the sample, ``(tokens,)``.
    words
        Its words; special tokens belong to none and are never hidden.
    hidden_id
        The id that replaces the tokens of hidden words, such as that of ``[MASK]``.
    score
        From token ids ``(rows, tokens)`` to scores ``(rows, targets)``.
    after
        Called with the number of passes so far; an exception that it raises ends the computation.
    """

    def __init__(
        self,
        ids: npt.NDArray[np.int32],
        words: Sequence[Word],
        hidden_id: int,
        score: Callable[[npt.NDArray[np.int32]], Floats],
        after: Callable[[int], None] = lambda passes: None,
    ) -> None:
        self.ids, self.words, self.hidden_id = ids, tuple(words), hidden_id
        self._score, self._after = score, after
        self._known: dict[bytes, Floats] = {}
        self._owner = np.zeros((len(self.words), len(ids)), bool)  # (words, tokens)
        for number, word in enumerate(self.words):
            self._owner[number, list(word.pieces)] = True

    def __len__(self) -> int:
        """The number of words."""
        return len(self.words)

    @property
    def passes(self) -> int:
        """How many rows went through the model."""
        return len(self._known)

    @property
    def owned(self) -> Masks:
        """Which tokens belong to a word, ``(tokens,)``."""
        return np.asarray(self._owner.any(axis=0))

    def masked(self, hidden: Masks) -> npt.NDArray[np.int32]:
        """Return the token ids with words hidden: ``(masks, tokens)`` for ``(masks, words)``."""
        places = hidden.astype(np.float32) @ self._owner.astype(np.float32) > 0
        return np.where(places, np.int32(self.hidden_id), self.ids)

    def values(self, hidden: Masks) -> Floats:
        """Return the scores with words hidden.

        Parameters
        ----------
        hidden
            Which words are hidden, ``(masks, words)``. A mask that was scored before costs nothing.

        Returns
        -------
        ndarray
            Of shape ``(masks, targets)``.
        """
        hidden = np.atleast_2d(np.asarray(hidden, bool))
        keys = [row.tobytes() for row in np.packbits(hidden, axis=1)]
        new = list({key: at for at, key in enumerate(keys) if key not in self._known}.values())
        for start in range(0, len(new), CHUNK):
            part = new[start : start + CHUNK]
            for at, values in zip(part, self._score(self.masked(hidden[part])), strict=True):
                self._known[keys[at]] = values
            self._after(self.passes)
        return np.stack([self._known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)

    def known(self) -> tuple[Masks, Floats]:
        """Return all masks that were scored, ``(passes, words)``, and their scores, ``(passes, targets)``."""
        packed = np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), -1)
        masks = np.unpackbits(packed, axis=1, count=len(self)).astype(bool)
        return masks, np.stack(list(self._known.values()))

    def unknown(self, hidden: Masks) -> int:
        """Return how many passes masks would take."""
        return len({row.tobytes() for row in np.packbits(hidden, axis=1)} - self._known.keys())

    def of(self, target: int, is_probability: bool = True) -> TargetGame:
        """Return the game of one target."""
        return TargetGame(self, target, is_probability)


@dataclass(frozen=True)
class TargetGame:
    """A masking game with one target: values of shape ``(masks,)``.

    Attributes
    ----------
    is_probability
        Whether the values are probabilities, and not numbers.
    """

    game: MaskingGame
    target: int
    is_probability: bool = True

    def __len__(self) -> int:
        return len(self.game)

    def __call__(self, hidden: Masks) -> npt.NDArray[np.float64]:
        """Return the scores of the target with words hidden, ``(masks,)`` for ``(masks, words)``."""
        return self.game.values(hidden)[:, self.target].astype(np.float64)

    @property
    def passes(self) -> int:
        """How many rows went through the model."""
        return self.game.passes

    def unknown(self, hidden: Masks) -> int:
        """Return how many passes masks would take."""
        return self.game.unknown(hidden)

    def known(self) -> tuple[Masks, npt.NDArray[np.float64]]:
        """Return all masks that were scored, and their values."""
        masks, values = self.game.known()
        return masks, values[:, self.target].astype(np.float64)

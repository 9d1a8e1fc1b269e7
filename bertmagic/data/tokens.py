"""Texts as token ids: one flat array, so that a million rows cost four bytes a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Tokens:
    """The token ids of many texts, special tokens included.

    A sample is what the model reads at once: a text, or one of the windows that a long text was cut into.

    Attributes
    ----------
    ids
        The ids of all samples, one after the other; int32 of shape ``(all tokens,)``. They may be read-only and lie in
        a file.
    offsets
        Where each sample begins; ``ids[offsets[i]:offsets[i + 1]]`` are those of sample ``i``. Shape
        ``(samples + 1,)``.
    truncated
        How many texts were longer than ``max_length``.
    unknown
        The share of unknown tokens.
    windows
        Which samples are the windows of a text: ``windows[j]`` to ``windows[j + 1]`` for text ``j``. Shape
        ``(texts + 1,)``; None where each text is one sample.
    second
        The token of its sample at which the second text of a pair begins. Shape ``(samples,)``; None for single texts.
    spans
        The characters ``[start, end)`` of each token in its own text; (0, 0) for special tokens. Shape
        ``(all tokens, 2)``; None unless they were asked for.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: int
    unknown: float
    windows: npt.NDArray[np.int64] | None = None
    second: npt.NDArray[np.int32] | None = None
    spans: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of each sample, shape ``(samples,)``."""
        import numpy as np

        return np.diff(self.offsets)

    def lengths_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of tokens of some samples, shape ``(rows,)``."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def lengths_by_row(self) -> npt.NDArray[np.int64]:
        """Return the number of tokens that are read of each text, in all its windows; shape ``(texts,)``."""
        import numpy as np

        return self.lengths if self.windows is None else np.add.reduceat(self.lengths, self.windows[:-1])

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self) if self.windows is None else len(self.windows) - 1

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The text that each sample belongs to, shape ``(samples,)``."""
        import numpy as np

        return np.arange(len(self)) if self.windows is None else np.repeat(np.arange(self.texts), np.diff(self.windows))

    def choose(self, samples: npt.NDArray[np.int64]) -> Tokens:
        """Return some samples, each as a text of its own, without the characters of their tokens."""
        import numpy as np

        offsets = np.concatenate([[0], np.cumsum(self.lengths_of(samples))])
        second = None if self.second is None else self.second[samples]
        return Tokens(self.ids[self.positions(samples)], offsets, 0, self.unknown, second=second)

    def positions(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return where the tokens of some samples are in `ids`, sample by sample."""
        import numpy as np

        lengths = self.lengths_of(samples)
        before = np.cumsum(lengths) - lengths
        return np.repeat(self.offsets[samples] - before, lengths) + np.arange(lengths.sum())

    def spread(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return for each sample the entry of its text: the array itself where each text is one sample."""
        return values if self.windows is None else values[self.owner]

    def row(self, number: int) -> npt.NDArray[np.int32]:
        """The ids of one sample."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def by_row(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the scores of each text from those of its samples: the mean over its windows.

        The softmax of a mean of logits is the geometric mean of the windows' probabilities, scaled to sum to 1: the
        logarithmic opinion pool (Genest & Zidek 1986, "Combining Probability Distributions", section 3), in which a
        confident window counts for more.

        Parameters
        ----------
        scores
            Logits of shape ``(samples, …)``.

        Returns
        -------
        ndarray
            Of shape ``(texts, …)``.
        """
        import numpy as np

        if self.windows is None:
            return scores
        counts = np.diff(self.windows).reshape(-1, *[1] * (scores.ndim - 1))
        sums = np.add.reduceat(scores, self.windows[:-1], axis=0)  # every text has a window, as reduceat needs
        return (sums / counts).astype(scores.dtype)

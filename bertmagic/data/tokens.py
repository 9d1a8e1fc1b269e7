"""Texts as token ids: one flat array, so that a million rows cost four bytes a token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase

    from bertmagic.options import LongText

_CHUNK = 1000
_HEAD = 128 / 510
"""The share of a long text that `head_tail` keeps of its beginning: 128 tokens beside the last 382, the best of the
ways to cut in Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?", section 5.3.1."""


@dataclass(frozen=True)
class Tokens:
    """The token ids of many texts, special tokens included.

    What the model reads at once is a sample: a text, or one of the windows that a long text was cut into.

    Attributes
    ----------
    ids
        All ids behind each other, int32 of shape ``(all tokens,)``; they may lie in a file and be read-only.
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
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: int
    unknown: float
    windows: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of each sample, shape ``(samples,)``."""
        import numpy as np

        return np.diff(self.offsets)

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self) if self.windows is None else len(self.windows) - 1

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The text that each sample is of, shape ``(samples,)``."""
        import numpy as np

        return np.arange(len(self)) if self.windows is None else np.repeat(np.arange(self.texts), np.diff(self.windows))

    def row(self, number: int) -> npt.NDArray[np.int32]:
        """The ids of one sample."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def by_row(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the scores of each text from those of its samples: the mean over its windows.

        The softmax of a mean of logits is the geometric mean of the windows' probabilities, scaled to sum to 1: the
        logarithmic opinion pool (Genest & Zidek 1986, "Combining Probability Distributions", section 3), in which a
        window that is sure has more say than one that is not.

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


@dataclass(frozen=True)
class Piece:
    """The tokens of a few texts: all ids, the length of each sample, and how many samples each text has.

    ``truncated`` counts texts and ``unknown`` counts tokens.
    """

    ids: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    truncated: int
    unknown: int


def encode(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    long_text: LongText = "truncate",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tokens:
    """Tokenize texts so that no sample has more than ``max_length`` tokens, its special tokens kept.

    Parameters
    ----------
    long_text
        What becomes of a longer text. ``truncate`` keeps its beginning. ``head_tail`` keeps the first quarter (128 of
        510 tokens) and the rest from its end. ``window`` reads it all, in windows that overlap by a quarter; the last
        one ends with the text.
    progress
        Called with the number of texts done and the number of all.
    """
    import numpy as np

    found = list(pieces(tokenizer, texts, max_length, long_text, progress))
    ids = [piece.ids for piece in found]
    return joined(np.concatenate(ids) if ids else np.zeros(0, np.int32), found)


def joined(ids: npt.NDArray[np.int32], found: Sequence[Piece]) -> Tokens:
    """Return pieces as one, with all their ids in ``ids``."""
    offsets, windows = (_sums(getattr(piece, of) for piece in found) for of in ("lengths", "counts"))
    unknown = sum(piece.unknown for piece in found) / max(len(ids), 1)
    one_each = len(windows) == len(offsets)
    return Tokens(ids, offsets, sum(piece.truncated for piece in found), unknown, None if one_each else windows)


def _sums(parts: Iterable[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.concatenate([np.zeros(1, np.int64), *parts]).cumsum()


def pieces(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    long_text: LongText,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Piece]:
    """Yield the tokens of a thousand texts after another; see `encode`."""
    head, tail = _ends(tokenizer)
    cut, room = _CUTS[long_text], max_length - head - tail
    for start in range(0, len(texts), _CHUNK):
        samples, counts, truncated = [], [], 0
        for row in _rows(tokenizer, texts[start : start + _CHUNK]):
            if len(row) <= max_length:
                samples.append(row)
                counts.append(1)
                continue
            inner = len(row) - tail
            parts = [row[:head] + part + row[inner:] for part in cut(row[head:inner], room)]
            samples += parts
            counts.append(len(parts))
            truncated += 1
        yield _piece(samples, counts, truncated, tokenizer.unk_token_id)
        progress(min(start + _CHUNK, len(texts)), len(texts))


def _piece(samples: list[list[int]], counts: list[int], truncated: int, unknown: Any) -> Piece:
    import numpy as np

    lengths = np.fromiter(map(len, samples), np.int64, len(samples))
    ids = np.fromiter(chain.from_iterable(samples), np.int32, int(lengths.sum()))
    return Piece(ids, lengths, np.asarray(counts, np.int64), truncated, int((ids == unknown).sum()))


def _ends(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """Return how many special tokens open and close a text: 1 and 1 for BERT, 0 and 2 for XLNet."""
    special: list[int] = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    head = special.index(0) if 0 in special else 0
    return head, sum(special) - head


def _beginning(body: list[int], room: int) -> list[list[int]]:
    return [body[:room]]


def _head_and_tail(body: list[int], room: int) -> list[list[int]]:
    head = round(room * _HEAD)
    return [body[:head] + body[len(body) - (room - head) :]]


def _windows(body: list[int], room: int) -> list[list[int]]:
    last = len(body) - room
    return [body[start : start + room] for start in (*range(0, last, room - room // 4), last)]


_CUTS: dict[str, Callable[[list[int], int], list[list[int]]]] = {
    "truncate": _beginning,
    "head_tail": _head_and_tail,
    "window": _windows,
}


def _rows(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    encoded: Any = tokenizer(
        [_without_surrogates(text) for text in texts],
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return encoded["input_ids"]  # type: ignore[no-any-return]


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which are no characters: the tokenizers refuse them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")

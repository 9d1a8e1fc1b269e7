"""Texts as token ids: one flat array, so that a million rows cost four bytes a token."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from bertmagic.data.texts import whole
from bertmagic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
    second
        Of pairs, at which token of its sample the second text begins. Shape ``(samples,)``; None where there are none.
    spans
        Where each token stands in its own text, first and after its last character; (0, 0) for special tokens. Shape
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
        """Return the number of tokens of some samples, without a look at the others."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def lengths_by_row(self) -> npt.NDArray[np.int64]:
        """Return the number of tokens that are read of each text, those of all its windows; shape ``(texts,)``."""
        import numpy as np

        return self.lengths if self.windows is None else np.add.reduceat(self.lengths, self.windows[:-1])

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self) if self.windows is None else len(self.windows) - 1

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The text that each sample is of, shape ``(samples,)``."""
        import numpy as np

        return np.arange(len(self)) if self.windows is None else np.repeat(np.arange(self.texts), np.diff(self.windows))

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
class Shape:
    """How texts become samples; what decides the ids beside the tokenizer and the texts.

    Attributes
    ----------
    max_length
        How many tokens a sample has at most, special tokens included.
    long_text
        What becomes of a longer text. ``truncate`` keeps its beginning; of a pair the longer text is cut. ``head_tail``
        keeps the first quarter (128 of 510 tokens) and the rest from its end. ``window`` reads it all, in windows that
        overlap; the last one ends with the text. Of a pair, windows go over the second text, and of the first at most
        half of the room is kept.
    stride
        By how many tokens windows overlap; None for a quarter of the room.
    spans
        Whether to keep the characters of each token.
    """

    max_length: int
    long_text: LongText = "truncate"
    stride: int | None = None
    spans: bool = False


@dataclass(frozen=True)
class Piece:
    """The tokens of a few texts: all ids, the length of each sample, and how many samples each text has.

    ``second`` and ``spans`` are as in `Tokens`, empty where those have None; ``truncated`` counts texts and
    ``unknown`` counts tokens.
    """

    ids: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    spans: npt.NDArray[np.int32]
    truncated: int
    unknown: int


def encode(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    long_text: LongText = "truncate",
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    pairs: Sequence[str] | None = None,
    stride: int | None = None,
    spans: bool = False,
) -> Tokens:
    """Tokenize texts, or pairs of them, so that no sample is longer than allowed, its special tokens kept.

    Parameters
    ----------
    max_length, long_text, stride, spans
        See `Shape`.
    progress
        Called with the number of texts done and the number of all.
    pairs
        The second text of each pair.
    """
    import numpy as np

    shape = Shape(max_length, long_text, stride, spans)
    found = list(pieces(tokenizer, texts, shape, pairs, progress))
    ids = np.concatenate([piece.ids for piece in found] or [np.zeros(0, np.int32)])
    where = np.concatenate([piece.spans for piece in found] or [np.zeros((0, 2), np.int32)])
    return joined(ids, where if spans else None, found)


def joined(ids: npt.NDArray[np.int32], spans: npt.NDArray[np.int32] | None, found: Sequence[Piece]) -> Tokens:
    """Return pieces as one, with all their ids in ``ids`` and the characters of these in ``spans``."""
    import numpy as np

    offsets = _sums([piece.lengths for piece in found])
    cut = len(offsets) - 1 > sum(len(piece.counts) for piece in found)
    second = np.concatenate([piece.second for piece in found] or [np.zeros(0, np.int32)])
    unknown = sum(piece.unknown for piece in found) / max(len(ids), 1)
    return Tokens(
        ids, offsets, sum(piece.truncated for piece in found), unknown,
        windows=_sums([piece.counts for piece in found]) if cut else None,
        second=second if len(second) else None,
        spans=spans,
    )  # fmt: skip


def _sums(parts: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.concatenate([np.zeros(1, np.int32), *parts]).cumsum(dtype=np.int64)


def pieces(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    shape: Shape,
    pairs: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Piece]:
    """Yield the tokens of a thousand texts after another; see `encode`."""
    if shape.spans and not tokenizer.is_fast:
        raise ModelError(
            f"the tokenizer {type(tokenizer).__name__} is written in Python, and does not tell where its tokens stand.",
            "Choose a model whose folder has a tokenizer.json.",
        )
    frame = Frame.of(tokenizer, paired=pairs is not None)
    for start in range(0, len(texts), _CHUNK):
        stop = start + _CHUNK
        bodies = _bodies(tokenizer, texts[start:stop], shape.spans)
        others: Sequence[Body | None] = [None] * len(bodies)
        if pairs is not None:
            others = _bodies(tokenizer, pairs[start:stop], shape.spans)
        found = [frame.samples(body, other, shape) for body, other in zip(bodies, others, strict=True)]
        yield _piece(found, frame, shape, tokenizer.unk_token_id)
        progress(min(stop, len(texts)), len(texts))


@dataclass(frozen=True)
class Body:
    """The tokens of one text without special tokens: ``ids``, and ``spans`` where they were asked for."""

    ids: list[int]
    spans: list[tuple[int, int]]

    def part(self, of: slice) -> Body:
        """Return some of the tokens."""
        return Body(self.ids[of], self.spans[of])

    def __add__(self, other: Body) -> Body:
        return Body(self.ids + other.ids, self.spans + other.spans)


@dataclass(frozen=True)
class Frame:
    """The special tokens around a text, or around and between two: [CLS] and [SEP] for BERT.

    They are what the tokenizer puts there for the texts "a" and "a", so every kind of encoder has its own.
    """

    head: Body
    middle: Body
    tail: Body

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, paired: bool) -> Frame:
        """Read the frame off a tokenizer."""
        found: Any = tokenizer("a", "a" if paired else None, return_special_tokens_mask=True)
        inside = len(tokenizer("a", add_special_tokens=False)["input_ids"])
        ids, special = found["input_ids"], found["special_tokens_mask"]
        head = special.index(0) if 0 in special else 0
        after = head + inside
        middle = special.index(0, after) - after if paired else 0
        tail = after + middle + inside if paired else after
        parts = (ids[:head], ids[after : after + middle], ids[tail:])
        return cls(*(Body(part, [(0, 0)] * len(part)) for part in parts))

    def __len__(self) -> int:
        return len(self.head.ids) + len(self.middle.ids) + len(self.tail.ids)

    def samples(self, body: Body, other: Body | None, shape: Shape) -> tuple[list[tuple[Body, int]], bool]:
        """Return the samples of one text or pair, each with where its second text begins, and whether it was cut."""
        room = shape.max_length - len(self)
        if other is None:
            return [(self.head + part + self.tail, 0) for part in _fitted(body, room, shape)], len(body.ids) > room
        if len(body.ids) + len(other.ids) <= room:
            return [self._pair(body, other)], False
        if shape.long_text == "window":
            body = body.part(slice(max(room // 2, room - len(other.ids))))
            return [self._pair(body, part) for part in _fitted(other, room - len(body.ids), shape)], True
        # The shorter text is kept whole while it takes less than half of the room.
        kept = max(room - len(other.ids), min(len(body.ids), room // 2))
        return [self._pair(_fitted(body, kept, shape)[0], _fitted(other, room - kept, shape)[0])], True

    def _pair(self, body: Body, other: Body) -> tuple[Body, int]:
        first = self.head + body + self.middle
        return first + other + self.tail, len(first.ids)


def _fitted(body: Body, room: int, shape: Shape) -> list[Body]:
    """Return the parts of a text that are read: the whole, where it fits the room."""
    if len(body.ids) <= room:
        return [body]
    cut = _CUTS[shape.long_text]
    return [sum(map(body.part, parts), Body([], [])) for parts in cut(len(body.ids), room, shape.stride)]


def _piece(found: list[tuple[list[tuple[Body, int]], bool]], frame: Frame, shape: Shape, unknown: Any) -> Piece:
    import numpy as np

    samples = [sample for parts, _ in found for sample, _ in parts]
    lengths = np.fromiter((len(sample.ids) for sample in samples), np.int32, len(samples))
    total = int(lengths.sum())
    ids = np.fromiter(chain.from_iterable(sample.ids for sample in samples), np.int32, total)
    spans = np.zeros((0, 2), np.int32)
    if shape.spans:
        spans = np.fromiter(
            chain.from_iterable(chain.from_iterable(sample.spans) for sample in samples), np.int32, 2 * total
        ).reshape(-1, 2)
    second = [begin for parts, _ in found for _, begin in parts] if frame.middle.ids else []
    counts = np.fromiter((len(parts) for parts, _ in found), np.int32, len(found))
    truncated = sum(cut for _, cut in found)
    return Piece(ids, lengths, counts, np.asarray(second, np.int32), spans, truncated, int((ids == unknown).sum()))


def _beginning(length: int, room: int, stride: int | None) -> list[list[slice]]:
    return [[slice(room)]]


def _head_and_tail(length: int, room: int, stride: int | None) -> list[list[slice]]:
    head = round(room * _HEAD)
    return [[slice(head), slice(length - (room - head), length)]]


def _windows(length: int, room: int, stride: int | None) -> list[list[slice]]:
    step = max(room - (room // 4 if stride is None else stride), 1)
    last = length - room
    return [[slice(start, start + room)] for start in (*range(0, last, step), last)]


_CUTS: dict[str, Callable[[int, int, int | None], list[list[slice]]]] = {
    "truncate": _beginning,
    "head_tail": _head_and_tail,
    "window": _windows,
}


def _bodies(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], spans: bool) -> list[Body]:
    encoded: Any = tokenizer(
        [whole(text) for text in texts],
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=spans,
        verbose=False,
    )
    ids: list[list[int]] = encoded["input_ids"]
    where = encoded["offset_mapping"] if spans else [[]] * len(ids)
    return [Body(*parts) for parts in zip(ids, where, strict=True)]

"""Documents as pre-training samples: blocks of tokens, and pairs of sentences.

Documents are packed: one follows the other, a separator between them, and the stream is cut into blocks of the model's
length (the FULL-SENTENCES of Liu et al. 2019, "RoBERTa", section 4.2), so that a batch has no padding for any
texts' lengths. Where they are kept apart a block never has tokens of two documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.data.tokens import Tokens

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Frame:
    """The special tokens around and between texts: ``opening`` and ``closing`` ids, and the ``separator``."""

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    separator: int

    @property
    def size(self) -> int:
        """How many tokens of a block are special tokens."""
        return len(self.opening) + len(self.closing)


@dataclass(frozen=True)
class Pairs(Tokens):
    """Pairs of texts as samples; ``follows`` is whether the second follows the first, shape ``(samples,)``."""

    follows: npt.NDArray[np.bool_] | None = None


def frame(tokenizer: PreTrainedTokenizerBase) -> Frame:
    """Return the special tokens that a tokenizer puts around a text and between two texts."""
    ids: list[int] = tokenizer("a")["input_ids"]
    special: list[int] = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
    head = special.index(0) if 0 in special else 0
    body = len(special) - sum(special)
    separator = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    closing = tuple(ids[head + body :])
    return Frame(tuple(ids[:head]), closing, int(separator if separator is not None else closing[-1]))


def blocks(documents: Tokens, around: Frame, max_length: int, packed: bool = True) -> Tokens:
    """Cut documents into blocks of at most ``max_length`` tokens that together have each of their tokens once.

    Parameters
    ----------
    documents
        A sample for each document, not cut, with its special tokens.
    packed
        Whether the documents follow each other in the same blocks. All blocks but the last are then full.

    Returns
    -------
    Tokens
        The owner of a block is the document in which it begins.
    """
    import numpy as np

    room = max_length - around.size
    if packed:
        stream, starts = _stream(documents, around)
        begins = np.arange(0, len(stream), room)
        ends = np.minimum(begins + room, len(stream))
        owner = np.searchsorted(starts, begins, side="right") - 1
    else:
        stream = documents.ids
        first = documents.offsets[:-1] + len(around.opening)
        last = documents.offsets[1:] - len(around.closing)
        counts = -(-(last - first) // room)
        owner = np.repeat(np.arange(len(documents)), counts)
        begins = first[owner] + room * _within(counts)
        ends = np.minimum(begins + room, last[owner])
    windows = np.searchsorted(owner, np.arange(len(documents) + 1))
    return _framed(stream, begins, ends, around, documents, windows)


def _stream(documents: Tokens, around: Frame) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the concatenated documents, a separator between them, and where each begins."""
    import numpy as np

    lengths = documents.lengths - around.size + 1  # with the separator before it
    starts = np.cumsum(lengths) - lengths
    stream = np.full(int(lengths.sum()), around.separator, np.int32)
    source = np.repeat(documents.offsets[:-1] + len(around.opening) - 1, lengths) + _within(lengths)
    inner = _within(lengths) > 0
    stream[inner] = documents.ids[source[inner]]
    return stream[1:], np.maximum(starts - 1, 0)


def _within(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the concatenated ranges 0, 1, 2, … of each count."""
    import numpy as np

    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _framed(
    stream: npt.NDArray[np.int32], begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], around: Frame,
    documents: Tokens, windows: npt.NDArray[np.int64],
) -> Tokens:  # fmt: skip
    import numpy as np

    lengths = ends - begins + around.size
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    ids = np.empty(int(offsets[-1]), np.int32)
    for place, number in enumerate(around.opening):
        ids[offsets[:-1] + place] = number
    for place, number in enumerate(reversed(around.closing), start=1):
        ids[offsets[1:] - place] = number
    inner = ends - begins
    target = np.repeat(offsets[:-1] + len(around.opening), inner) + _within(inner)
    ids[target] = stream[np.repeat(begins, inner) + _within(inner)]
    return Tokens(ids, offsets, 0, documents.unknown, windows)


def pairs(sentences: Tokens, counts: npt.NDArray[np.int64], around: Frame, max_length: int, seed: int) -> Pairs:
    """Return pairs of texts for next-sentence prediction; in half of them the second follows the first.

    As in Devlin et al. 2019, appendix A.2: the sentences of a document are taken one after another until they fill
    ``max_length``, and cut at random into a first and a second text. By the toss of a coin the second text is replaced
    by sentences from anywhere in another document; the replaced ones are taken again. Both texts have whole sentences
    of one document; what is too long is cut from the end of the longer one.

    Parameters
    ----------
    sentences
        A sample for each sentence, with its special tokens.
    counts
        How many sentences each document has, shape ``(documents,)``; two documents or more must have some.
    seed
        Decides all that is random.

    Returns
    -------
    Pairs
        The owner of a pair is the document of its first text. A document of a single sentence has no pair of its own.
    """
    import numpy as np

    drawer = _Drawer(sentences, counts, around, max_length, seed)
    for document in range(len(counts)):
        drawer.draw(document)
    lengths = np.asarray([len(row) for row in drawer.rows], np.int64)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    ids = np.concatenate(drawer.rows) if drawer.rows else np.zeros(0, np.int32)
    windows = np.searchsorted(np.asarray(drawer.owners, np.int64), np.arange(len(counts) + 1))
    return Pairs(
        ids.astype(np.int32), offsets, 0, sentences.unknown, windows,
        second=np.asarray(drawer.seconds, np.int32), follows=np.asarray(drawer.follows, bool),
    )  # fmt: skip


class _Drawer:
    """Draws pairs, and collects them."""

    def __init__(
        self, sentences: Tokens, counts: npt.NDArray[np.int64], around: Frame, max_length: int, seed: int
    ) -> None:
        import numpy as np

        self.sentences, self.counts, self.around = sentences, counts, around
        self.first = np.cumsum(counts) - counts
        self.filled = np.flatnonzero(counts)
        self.sizes = sentences.lengths - around.size
        self.room = max_length - around.size - 1  # a separator between the two
        self.generator = np.random.default_rng(seed)
        self.rows: list[npt.NDArray[np.int32]] = []
        self.seconds: list[int] = []
        self.follows: list[bool] = []
        self.owners: list[int] = []

    def draw(self, document: int) -> None:
        """Draw the pairs whose first text is of a document."""
        at, end = int(self.first[document]), int(self.first[document] + self.counts[document])
        while end - at >= 2:
            stop = at + max(2, self._fitting(at, end, self.room))
            if end - stop == 1:  # none would be left to pair the last one with
                stop = stop - 1 if stop - at > 2 else end
            cut = at + 1 + int(self.generator.integers(stop - at - 1))
            follows = bool(self.generator.random() < 0.5)
            second = (cut, stop) if follows else self._elsewhere(document, self.room - int(self.sizes[at:cut].sum()))
            self._add(document, (at, cut), second, follows)
            at = stop if follows else cut

    def _fitting(self, at: int, end: int, room: int) -> int:
        """Return how many sentences from one on fit, at least one."""
        used = 0
        for count, size in enumerate(self.sizes[at:end].tolist()):
            used += size
            if used > room:
                return max(count, 1)
        return end - at

    def _elsewhere(self, document: int, room: int) -> tuple[int, int]:
        """Return sentences from anywhere in another document."""
        import numpy as np

        others = len(self.filled) - 1
        number = int(self.generator.integers(others))
        own = int(np.searchsorted(self.filled, document))
        other = int(self.filled[number + (number >= own)])
        start = int(self.first[other] + self.generator.integers(self.counts[other]))
        end = int(self.first[other] + self.counts[other])
        return start, start + self._fitting(start, end, max(room, self.room // 4))

    def _add(self, document: int, first: tuple[int, int], second: tuple[int, int], follows: bool) -> None:
        import numpy as np

        one, two = self._text(*first), self._text(*second)
        shorter = min(len(one), len(two), self.room // 2)
        if len(one) + len(two) > self.room:
            longer = self.room - shorter
            one, two = (one[:shorter], two[:longer]) if len(one) <= len(two) else (one[:longer], two[:shorter])
        around = self.around
        self.rows.append(np.asarray([*around.opening, *one, around.separator, *two, *around.closing], np.int32))
        self.seconds.append(len(around.opening) + len(one) + 1)
        self.follows.append(follows)
        self.owners.append(document)

    def _text(self, start: int, end: int) -> list[int]:
        opening, closing = len(self.around.opening), len(self.around.closing)
        rows = (self.sentences.row(number).tolist() for number in range(start, end))
        return [number for row in rows for number in row[opening : len(row) - closing]]

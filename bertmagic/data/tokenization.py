"""From texts to samples of token ids: special tokens around them, and long texts cut or read in windows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from bertmagic.data.tokens import Tokens
from bertmagic.errors import ModelError
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase

    from bertmagic.options import LongText

_CHUNK = 1000
"""How many texts the tokenizer gets at once."""

_HEAD = 128 / 510
"""The share of the room that `head_tail` gives to the beginning of a long text: 128 tokens, and the last 382. This was
the best way to cut in Sun et al. 2019, "How to Fine-Tune BERT for Text Classification?", section 5.3.1."""


@dataclass(frozen=True)
class TokenizeOptions:
    """How texts become samples.

    Attributes
    ----------
    max_length
        The most tokens that a sample has, special tokens included.
    long_text
        What to do with a longer text. ``truncate`` keeps its beginning; of a pair, the longer text is cut.
        ``head_tail`` keeps the first quarter (128 of 510 tokens) and the rest from its end. ``window`` reads all of it
        in windows that overlap; the last window ends with the text. Of a pair, the windows go over the second text, and
        the first text keeps at most half of the room.
    stride
        By how many tokens windows overlap, at most `longest_overlap`; None for a quarter of the room.
    spans
        Whether to keep the characters of each token.
    """

    max_length: int
    long_text: LongText = "truncate"
    stride: int | None = None
    spans: bool = False


@dataclass(frozen=True)
class EncodedChunk:
    """The tokens of some texts.

    Attributes
    ----------
    ids
        The ids of all samples, int32 of shape ``(tokens,)``.
    lengths
        The number of tokens of each sample, shape ``(samples,)``.
    counts
        The number of samples of each text, shape ``(texts,)``.
    second, spans
        As in `Tokens`; empty where `Tokens` has None.
    truncated
        How many texts were cut.
    unknown
        How many tokens are unknown.
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
    """Tokenize texts, or pairs of texts, into samples of at most ``max_length`` tokens.

    Parameters
    ----------
    max_length, long_text, stride, spans
        See `TokenizeOptions`.
    progress
        Called with the number of texts that are done and the number of all texts.
    pairs
        The second text of each pair.

    Raises
    ------
    ModelError
        If spans are asked for and the tokenizer is written in Python.
    """
    options = TokenizeOptions(max_length, long_text, stride, spans)
    chunks = list(encode_chunks(tokenizer, texts, options, pairs, progress))
    return join_chunks(chunks, _concatenated([chunk.ids for chunk in chunks]), spans)


def join_chunks(chunks: Sequence[EncodedChunk], ids: npt.NDArray[np.int32], spans: bool) -> Tokens:
    """Return the tokens of chunks, whose ids are already joined in ``ids``."""
    offsets, texts = _starts([chunk.lengths for chunk in chunks]), sum(len(chunk.counts) for chunk in chunks)
    second = _concatenated([chunk.second for chunk in chunks])
    return Tokens(
        ids,
        offsets,
        truncated=sum(chunk.truncated for chunk in chunks),
        unknown=sum(chunk.unknown for chunk in chunks) / max(len(ids), 1),
        windows=_starts([chunk.counts for chunk in chunks]) if len(offsets) - 1 > texts else None,
        second=second if len(second) else None,
        spans=_concatenated([chunk.spans for chunk in chunks]).reshape(-1, 2) if spans else None,
    )


def _concatenated(parts: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.int32]:
    import numpy as np

    return np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _starts(lengths: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.concatenate([np.zeros(1, np.int32), *lengths]).cumsum(dtype=np.int64)


def encode_chunks(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    options: TokenizeOptions,
    pairs: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[EncodedChunk]:
    """Yield the tokens of a thousand texts at a time; see `encode`."""
    if options.spans and not tokenizer.is_fast:
        raise ModelError(
            f"the tokenizer {type(tokenizer).__name__} is written in Python, and does not say where its tokens are.",
            "Choose a model whose folder has a tokenizer.json.",
        )
    special = SpecialTokens.from_tokenizer(tokenizer, paired=pairs is not None)
    for start in range(0, len(texts), _CHUNK):
        stop = start + _CHUNK
        first = _token_ids(tokenizer, texts[start:stop], options.spans)
        second: Sequence[TokenIds | None] = [None] * len(first)
        if pairs is not None:
            second = _token_ids(tokenizer, pairs[start:stop], options.spans)
        samples = [special.samples(one, other, options) for one, other in zip(first, second, strict=True)]
        yield _chunk(samples, options.spans, bool(special.between.ids), tokenizer.unk_token_id)
        progress(min(stop, len(texts)), len(texts))


@dataclass(frozen=True)
class TokenIds:
    """The token ids of a text, and the characters ``[start, end)`` of each token, if these were asked for."""

    ids: list[int]
    spans: list[tuple[int, int]]

    def part(self, tokens: slice) -> TokenIds:
        """Return some of the tokens."""
        return TokenIds(self.ids[tokens], self.spans[tokens])

    def __add__(self, other: TokenIds) -> TokenIds:
        return TokenIds(self.ids + other.ids, self.spans + other.spans)


@dataclass(frozen=True)
class Sample:
    """What the model reads at once, with the token at which its second text begins; 0 for a single text."""

    tokens: TokenIds
    second: int = 0


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens before, between and after texts: [CLS] and [SEP] for BERT.

    They are read off what the tokenizer makes of the texts "a" and "a", so they are right for every kind of encoder.
    """

    before: TokenIds
    between: TokenIds
    after: TokenIds

    @classmethod
    def from_tokenizer(cls, tokenizer: PreTrainedTokenizerBase, paired: bool) -> SpecialTokens:
        """Return the special tokens of a tokenizer, for single texts or for pairs."""
        encoded: Any = tokenizer("a", "a" if paired else None, return_special_tokens_mask=True)
        inside = len(tokenizer("a", add_special_tokens=False)["input_ids"])
        ids, is_special = encoded["input_ids"], encoded["special_tokens_mask"]
        start = is_special.index(0) if 0 in is_special else 0
        first_end = start + inside
        second_start = is_special.index(0, first_end) if paired else first_end
        end = second_start + inside if paired else first_end
        parts = (ids[:start], ids[first_end:second_start], ids[end:])
        return cls(*(TokenIds(part, [(0, 0)] * len(part)) for part in parts))

    def __len__(self) -> int:
        return len(self.before.ids) + len(self.between.ids) + len(self.after.ids)

    def samples(self, first: TokenIds, second: TokenIds | None, options: TokenizeOptions) -> tuple[list[Sample], bool]:
        """Return the samples of one text or pair, and whether it was too long for one sample."""
        room = options.max_length - len(self)
        if second is None:
            return [self._single(part) for part in _fit(first, room, options)], len(first.ids) > room
        if len(first.ids) + len(second.ids) <= room:
            return [self._pair(first, second)], False
        if options.long_text == "window":
            first = first.part(slice(max(room // 2, room - len(second.ids))))
            return [self._pair(first, part) for part in _fit(second, room - len(first.ids), options)], True
        # The shorter text is kept whole while it takes less than half of the room.
        kept = max(room - len(second.ids), min(len(first.ids), room // 2))
        return [self._pair(_fit(first, kept, options)[0], _fit(second, room - kept, options)[0])], True

    def _single(self, text: TokenIds) -> Sample:
        return Sample(self.before + text + self.after)

    def _pair(self, first: TokenIds, second: TokenIds) -> Sample:
        begin = self.before + first + self.between
        return Sample(begin + second + self.after, len(begin.ids))


def _fit(text: TokenIds, room: int, options: TokenizeOptions) -> list[TokenIds]:
    """Return the parts of a text that are read, each of at most ``room`` tokens; the text itself if it fits."""
    if len(text.ids) <= room:
        return [text]
    windows = _CUTS[options.long_text](len(text.ids), room, options.stride)
    return [sum(map(text.part, slices), TokenIds([], [])) for slices in windows]


def _chunk(texts: list[tuple[list[Sample], bool]], spans: bool, paired: bool, unknown: Any) -> EncodedChunk:
    """Return the samples of some texts as arrays."""
    import numpy as np

    samples = [sample for parts, _ in texts for sample in parts]
    lengths = np.fromiter((len(sample.tokens.ids) for sample in samples), np.int32, len(samples))
    total = int(lengths.sum())
    ids = np.fromiter(chain.from_iterable(sample.tokens.ids for sample in samples), np.int32, total)
    ends = chain.from_iterable(chain.from_iterable(sample.tokens.spans) for sample in samples)
    return EncodedChunk(
        ids,
        lengths,
        counts=np.fromiter((len(parts) for parts, _ in texts), np.int32, len(texts)),
        second=np.asarray([sample.second for sample in samples] if paired else [], np.int32),
        spans=np.fromiter(ends, np.int32, 2 * total if spans else 0),
        truncated=sum(cut for _, cut in texts),
        unknown=int((ids == unknown).sum()),
    )


def _beginning(length: int, room: int, stride: int | None) -> list[list[slice]]:
    return [[slice(room)]]


def _head_and_tail(length: int, room: int, stride: int | None) -> list[list[slice]]:
    head = round(room * _HEAD)
    return [[slice(head), slice(length - (room - head), length)]]


def longest_overlap(room: int) -> int:
    """Return how many tokens neighbouring windows of ``room`` tokens may share: three quarters of them.

    With more each token is read in more than four windows: a text of 300 tokens makes hundreds of windows.
    """
    return room * 3 // 4


def _windows(length: int, room: int, stride: int | None) -> list[list[slice]]:
    overlap = room // 4 if stride is None else min(stride, longest_overlap(room))
    step = max(room - overlap, 1)
    last = length - room
    return [[slice(start, start + room)] for start in (*range(0, last, step), last)]


_CUTS: dict[str, Callable[[int, int, int | None], list[list[slice]]]] = {
    "truncate": _beginning,
    "head_tail": _head_and_tail,
    "window": _windows,
}


def _token_ids(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], spans: bool) -> list[TokenIds]:
    """Return the tokens of each text without special tokens."""
    read = [without_surrogates(text) for text in texts]
    encoded: Any = tokenizer(
        read,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=spans,
        verbose=False,
    )
    ids: list[list[int]] = encoded["input_ids"]
    if not spans:
        return [TokenIds(each, []) for each in ids]
    return list(map(TokenIds, ids, map(_with_first_letters, read, encoded["offset_mapping"])))


def _with_first_letters(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the characters of tokens, where a start goes back over letters that no token covers.

    Tokenizers that put a blank of their own before each word, and then take a blank off the characters of the token,
    leave out the first letter: "price" is ``(9, 13)`` of "was the price", and "a" is nothing at all.
    """
    whole, done = [], 0
    for at, (start, end) in enumerate(spans):
        if start > done and _is_left_out(text[start - 1], start == end) and not _is_covered(start - 1, spans, at):
            start -= 1
            while start > done and text[start - 1].isalnum():
                start -= 1
        whole.append((start, end))
        done = max(done, end)
    return whole


def _is_left_out(sign: str, is_empty: bool) -> bool:
    """Whether a token must have a sign before it that no token has: a letter, or any sign if it is else empty."""
    return sign.isalnum() or (is_empty and sign.isprintable() and not sign.isspace())


def _is_covered(character: int, spans: list[tuple[int, int]], at: int) -> bool:
    """Whether the next token has a character: a token of a blank alone stands in the place of the word behind it."""
    return at + 1 < len(spans) and spans[at + 1][0] <= character < spans[at + 1][1]

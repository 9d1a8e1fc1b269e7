"""Alignment of words and tokens by their characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import IGNORED
from bertmagic.data.tokens import Tokens
from bertmagic.data.words import find as find_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.rows import TextRows
    from bertmagic.data.texts import Texts
    from bertmagic.data.words import Words

    Numbers = npt.NDArray[np.int64]

_TEXTS = 2000
"""How many texts are aligned at a time, because the arrays in between are several times as large as the tokens."""


@dataclass(frozen=True)
class Alignment:
    """The token that predicts each word: its first one, in the window in which it is farthest from an edge.

    Attributes
    ----------
    words
        The words, all texts behind each other.
    tokens
        The token of each word, by its number in `Tokens.ids`; -1 for a word that has none, such as one of invisible
        characters only. Shape ``(all words,)``.
    own
        Whether a word has a token to itself: not where a tokenizer put its beginning and the end of the word before
        into one. Shape ``(all words,)``.
    pieces
        The word that each token is a part of, in the window that the word is read in; -1 for other tokens. Shape
        ``(all tokens,)``.
    """

    words: Words
    tokens: Numbers
    own: npt.NDArray[np.bool_]
    pieces: Numbers

    def targets(self, first: Numbers, further: Numbers | None = None) -> Numbers:
        """Return the target of each token, `IGNORED` for tokens without one. Shape ``(all tokens,)``.

        Parameters
        ----------
        first, further
            The targets of the first token of each word, and of its other tokens, ``(all words,)``.
        """
        import numpy as np

        targets = np.full(len(self.pieces), IGNORED, np.int64)
        if further is not None:
            parts = np.flatnonzero(self.pieces >= 0)
            targets[parts] = further[self.pieces[parts]]
        targets[self.tokens[self.own]] = first[self.own]
        return targets


@dataclass(frozen=True)
class AlignedTokens(Tokens):
    """Tokens with the texts that they are of (``source``): words are aligned once, however often rows are evaluated."""

    source: Texts = field(kw_only=True)

    @cached_property
    def alignment(self) -> Alignment:
        """The token that predicts each word of the texts."""
        return align(self, find_words(self.source))


def alignment_of(tokens: Tokens, rows: TextRows) -> Alignment:
    """Return the token that predicts each word of rows."""
    return tokens.alignment if isinstance(tokens, AlignedTokens) else align(tokens, find_words(rows.texts))


def align(tokens: Tokens, words: Words) -> Alignment:
    """Find the tokens of words.

    Parameters
    ----------
    tokens
        With ``spans``; long texts in windows.
    words
        Of the same texts.
    """
    import numpy as np

    windows = np.arange(len(tokens) + 1) if tokens.windows is None else tokens.windows
    first, pieces = np.full(len(words.spans), -1, np.int64), np.full(len(tokens.ids), -1, np.int64)
    for text in range(0, len(words), _TEXTS):
        texts = slice(text, min(text + _TEXTS, len(words)))
        part = _Part(tokens, words, windows[texts.start], windows[texts.stop], texts)
        part.align(first, pieces)
    before = np.full(len(first), -2, np.int64)
    there = np.flatnonzero(first >= 0)
    before[there[1:]] = first[there[:-1]]
    return Alignment(words, first, (first >= 0) & (first != before), pieces)


class _Part:
    """The words and the tokens of some texts, each with a number over all of them."""

    def __init__(self, tokens: Tokens, words: Words, low: Any, high: Any, texts: slice) -> None:
        import numpy as np

        self.samples, self.offsets = np.arange(low, high), tokens.offsets[low : high + 1]
        self.owner = _owner(tokens, texts, len(self.samples))
        self.words = slice(int(words.offsets[texts.start]), int(words.offsets[texts.stop]))
        spans = (tokens.spans if tokens.spans is not None else np.zeros((0, 2), np.int32))[
            self.offsets[0] : self.offsets[-1]
        ].astype(np.int64)
        places = words.spans[self.words].astype(np.int64)
        # Texts behind each other: what stands in another text can never overlap.
        self.size = 1 + max(spans.max(initial=0), places.max(initial=0))
        counts = np.diff(words.offsets[texts.start : texts.stop + 1])
        self.places = places + (np.repeat(np.arange(len(counts)), counts) * self.size)[:, None]
        self.sample = np.repeat(np.arange(len(self.samples)), np.diff(self.offsets))
        self.real = spans[:, 1] > spans[:, 0]
        self.spans = spans + (self.owner[self.sample] * self.size)[:, None]

    def align(self, first: Numbers, pieces: Numbers) -> None:
        """Fill in the token of each word and the word of each token."""
        import numpy as np

        token, word = self._pairs()
        best = np.full(len(self.places), -1, np.int64)
        chosen, words = self._best(token, word)
        best[words] = chosen
        begin = int(self.offsets[0])
        first[self.words] = np.where(best >= 0, best + begin, -1)
        read = self.sample[best[word]] == self.sample[token]
        # Backwards, so that a token of two words is a part of the first.
        pieces[token[read][::-1] + begin] = word[read][::-1] + self.words.start

    def _pairs(self) -> tuple[Numbers, Numbers]:
        """Return all pairs of a token and a word that share a character, in the order of the tokens."""
        import numpy as np

        starts, ends = self.places.T
        low = np.searchsorted(ends, self.spans[:, 0], side="right")
        high = np.searchsorted(starts, self.spans[:, 1], side="left")
        counts = np.where(self.real, np.maximum(high - low, 0), 0)
        token = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(token)) - np.repeat(np.cumsum(counts) - counts, counts)
        return token, low[token] + within

    def _best(self, token: Numbers, word: Numbers) -> tuple[Numbers, Numbers]:
        """Return the first token of each word in the window in which it has most context, and the word."""
        import numpy as np

        begins = np.full(len(self.places), np.iinfo(np.int64).max)
        np.minimum.at(begins, word, self.spans[token, 0])
        # A window may begin within a word: what it has of it is not its first token.
        kept = self.spans[token, 0] == begins[word]
        token, word = token[kept], word[kept]
        order = np.lexsort((token, word))
        token, word = token[order], word[order]
        again = np.zeros(len(token), bool)  # of tokens with the same characters: the bytes of an emoji
        again[1:] = (word[1:] == word[:-1]) & (self.sample[token[1:]] == self.sample[token[:-1]])
        token, word = token[~again], word[~again]
        order = np.lexsort((token, -self._context()[token], word))
        token, word = token[order], word[order]
        words, at = np.unique(word, return_index=True)
        return token[at], words

    def _context(self) -> Numbers:
        """Return how many tokens each token has between it and the nearer edge of its window; not of its text."""
        import numpy as np

        position = np.arange(len(self.sample)) + self.offsets[0]
        left, right = position - self.offsets[self.sample], self.offsets[self.sample + 1] - 1 - position
        most = np.iinfo(np.int32).max
        opens = np.concatenate([[True], self.owner[1:] != self.owner[:-1]])[: len(self.owner)]
        closes = np.concatenate([self.owner[1:] != self.owner[:-1], [True]])[-len(self.owner) or 1 :]
        return np.minimum(np.where(opens[self.sample], most, left), np.where(closes[self.sample], most, right))


def _owner(tokens: Tokens, texts: slice, samples: int) -> Numbers:
    import numpy as np

    if tokens.windows is None:
        return np.arange(samples)
    return np.repeat(np.arange(texts.stop - texts.start), np.diff(tokens.windows[texts.start : texts.stop + 1]))

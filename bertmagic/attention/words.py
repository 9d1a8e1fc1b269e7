"""Tokens with their offsets in the user's text, and their words."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention.maps import Token
from bertmagic.data.words import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from bertmagic.attention.maps import AttentionMaps, Floats
    from bertmagic.data.tokens import Tokens


_SPACES = ("▁", "Ġ")
"""Pieces of a space alone, of SentencePiece and of byte-level tokenizers."""


def tokens_of(tokenizer: PreTrainedTokenizerBase, sample: Tokens, texts: Sequence[str]) -> tuple[Token, ...]:
    """Return the tokens of one sample, each with its characters in the text.

    Parameters
    ----------
    sample
        The token ids of one text or one pair, with character offsets.
    texts
        The text, or the two texts of the pair.
    """
    assert sample.spans is not None
    pieces = [str(piece) for piece in tokenizer.convert_ids_to_tokens(sample.ids.tolist())]
    begin = len(pieces) if sample.second is None else int(sample.second[0])
    starts = [[start for start, _ in split(text)] for text in texts]
    tokens = []
    for place, (piece, (start, end)) in enumerate(zip(pieces, sample.spans.tolist(), strict=True)):
        sentence = int(place >= begin)
        if start == end and piece in tokenizer.all_special_tokens:
            tokens.append(Token(piece, piece, 0, 0, -1, -1))
            continue
        start, end = _without_space(texts[sentence], start, end)
        if piece in _SPACES and texts[sentence][start:end].strip():
            end = start  # the tokenizer gives a space that it put before the word the offsets of the word's beginning
        before = len(starts[0]) if sentence else 0
        # Characters before the first word, such as zero-width spaces, belong to it.
        word = before + max(bisect_right(starts[sentence], start) - 1, 0)
        characters = texts[sentence][start:end] or piece
        unknown = piece if piece == tokenizer.unk_token != characters else ""
        tokens.append(Token(characters, piece, start, end, word, sentence, unknown))
    return tuple(tokens)


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    """Return offsets without surrounding space, which some tokenizers include; those of a token of space unchanged."""
    inside = text[start:end]
    if not inside.strip():
        return start, end
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def word_groups(tokens: Sequence[Token]) -> list[list[int]]:
    """Return the positions of the tokens of each word, in order; a special token is a group of its own."""
    return _groups([token.word if token.word >= 0 else -place - 1 for place, token in enumerate(tokens)])


def common_words(first: Sequence[Token], second: Sequence[Token]) -> tuple[list[list[int]], list[list[int]]]:
    """Return, for each of two tokenizers, the positions of the tokens of each word that both have, in order.

    The tokens of a word that one of them lacks are added to the word before it: a tokenizer may have one piece for two
    words, or none for a sign. Adjacent special tokens are one group.
    """
    in_both = {token.word for token in first} & {token.word for token in second}
    words = [sorted(in_both & {token.word for token in first if token.sentence == sentence}) for sentence in (0, 1)]
    return _groups(list(_keys(first, words))), _groups(list(_keys(second, words)))


def _keys(tokens: Sequence[Token], words: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Yield the word of each token; for a special token, the text that precedes it."""
    sentence = -1
    for token in tokens:
        if token.sentence < 0:
            yield -1, sentence
            continue
        sentence = token.sentence
        yield sentence, max(bisect_right(words[sentence], token.word) - 1, 0)


def _groups(keys: Sequence[object]) -> list[list[int]]:
    """Return the positions of adjacent items with the same key."""
    return [list(group) for _, group in groupby(range(len(keys)), key=keys.__getitem__)]


def merged(maps: AttentionMaps, groups: Sequence[Sequence[int]]) -> AttentionMaps:
    """Return the maps of groups of adjacent tokens.

    Weights to the tokens of a group are summed, weights from them averaged (Clark et al. 2019, section 4.1).
    """
    texts = (maps.text, maps.pair or "")
    words = tuple(_joined([maps.tokens[place] for place in group], texts) for group in groups)
    return replace(
        maps, array=pool(maps.array, groups), tokens=words, layers=(), source=maps, places=tuple(map(tuple, groups))
    )


def _joined(tokens: Sequence[Token], texts: Sequence[str]) -> Token:
    if len(tokens) == 1:
        return tokens[0]
    start, end = min(token.start for token in tokens), max(token.end for token in tokens)
    pieces = " ".join(token.piece for token in tokens)
    text = texts[tokens[0].sentence][start:end] or "".join(token.text for token in tokens)
    unknown = next((token.unknown for token in tokens if token.unknown), "")
    return replace(tokens[0], text=text, piece=pieces, start=start, end=end, unknown=unknown)


def pool(array: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Return ``array`` with columns summed and rows averaged within each group of adjacent tokens."""
    starts = [group[0] for group in groups]
    sums = np.add.reduceat(np.add.reduceat(array, starts, axis=-1), starts, axis=-2)
    sizes = np.asarray([len(group) for group in groups], np.float32)
    pooled: Floats = np.divide(sums, sizes[:, None], dtype=np.float32)
    return pooled

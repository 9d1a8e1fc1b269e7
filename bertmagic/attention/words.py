"""Tokens with their place in the user's text, and the words that they are pieces of."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention.maps import Token
from bertmagic.data.words import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from bertmagic.attention.maps import AttentionMaps, Floats
    from bertmagic.data.tokens import Tokens


def tokens_of(tokenizer: PreTrainedTokenizerBase, sample: Tokens, texts: Sequence[str]) -> tuple[Token, ...]:
    """Return the tokens of one sample with what stands for each in the text.

    Parameters
    ----------
    sample
        One text or one pair, with the characters of its tokens.
    texts
        The text, or the two.
    """
    assert sample.spans is not None
    pieces = [str(piece) for piece in tokenizer.convert_ids_to_tokens(sample.ids.tolist())]
    begin = len(pieces) if sample.second is None else int(sample.second[0])
    starts = [[start for start, _ in cut(text)] for text in texts]
    found = []
    for place, (piece, (start, end)) in enumerate(zip(pieces, sample.spans.tolist(), strict=True)):
        sentence = int(place >= begin)
        if start == end and piece in tokenizer.all_special_tokens:
            found.append(Token(piece, piece, 0, 0, -1, -1))
            continue
        start, end = _tight(texts[sentence], start, end)
        before = len(starts[0]) if sentence else 0
        # Signs before the first word, such as zero-width spaces, belong to it.
        word = before + max(bisect_right(starts[sentence], start) - 1, 0)
        found.append(Token(texts[sentence][start:end] or piece, piece, start, end, word, sentence))
    return tuple(found)


def _tight(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the space that some tokenizers count to the word behind it; of a token of space alone, nothing."""
    inside = text[start:end]
    if not inside.strip():
        return start, end
    return start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())


def of_words(tokens: Sequence[Token]) -> list[list[int]]:
    """Return the places of the tokens of each word, in order; a special token is alone."""
    return _runs([token.word if token.word >= 0 else -place - 1 for place, token in enumerate(tokens)])


def in_common(first: Sequence[Token], second: Sequence[Token]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the places of the tokens of each word that two tokenizers have, in order.

    A word that one of them lacks goes to the word before it, as a tokenizer may have one piece for two words, or none
    for a sign. Special tokens side by side are one.
    """
    both = {token.word for token in first} & {token.word for token in second}
    known = [sorted(both & {token.word for token in first if token.sentence == sentence}) for sentence in (0, 1)]
    return _runs(list(_keys(first, known))), _runs(list(_keys(second, known)))


def _keys(tokens: Sequence[Token], known: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Yield the word that each token goes to, or for special tokens which text they stand behind."""
    behind = -1
    for token in tokens:
        if token.sentence < 0:
            yield -1, behind
            continue
        behind = token.sentence
        yield behind, max(bisect_right(known[behind], token.word) - 1, 0)


def _runs(keys: Sequence[object]) -> list[list[int]]:
    """Return the places of neighbours that have the same key."""
    return [list(places) for _, places in groupby(range(len(keys)), key=keys.__getitem__)]


def gathered(maps: AttentionMaps, places: Sequence[Sequence[int]]) -> AttentionMaps:
    """Return the maps of groups of neighbouring tokens.

    The weights to the tokens of a group are added up, those from them averaged (Clark et al. 2019, section 4.1).
    """
    texts = (maps.text, maps.pair or "")
    joined = tuple(_joined([maps.tokens[place] for place in group], texts) for group in places)
    return replace(
        maps, array=pool(maps.array, places), tokens=joined, layers=(), source=maps, places=tuple(map(tuple, places))
    )


def _joined(parts: Sequence[Token], texts: Sequence[str]) -> Token:
    if len(parts) == 1:
        return parts[0]
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    pieces = " ".join(part.piece for part in parts)
    text = texts[parts[0].sentence][start:end] or "".join(part.text for part in parts)
    return replace(parts[0], text=text, piece=pieces, start=start, end=end)


def pool(array: Floats, places: Sequence[Sequence[int]]) -> Floats:
    """Return ``array`` with columns added up and rows averaged within each of the groups of neighbours."""
    starts = [group[0] for group in places]
    sums = np.add.reduceat(np.add.reduceat(array, starts, axis=-1), starts, axis=-2)
    counts = np.asarray([len(group) for group in places], np.float32)
    pooled: Floats = np.divide(sums, counts[:, None], dtype=np.float32)
    return pooled

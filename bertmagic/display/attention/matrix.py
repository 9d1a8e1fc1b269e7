"""From maps and settings to the one matrix on screen: heads combined, words merged, sentences and tokens chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.design import DESIGN
from bertmagic.display.attention.settings import DIFFERENCE
from bertmagic.text_safety import visible_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bertmagic.attention.maps import AttentionMaps, Token
    from bertmagic.display.attention.settings import Settings


@dataclass(frozen=True, slots=True)
class Unit:
    """A row or a column: a token, or all tokens of a word.

    Attributes
    ----------
    text
        What is drawn: the characters of the user's text, with hidden ones made visible; behind ``[UNK]`` those that
        the model does not know.
    tokens
        The positions of its tokens in ``maps.tokens``.
    sentence
        0 for the first text, 1 for the second; -1 for special tokens.
    special
        Whether it is a special token.
    space
        Whether there is a space before it in the text.
    unknown
        The name of the unknown token that ``text`` begins with; "" if the model knows the characters.
    """

    text: str
    tokens: tuple[int, ...]
    sentence: int
    special: bool
    space: bool
    unknown: str = ""

    @property
    def characters(self) -> str:
        """The text without the name of the unknown token."""
        return self.text.removeprefix(f"{self.unknown} ") if self.unknown else self.text


@dataclass(frozen=True, slots=True)
class ShownMatrix:
    """The numbers on screen.

    Attributes
    ----------
    matrix
        float32 of shape ``(rows, columns)``: a row attends, a column is attended to.
    rows, columns
        What they stand for.
    signed
        Whether the numbers are differences.
    """

    matrix: npt.NDArray[np.float32]
    rows: tuple[Unit, ...]
    columns: tuple[Unit, ...]
    signed: bool

    @property
    def peak(self) -> float:
        """The largest absolute number, drawn in full colour; 1 where all are 0."""
        return float(np.abs(self.matrix).max(initial=0.0)) or 1.0


def shown_matrix(maps: AttentionMaps, state: Settings) -> ShownMatrix:
    """Return what is on screen with these settings."""
    matrix = combined(mixed(maps, state.method, state.output), state)
    all_units = units(maps.tokens, state.merge_words)
    if state.method == DIFFERENCE and len(matrix) != len(maps.tokens):
        all_units = compared_words(maps)
    elif state.merge_words:
        matrix = merge_words(matrix, all_units)
    rows, columns = _chosen(all_units, state)
    if state.hide_special and state.method in DESIGN["row_shares"]:
        matrix = _renormalized(matrix, all_units)
    return ShownMatrix(
        matrix[np.ix_(rows, columns)], tuple(all_units[at] for at in rows), tuple(all_units[at] for at in columns),
        state.method == DIFFERENCE,
    )  # fmt: skip


def mixed(maps: AttentionMaps, method: str, output: str = "") -> npt.NDArray[np.float32]:
    """Return the maps of all heads by a method, or their difference from those that they were compared with."""
    if method == DIFFERENCE:
        assert maps.comparison is not None
        assert maps.comparison.difference is not None
        return maps.comparison.difference
    return maps.mixed(method, output or None)


def combined(array: npt.NDArray[np.float32], state: Settings) -> npt.NDArray[np.float32]:
    """Return one map of the chosen heads, ``(tokens, tokens)``, from those of all, ``(layers, heads, …)``."""
    heads = [0] if array.shape[1] == 1 else list(state.heads)
    chosen = array[state.layer, heads]
    if len(heads) == 1:
        return np.ascontiguousarray(chosen[0], np.float32)
    return np.asarray(chosen.max(axis=0) if state.combine == "max" else chosen.mean(axis=0), np.float32)


def units(tokens: tuple[Token, ...], merge: bool) -> list[Unit]:
    """Return what rows and columns stand for, in the order of the tokens."""
    groups: list[list[int]] = []
    for at, token in enumerate(tokens):
        if merge and at and token.word >= 0 and token.word == tokens[at - 1].word:
            groups[-1].append(at)
        else:
            groups.append([at])
    return [_unit(tokens, group) for group in groups]


def _unit(tokens: tuple[Token, ...], group: list[int]) -> Unit:
    """Return what stands for the tokens at some adjacent positions."""
    first, last = tokens[group[0]], tokens[group[0] - 1] if group[0] else None
    space = last is None or first.word < 0 or last.word < 0 or first.start > last.end
    members = [tokens[at] for at in group]
    return Unit(label(members), tuple(group), first.sentence, first.word < 0, space, _unknown(members))


def label(tokens: Sequence[Token]) -> str:
    """Return the characters of adjacent tokens, with the name of the unknown token before those it replaced.

    A token that stands for no character of the text is left out of a word.
    """
    text = "".join(visible_token(token.text) for token in tokens if len(tokens) == 1 or token.end > token.start)
    unknown = _unknown(tokens)
    return f"{unknown} {text}" if unknown else text


def _unknown(tokens: Sequence[Token]) -> str:
    return next((token.unknown for token in tokens if token.unknown), "")


def compared_words(maps: AttentionMaps) -> list[Unit]:
    """Return the words that two models with different tokenizers were compared on."""
    assert maps.comparison is not None
    words = maps.comparison.tokens
    all_units = units(words, False)
    return [replace(unit, tokens=_within(maps.tokens, word)) for unit, word in zip(all_units, words, strict=True)]


def _within(tokens: tuple[Token, ...], word: Token) -> tuple[int, ...]:
    """Return the positions of the tokens of a word."""
    if word.word < 0:
        return tuple(at for at, token in enumerate(tokens) if token.word < 0 and token.piece == word.piece)
    same_text = [at for at, token in enumerate(tokens) if token.word >= 0 and token.sentence == word.sentence]
    return tuple(at for at in same_text if word.start <= tokens[at].start < max(word.end, word.start + 1))


def merge_words(matrix: npt.NDArray[np.float32], all_units: list[Unit]) -> npt.NDArray[np.float32]:
    """Return a map of words: columns of one word summed, rows averaged (Clark et al. 2019, section 4.1)."""
    starts = [unit.tokens[0] for unit in all_units]
    sizes = np.array([len(unit.tokens) for unit in all_units], np.float32)
    summed = np.add.reduceat(np.add.reduceat(matrix, starts, axis=1), starts, axis=0)
    return np.asarray(summed / sizes[:, None], np.float32)


def _renormalized(matrix: npt.NDArray[np.float32], all_units: list[Unit]) -> npt.NDArray[np.float32]:
    """Return the matrix with rows whose weights on words sum to 1."""
    words = [at for at, unit in enumerate(all_units) if not unit.special]
    sums = matrix[:, words].sum(axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, sums, out=np.zeros_like(matrix), where=sums > 0))


def _chosen(all_units: list[Unit], state: Settings) -> tuple[list[int], list[int]]:
    """Return the positions of the rows and of the columns that the settings show."""
    if state.sentences != "all":
        first, _, second = state.sentences.partition("→")
        return _of_sentence(all_units, "AB".index(first)), _of_sentence(all_units, "AB".index(second))
    kept = [at for at, unit in enumerate(all_units) if not (state.hide_special and unit.special)]
    return kept, kept


def _of_sentence(all_units: list[Unit], sentence: int) -> list[int]:
    return [at for at, unit in enumerate(all_units) if unit.sentence == sentence]


def places(some_units: tuple[Unit, ...], pinned: tuple[int, ...]) -> list[int]:
    """Return the positions of pinned tokens among rows or columns."""
    chosen = set(pinned)
    return [at for at, unit in enumerate(some_units) if not chosen.isdisjoint(unit.tokens)]


def weights(shown: ShownMatrix, state: Settings) -> npt.NDArray[np.float32] | None:
    """Return the sum over the pinned tokens: a weight for each column, or for each row; None if none is pinned."""
    if state.direction == "attends to":
        at = places(shown.rows, state.pinned)
        return shown.matrix[at].sum(axis=0) if at else None
    at = places(shown.columns, state.pinned)
    return shown.matrix[:, at].sum(axis=1) if at else None


def links(shown: ShownMatrix, state: Settings) -> list[tuple[int, int, float]]:
    """Return the lines to draw, the weakest first: row, column, weight.

    Each token that attends (or, in the other direction, is attended to) has at most ``top``, none below
    ``threshold`` times the largest. With tokens pinned, all lines are theirs.
    """
    forward = state.direction == "attends to"
    matrix = shown.matrix if forward else shown.matrix.T
    pinned = places(shown.rows if forward else shown.columns, state.pinned)
    most = min(state.top, matrix.shape[1]) if not pinned else matrix.shape[1]
    lines = []
    for at in pinned or range(len(matrix)):
        size = np.abs(matrix[at])
        for other in np.argsort(-size, kind="stable")[:most].tolist():
            if size[other] > 0 and size[other] >= state.threshold * shown.peak:
                pair = (at, other) if forward else (other, at)
                lines.append((*pair, float(matrix[at, other])))
    return sorted(lines, key=lambda line: abs(line[2]))

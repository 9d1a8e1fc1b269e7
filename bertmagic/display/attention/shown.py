"""From maps and settings to the one matrix that is on screen: combined, merged, cut, filtered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.letters import visible
from bertmagic.display.attention.settings import DIFFERENCE

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.attention.maps import AttentionMaps, Token
    from bertmagic.display.attention.settings import Settings

_SHARES = ("weights", "head_mean", "value_norms", "rollout")
"""The methods whose rows are shares of a whole, and sum to 1 again when special tokens are hidden."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a row or a column stands for: a token, or the pieces of a word together.

    Attributes
    ----------
    text
        What is drawn: what stood in the user's text, with what cannot be seen made visible.
    pieces
        The positions of its tokens.
    space
        Whether there is a gap before it in the text.
    """

    text: str
    pieces: tuple[int, ...]
    sentence: int
    special: bool
    space: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The numbers on screen.

    Attributes
    ----------
    matrix
        float32 ``(rows, columns)``: a row attends, a column is attended to.
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
        """The largest absolute number, by which colours are scaled; 1 where all are 0."""
        return float(np.abs(self.matrix).max(initial=0.0)) or 1.0


def source(maps: AttentionMaps, wanted: Settings) -> npt.NDArray[np.float32]:
    """Return the map of the chosen heads before anything is merged or hidden, float32 ``(tokens, tokens)``."""
    return combined(mixed(maps, wanted.method, wanted.output), wanted)


def combined(array: npt.NDArray[np.float32], wanted: Settings) -> npt.NDArray[np.float32]:
    """Return one map of the chosen heads, of the maps of all."""
    heads = [0] if array.shape[1] == 1 else list(wanted.heads)
    chosen = array[wanted.layer, heads]
    if len(heads) == 1:
        return np.ascontiguousarray(chosen[0], np.float32)
    return np.asarray(chosen.max(axis=0) if wanted.combine == "max" else chosen.mean(axis=0), np.float32)


def mixed(maps: AttentionMaps, method: str, output: str = "") -> npt.NDArray[np.float32]:
    """Return the maps by a method, one of which is the difference from the model that they were compared with."""
    if method == DIFFERENCE:
        assert maps.comparison is not None
        assert maps.comparison.difference is not None
        return maps.comparison.difference
    return maps.mixed(method, output or None)


def shown(maps: AttentionMaps, wanted: Settings) -> Shown:
    """Return what is on screen with these settings."""
    matrix = source(maps, wanted)
    found = units(maps.tokens, wanted.merge_words)
    if wanted.method == DIFFERENCE and len(matrix) != len(maps.tokens):
        found = compared(maps)
    elif wanted.merge_words:
        matrix = merged(matrix, found)
    rows, columns = parts(found, wanted)
    if wanted.hide_special and wanted.method in _SHARES:
        words = [at for at, unit in enumerate(found) if not unit.special]
        whole = matrix[:, words].sum(axis=1, keepdims=True)
        matrix = np.divide(matrix, whole, out=np.zeros_like(matrix), where=whole > 0)
    return Shown(
        matrix[np.ix_(rows, columns)], tuple(found[at] for at in rows), tuple(found[at] for at in columns),
        wanted.method == DIFFERENCE,
    )  # fmt: skip


def compared(maps: AttentionMaps) -> list[Unit]:
    """Return the words that two models with different tokenizers were compared on."""
    assert maps.comparison is not None
    found = units(maps.comparison.tokens, False)
    return [replace(unit, pieces=_within(maps.tokens, maps.comparison.tokens[at])) for at, unit in enumerate(found)]


def _within(tokens: tuple[Token, ...], word: Token) -> tuple[int, ...]:
    """Return the positions of the tokens of a word."""
    if word.word < 0:
        return tuple(at for at, token in enumerate(tokens) if token.word < 0 and token.piece == word.piece)
    ours = [at for at, token in enumerate(tokens) if token.word >= 0 and token.sentence == word.sentence]
    return tuple(at for at in ours if word.start <= tokens[at].start < max(word.end, word.start + 1))


def units(tokens: tuple[Token, ...], merge: bool) -> list[Unit]:
    """Return what rows and columns stand for, in the order of the tokens."""
    found: list[Unit] = []
    for at, token in enumerate(tokens):
        last = tokens[at - 1] if at else None
        if merge and last is not None and token.word >= 0 and token.word == last.word:
            before = found[-1]
            found[-1] = Unit(
                before.text + visible(token.text), (*before.pieces, at), token.sentence, False, before.space
            )
            continue
        space = last is None or token.word < 0 or last.word < 0 or token.start > last.end
        found.append(Unit(visible(token.text), (at,), token.sentence, token.word < 0, space))
    return found


def merged(matrix: npt.NDArray[np.float32], found: list[Unit]) -> npt.NDArray[np.float32]:
    """Return a map of words: columns of pieces summed, rows averaged (Clark et al. 2019)."""
    starts = [unit.pieces[0] for unit in found]
    sizes = np.array([len(unit.pieces) for unit in found], np.float32)
    summed = np.add.reduceat(np.add.reduceat(matrix, starts, axis=1), starts, axis=0)
    return np.asarray(summed / sizes[:, None], np.float32)


def parts(found: list[Unit], wanted: Settings) -> tuple[list[int], list[int]]:
    """Return the positions of the rows and the columns that the settings leave."""
    if wanted.sentences != "all":
        first, _, second = wanted.sentences.partition("→")
        return _of(found, "AB".index(first)), _of(found, "AB".index(second))
    kept = [at for at, unit in enumerate(found) if not (wanted.hide_special and unit.special)]
    return kept, kept


def _of(found: list[Unit], sentence: int) -> list[int]:
    return [at for at, unit in enumerate(found) if unit.sentence == sentence]


def places(units_: tuple[Unit, ...], pinned: tuple[int, ...]) -> list[int]:
    """Return where pinned tokens stand among rows or columns."""
    wanted = set(pinned)
    return [at for at, unit in enumerate(units_) if not wanted.isdisjoint(unit.pieces)]


def weights(found: Shown, wanted: Settings) -> npt.NDArray[np.float32] | None:
    """Return the sum over the pinned tokens: a weight for each column, or for each row; None if none is pinned."""
    if wanted.direction == "attends to":
        at = places(found.rows, wanted.pinned)
        return found.matrix[at].sum(axis=0) if at else None
    at = places(found.columns, wanted.pinned)
    return found.matrix[:, at].sum(axis=1) if at else None


def links(found: Shown, wanted: Settings) -> list[tuple[int, int, float]]:
    """Return the lines to draw, the weakest first: row, column, weight.

    Each token that attends (or, in the other direction, is attended to) has at most ``top``, none below
    ``threshold``; with tokens pinned, only theirs.
    """
    forward = wanted.direction == "attends to"
    matrix = found.matrix if forward else found.matrix.T
    pinned = places(found.rows if forward else found.columns, wanted.pinned)
    most = min(wanted.top, matrix.shape[1]) if not pinned else matrix.shape[1]
    lines = []
    for at in pinned or range(len(matrix)):
        size = np.abs(matrix[at])
        for other in np.argsort(-size, kind="stable")[:most].tolist():
            if size[other] >= max(wanted.threshold, 1e-9):
                pair = (at, other) if forward else (other, at)
                lines.append((*pair, float(matrix[at, other])))
    return sorted(lines, key=lambda line: (abs(line[2]), line))

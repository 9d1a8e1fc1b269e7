"""The tokens of answers in pairs of question and context."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from bertmagic.data.batches import IGNORED
from bertmagic.data.tokens import Tokens
from bertmagic.tasks.question_answering.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.rows import LabelledRows

_CHUNK = 1 << 15
"""How many tokens are processed at a time."""


def chunks(tokens: Tokens) -> Iterator[tuple[int, Tokens]]:
    """Yield some samples after another, each time with the number of the first one: without rows, as their own."""
    import numpy as np

    assert tokens.second is not None or not len(tokens)
    assert tokens.spans is not None
    first = 0
    while first < len(tokens):
        stop = int(np.searchsorted(tokens.offsets, tokens.offsets[first] + _CHUNK, "right")) - 1
        stop = max(first + 1, stop)
        begin, after = tokens.offsets[first], tokens.offsets[stop]
        yield (
            first,
            replace(
                tokens,
                ids=tokens.ids[begin:after],
                offsets=tokens.offsets[first : stop + 1] - begin,
                windows=None,
                second=None if tokens.second is None else tokens.second[first:stop],
                spans=tokens.spans[begin:after],
            ),
        )
        first = stop


def in_context(tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Return whether each token is of the second text and has characters there. Shape ``(all tokens,)``."""
    import numpy as np

    assert tokens.second is not None
    assert tokens.spans is not None
    first = np.repeat(tokens.offsets[:-1] + tokens.second, tokens.lengths)
    return (np.arange(len(first)) >= first) & (tokens.spans[:, 1] > tokens.spans[:, 0])


@dataclass(frozen=True)
class Places:
    """The tokens of answers.

    Attributes
    ----------
    targets
        First and last token of the answer, counted from the beginning of its sample; both 0, the place of the special
        token that opens it, where the sample does not hold the whole answer or there is none; `IGNORED` where it is
        not known. Shape ``(samples, 2)``.
    lengths
        How many tokens the answer to each question has. Shape ``(rows,)``.
    """

    targets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


@dataclass(frozen=True)
class AnsweredTokens(Tokens):
    """Tokens of questions with their ``answers``: these are located once, however often the rows are evaluated.

    Attributes
    ----------
    answers
        `LabelledRows.targets` of the same rows: a tuple of `Answer` for each question, shape ``(rows,)``.
    """

    answers: npt.NDArray[np.object_] = field(kw_only=True)

    @cached_property
    def places(self) -> Places:
        """The tokens of the answers."""
        return places(self, self.answers)


def places_of(tokens: Tokens, rows: LabelledRows) -> Places:
    """Return the tokens of the answers to the questions in rows."""
    if isinstance(tokens, AnsweredTokens) and tokens.answers is rows.targets:
        return tokens.places
    return places(tokens, rows.targets)


def places(tokens: Tokens, golds: npt.NDArray[np.object_]) -> Places:
    """Find the first answer of each question whose characters are among its tokens.

    Parameters
    ----------
    golds
        A tuple of `Answer` for each question, shape ``(rows,)``.
    """
    import numpy as np

    best = [next((one for one in gold if one.found), Answer("")) for gold in golds]
    spans = np.array([(one.start, one.end) for one in best], np.int64).reshape(-1, 2)
    owner = tokens.owner
    bounds = np.full((len(tokens), 4), -1, np.int64)  # first and last token, first and last character
    pieces = np.zeros(len(golds), np.int64)
    for number, part in chunks(tokens):
        rows = owner[number : number + len(part)]
        sample, token = _inside(part, spans[rows])
        some, first, many = np.unique(sample, return_index=True, return_counts=True)
        last = first + many - 1
        assert part.spans is not None
        bounds[number + some] = np.stack(
            [token[first], token[last], part.spans[token[first], 0], part.spans[token[last], 1]], axis=1
        )
        bounds[number + some, :2] -= part.offsets[some][:, None]
        np.maximum.at(pieces, rows[some], many)
    whole = _whole(bounds[:, 2:], owner, len(golds))
    targets = np.where(whole[:, None], bounds[:, :2], 0)
    unknown = np.fromiter((bool(gold) and not one.found for gold, one in zip(golds, best, strict=True)), bool)
    targets[unknown[owner]] = IGNORED
    return Places(targets, pieces)


def _inside(part: Tokens, spans: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the tokens that are of answers, each with its sample; ``spans`` has the characters for each sample."""
    import numpy as np

    assert part.spans is not None
    sample = np.repeat(np.arange(len(part)), part.lengths)
    start, end = spans[sample].T
    hit = in_context(part) & (part.spans[:, 0] < end) & (part.spans[:, 1] > start)
    return sample[hit], np.flatnonzero(hit)


def _whole(ends: npt.NDArray[np.int64], owner: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.bool_]:
    """Return which samples hold the whole answer: from its first to its last character that any sample has."""
    import numpy as np

    some = ends[:, 0] >= 0
    first, last = np.full(rows, np.iinfo(np.int64).max), np.full(rows, -1)
    np.minimum.at(first, owner[some], ends[some, 0])
    np.maximum.at(last, owner[some], ends[some, 1])
    whole: npt.NDArray[np.bool_] = some & (ends[:, 0] == first[owner]) & (ends[:, 1] == last[owner])
    return whole

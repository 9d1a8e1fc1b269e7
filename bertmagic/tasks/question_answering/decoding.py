"""Answers from the scores of first and last tokens, over all windows of a context."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertmagic.tasks.question_answering.alignment import chunks, in_context

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.tokens import Tokens

MOST = 20
"""How many answers to a question are compared: as many as the script of BERT for SQuAD keeps."""


@dataclass(frozen=True)
class Candidates:
    """The best answers to each question, and the score of "no answer".

    Attributes
    ----------
    offsets
        The answers to question ``i`` are ``offsets[i]`` to ``offsets[i + 1]``, the best first. Shape ``(rows + 1,)``.
    start, end
        The characters ``[start, end)`` of the context. Shape ``(answers,)``.
    score
        The sum of the logits of first and last token. Shape ``(answers,)``.
    none
        The same sum for the first token of the sequence, which stands for "no answer": the lowest of the windows,
        since an answer in one of them is enough. Shape ``(rows,)``.
    """

    offsets: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]
    none: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.none)

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The question of each answer, shape ``(answers,)``."""
        import numpy as np

        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def margin(self) -> npt.NDArray[np.float32]:
        """Score of "no answer" minus that of the best answer, shape ``(rows,)``; infinite without any answer."""
        import numpy as np

        margin = np.full(len(self), np.inf, np.float32)
        some = np.diff(self.offsets) > 0
        margin[some] = self.none[some] - self.score[self.offsets[:-1][some]]
        return margin

    def best(self, threshold: float | None) -> npt.NDArray[np.int64]:
        """Return the characters of the best answer, shape ``(rows, 2)``; -1 for a question without one.

        Parameters
        ----------
        threshold
            There is none where the margin of "no answer" is above this; None where an answer is always given.
        """
        import numpy as np

        spans = np.full((len(self), 2), -1, np.int64)
        given = self.margin <= (np.finfo(np.float32).max if threshold is None else threshold)
        first = self.offsets[:-1][given]
        spans[given] = np.stack([self.start[first], self.end[first]], axis=1)
        return spans

    def trimmed(self, contexts: Iterable[str]) -> Candidates:
        """Return the same answers without spaces around them: some tokenizers count the one before a word to it.

        Parameters
        ----------
        contexts
            One a row.
        """
        start, end = self.start.copy(), self.end.copy()
        for row, context in enumerate(contexts):
            for at in range(self.offsets[row], self.offsets[row + 1]):
                text = context[start[at] : end[at]]
                if text.strip():
                    start[at] += len(text) - len(text.lstrip())
                    end[at] -= len(text) - len(text.rstrip())
        return replace(self, start=start, end=end)

    def probabilities(self, silent: bool) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the softmax over the answers to each question: of the answers, and of "no answer".

        Parameters
        ----------
        silent
            Whether "no answer" takes part; if not, it has the probability 0, and 1 where there is no answer at all.
        """
        import numpy as np

        owner, none = self.owner, self.none.astype(np.float64)
        highest = np.where(np.isinf(self.margin), none, none - self.margin)  # the best answer's score
        highest = np.maximum(highest, none) if silent else highest
        answers = np.exp(self.score - highest[owner])
        nothing = np.exp(none - highest) if silent else np.isinf(self.margin).astype(np.float64)
        total = nothing + np.bincount(owner, answers, len(self))
        return answers / total[owner], nothing / total


def candidates(scores: npt.NDArray[np.float32], tokens: Tokens, longest: int, most: int = MOST) -> Candidates:
    """Return the answers with the highest sum of first and last token's logits.

    An answer lies in the context, in one window, and ends no earlier than it begins. The same characters found in
    two windows count once, with the higher score.

    Parameters
    ----------
    scores
        Logits of each token as first and as last of the answer, shape ``(all tokens, 2)``.
    tokens
        Pairs of question and context, with `Tokens.second` and `Tokens.spans`.
    longest
        How many tokens an answer may have.
    most
        How many answers to a question are kept.
    """
    import numpy as np

    parts = [np.concatenate(part) for part in zip(*_by_chunk(scores, tokens, longest, most), strict=True)]
    row, start, end, score = parts if parts else (np.zeros(0, np.int64),) * 3 + (np.zeros(0, np.float32),)
    order = np.lexsort((-score, end, start, row))
    row, start, end, score = row[order], start[order], end[order], score[order]
    same = (row[1:] == row[:-1]) & (start[1:] == start[:-1]) & (end[1:] == end[:-1])
    once = np.flatnonzero(np.concatenate([[True], ~same])[: len(row)])
    kept = once[np.lexsort((end[once], start[once], -score[once], row[once]))]
    kept = kept[_rank(row[kept]) < most]
    offsets = np.searchsorted(row[kept], np.arange(tokens.texts + 1))
    return Candidates(offsets, start[kept], end[kept], score[kept], _none(scores, tokens))


def _none(scores: npt.NDArray[np.float32], tokens: Tokens) -> npt.NDArray[np.float32]:
    import numpy as np

    each = scores[tokens.offsets[:-1]].sum(axis=1)
    return each if tokens.windows is None else np.minimum.reduceat(each, tokens.windows[:-1])


def _rank(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each entry within its group; ``groups`` is sorted."""
    import numpy as np

    return np.arange(len(groups)) - np.searchsorted(groups, groups)


def _by_chunk(
    scores: npt.NDArray[np.float32], tokens: Tokens, longest: int, most: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """Yield row, first and last character, and score of the best answers in some samples after another."""
    import numpy as np

    owner = tokens.owner
    for number, part in chunks(tokens):
        assert part.spans is not None
        begins = tokens.offsets[number]
        possible = np.where(in_context(part)[:, None], scores[begins : begins + len(part.ids)], -np.inf)
        sample = np.repeat(np.arange(len(part)), part.lengths)
        first, last, score = _best(possible.astype(np.float32), sample, longest, most)
        start, end = part.spans[first, 0].astype(np.int64), part.spans[last, 1].astype(np.int64)
        yield owner[number + sample[first]], start, end, score


def _best(
    possible: npt.NDArray[np.float32], sample: npt.NDArray[np.int64], longest: int, most: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return first and last token and score of at least the ``most`` best answers of each sample.

    Parameters
    ----------
    possible
        Logits as first and last token, -inf where it cannot be, shape ``(tokens, 2)``.
    sample
        The sample of each token, ascending, shape ``(tokens,)``.
    """
    import numpy as np

    ends = np.concatenate([possible[:, 1], np.full(longest - 1, -np.inf, np.float32)])
    others = np.concatenate([sample, np.full(longest - 1, -1)])
    sums = possible[:, :1] + np.lib.stride_tricks.sliding_window_view(ends, longest)  # (tokens, longest)
    sums[np.lib.stride_tricks.sliding_window_view(others, longest) != sample[:, None]] = -np.inf
    # Of the best answers from each first token, the most-th best is a score that this many answers reach.
    best = sums.max(axis=1)
    order = np.lexsort((-best, sample))
    enough = np.full(int(sample[-1]) + 1, -np.inf, np.float32)
    at_rank = order[_rank(sample[order]) == most - 1]
    enough[sample[at_rank]] = best[at_rank]
    begin, ahead = np.nonzero((sums >= enough[sample][:, None]) & np.isfinite(sums))
    return begin, begin + ahead, sums[begin, ahead]


def cross_entropy(scores: npt.NDArray[np.float32], tokens: Tokens, targets: npt.NDArray[np.int64]) -> float:
    """Return the mean over samples, first and last token of ``log(sum(exp(logits))) - logits[target]``, in nats.

    Parameters
    ----------
    scores
        Logits of shape ``(all tokens, 2)``.
    targets
        First and last token of each sample's answer, counted from its beginning, shape ``(samples, 2)``; a sample
        with a negative one is left out.
    """
    import numpy as np

    wide = scores.astype(np.float64)
    normalizer = np.logaddexp.reduceat(wide, tokens.offsets[:-1], axis=0)  # (samples, 2)
    measured = (targets >= 0).all(axis=1)
    places = tokens.offsets[:-1, None] + np.maximum(targets, 0)
    losses = normalizer - np.take_along_axis(wide, places, axis=0)
    return float(losses[measured].mean()) if measured.any() else 0.0

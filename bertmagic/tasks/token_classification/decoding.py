"""The tags of words from a model's scores: valid ones, and the entities that they mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.tags import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.tasks.token_classification.alignment import Alignment

    Scores = npt.NDArray[np.float32]

_SLOTS = 200_000
"""How many words are decoded at once, padding included."""


def decoded(
    scores: Scores, alignment: Alignment, names: Sequence[str], valid: bool | None = True
) -> Iterator[list[str]]:
    """Yield the tags of the words of each text, as IOB2.

    A word without a token of its own goes on with the entity that it stands in, and is outside elsewhere.

    Parameters
    ----------
    scores
        Logits of each word that has a token of its own, ``(words, tags)``.
    names
        The tags, in the order of the outputs.
    valid
        Whether to look for the most probable sequence in which each ``I-`` follows its type, for which ``names`` must
        be those of `tags.names`. If False, each word has its most probable tag in any scheme, and entities begin
        where conlleval says; if None, it has this tag as it is.
    """
    import numpy as np

    words = alignment.words
    offsets = np.concatenate([[0], np.cumsum(alignment.own)])[words.offsets]
    chosen = best_sequences(scores, offsets) if valid else scores.argmax(axis=1)
    for text in range(len(words)):
        row_tags = [names[number] for number in chosen[offsets[text] : offsets[text + 1]].tolist()]
        if valid is False:
            row_tags, _ = tags.repaired(row_tags, "IOB1")
        own = alignment.own[words.offsets[text] : words.offsets[text + 1]]
        if not own.all():
            shares = alignment.tokens[words.offsets[text] : words.offsets[text + 1]] >= 0
            row_tags = _filled(row_tags, own.tolist(), shares.tolist())
        yield row_tags


def _filled(row_tags: list[str], own: list[bool], shares: list[bool]) -> list[str]:
    """Return the tags of all words: also of those without a token of their own."""
    known = iter(row_tags)
    filled = [next(known) if has else "" for has in own]
    follows = OUTSIDE
    for word in reversed(range(len(filled))):
        follows, filled[word] = filled[word] or follows, filled[word] or f"?{follows}"
    for word, tag in enumerate(filled):
        if own[word]:
            continue
        before = tags.parts(filled[word - 1]) if word else None
        goes_on = shares[word] or (before is not None and tag == f"?I-{before[1]}")
        filled[word] = f"I-{before[1]}" if before and before[0] != OUTSIDE and goes_on else OUTSIDE
    return filled


def best_sequences(scores: Scores, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the tags whose scores have the largest sum among the sequences that IOB2 allows, ``(words,)``.

    References
    ----------
    Viterbi 1967, "Error bounds for convolutional codes and an asymptotically optimum decoding algorithm", with the
    transitions 0 (allowed) and minus infinity.

    Parameters
    ----------
    scores
        ``(words, tags)`` with the tags in the order of `tags.names`.
    offsets
        The words ``offsets[i]`` to ``offsets[i + 1]`` are a sequence. Shape ``(sequences + 1,)``.
    """
    import numpy as np

    chosen = np.zeros(len(scores), np.int64)
    lengths = np.diff(offsets)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        part = order[start : start + max(1, _SLOTS // int(lengths[order[start]]))]
        _decode(scores, offsets[part], lengths[part], chosen)
        start += len(part)
    return chosen


def _decode(
    scores: Scores, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]
) -> None:
    """Decode some sequences, the longest first, and fill in their tags."""
    import numpy as np

    steps, wide = int(lengths[0]), scores.shape[1]
    come = np.zeros((steps, len(starts), wide), np.int16)  # from which tag the best way to each tag comes
    total = np.zeros((len(starts), wide))
    inner = np.arange(2, wide, 2)
    for step in range(steps):
        on = int((lengths > step).sum())  # they are sorted: those that go on stand first
        before, here = total[:on], scores[starts[:on] + step].astype(np.float64)
        if step == 0:
            here[:, 2::2] = -np.inf
        else:
            best = before.argmax(axis=1)
            inside = np.where(before[:, 2::2] > before[:, 1::2], inner, inner - 1)
            come[step, :on] = best[:, None]
            come[step, :on, 2::2] = inside
            here += np.take_along_axis(before, come[step, :on].astype(np.int64), axis=1)
        total[:on] = here
    rows = np.arange(len(starts))
    tag = total.argmax(axis=1)
    for step in reversed(range(steps)):
        going = rows[: int((lengths > step).sum())]
        chosen[starts[going] + step] = tag[going]
        tag[going] = come[step, going, tag[going]]

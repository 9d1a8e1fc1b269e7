"""Masking for masked language modelling: which tokens are predicted, and what replaces them.

Of each sample 15 % of the tokens are chosen. Of these 80 % become the mask token, 10 % a random token and 10 % stay as
they are (Devlin et al. 2019, "BERT", section 3.1 and appendix A.1). The choice is dynamic (Liu et al. 2019, "RoBERTa",
section 4.1): made anew at every step, by a function of seed, step and sample, so that it is the same however a batch is
cut into pieces, and after a resume.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import IGNORED, BatchSource
from bertmagic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch

SHARE = 0.15
"""The share of the tokens of a sample that are predicted."""

MASKED, REPLACED = 0.8, 0.1
"""Of the chosen tokens, the share that becomes the mask token and the share that becomes a random one."""

_STEP, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""The constants of SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators")."""

_CHOICE, _FATE, _TOKEN = 1, 2, 3
"""The uses of random numbers; each use has its own numbers."""


@dataclass(frozen=True)
class Masking:
    """How a tokenizer's texts are masked.

    Attributes
    ----------
    mask_id
        The id of the mask token.
    ordinary
        The ids that may be chosen and may replace others: all but special tokens. Shape ``(ordinary ids,)``.
    special
        Whether an id is a special token, which is never chosen. Shape ``(vocabulary,)``.
    inner
        Whether an id goes on with the word of the token before it. Shape ``(vocabulary,)``; None where each token is
        chosen by itself.
    share
        How many of the tokens are chosen.
    """

    mask_id: int
    ordinary: npt.NDArray[np.int64]
    special: npt.NDArray[np.bool_]
    inner: npt.NDArray[np.bool_] | None = None
    share: float = SHARE

    def apply(
        self, ids: npt.NDArray[Any], lengths: npt.NDArray[np.int64], samples: npt.NDArray[np.int64],
        seed: int, step: int,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:  # fmt: skip
        """Return the ids with masks, and which tokens are predicted; both of the shape of ``ids``.

        Of each sample the share is taken as nearly as whole words allow, and at least one word.

        Parameters
        ----------
        ids
            The ids of some samples behind each other, shape ``(tokens,)``.
        lengths, samples
            How many tokens each sample has, and its number, shape ``(samples,)``.
        seed, step
            What the choice depends on in addition to the number of the sample.
        """
        import numpy as np

        keys = _mixed(_mixed(_mixed(np.full(len(samples), seed, np.uint64)) + np.uint64(step)) + samples.astype("u8"))
        begins = np.cumsum(lengths) - lengths
        places = (np.arange(len(ids)) - np.repeat(begins, lengths)).astype(np.uint64)
        stream = _mixed(np.repeat(keys, lengths) + places * np.uint64(_STEP))  # one number a token: (tokens,)
        chosen = self._chosen(ids, lengths, _uniform(stream, _CHOICE))
        fate = _uniform(stream, _FATE)
        other = self.ordinary[(_uniform(stream, _TOKEN) * len(self.ordinary)).astype(np.int64)]
        masked = np.where(chosen & (fate < MASKED), self.mask_id, ids)
        return np.where(chosen & (fate >= 1 - REPLACED), other, masked).astype(np.int64), chosen

    def _chosen(
        self, ids: npt.NDArray[Any], lengths: npt.NDArray[np.int64], draws: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Take words in the order of their draws until the sample's share is reached."""
        import numpy as np

        usable = np.flatnonzero(~self.special[ids])
        chosen = np.zeros(len(ids), dtype=bool)
        if not len(usable):
            return chosen
        row = np.repeat(np.arange(len(lengths)), lengths)[usable]
        first = self._first_of_word(ids, usable, row)
        starts = np.flatnonzero(first)
        sizes = np.diff(np.append(starts, len(usable)))
        order = np.lexsort((draws[usable[starts]], row[starts]))  # by sample, then by draw
        taken = np.zeros(len(starts), dtype=bool)
        taken[order] = self._within_share(row[starts][order], sizes[order])
        chosen[usable] = np.repeat(taken, sizes)
        return chosen

    def _first_of_word(
        self, ids: npt.NDArray[Any], usable: npt.NDArray[np.int64], row: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        import numpy as np

        first = np.ones(len(usable), dtype=bool)
        if self.inner is not None:
            # A piece goes on only with what stands right before it: not over a special token, not over a sample's end.
            first[1:] = ~self.inner[ids[usable[1:]]] | (np.diff(usable) > 1) | (np.diff(row) > 0)
        return first

    def _within_share(self, row: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return which words are taken, in their order: those whose middle is within the share."""
        import numpy as np

        new = np.append(True, np.diff(row) > 0)
        starts = np.flatnonzero(new)
        counted = np.cumsum(sizes) - sizes  # tokens before each word, in all samples
        before = counted - np.repeat(counted[starts], np.diff(np.append(starts, len(row))))
        tokens = np.add.reduceat(sizes, starts)
        wanted = np.maximum(np.round(self.share * tokens), 1)
        within = before + sizes / 2 <= np.repeat(wanted, np.diff(np.append(starts, len(row))))
        taken: npt.NDArray[np.bool_] = within | new
        return taken


def of_tokenizer(tokenizer: PreTrainedTokenizerBase, whole_words: bool = False, share: float = SHARE) -> Masking:
    """Return how the texts of a tokenizer are masked.

    Parameters
    ----------
    whole_words
        Whether the pieces of a word are chosen together.

    Raises
    ------
    ModelError
        If the tokenizer has no mask token.
    """
    import numpy as np

    if tokenizer.mask_token_id is None:
        raise ModelError("the tokenizer has no mask token.", "Choose an encoder pre-trained with masks, such as bert.")
    size = len(tokenizer)
    special = np.zeros(size, dtype=bool)
    special[[number for number in tokenizer.all_special_ids if number < size]] = True
    pieces = tokenizer.convert_ids_to_tokens(list(range(size)))
    special |= np.fromiter((piece is None for piece in pieces), bool, size)
    inner = inside_words(["" if piece is None else str(piece) for piece in pieces]) if whole_words else None
    return Masking(int(tokenizer.mask_token_id), np.flatnonzero(~special), special, inner, share)


def inside_words(pieces: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether each piece of a vocabulary continues the word before it; shape ``(pieces,)``.

    WordPiece marks the inner pieces of a word (``##ing``). Byte-level and SentencePiece vocabularies mark the first one
    instead (``Ġthe``, ``▁the``); a piece without the mark goes on if it begins with a letter or a digit of a script
    that writes spaces. Chinese and Japanese characters and Thai, Lao and Khmer letters are words of their own, as
    BERT's tokenizers have them, and so is punctuation.
    """
    import numpy as np

    marks = {mark: sum(piece.startswith(mark) for piece in pieces) for mark in ("##", "Ġ", "▁")}
    mark = max(marks, key=lambda name: marks[name])
    if not marks[mark]:
        return np.zeros(len(pieces), dtype=bool)
    if mark == "##":
        return np.fromiter((piece.startswith("##") for piece in pieces), bool, len(pieces))
    rule = _goes_on_in_bytes if mark == "Ġ" else _goes_on
    return np.fromiter((rule(piece) for piece in pieces), bool, len(pieces))


_WITHOUT_SPACES = ((0x0E00, 0x0EFF), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
                   (0xF900, 0xFAFF), (0x20000, 0x323AF))  # fmt: skip
"""Thai and Lao, Khmer, kana, and the blocks of Chinese characters."""


def _goes_on(piece: str) -> bool:
    """Whether a piece without a mark of its own begins inside a word."""
    return piece[:1].isalnum() and not any(low <= ord(piece[0]) <= high for low, high in _WITHOUT_SPACES)


def _goes_on_in_bytes(piece: str) -> bool:
    """Do the same for a piece that is written as bytes, which may begin within a character."""
    data = bytes(byte for letter in piece if (byte := _BYTES.get(letter)) is not None)
    within_character = 0x80 <= (data[0] if data else 0) < 0xC0
    return within_character or _goes_on(data.decode("utf-8", "replace"))


def _byte_letters() -> dict[str, int]:
    """Return the byte that each letter of a byte-level vocabulary stands for (Radford et al. 2019, GPT-2).

    Bytes that print in Latin-1 stand for themselves, the others for letters from U+0100 on.
    """
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + i): byte for i, byte in enumerate(others)}


_BYTES = _byte_letters()


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return random-looking words, each a function of one word: a step of SplitMix64 begun there."""
    import numpy as np

    words = words + np.uint64(_STEP)  # arrays of unsigned words wrap, as they should
    words = (words ^ (words >> np.uint64(30))) * np.uint64(_MIX_1)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(_MIX_2)
    return words ^ (words >> np.uint64(31))


def _uniform(stream: npt.NDArray[np.uint64], use: int) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each word of a stream and one use of it."""
    import numpy as np

    return (_mixed(stream + np.uint64(use)) >> np.uint64(11)).astype(np.float64) * 2.0**-53


@dataclass(frozen=True)
class MaskedFeed(BatchSource):
    """Samples whose tokens are masked when a batch is made of them.

    The targets of a batch are the ids of the tokens to guess and `IGNORED` for all others, ``(rows, tokens)``. Where
    ``follows`` is there a column stands before them: 0 where the second text follows the first, else 1, as BERT's head
    has it.

    Attributes
    ----------
    masking
        How they are masked.
    seed
        Beside the step and the number of the sample, what the masks depend on.
    follows
        Whether the second text of each sample follows the first, shape ``(samples,)``; None without pairs.
    """

    masking: Masking = field(kw_only=True)
    seed: int = field(kw_only=True)
    follows: npt.NDArray[np.bool_] | None = field(default=None, kw_only=True)

    def batch(self, rows: npt.NDArray[np.int64], step: int = 0) -> Batch:
        """Return some samples with the masks of a step; step 0 is for held-out text, whose masks stay the same."""
        import numpy as np
        import torch

        whole = super().batch(rows, step)
        ids, real = whole.ids.numpy(), whole.mask.numpy() > 0  # (rows, tokens)
        new_ids, chosen = self.masking.apply(ids[real], self.tokens.lengths_of(rows), rows, self.seed, step)
        masked, targets = ids.copy(), np.full(ids.shape, IGNORED, np.int64)
        masked[real] = new_ids
        targets[real] = np.where(chosen, ids[real], IGNORED)
        if self.follows is not None:
            targets = np.concatenate([~self.follows[rows][:, None], targets], axis=1)
        return replace(whole, ids=torch.from_numpy(masked), targets=torch.from_numpy(targets))

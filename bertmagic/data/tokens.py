"""Texts as token ids: one flat array, so that a million rows cost four bytes a token."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedTokenizerBase

_CHUNK = 1000


@dataclass(frozen=True)
class Tokens:
    """The token ids of many texts, special tokens included.

    Attributes
    ----------
    ids
        All ids behind each other, int32 of shape ``(all tokens,)``.
    offsets
        Where each text begins; ``ids[offsets[i]:offsets[i + 1]]`` are those of text ``i``. Shape ``(rows + 1,)``.
    truncated
        How many texts were cut.
    unknown
        The share of unknown tokens.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: int
    unknown: float

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of each text, shape ``(rows,)``."""
        import numpy as np

        return np.diff(self.offsets)

    def row(self, number: int) -> npt.NDArray[np.int32]:
        """The ids of one text."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]


def encode(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tokens:
    """Tokenize texts and cut each after ``max_length`` tokens, its closing special tokens kept.

    Parameters
    ----------
    progress
        Called with the number of texts done and the number of all.
    """
    import numpy as np

    tail = len(tokenizer("")["input_ids"]) - 1  # the tokens that close a text, [SEP] for BERT
    ids, offsets, truncated = array("i"), array("q", [0]), 0
    for start in range(0, len(texts), _CHUNK):
        for row in _rows(tokenizer, texts[start : start + _CHUNK]):
            if len(row) > max_length:
                truncated += 1
                row = row[: max_length - tail] + row[len(row) - tail :]
            ids.extend(row)
            offsets.append(len(ids))
        progress(min(start + _CHUNK, len(texts)), len(texts))
    flat = np.asarray(ids, dtype=np.int32)
    unknown = 0.0
    if tokenizer.unk_token_id is not None and len(flat):
        unknown = float((flat == tokenizer.unk_token_id).mean())
    return Tokens(flat, np.asarray(offsets, dtype=np.int64), truncated, unknown)


def _rows(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    encoded: Any = tokenizer(
        [_without_surrogates(text) for text in texts],
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return encoded["input_ids"]  # type: ignore[no-any-return]


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which are no characters: the tokenizers refuse them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")

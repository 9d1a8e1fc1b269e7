"""The words behind masks, and whether a sentence follows another, read from a pre-trained model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError, count
from bertmagic.tasks.masked_language_modeling import heads
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch
    from bertmagic.data.rows import TextRows
    from bertmagic.data.tokens import Tokens

MASK = "[MASK]"
"""What users write for a mask; tokenizers have mask tokens of their own."""


def with_mask_token(text: str, tokenizer: PreTrainedTokenizerBase, row: Any) -> str:
    """Return a text with the tokenizer's own mask token for each ``[MASK]``."""
    own = str(tokenizer.mask_token)
    written = text.replace(MASK, own)
    if own in written:
        return written
    raise DataError(
        f"the text of row {row} has no {MASK}: {text[:60]!r}.",
        f"Write {MASK}, in capitals and brackets, where a word is to be guessed.",
    )


def most_masks(tokens: Tokens, written: list[str], tokenizer: PreTrainedTokenizerBase, rows: TextRows) -> int:
    """Return how many masks a text has at most.

    Raises
    ------
    DataError
        If one stands behind the last token that the model reads.
    """
    import numpy as np

    masks = np.add.reduceat(tokens.ids == tokenizer.mask_token_id, tokens.offsets[:-1])
    for number, text in enumerate(written):
        if masks[number] < text.count(str(tokenizer.mask_token)):
            raise DataError(
                f"a {MASK} of row {rows.index[number]} is beyond the maximum length of the model: "
                f"{count(int(tokens.lengths[number]), 'token')}.",
                "Leave out some of the text before it.",
            )
    return int(masks.max())


def candidate_id(tokenizer: PreTrainedTokenizerBase, word: str) -> int:
    """Return the id of a candidate.

    Raises
    ------
    DataError
        If it is unknown, or several pieces: a mask stands for one.
    """
    vocabulary = tokenizer.get_vocab()
    if word in vocabulary and word.startswith(("##", "Ġ", "▁")):
        return int(vocabulary[word])
    pieces = tokenizer.tokenize(f" {word}")
    ids = [vocabulary.get(piece) for piece in pieces]
    if len(ids) == 1 and ids[0] is not None and ids[0] != tokenizer.unk_token_id:
        return int(ids[0])
    if len(ids) > 1:
        raise DataError(
            f"the candidate {word!r} is {count(len(ids), 'word piece')} of this vocabulary ({' '.join(pieces)}), "
            "and a mask stands for one.",
            "Give words of one piece, or as many masks as there are pieces.",
        )
    raise DataError(
        f"the candidate {word!r} is not a piece of this vocabulary.", "Give a word that the model can know."
    )


@dataclass(frozen=True)
class MaskReader:
    """Reads the words for the masks of a batch: the best ``top_k``, or the ``candidates``."""

    mask_id: int
    most: int
    top_k: int
    candidates: tuple[int, ...]
    special: tuple[int, ...]

    def read(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return probabilities and ids of each row, ``(rows, masks x 2 x words)``; zeros where a row has fewer masks.

        Ids are small enough to be exact in fp32.
        """
        import torch

        chosen = batch.ids == self.mask_id
        likely = heads.masked_outputs(model, batch, chosen).tokens.softmax(dim=1)
        likely[:, list(self.special)] = 0  # no word, however often it stands in the text
        if self.candidates:
            ids = torch.tensor(self.candidates, device=likely.device)
            best, order = likely[:, ids].sort(dim=1, descending=True)
            words = ids[order]
        else:
            best, words = likely.topk(self.top_k, dim=1)
        row, place = chosen.nonzero()[:, 0], (chosen.cumsum(dim=1) - 1)[chosen]
        outputs = best.new_zeros(len(chosen), self.most, 2, best.shape[1])
        outputs[row, place, 0], outputs[row, place, 1] = best, words.to(best.dtype)
        return outputs.flatten(1)


def next_sentence_probability(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the probability that the second text of each row follows the first, ``(rows, 1)``."""
    import torch

    logits = heads.masked_outputs(model, batch, torch.zeros_like(batch.ids, dtype=torch.bool)).follows
    assert logits is not None
    return logits.softmax(dim=1)[:, :1]


def why_no_next_sentence(network: PreTrainedModel) -> str:
    """Return why a model has no next-sentence head."""
    kind = str(network.config.model_type)
    if kind in heads.WITH_NEXT_SENTENCE:
        return "it was not pre-trained on next sentences here"
    return f"{kind} models were pre-trained without one"


def words_of_masks(
    given: pd.DataFrame, rows: TextRows, written: list[str], predictions: npt.NDArray[np.float32],
    tokenizer: PreTrainedTokenizerBase,
) -> pd.DataFrame:  # fmt: skip
    """Return a row for each word of each mask, and one of ``<NA>`` for each row without a text.

    Parameters
    ----------
    predictions
        Probabilities and ids of the words of each mask, ``(rows, masks, 2, words)``.
    """
    import pandas as pd

    marked = any(piece.startswith(("Ġ", "▁")) for piece in tokenizer.get_vocab())
    own, place = str(tokenizer.mask_token), {int(at): number for number, at in enumerate(rows.positions)}
    table: list[tuple[Any, ...]] = []
    for at, (index, text) in enumerate(zip(given.index, given["text"].tolist(), strict=True)):
        if at not in place:
            table.append((index, None, None, None, None, None))
            continue
        parts = written[place[at]].split(own)
        for mask in range(len(parts) - 1):
            before, after = own.join(parts[: mask + 1]), own.join(parts[mask + 1 :])
            for score, number in zip(*predictions[place[at], mask], strict=True):
                piece = str(tokenizer.convert_ids_to_tokens(int(number)))
                filled = _put(before, piece, after, marked, tokenizer).replace(own, MASK)
                table.append(
                    (
                        index,
                        without_surrogates(text),
                        mask + 1,
                        _word(piece, tokenizer),
                        float(score),
                        without_surrogates(filled),
                    )
                )
    frame = pd.DataFrame(table, columns=["row", "text", "mask", "word", "score", "filled"])
    kinds = {"text": "string", "mask": "Int64", "word": "string", "score": "Float64", "filled": "string"}
    return frame.astype(kinds)


def _word(piece: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a word piece as text; one that continues a word keeps its ``##``."""
    return piece if piece.startswith("##") else str(tokenizer.convert_tokens_to_string([piece])).strip() or piece


def _put(before: str, piece: str, after: str, marked: bool, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a text with a word piece in place of a mask, joined to the word before if it continues that.

    Parameters
    ----------
    marked
        Whether the vocabulary marks the pieces that begin a word, instead of those that go on.
    """
    goes_on = piece.startswith("##") or (marked and not piece.startswith(("Ġ", "▁")))
    if goes_on:
        return before.rstrip() + _word(piece, tokenizer).removeprefix("##") + after
    apart = " " if marked and before and not before[-1].isspace() else ""
    return before + apart + _word(piece, tokenizer) + after

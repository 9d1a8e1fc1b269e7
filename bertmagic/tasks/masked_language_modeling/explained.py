"""What can be explained of masked words: the probability of each candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.errors import DataError, MissingHead
from bertmagic.explain.scores import ExplainedScores
from bertmagic.tasks.masked_language_modeling import filling

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from bertmagic.data.tokens import Tokens

_WORDS = 5


def scores(
    outputs: torch.Tensor, sample: Tokens, tokenizer: PreTrainedTokenizerBase, target: Any = None
) -> ExplainedScores:
    """Return the probability of the best words for the first mask, of a word that was asked for, and of other masks.

    Raises
    ------
    DataError
        If the text has no mask.
    MissingHead
        If the model has no head for masked words.
    OptionError
        If the word that was asked for is not one token.
    """
    import torch

    masks = np.flatnonzero(sample.ids == tokenizer.mask_token_id).tolist()
    if not masks:
        raise DataError(
            f"the text has no {filling.MASK}, and this model predicts masked words.",
            f"Write {filling.MASK} in place of a word.",
        )
    if outputs.shape[-1] < len(tokenizer):
        raise MissingHead("the model has no head for masked words.", "Load an encoder that has one: %bert_load bert.")
    wanted = {_word(tokenizer, number): (masks[0], number) for number in outputs[0, masks[0]].topk(_WORDS)[1].tolist()}
    if target is not None and str(target) not in wanted:
        wanted[str(target)] = masks[0], filling.candidate_id(tokenizer, str(target))
    for at, mask in enumerate(masks[1:], start=2):
        number = int(outputs[0, mask].argmax())
        wanted[f"{_word(tokenizer, number)} (mask {at})"] = mask, number
    places, numbers = (list(part) for part in zip(*wanted.values(), strict=True))

    def of(logits: torch.Tensor) -> torch.Tensor:
        chosen = logits[:, places].float()  # (rows, targets, vocabulary)
        index = torch.tensor(numbers, device=logits.device)[None, :, None].expand(len(logits), -1, 1)
        return (chosen.gather(-1, index)[:, :, 0] - chosen.logsumexp(dim=-1)).exp()

    return ExplainedScores(tuple(wanted), 0, of, fixed=frozenset(masks))


def _word(tokenizer: PreTrainedTokenizerBase, number: int) -> str:
    return str(tokenizer.decode([number])).strip()

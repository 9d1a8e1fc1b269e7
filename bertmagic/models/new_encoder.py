"""A small BERT from scratch: a vocabulary of word pieces learnt from texts, and random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from bertmagic.errors import DataError, count
from bertmagic.models import loading, saving
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Size = Literal["tiny", "mini", "small", "medium", "base"]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""The special tokens of BERT, with the ids from 0 on."""

_POSITIONS = 512
_FEWEST = 100
"""A vocabulary with fewer word pieces than this is an error: the texts are too few, or not texts."""


@dataclass(frozen=True)
class Shape:
    """How large a BERT is, and the learning rate that suits it when it begins from nothing."""

    layers: int
    width: int
    lr: float


SHAPES: dict[str, Shape] = {
    "tiny": Shape(2, 128, 1e-3),
    "mini": Shape(4, 256, 5e-4),
    "small": Shape(4, 512, 5e-4),
    "medium": Shape(8, 512, 3e-4),
    "base": Shape(12, 768, 1e-4),
}
"""Layers and widths of Turc et al. 2019, "Well-Read Students Learn Better", table 1; a head for each 64 of the width.
The rate of the base model is that of Devlin et al. 2019, appendix A.2; narrower models take more."""


def write(folder: Path, size: str, texts: Sequence[str], vocab_size: int, lowercase: bool, seed: int) -> Path:
    """Write a new model with its tokenizer and its card.

    Raises
    ------
    DataError
        If the texts have too few different words.
    """
    shape = SHAPES[size]
    tokenizer = wordpiece(texts, vocab_size, lowercase)
    model = _network(shape, tokenizer, seed)
    card = {
        "task": "masked_language_modeling", "nsp": False, "encoder": f"new {size}", "lr": shape.lr,
        "max_length": _POSITIONS, "size": size, "seed": seed, "vocabulary": len(tokenizer), "lowercase": lowercase,
        saving.WEIGHTS: saving.weights_digest(model.state_dict()),
    }  # fmt: skip
    return saving.save(folder, model, tokenizer, card)


def wordpiece(texts: Sequence[str], vocab_size: int, lowercase: bool) -> PreTrainedTokenizerBase:
    """Learn a vocabulary of word pieces (Schuster & Nakajima 2012) and return its tokenizer.

    The trainer numbers letters in the order of a hash map, which differs from run to run, and breaks ties by number.
    Given all letters beforehand, in their own order, it finds the same pieces every time.

    Raises
    ------
    DataError
        If the texts have too few different words.
    """
    from tokenizers import trainers
    from transformers import BertTokenizer

    model = _untrained(lowercase)
    letters = _letters(texts, model, vocab_size)
    fixed = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(vocab_size, len(fixed)), min_frequency=2, special_tokens=fixed, limit_alphabet=len(letters),
        show_progress=False,
    )  # fmt: skip
    model.train_from_iterator(texts, trainer)
    pieces = model.get_vocab()
    if len(pieces) - len(fixed) < _FEWEST:
        raise DataError(
            f"the texts give {count(len(pieces) - len(fixed), 'word piece')} with two letters or more: too few.",
            "Give more text, thousands of sentences if there are.",
        )
    vocabulary = {piece: number for number, piece in enumerate(sorted(pieces, key=pieces.__getitem__))}
    return cast(
        "PreTrainedTokenizerBase",
        BertTokenizer(vocab=vocabulary, do_lower_case=lowercase, strip_accents=lowercase, model_max_length=_POSITIONS),
    )


def _untrained(lowercase: bool) -> Tokenizer:
    """Return a tokenizer that cuts texts into words as BERT's does."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _letters(texts: Sequence[str], model: Tokenizer, vocab_size: int) -> list[str]:
    """Return the letters of the texts in order: the most frequent ones, where they would fill the vocabulary."""
    from collections import Counter

    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(model.normalizer.normalize_str(text))
    ranked = sorted((letter for letter in counted if not letter.isspace()), key=lambda c: (-counted[c], c))
    return sorted(ranked[: max(vocab_size // 4, 1)])


def _network(shape: Shape, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """Return a BERT of random weights with a head for masked words, drawn by the seed alone."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.width // 64, intermediate_size=4 * shape.width, max_position_embeddings=_POSITIONS,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with loading.alone, torch_defaults(loading=True), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return cast("PreTrainedModel", BertForMaskedLM(config))

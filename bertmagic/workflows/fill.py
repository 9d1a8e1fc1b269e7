"""Predictions of a pre-trained model: words for masks, and the probability that a sentence follows another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks
from bertmagic.data.batches import BatchSource
from bertmagic.data.texts import strings
from bertmagic.data.tokenization import encode
from bertmagic.errors import DataError, ModelError, count
from bertmagic.events import Listener, counting
from bertmagic.inference.forward import run_model
from bertmagic.models import heads, loading
from bertmagic.tasks.masked_language_modeling import filling
from bertmagic.tasks.masked_language_modeling import heads as masked
from bertmagic.tasks.masked_language_modeling.result import Fills, NextSentences
from bertmagic.text_safety import quoted, without_surrogates
from bertmagic.workflows.predict import rows_given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch
    from bertmagic.data.tokens import Tokens
    from bertmagic.text_model import TextModel


def fill(
    model: TextModel, texts: Any, top_k: int, candidates: Sequence[str], asked: Mapping[str, Any], emit: Listener
) -> Fills:
    """Predict the words behind masks; see `TextModel.fill`.

    Raises
    ------
    ModelError
        If the model has no head for masked words.
    DataError
        If a text has no mask, or one beyond what the model reads, or a candidate is not one piece.
    """
    began, tokenizer, _ = time.perf_counter(), model.tokenizer, model.network  # unloaded: fails before any work
    check_head(model)
    wanted = [filling.candidate_id(tokenizer, word) for word in candidates]
    given, name, where, notes = rows_given(model, texts, asked)
    rows, _ = checks.readable(given, ("text",), name, where)
    if not len(rows):
        raise DataError("there is no text to fill.", f"Give a text with {filling.MASK} where a word is to be guessed.")
    written = [filling.with_mask_token(text, tokenizer, row) for text, row in zip(rows.texts, rows.index, strict=True)]
    tokens = encode(tokenizer, written, loading.limit_of(model.network, tokenizer))
    most = filling.most_masks(tokens, written, tokenizer, rows)
    chosen = filling.MaskReader(
        int(tokenizer.mask_token_id),
        most,
        min(top_k, len(tokenizer)),
        tuple(dict.fromkeys(wanted)),
        tuple(tokenizer.all_special_ids),
    )
    predictions = _run(model, tokens, chosen.read, emit).reshape(len(rows), most, 2, -1)
    frame = filling.words_of_masks(given, rows, written, predictions, tokenizer)
    masks = sum(text.count(str(tokenizer.mask_token)) for text in written)
    return Fills(
        frame, model.name, len(rows), masks, len(given) - len(rows), time.perf_counter() - began,
        (*notes, *(["Each mask was guessed by itself, the others still masked."] if most > 1 else [])),
    )  # fmt: skip


def next_sentence(model: TextModel, first: Any, second: Any, emit: Listener) -> NextSentences:
    """Return the probability that sentences follow others; see `TextModel.next_sentence`.

    Raises
    ------
    ModelError
        If the model has no next-sentence head.
    DataError
        If the sentences are not pairs of texts.
    """
    import pandas as pd

    began, network = time.perf_counter(), model.network
    if not masked.has_next_sentence_head(network):
        raise ModelError(
            f"{model.name!r} has no next-sentence head: {filling.why_no_next_sentence(network)}.",
            "Pre-train one with %%bert_pretrain NAME and nsp = True, or load bert (bert-base-uncased).",
        )
    pairs = pd.DataFrame(_paired(_listed(first), _listed(second)), columns=["first", "second"], dtype=object)
    tokens = encode(
        model.tokenizer, pairs["first"].tolist(), loading.limit_of(network, model.tokenizer),
        pairs=pairs["second"].tolist(),
    )  # fmt: skip
    probabilities = _run(model, tokens, filling.next_sentence_probability, emit)
    frame = pairs.apply(strings).assign(score=probabilities[:, 0].astype(float))
    return NextSentences(frame, model.name, time.perf_counter() - began)


def _run(
    model: TextModel, tokens: Tokens, outputs: Callable[[PreTrainedModel, Batch], torch.Tensor], emit: Listener
) -> npt.NDArray[np.float32]:
    pad_id: Any = model.tokenizer.pad_token_id
    feed = BatchSource(tokens, pad_id, segments=heads.reads_segments(model.network))
    progress = counting(emit, "predicting")
    return run_model(model.network, feed, model.precision, lambda done: progress(done, len(tokens)), outputs)


def check_head(model: TextModel) -> None:
    """Raise a `ModelError` if a model has no head for masked words."""
    if not model.task.is_pretraining:
        raise ModelError(
            f"{model.name!r} is for {model.task.name.replace('_', ' ')} and has no head for masked words.",
            "Load an encoder with that head: %bert_load bert. Or train one for this encoder: %%bert_pretrain NAME with "
            "model = …",
        )


def _listed(sentences: Any) -> list[Any]:
    given = [sentences] if isinstance(sentences, str) else list(sentences)
    return [without_surrogates(text) if isinstance(text, str) else text for text in given]


def _paired(first: list[Any], second: list[Any]) -> list[tuple[str, str]]:
    """Return the pairs.

    Raises
    ------
    DataError
        If there are not as many second sentences as first ones, or one is no text.
    """
    if len(first) != len(second):
        raise DataError(
            f"there are {count(len(first), 'first sentence')} and {count(len(second), 'second sentence')}.",
            "Give as many of both.",
        )
    for number, pair in enumerate(zip(first, second, strict=True)):
        if not all(isinstance(text, str) and text.strip() for text in pair):
            raise DataError(f"pair {number} lacks a sentence: {quoted(pair, 80)}.", "Give two texts in each pair.")
    return list(zip(first, second, strict=True))

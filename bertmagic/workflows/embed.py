"""Vectors of texts in any form, from the encoder of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data import cache, checks
from bertmagic.data.batches import BatchSource
from bertmagic.errors import OptionError, count, listing
from bertmagic.events import Listener, counting
from bertmagic.inference import vector_cache
from bertmagic.models import heads, loading, pooling
from bertmagic.run import folders
from bertmagic.text_safety import quoted
from bertmagic.workflows import predict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import TextRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.options.terms import Pooling
    from bertmagic.text_model import TextModel


@dataclass(frozen=True)
class Embedded:
    """Texts with their vectors.

    Attributes
    ----------
    vectors
        float32 of shape ``(rows, width)``; NaN for a missing text.
    present
        Which rows have a text, of shape ``(rows,)``.
    given
        The rows as the user gave them, a column for each text that the model reads.
    notes
        What the user should know.
    """

    vectors: npt.NDArray[np.float32]
    present: npt.NDArray[np.bool_]
    given: pd.DataFrame
    notes: list[str]

    @property
    def texts(self) -> list[Any]:
        """The texts of the first column."""
        return self.given.iloc[:, 0].tolist()

    @property
    def index(self) -> pd.Index[Any]:
        """The index of the input."""
        return self.given.index


def embed(
    model: TextModel, texts: Any, asked: Mapping[str, Any], wanted: str | None, emit: Listener
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Return the vector of each text, and notes on what the user should know; see `TextModel.embed`.

    Parameters
    ----------
    asked
        The columns that the user named, by their role.
    wanted
        The pooling; None for the one that the model's folder declares.
    """
    chosen, reason = choose_pooling(model, wanted)
    rows = embedded(model, texts, asked, chosen, emit)
    notes = rows.notes
    if missing := int((~rows.present).sum()):
        notes = [*notes, f"{count(missing, 'row has', 'rows have')} no text; the vector is NaN."]
    return rows.vectors, [reason, *notes] if reason else notes


def embedded(model: TextModel, texts: Any, asked: Mapping[str, Any], pooling: Pooling, emit: Listener) -> Embedded:
    """Return texts in any form with their vectors; see `embed`."""
    import numpy as np

    _ = model.network  # a model that was unloaded fails before any work
    given, name, where, read_notes = predict.rows_given(model, texts, asked)
    rows, _ = model.task.readable(given, name, where)
    tokens, notes = _tokens(model, rows, emit)
    known = vectors(model, tokens, pooling, emit)
    every = np.full((len(given), known.shape[1]), np.nan, np.float32)
    every[rows.positions] = known
    present = np.zeros(len(given), bool)
    present[rows.positions] = True
    return Embedded(every, present, given, [*read_notes, *notes])


def vectors(model: TextModel, tokens: Tokens, chosen: Pooling, emit: Listener) -> npt.NDArray[np.float32]:
    """Return the vectors of tokens, ``(texts, width)``, from the cache if they are there."""
    network, pad_id = model.network, cast("int", model.tokenizer.pad_token_id)
    feed = BatchSource(tokens, pad_id, segments=heads.reads_segments(network))
    progress = counting(emit, "embedding")
    return vector_cache.embed(
        folders.home(), network, feed, model.precision, chosen, lambda done: progress(done, len(tokens))
    )


def is_of_sentences(model: TextModel) -> bool:
    """Whether the encoder was trained to give vectors of texts: its folder declares how they are pooled."""
    return "pooling" in model.card


def choose_pooling(model: TextModel, wanted: str | None) -> tuple[Pooling, str]:
    """Return the pooling, and why it is this one; empty where the user chose it."""
    if wanted is None and (model.card.get("options") or {}).get("pooling"):
        return "first", "Pooling: first, the token that the head of this model reads."
    if wanted is None and not model.is_in_folder:
        return model.card.get("pooling", "mean"), "Pooling: the one that the model was loaded with."
    if wanted is None:
        return pooling.choose(model.folder)
    if not isinstance(wanted, str) or wanted not in pooling.POOLINGS:
        raise OptionError(
            f"pooling = {quoted(wanted)} is not one of {listing(pooling.POOLINGS)}.", "Leave it out for auto."
        )
    return wanted, ""


def _tokens(model: TextModel, rows: TextRows, emit: Listener) -> tuple[Tokens, list[str]]:
    """Return rows as tokens without the labels or blocks of a task, and notes on texts that are too long or unknown."""
    longest = model.task.max_tokens(model.card, loading.limit_of(model.network, model.tokenizer))
    long_text = predict.long_text(model)
    kept = cache.Cache(folders.home(), model.tokenizer, longest, long_text, stride=model.card.get("stride"))
    tokens = kept.encode(rows.texts, counting(emit, "tokenizing"), pairs=rows.second)
    return tokens, [finding.what for finding in checks.token_findings(tokens, longest, long_text, model.name)]

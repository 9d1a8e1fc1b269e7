"""Models opened from disk, and their predictions for texts in any form."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data import cache, checks, columns, pairs, surrogates, tables, variables
from bertmagic.data.batches import BatchSource
from bertmagic.data.labels import missing
from bertmagic.data.rows import LabelledRows, TextRows
from bertmagic.data.tokenization import SpecialTokens, longest_overlap
from bertmagic.disk import files, paths
from bertmagic.errors import DataError, MissingHead, UnknownReference, listing
from bertmagic.events import Listener, Phase, counting, downloading
from bertmagic.export import session
from bertmagic.inference.forward import run_model
from bertmagic.models import devices, heads, loading, pooling, saving, weights
from bertmagic.models.status import Held
from bertmagic.run import folders
from bertmagic.tasks import find, of_config
from bertmagic.text_safety import quoted
from bertmagic.workflows import backends
from bertmagic.workflows.conversion import converted
from bertmagic.workflows.prepare import ROLES
from bertmagic.workflows.resolve import place

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.tokens import Tokens
    from bertmagic.export.session import Session
    from bertmagic.inference.predictions import Predictions
    from bertmagic.options import LongText
    from bertmagic.tasks import Task
    from bertmagic.text_model import TextModel

_READ = ("text", "question", "context")
"""The roles of columns that models read."""

_WANTED = {
    1: "Give a text, a list of texts, a column or a file.",
    2: "Give a pair of {} and {}, as two texts or as one with ` ||| ` between them; a list of pairs, rows or a file.",
}
"""What can be predicted for, by how many texts a model reads."""


def opened(
    reference: str,
    device: str | None,
    precision: str,
    known: tuple[str, ...],
    emit: Listener,
    tokenizer: str | None = None,
    labels: Sequence[str] = (),
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Task, dict[str, Any], Path, str]:
    """Return the parts of a `TextModel` from a run, a folder or the hub; see `bertmagic.api.load`."""
    folder = folders.model_folder(reference) if reference in folders.names() else paths.path(reference, "model")
    files.recover(folder)
    folder = converted(folder, emit, tokenizer, labels)
    if not folder.is_dir():
        folder = weights.find(reference, downloading(emit), (*folders.names(), *known)).folder
    emit(Phase(f"loading {reference}"))
    card = saving.read_card(folder)
    config = loading.config(folder)
    where, number_format, _ = place(device, precision)
    words = loading.tokenizer(folder)
    task, network = _built(folder, card, config)
    with devices.enough(where, f"the weights of {reference}", devices.FREE):
        network.to(where)
    inferred = {"task": task.name, "encoder": reference, "max_length": loading.limit(folder, words), **task.card()}
    if commit := weights.revision(folder):
        inferred["encoder_revision"] = commit
    if declared := pooling.declared(folder):
        inferred["pooling"] = declared
    return network, words, task, inferred | card, folder.resolve(), number_format


def _built(folder: Path, card: dict[str, Any], config: dict[str, Any]) -> tuple[Task, PreTrainedModel]:
    """Return the task and the network of a folder.

    Sentence encoders of the hub keep the name of the pre-trained architecture in their config, such as
    ``MPNetForMaskedLM``, but not its head: they are encoders without one.
    """
    task = find(card.get("task") or of_config(config)).from_card(card, config)
    try:
        return task, task.build(folder, needs_head=True).network
    except MissingHead:
        if card or not task.is_pretraining:
            raise
    encoder = find("feature_extraction").from_card(card, config)
    return encoder, encoder.build(folder).network


def described(model: TextModel) -> Held:
    """Return the line of a model in the status."""
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    encoder = str(model.card.get("encoder"))
    return Held(model.name, model.task.name, encoder, parameters, model.bytes, str(model.device), model.precision)


def predict(
    model: TextModel, texts: Any, asked: Mapping[str, Any], emit: Listener, backend: str = "auto"
) -> Predictions:
    """Predict for texts in any form; see `TextModel.predict`."""
    began, _ = time.perf_counter(), model.network  # a model that was unloaded fails before any work
    made = backends.session_of(model, backend)
    given, name, where, notes = rows_given(model, texts, asked)
    rows, _ = model.task.readable(given, name, where)
    tokens, scores = run(model, rows, emit, made=None if made is None else made[0])
    by = [] if made is None else [f"The logits were computed by {made[1]}."]
    return model.task.predictions(
        given,
        rows,
        tokens,
        scores,
        model=model.name,
        missing=len(given) - len(rows),
        truncated=tokens.truncated,
        seconds=time.perf_counter() - began,
        tokens=len(tokens.ids),
        notes=(*notes, *notes_on(model, tokens), *by),
    )


def run(
    model: TextModel, rows: TextRows, emit: Listener, fresh: bool = False, made: Session | None = None
) -> tuple[Tokens, npt.NDArray[np.float32]]:
    """Return the tokens of rows, and the outputs of the model for them.

    Parameters
    ----------
    fresh
        Whether to tokenize without the cache.
    made
        The session of an export that computes them instead.
    """
    task, network = model.task, model.network
    tokens = encoded(model, rows, emit, fresh)
    pad_id: Any = model.tokenizer.pad_token_id
    segments = heads.reads_segments(network)
    if isinstance(rows, LabelledRows):
        feed = task.feed(tokens, rows, pad_id, segments, seed=0)
    else:
        feed = BatchSource(tokens, pad_id, segments=segments)
    progress = counting(emit, "predicting")
    if made is not None:
        return tokens, session.run(made, feed, lambda done: progress(done, len(tokens)))
    scores = run_model(network, feed, model.precision, lambda done: progress(done, len(tokens)), task.outputs)
    return tokens, scores


def encoded(model: TextModel, rows: TextRows, emit: Listener, fresh: bool = False) -> Tokens:
    """Return rows as the tokens that a model reads."""
    return model.task.encode(cache_of(model, fresh), rows, counting(emit, "tokenizing"))


def cache_of(model: TextModel, fresh: bool = False) -> cache.Cache:
    """Return the cache of the tokens that a model reads, or one that keeps nothing."""
    kind = cache.Fresh if fresh else cache.Cache
    return kind(
        folders.home(), model.tokenizer, model.card["max_length"], long_text(model), stride=model.card.get("stride")
    )


def long_text(model: TextModel) -> LongText:
    """Return how a model reads texts that are longer than it can read at once."""
    how: LongText = model.task.long_text or model.card.get("long_text", "truncate")
    return how


def notes_on(model: TextModel, tokens: Tokens) -> list[str]:
    """Return notes on texts that are too long or in an unknown language."""
    longest = model.card["max_length"]
    encoder = str(model.card["encoder"])
    findings = checks.token_findings(tokens, longest, long_text(model), encoder)
    return [finding.sentence for finding in findings] + _overlap_note(model)


def _overlap_note(model: TextModel) -> list[str]:
    """Return a note if a model of an older version asks for windows that overlap further than they may."""
    stride, longest = model.card.get("stride"), int(model.card["max_length"])
    if stride is None or long_text(model) != "window":
        return []
    most = longest_overlap(longest - len(SpecialTokens.from_tokenizer(model.tokenizer, len(model.task.inputs) > 1)))
    return [f"Windows of long texts share {most} tokens instead of {stride}."] if stride > most else []


def trained(model: TextModel, table: tables.Table) -> dict[str, Any]:
    """Return the training columns that a table also has, by their role; None for the other roles."""
    known = {role: model.card.get(role) for role in ROLES}
    return {
        role: column if column and set(columns.several(column)) <= set(table.columns) else None
        for role, column in known.items()
    }


def rows_given(model: TextModel, texts: Any, asked: Mapping[str, Any]) -> tuple[pd.DataFrame, str, str, list[str]]:
    """Return the rows to predict, a column for each text, what messages call both, and notes on how they were read."""
    frame, name, where, notes = _given(model, texts, asked)
    frame, mended = surrogates.mended(frame)
    return frame, name, where, [*notes, *([mended] if mended else [])]


def _given(model: TextModel, texts: Any, asked: Mapping[str, Any]) -> tuple[pd.DataFrame, str, str, list[str]]:
    import pandas as pd

    inputs = list(model.task.inputs)
    if texts is None:
        raise DataError("there is nothing to predict.", _WANTED[len(inputs)].format(*inputs))
    if len(inputs) == 2 and (isinstance(texts, str) or pairs.is_pair(texts)):
        texts = [texts if isinstance(texts, str) else tuple(texts)]
    if isinstance(texts, str):
        return pd.DataFrame({inputs[0]: [texts]}, dtype=object), "the text", "the text", _file_note(texts)
    if isinstance(texts, pd.Series):
        name = f"column {texts.name!r}"
        frame = _listed(texts.tolist(), inputs).set_axis(texts.index) if len(inputs) > 1 else texts.to_frame(inputs[0])
        return frame, name, name, []
    if isinstance(texts, Mapping) and all(isinstance(text, str) for text in texts.values()):
        texts = [texts]
    if pairs.is_list(texts):
        name = variables.known(texts) or "the list"
        return _listed(list(texts), inputs), name, name, []
    if isinstance(texts, os.PathLike | tables.FileReference):
        table = tables.read(_existing(texts))
    else:
        table = tables.read(texts, may_be_empty=True)
    chosen = _inputs(model, table, asked)
    rows = table.frame[chosen].set_axis(inputs, axis=1)
    where = f"a text of {table.name}" if len(inputs) > 1 else f"column {chosen[0]!r} of {table.name}"
    return rows, table.name, where, [table.note] if table.note else []


def _file_note(texts: Any) -> list[str]:
    """Return a note if a text is the name of a file: it is read as a text, and not as the texts in that file."""
    if not isinstance(texts, str) or not paths.can_be_path(texts):
        return []
    path = Path(texts)
    try:
        is_file = bool(path.suffix) and path.is_file()
    except OSError:
        return []
    name = json.dumps(texts, ensure_ascii=False)
    return [f"{name} was read as a text. It is also the name of a file: file = {name} reads that."] if is_file else []


def _inputs(model: TextModel, table: tables.Table, asked: Mapping[str, Any]) -> list[str]:
    """Return the columns of the texts that a model reads: those asked for, those of training, or the likely ones."""
    known = trained(model, table) | {role: column for role, column in asked.items() if column}
    chosen = [column for role in _READ for column in columns.several(known[role] or ())]
    inputs = model.task.inputs
    named = {column.lower(): column for column in reversed(table.columns)}
    if not chosen and set(inputs) <= named.keys():
        chosen = [named[name] for name in inputs]
    if not chosen and len(table.columns) == len(inputs):
        chosen = table.columns
    if not chosen and len(inputs) == 1:
        chosen = [model.task.text_column(table)]
    if len(chosen) != len(inputs):
        trained_on = [column for role in _READ for column in columns.several(model.card.get(role) or ())]
        reads = trained_on if len(trained_on) == len(inputs) else inputs
        raise DataError(
            f"{model.name!r} reads {listing(reads)}; {table.name} has the columns {listing(table.columns)}.",
            "Name the columns, as in " + _example(inputs) + ".",
        )
    return [columns.require(table, column, "text") for column in chosen]


def _example(inputs: Sequence[str]) -> str:
    if "question" in inputs:
        return 'question = "NAME", context = "NAME"'
    return 'text = "NAME"' if len(inputs) == 1 else 'text = ["FIRST", "SECOND"]'


def _listed(texts: list[Any], inputs: list[str]) -> pd.DataFrame:
    """Return a list of texts, or of pairs, as a frame.

    Raises
    ------
    DataError
        If the model reads pairs and a row is not a pair, or the other way round.
    """
    import pandas as pd

    if len(inputs) == 1:
        for number, text in enumerate(texts):
            if isinstance(text, tuple) and pairs.is_pair(text):  # a list may be the words of a text
                raise DataError(
                    f"row {number} is a pair, and the model reads single texts: {quoted(text, 80)}.",
                    "Give one text in each row.",
                )
        return pd.DataFrame({inputs[0]: pd.Series(texts, dtype=object)})
    rows = [(None,) * len(inputs) if missing(text) else pairs.split(text) for text in texts]
    for number, pair in enumerate(rows):
        if len(pair) != len(inputs):
            raise DataError(
                f"row {number} is not a pair of {listing(inputs)} but {quoted(texts[number], 80)}.",
                "Give tuples of two texts, or a text with ` ||| ` between the two.",
            )
    return pd.DataFrame(rows, columns=inputs, dtype=object)


def _existing(file: os.PathLike[str] | tables.FileReference) -> os.PathLike[str] | tables.FileReference:
    located = tables.located(file)
    if not located.paths:
        raise UnknownReference(f"there is no file {located.name!r}.", f"The current folder is {Path.cwd()}.")
    return file

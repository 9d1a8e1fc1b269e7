"""A trained model opened and put to use: predictions and reports from whatever holds texts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data import cache, checks, columns, files, tables
from bertmagic.errors import DataError
from bertmagic.inference.forward import logits
from bertmagic.inference.predictions import Predictions
from bertmagic.models import devices, kernels, layers, loading, saving, weights
from bertmagic.models.status import Held
from bertmagic.tasks import find
from bertmagic.training import runs
from bertmagic.training.events import Listener, Phase, downloading

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.texts import Texts
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.report import Report
    from bertmagic.options import LongText
    from bertmagic.tasks import Task
    from bertmagic.textmodel import TextModel


def opened(
    reference: str, device: str | None, precision: str, known: tuple[str, ...], emit: Listener
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, Task, dict[str, Any], Path, str]:
    """Return what a `TextModel` is made of, from a run, a folder or the hub; see `bertmagic.api.load`."""
    folder = runs.model_folder(reference) if reference in runs.names() else Path(reference).expanduser()
    saving.recover(folder)
    if not folder.is_dir():
        folder = weights.find(reference, downloading(emit), (*runs.names(), *known)).folder
    emit(Phase(f"loading {reference}"))
    card = saving.read_card(folder)
    task = find(card.get("task", "classification")).from_card(card, loading.config(folder))
    where = devices.choose(device)
    number_format, _ = devices.precision(precision, where)
    tokenizer = loading.tokenizer(folder)
    network, _ = task.build(folder, needs_head=True)
    kernels.use(network.to(where))
    layers.use(network)
    inferred = {"task": task.name, "encoder": reference, "max_length": loading.limit(folder, tokenizer), **task.card()}
    return network, tokenizer, task, inferred | card, folder.resolve(), number_format


def described(model: TextModel) -> Held:
    """Return what the status shows of a model."""
    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    encoder = str(model.card.get("encoder"))
    return Held(model.name, model.task.name, encoder, parameters, model.bytes, str(model.device), model.precision)


def predict(model: TextModel, texts: Any, column: str | None, emit: Listener) -> Predictions:
    """Predict for texts in whatever form; see `TextModel.predict`."""
    began, _ = time.perf_counter(), model.network  # a model that was unloaded fails before any work
    values, where = _texts(model, texts, column)
    found, _ = checks.clean_texts(values, where)
    tokens, scores = _run(model, found, emit)
    return Predictions(
        frame=model.task.frame(values, found.positions, scores),
        labels=tuple(str(label) for label in model.labels),
        task=model.task.name,
        model=model.name,
        missing=len(values) - len(found),
        truncated=tokens.truncated,
        seconds=time.perf_counter() - began,
        tokens=len(tokens.ids),
        notes=tuple(_notes(model, tokens)),
    )


def evaluate(
    model: TextModel, data: Any, text: str | None, label: str | None, by: Sequence[str], emit: Listener
) -> Report:
    """Measure a model on rows with labels; see `TextModel.evaluate`."""
    began, _ = time.perf_counter(), model.network
    table = tables.read(data, "test")
    text, label = _columns(model, table, text, label)
    for column in by:
        columns.require(table, column, "by")
    rows, findings = model.task.examples(table, text, label)
    tokens, scores = _run(model, rows.texts, emit)
    notes = [finding.sentence for finding in findings] + _notes(model, tokens)
    return model.task.report(
        scores,
        rows,
        table.frame.iloc[rows.positions][list(by)],
        model=model.name,
        data=table.name,
        skipped=len(table.frame) - len(rows),
        seconds=time.perf_counter() - began,
        tokens=len(tokens.ids),
        notes=tuple(notes),
    )


def _run(model: TextModel, texts: Texts, emit: Listener) -> tuple[Tokens, npt.NDArray[np.float32]]:
    kept = cache.Cache(runs.home(), model.tokenizer, model.card["max_length"], _long_text(model))
    tokens = kept.encode(texts, lambda done, total: emit(Phase("tokenizing", done, total)))
    pad_id: Any = model.tokenizer.pad_token_id
    found = logits(
        model.network, tokens, pad_id, model.precision, lambda done: emit(Phase("predicting", done, len(tokens)))
    )
    return tokens, tokens.by_row(found)


def _long_text(model: TextModel) -> LongText:
    found: LongText = model.card.get("long_text", "truncate")
    return found


def _notes(model: TextModel, tokens: Tokens) -> list[str]:
    longest = model.card["max_length"]
    encoder = str(model.card["encoder"])
    found = checks.token_findings(tokens, longest, _long_text(model), encoder)
    return [finding.sentence for finding in found]


def _columns(model: TextModel, table: tables.Table, text: str | None, label: str | None) -> tuple[str, str]:
    """Return the columns: those asked for, else those of training, else those that can be inferred."""
    known = {role: model.card.get(role) for role in ("text", "label")}
    text = text or (known["text"] if known["text"] in table.columns else None)
    label = label or (known["label"] if known["label"] in table.columns else None)
    text, label, _ = columns.text_and_label(table, text, label)
    return text, label


def _texts(model: TextModel, texts: Any, column: str | None) -> tuple[pd.Series, str]:
    """Return the texts as a Series with the user's index, and the name by which messages call them."""
    import pandas as pd

    if texts is None:
        raise DataError("there is nothing to predict.", "Give a text, a list of texts, a column or a file.")
    if isinstance(texts, str):
        return pd.Series([texts], dtype=object), "the text"
    if isinstance(texts, pd.Series):
        return texts, f"column {texts.name!r}"
    if _is_list(texts):
        return pd.Series(list(texts), dtype=object), "the list"
    if isinstance(texts, os.PathLike):
        table = tables.Table(str(texts), files.read([_existing(Path(texts))]))
    else:
        table = tables.read(texts, may_be_empty=True)
    trained = model.card.get("text")
    if column is None and trained in table.columns:
        column = trained
    if column is None and len(table.columns) == 1:
        column = table.columns[0]
    column = columns.text_only(table, column)
    return table.frame[column], f"column {column!r} of {table.name}"


def _is_list(texts: Any) -> bool:
    """Whether it is a sequence of texts: a list, an array, a column of a Dataset; not a list of rows."""
    if hasattr(texts, "tolist") and getattr(texts, "ndim", 0) == 1:
        return True
    return isinstance(texts, Sequence) and not (len(texts) and isinstance(texts[0], Mapping))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}.", f"The current folder is {Path.cwd()}.")
    return path

"""What a model leans on in general, with what a second data set or the slices of one say of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import columns as naming
from bertmagic.data import tables
from bertmagic.data.labels import Labels
from bertmagic.errors import DataError, count
from bertmagic.evaluation import slices
from bertmagic.evaluation.probabilities import log_odds
from bertmagic.events import Listener, counting
from bertmagic.explain import edits, overview
from bertmagic.explain.overview import Overview
from bertmagic.workflows import edit, predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.explain.edits import Document
    from bertmagic.text_model import TextModel

PASSES = 6000
"""How many texts with hidden words the model reads."""

_TEXTS = 3000
"""The most texts of the data; of more a random part is taken."""

_CHUNK = 256
_SLICE = 20
"""Slices of fewer rows tell nothing."""


def find(
    model: TextModel, data: Any, second: Any, by: Sequence[str], asked: Mapping[str, Any], passes: int, seed: int,
    emit: Listener,
) -> Overview:  # fmt: skip
    """Return what a model leans on in general; see `TextModel.explain`.

    Parameters
    ----------
    data
        Texts in any form; they need no labels.
    second
        Labelled rows that were not collected like the training rows; None for none.
    by
        Columns of ``second``, or of ``data`` where there is none, in each of whose slices a word has to tell the label.
    asked
        The columns that the user named, by their role.
    passes
        How many texts with hidden words the model reads.
    seed
        Of the texts that are taken, and of the words that are hidden in them.

    Raises
    ------
    DataError
        If there are too few texts, or a column of ``by`` is not there.
    ModelError
        If the task decides on no labels.
    """
    import numpy as np

    began, _ = time.perf_counter(), model.network
    edit.check_labels(model)
    told = _labelled(model, data if second is None else second, asked) if second is not None or by else None
    groups = [] if told is None else _groups(told, by)
    table = tables.read(model.task.source(data), "test") if isinstance(data, str) else None  # a reference, not a text
    given, name, where, notes = predict.rows_given(model, data if table is None else table.frame, asked)
    name = name if table is None else table.name
    rows, _ = model.task.readable(given, name, where)
    if len(rows) > _TEXTS:
        rows = rows.take(np.sort(np.random.default_rng(seed).permutation(len(rows))[:_TEXTS]))
        notes = [*notes, f"A random {count(_TEXTS, 'text')} of {len(given):,} were looked at."]
    documents = [edits.document(_parts(rows, at)) for at in range(len(rows))]
    found = overview.units(documents)
    if not found:
        raise DataError(
            f"{name} has no word that stands in several texts: {count(len(rows), 'text')}.", "Give some hundred texts."
        )
    planned = overview.plan(found, passes, seed)
    predicted, measured = _measure(model, documents, found, planned, emit)
    names = Labels(model.labels).names
    tells = {} if told is None else overview.tell(found, told.documents, told.has(model), groups)
    if len(measured) < len(planned):
        notes = [*notes, f"Interrupted after {len(measured):,} of {count(len(planned), 'effect')}."]
    return Overview(
        overview.table(found, measured, predicted, names, tells),
        {unit: [rows.index[number] for number in places] for unit, places in found.items()},
        len(rows),
        len(measured),
        len(planned),
        "" if told is None else told.name,
        model.name,
        name,
        time.perf_counter() - began,
        tuple(notes),
    )


@dataclass(frozen=True)
class Told:
    """Labelled rows that say which words tell the label."""

    name: str
    table: Table
    rows: LabelledRows
    documents: list[Document]

    def has(self, model: TextModel) -> npt.NDArray[np.bool_]:
        """Return which labels each row has, ``(rows, labels)``."""
        import numpy as np

        targets, labels = model.task.linear_targets(self.rows)
        return targets > 0 if targets.ndim == 2 else targets[:, None] == np.arange(labels)


def _labelled(model: TextModel, data: Any, asked: Mapping[str, Any]) -> Told:
    """Return labelled rows as the task of a model reads them; rows of unknown labels are left out."""
    from dataclasses import replace

    import numpy as np

    task = model.task
    table = tables.read(task.source(data), "test")
    known = predict.trained(model, table) | {role: column for role, column in asked.items() if column}
    columns, _ = task.columns(naming.narrowed(table, known, task.usual_names), known)
    unseen = task.unseen(table, columns)
    if 0 < len(unseen) < len(table.frame):
        table = replace(table, frame=table.frame.iloc[np.setdiff1d(np.arange(len(table.frame)), list(unseen))])
    rows, _ = task.examples(table, columns)
    return Told(table.name, table, rows, [edits.document(_parts(rows, at)) for at in range(len(rows))])


def _groups(told: Told, by: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each slice."""
    import numpy as np

    groups = []
    for column in by:
        naming.require(told.table, column, "by")
        values = slices.named(told.table.frame.iloc[told.rows.positions][column]).to_numpy()
        parts = [np.flatnonzero(values == value) for value in sorted(set(values.tolist()), key=str)]
        groups += [part for part in parts if len(part) >= _SLICE]
    return groups


def _parts(rows: TextRows, at: int) -> tuple[str, ...]:
    return (rows.texts[at],) if rows.second is None else (rows.texts[at], rows.second[at])


def _measure(
    model: TextModel, documents: Sequence[Document], found: Mapping[str, overview.Places],
    planned: Sequence[tuple[str, int]], emit: Listener,
) -> tuple[npt.NDArray[np.bool_], list[tuple[str, int, npt.NDArray[np.float64]]]]:  # fmt: skip
    """Return the predicted labels of each document, and the effects; an interrupt ends them."""
    import numpy as np

    chances = edit.chances_of(model, [document.parts for document in documents])
    decided = model.task.decided(chances)
    predicted = decided > 0 if decided.ndim == 2 else decided[:, None] == np.arange(chances.shape[1])
    before, mask, progress = log_odds(chances), edit.mask_of(model), counting(emit, "hiding words")
    measured: list[tuple[str, int, npt.NDArray[np.float64]]] = []
    try:
        for begin in range(0, len(planned), _CHUNK):
            part = planned[begin : begin + _CHUNK]
            texts = [overview.hidden(documents[number], found[unit][number], mask) for unit, number in part]
            falls = before[[number for _, number in part]] - log_odds(edit.chances_of(model, texts))
            measured += [(*one, fall) for one, fall in zip(part, falls, strict=True)]
            progress(len(measured), len(planned))
    except KeyboardInterrupt:
        pass
    return predicted, measured

"""What a data set contains and what is wrong with it, found without training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, tables
from bertmagic.data import columns as naming
from bertmagic.data.formats.reading import of_options
from bertmagic.data.report import DataReport, Finding
from bertmagic.data.rows import LabelledRows, TextRows
from bertmagic.data.texts import Texts, cells
from bertmagic.data.tokenization import encode
from bertmagic.errors import BertMagicError, DataError, ModelError
from bertmagic.events import Listener, Phase, counting
from bertmagic.options import Finetune
from bertmagic.tasks import Task, choose
from bertmagic.tasks.token_classification import reading
from bertmagic.workflows.prepare import columns_of, named_columns
from bertmagic.workflows.resolve import find_encoder, max_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.tables import Table
    from bertmagic.options.commands import Check

_BINS = 12
_SEVERITY = {"error": 0, "warning": 1, "info": 2}


def report(options: Check, emit: Listener) -> DataReport:
    """Check a data set; a problem that would stop a training run becomes a finding instead of an error.

    Raises
    ------
    DataError
        If there is nothing to check: no rows, or no text column.
    """
    emit(Phase("reading the data"))
    table = tables.read(tables.read_as(options.data, of_options(options)))
    task = choose(options.task, table, named_columns(options))
    columns, findings = _columns(task, table, options)
    known, rows, labels, row_findings = _rows(task, table, columns)
    if not len(rows):
        raise DataError(f"{_named(columns)} of {table.name} holds no text.", "Name the text column with text = …")
    lengths, unit, length_findings = _lengths(known, rows, options, emit)
    edges, counts = _histogram(lengths)
    label = columns.get("label", columns.get("answers"))
    findings += [Finding("info", table.note)] if table.note else []
    return DataReport(
        data=table.name,
        task=task.name if label else "none (no label column)",
        rows=len(table.frame),
        columns=tuple(table.columns),
        text=_title(columns, "text", "question", "context"),
        label=_title(columns, "label", "answers") if label else None,
        findings=tuple(
            sorted(findings + row_findings + length_findings, key=lambda finding: _SEVERITY[finding.severity])
        ),
        labels=labels,
        length_edges=edges,
        length_counts=counts,
        length_unit=unit,
        examples=_examples(task, table.frame, rows, label),
        target_noun=task.target_noun,
        target_caption=task.target_caption,
        several_labels=task.several_labels,
    )


def _columns(task: type[Task], table: Table, options: Check) -> tuple[dict[str, Any], list[Finding]]:
    """Return the columns by their role: only the text column if the label column is ambiguous."""
    try:
        columns, note = columns_of(task, table, options)
    except DataError as error:
        if options.label is not None or options.answers is not None:
            raise
        text = naming.likely_texts(table) if options.text is None else naming.several(options.text)
        note = f"No label column was chosen: {error.what}"
        return {"text": [naming.require(table, column, "text") for column in text]}, [Finding("info", note, error.fix)]
    return columns, [Finding("info", note)] if note else []


def _rows(
    task: type[Task], table: Table, columns: Mapping[str, Any]
) -> tuple[Task | None, TextRows, dict[str, int], list[Finding]]:
    """Return the task, the rows that have a text, the counts of their labels, and the findings.

    The task is None if its rows cannot be used for training.
    """
    if not columns.keys() & {"label", "answers"}:
        rows, findings = _readable(table, columns)
        return None, rows, {}, findings
    try:
        known, rows, findings = task.read(table, columns)
    except BertMagicError as error:
        rows, findings = _readable(table, columns)
        labels = [columns.get("label")] if isinstance(columns.get("label"), str) else []
        counted = {key: many for label in labels for key, many in _counts(table.frame[label]).items()}
        # The error that stops the check is listed once, without the finding of the same problem.
        return (
            None,
            rows,
            counted,
            [_error(error), *(one for one in findings if one.severity == "error" and one.what != error.what)],
        )
    return known, rows, known.counts(rows), findings


def _readable(table: Table, columns: Mapping[str, Any]) -> tuple[TextRows, list[Finding]]:
    """Return the rows that have a text in each column; values that are not text become an error finding."""
    import numpy as np

    names = [name for role in ("text", "question", "context") for name in naming.several(columns.get(role, ()))]
    try:
        if len(names) == 1:
            return reading.readable(table.frame[names[0]], table.name, f"column {names[0]!r} of {table.name}")
        return checks.readable(table.frame, names, table.name)
    except DataError as error:
        column = table.frame[names[0]]
        strings = np.flatnonzero(np.fromiter((isinstance(value, str) for value in cells(column)), bool))
        return TextRows(table.name, Texts(column, strings), table.frame.index[strings]), [_error(error)]


def _named(columns: Mapping[str, Any]) -> str:
    return f"column {_title(columns, 'text', 'question', 'context')!r}"


def _title(columns: Mapping[str, Any], *roles: str) -> str:
    return ", ".join(str(name) for role in roles for name in naming.several(columns.get(role) or ()))


def _error(error: BertMagicError) -> Finding:
    return Finding("error", error.what, error.fix)


def _lengths(
    known: Task | None, rows: TextRows, options: Check, emit: Listener
) -> tuple[npt.NDArray[np.int64], str, list[Finding]]:
    """Return the lengths in tokens, or in words if the tokenizer of the model is not available."""
    import numpy as np

    try:
        encoder, tokenizer = find_encoder(options.model)
    except ModelError as error:
        note = Finding("info", f"Lengths are in words: {error.what}", error.fix)
        return np.asarray([len(rows.text(at).split()) for at in range(len(rows))]), "words", [note]
    limit = options.max_length or max_length(None, Finetune.longest, encoder.max_tokens)
    long_text = known.long_text if known else None
    # Targets that are characters of the text need all of its tokens.
    characters, progress = long_text == "window", counting(emit, "tokenizing")
    whole = encode(tokenizer, rows.texts, 10**9, progress=progress, pairs=rows.second, spans=characters)
    cut = replace(whole, truncated=int((whole.lengths > limit).sum()))
    more = checks.token_findings(cut, limit, long_text or "truncate", encoder.name)
    if known is not None and isinstance(rows, LabelledRows):
        try:
            more += known.token_findings(whole, rows)
        except DataError as error:
            more.append(_error(error))
    return whole.lengths, "tokens", more


def _histogram(lengths: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return whole-numbered edges and the counts between them, the last bin open for the longest hundredth."""
    import numpy as np

    low, top = int(lengths.min()), int(np.percentile(lengths, 99))
    edges = np.unique(np.ceil(np.linspace(low, top + 1, _BINS + 1)).astype(int))
    edges[-1] = max(int(lengths.max()) + 1, int(edges[-1]))
    counts, _ = np.histogram(lengths, bins=edges)
    return tuple(int(edge) for edge in edges), tuple(int(count) for count in counts)


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in Counter(map(str, column.dropna().tolist())).most_common(1000)}


def _examples(task: type[Task], frame: pd.DataFrame, rows: TextRows, label: Any) -> tuple[tuple[Any, str, str], ...]:
    """Return the index, text and label of the first rows that have a text."""
    most = range(min(len(rows), 5))
    names = naming.several(label) if label else ()
    shown = [", ".join(task.target_text(frame[name].iloc[rows.positions[at]]) for name in names) for at in most]
    return tuple((rows.index[at], rows.text(at), shown[at]) for at in most)

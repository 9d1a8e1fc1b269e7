"""What is in a data set and what is wrong with it, found without training anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, columns, tables
from bertmagic.data.report import DataReport, Finding
from bertmagic.data.texts import Texts, cells
from bertmagic.data.tokens import encode
from bertmagic.errors import BertMagicError, DataError, ModelError
from bertmagic.models import loading, weights
from bertmagic.training.events import Listener, Phase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.tables import Table
    from bertmagic.options import Check

_BINS = 12
_SEVERITY = {"error": 0, "warning": 1, "info": 2}


def report(options: Check, emit: Listener) -> DataReport:
    """Look at a data set; what would stop a training run becomes a finding instead of an error.

    Raises
    ------
    DataError
        If there is nothing to look at: no rows, or no text column.
    """
    import numpy as np

    emit(Phase("reading the data"))
    table = tables.read(options.data)
    text, label, findings = _columns(table, options)
    column = table.frame[text]
    try:
        texts, found = checks.clean_texts(column, f"column {text!r} of {table.name}")
    except DataError as error:
        strings = np.fromiter((isinstance(value, str) for value in cells(column)), bool)
        texts, found = Texts(column, np.flatnonzero(strings)), [_error(error)]
    findings += _labelled(table, text, label) if label else found
    if not len(texts):
        raise DataError(f"column {text!r} of {table.name} holds no text.", "Name the text column with text = …")
    lengths, unit, more = _lengths(texts, options, emit)
    edges, counts = _histogram(lengths)
    return DataReport(
        data=table.name,
        task="classification" if label else "none (no label column)",
        rows=len(table.frame),
        columns=tuple(table.columns),
        text=text,
        label=label,
        findings=tuple(sorted(findings + more, key=lambda finding: _SEVERITY[finding.severity])),
        labels=_counts(table.frame[label]) if label else {},
        length_edges=edges,
        length_counts=counts,
        length_unit=unit,
        examples=_examples(table.frame, text, label),
    )


def _columns(table: Table, options: Check) -> tuple[str, str | None, list[Finding]]:
    try:
        text, label, said = columns.text_and_label(table, options.text, options.label)
    except DataError as error:
        if options.label is not None:
            raise
        text = columns.text_only(table, options.text)
        return text, None, [Finding("info", f"No label column was chosen: {error.what}", error.fix)]
    return text, label, [Finding("info", said)] if said else []


def _labelled(table: Table, text: str, label: str) -> list[Finding]:
    try:
        return checks.examples(table, text, label)[1]
    except BertMagicError as error:
        return [_error(error)]


def _error(error: BertMagicError) -> Finding:
    return Finding("error", error.what, error.fix)


def _lengths(texts: Texts, options: Check, emit: Listener) -> tuple[npt.NDArray[np.int64], str, list[Finding]]:
    """Return the lengths in tokens, or in words where the model's tokenizer cannot be had."""
    import numpy as np

    try:
        found = weights.find(str(options.model))
        tokenizer = loading.tokenizer(found.folder)
    except ModelError as error:
        said = Finding("info", f"Lengths are in words: {error.what}", error.fix)
        return np.asarray([len(text.split()) for text in texts]), "words", [said]
    limit = options.max_length or min(loading.limit(found.folder, tokenizer), loading.LONGEST)
    whole = encode(tokenizer, texts, 10**9, progress=lambda done, total: emit(Phase("tokenizing", done, total)))
    cut = replace(whole, truncated=int((whole.lengths > limit).sum()))
    more = checks.token_findings(cut, limit, "truncate", found.name)
    return whole.lengths, "tokens", more


def _histogram(lengths: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return whole-numbered edges and the counts between them, the last bin open for the longest hundredth."""
    import numpy as np

    top = max(int(np.percentile(lengths, 99)), 1)
    edges = np.unique(np.ceil(np.linspace(0, top + 1, _BINS + 1)).astype(int))
    edges[-1] = max(int(lengths.max()) + 1, int(edges[-1]))
    counts, _ = np.histogram(lengths, bins=edges)
    return tuple(int(edge) for edge in edges), tuple(int(count) for count in counts)


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in Counter(column.dropna().tolist()).most_common()}


def _examples(frame: pd.DataFrame, text: str, label: str | None) -> tuple[tuple[Any, str, str], ...]:
    head = frame.head(5)
    labels = head[label].tolist() if label else [""] * len(head)
    return tuple(
        (row, str(value), str(found)) for row, value, found in zip(head.index, head[text].tolist(), labels, strict=True)
    )

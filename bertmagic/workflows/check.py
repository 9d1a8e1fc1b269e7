"""What a data set contains and what is wrong with it, found without training."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, tables
from bertmagic.data import columns as naming
from bertmagic.data.formats.reading import of_options
from bertmagic.data.profile import TextProfile, lengths, profile
from bertmagic.data.report import DataReport, Finding, Repeat
from bertmagic.data.rows import LabelledRows, TextRows, normal
from bertmagic.data.texts import Texts, cells
from bertmagic.data.tokenization import encode
from bertmagic.errors import BertMagicError, DataError, FileError, ModelError, count
from bertmagic.events import Listener, Phase, counting
from bertmagic.options import Finetune
from bertmagic.tasks import Task, choose
from bertmagic.tasks.token_classification import reading
from bertmagic.workflows.prepare import columns_of, named_columns
from bertmagic.workflows.resolve import find_encoder, max_length, trained_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.tables import Table
    from bertmagic.options.commands import Check

_BINS = 20
_COMPARED, _LETTERS = 5_000, 1_000_000
"""How many rows, and how many characters of these, are compared with each other."""
_REPEATS = 50
_SEVERITY = {"error": 0, "warning": 1, "info": 2}


def report(options: Check, emit: Listener, compare: bool = True) -> DataReport:
    """Check a data set; a problem that would stop a training run becomes a finding instead of an error.

    Parameters
    ----------
    compare
        Whether to look for texts that are nearly the same.

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
    tokens, unit, about_texts, token_findings = _tokens(known, rows, options, emit)
    edges, counts = _histogram(tokens)
    label = columns.get("label", columns.get("answers"))
    same, same_findings = _repeats(task, table.frame, rows, label, emit) if compare else ((), [])
    row_findings += same_findings
    findings += [Finding("info", table.note)] if table.note else []
    return DataReport(
        data=table.name,
        task=task.name if label else "none (no label column)",
        rows=len(table.frame),
        columns=tuple(table.columns),
        text=_title(columns, "text", "question", "context"),
        label=_title(columns, "label", "answers") if label else None,
        findings=tuple(
            sorted(findings + row_findings + token_findings, key=lambda finding: _SEVERITY[finding.severity])
        ),
        labels=labels,
        length_edges=edges,
        length_counts=counts,
        length_unit=unit,
        examples=_examples(task, table.frame, rows, label),
        target_noun=task.target_noun,
        target_caption=task.target_caption,
        several_labels=task.several_labels,
        lengths=lengths(tokens, unit),
        profile=about_texts,
        repeats=same,
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


def _tokens(
    known: Task | None, rows: TextRows, options: Check, emit: Listener
) -> tuple[npt.NDArray[np.int64], str, TextProfile, list[Finding]]:
    """Return the lengths in tokens, or in words if the tokenizer of the model is not available, and their profile."""
    import numpy as np

    try:
        encoder, tokenizer = find_encoder(options.model)
    except (ModelError, FileError) as error:
        note = Finding("info", f"Lengths are in words: {error.what}", error.fix)
        words = np.asarray([len(rows.text(at).split()) for at in range(len(rows))])
        return words, "words", profile(rows, str(options.model), None), [note]
    limit = options.max_length or max_length(None, Finetune.longest, encoder.max_tokens)
    long_text = known.long_text if known else None
    # Targets that are characters of the text need all of its tokens.
    characters, progress = long_text == "window", counting(emit, "tokenizing")
    whole = encode(tokenizer, rows.texts, 10**9, progress=progress, pairs=rows.second, spans=characters)
    cut = replace(whole, truncated=int((whole.lengths > limit).sum()))
    read = profile(rows, encoder.name, trained_on(encoder), whole, tokenizer.unk_token_id)
    more = checks.reading_findings(read) + checks.length_findings(cut, limit, long_text or "truncate")
    if known is not None and isinstance(rows, LabelledRows):
        try:
            more += known.token_findings(whole, rows)
        except DataError as error:
            more.append(_error(error))
    return whole.lengths, "tokens", read, more


def _histogram(sizes: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return whole-numbered edges of bins of one width and the counts between them; the last bin is open.

    It holds the longest texts, at most 5 %, so that a few of them do not flatten the others.
    """
    import numpy as np

    low, top = int(sizes.min()), int(np.percentile(sizes, 95))
    step = max(1, -(-(top + 1 - low) // _BINS))
    edges = np.arange(low, top + 1 + step, step)
    if sizes.max() >= edges[-1]:
        edges = np.append(edges, sizes.max() + 1)
    counts, _ = np.histogram(sizes, bins=edges)
    return tuple(edges.tolist()), tuple(counts.tolist())


def _repeats(
    task: type[Task], frame: pd.DataFrame, rows: TextRows, label: Any, emit: Listener
) -> tuple[tuple[Repeat, ...], list[Finding]]:
    """Return the first rows that read nearly like an earlier one, those with another label first, and a finding."""
    from bertmagic.evaluation.label_issues import alike

    emit(Phase("comparing the texts"))
    texts = _beginning(rows)
    earlier: dict[int, tuple[int, float]] = {}
    for first, second, likeness in alike(texts):  # the most alike first
        if second not in earlier:
            earlier[second] = first, likeness
    labels = {at: _label(task, frame, rows, label, at) for pair in earlier.items() for at in (pair[0], pair[1][0])}
    has_classes = isinstance(rows, LabelledRows) and rows.labels is not None
    found = sorted(
        (not (has_classes and labels[at] != labels[first]), -likeness, at, first)
        for at, (first, likeness) in earlier.items()
    )
    same = tuple(
        Repeat(rows.index[at], texts[at], labels[at], rows.index[first], texts[first], labels[first], -less, not agrees)
        for agrees, less, at, first in found[:_REPEATS]
    )
    near = [agrees for agrees, _, at, first in found if normal(texts[at]) != normal(texts[first])]
    return same, _alike(len(near), near.count(False), len(texts), rows)


def _alike(many: int, contrary: int, compared: int, rows: TextRows) -> list[Finding]:
    """Return a finding about rows that read nearly like an earlier one; those that repeat it are counted before."""
    if not many:
        return []
    among = f" among the first {compared:,}" if compared < len(rows) else ""
    other = f", {contrary:,} of them with another label" if contrary else ""
    what = f"{count(many, 'row reads', 'rows read')} nearly like an earlier one{among}{other}."
    fix = "They stand side by side below. Such rows in train and in validation flatter a model: keep one of each."
    return [Finding("warning" if contrary else "info", what, fix, count=many)]


def _beginning(rows: TextRows) -> list[str]:
    """Return the texts that are compared: the first ones, as many as is quick."""
    texts: list[str] = []
    letters = 0
    for at in range(min(len(rows), _COMPARED)):
        texts.append(rows.text(at))
        letters += min(len(texts[-1]), 2000)
        if letters > _LETTERS:
            break
    return texts


def _label(task: type[Task], frame: pd.DataFrame, rows: TextRows, label: Any, at: int) -> str:
    names = naming.several(label) if label else ()
    return ", ".join(task.target_text(frame[name].iloc[rows.positions[at]]) for name in names)


def _counts(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in Counter(map(str, column.dropna().tolist())).most_common(1000)}


def _examples(task: type[Task], frame: pd.DataFrame, rows: TextRows, label: Any) -> tuple[tuple[Any, str, str], ...]:
    """Return the index, text and label of the first rows that have a text."""
    most = range(min(len(rows), 5))
    return tuple((rows.index[at], rows.text(at), _label(task, frame, rows, label, at)) for at in most)

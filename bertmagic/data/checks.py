"""Rows that can be read and learnt from, and what is wrong with the others; known before a model is loaded."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.data import spelling
from bertmagic.data.labels import NO_LABEL, Labels, classes, decoding, missing, plain
from bertmagic.data.report import Finding
from bertmagic.data.rows import LabelledRows, TextRows, repeated_keys, with_targets
from bertmagic.data.split import isin_sorted
from bertmagic.data.texts import Texts, cells
from bertmagic.errors import DataError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.profile import TextProfile
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.options import LongText

TOLERATED = 0.05
"""The largest share of rows that is dropped for a missing text or label; above it, the data must be mended."""

UNKNOWN = 0.1
"""The share of [UNK] tokens in all texts above which a model is taken not to know their language."""

_MISSING = frozenset(["nan", "NaN", "None", "null", "NULL", "<NA>", "NaT", "N/A", "#N/A"])
"""What programs write for a missing value, in columns that were made texts."""


def readable(frame: pd.DataFrame, columns: Sequence[str], name: str, where: str = "") -> tuple[TextRows, list[Finding]]:
    """Return the rows that have a text in each of one or two columns, and findings about the others.

    Parameters
    ----------
    name
        What messages call the rows.
    where
        What messages call the columns; by default ``column NAME of`` the rows.

    Raises
    ------
    DataError
        If values are not text.
    """
    import numpy as np

    parts, findings = [], []
    for column in columns:
        texts_of_column, blank = clean_texts(frame[column], where or f"column {column!r} of {name}")
        parts.append(texts_of_column.positions)
        findings += blank
    keep = reduce(np.intersect1d, parts)
    if len(columns) > 1:
        findings = _incomplete(frame, columns, parts)
    texts = [Texts(frame[column], keep) for column in columns]
    return TextRows(name, texts[0], frame.index if len(keep) == len(frame) else frame.index[keep], *texts[1:]), findings


def _incomplete(frame: pd.DataFrame, columns: Sequence[str], written: Sequence[npt.NDArray[np.int64]]) -> list[Finding]:
    """Return findings about rows without any text, and about pairs without the first or the second text."""
    import numpy as np

    rows = np.arange(len(frame))
    some = reduce(np.union1d, written)
    blank = np.setdiff1d(rows, some)
    findings = [dropped("without a text", frame[columns[0]], blank)] if len(blank) else []
    for column, here in zip(columns, written, strict=True):
        if len(lacking := np.setdiff1d(some, here)):
            findings.append(dropped("with one side missing", frame[column], lacking, "pair"))
    return findings


def clean_texts(column: pd.Series, where: str) -> tuple[Texts, list[Finding]]:
    """Return the texts that are neither missing nor blank, and findings about the other rows.

    Raises
    ------
    DataError
        If values are not text.
    """
    import numpy as np

    written = np.ones(len(column), dtype=bool)
    odd = []
    for i, value in enumerate(cells(column)):
        if not isinstance(value, str) and not missing(value):
            odd.append(i)
        written[i] = isinstance(value, str) and bool(value.strip())
    if odd:
        example = column.iloc[odd[:1]].tolist()[0]
        fix = "Convert them first: [str(text) for text in texts], or the column with .astype(str)."
        dimensions: int = getattr(example, "ndim", 0)
        if isinstance(example, dict | list | tuple) or dimensions:  # their notation is no text
            fix = f"Take the text out of each, as in df[{column.name!r}].str[KEY]; or name another column: text = …."
        raise DataError(
            f"{where} holds {count(len(odd), 'value')} that {_are(len(odd))} not text, such as "
            f"{quoted(example, 80)} ({type(example).__name__}) in row {column.index[odd[0]]}.",
            decoding(column) if isinstance(example, bytes) else fix,
        )
    blank = np.flatnonzero(~written)
    findings = [dropped("without a text", column, blank)] if len(blank) else []
    return Texts(column, np.flatnonzero(written)), findings


def examples(
    table: Table, columns: Sequence[str], label: str, known: Labels | None = None
) -> tuple[LabelledRows, list[Finding]]:
    """Return the rows that have texts and a label, and findings about the others.

    Parameters
    ----------
    columns
        The column of the texts, or the two of pairs.
    label
        The column of the classes.
    known
        The classes to use; by default those of the column.

    Raises
    ------
    DataError
        If more than `TOLERATED` of the rows lack a text or a label, or the labels cannot be used.
    """
    import numpy as np

    frame = table.frame
    inputs, findings = readable(frame, columns, table.name)
    where = f"column {label!r} of {table.name}"
    labels = known or classes(frame[label], where)
    targets = labels.encode(cells(frame[label]))
    unlabelled = np.flatnonzero(np.fromiter((plain(value) is None for value in cells(frame[label])), bool))
    if len(unlabelled):
        findings.append(dropped("without a label", frame[label], unlabelled))
    for finding in findings:
        tolerate(finding, len(frame), table.name)
    undecided = _undecided(frame[label], labels)
    if len(undecided):
        findings.append(dropped(f"with {NO_LABEL!r} for no label", frame[label], undecided))
    _seen(targets, np.union1d(unlabelled, undecided), frame[label], where, labels)
    labelled = targets[inputs.positions] >= 0
    kept = inputs if labelled.all() else inputs.take(np.flatnonzero(labelled))
    if not len(kept):
        raise DataError(f"{table.name} has no row with both a text and a label.", "Check the two columns.")
    rows = with_targets(kept, targets if len(kept) == len(targets) else targets[kept.positions], labels)
    if known is None:
        findings += [*_class_findings(rows, labels), *spelling.alike(_spellings(frame[label]), "class")]
    return rows, findings + repeats(rows)


def _undecided(column: pd.Series, labels: Labels) -> npt.NDArray[np.int64]:
    """Return the positions of rows whose label is `NO_LABEL`, unless that is a class."""
    import numpy as np

    if NO_LABEL in labels.values:
        return np.empty(0, np.int64)
    return np.flatnonzero(
        np.fromiter((isinstance(cell, str) and cell.strip() == NO_LABEL for cell in cells(column)), bool)
    )


def _spellings(column: pd.Series) -> Counter[str]:
    """Return how often each text occurs in a label column, as it is written."""
    return Counter(cell for cell in cells(column) if isinstance(cell, str))


def token_findings(tokens: Tokens, max_length: int, long_text: LongText, encoder: str) -> list[Finding]:
    """Return findings about tokens: a high share of ``[UNK]``, and texts longer than ``max_length``."""
    findings = []
    if tokens.unknown > UNKNOWN:
        what = f"{tokens.unknown:.0%} of the tokens are unknown to {encoder}: it may not know this language."
        findings.append(Finding("warning", what, _OTHER_ENCODER))
    return [*findings, *length_findings(tokens, max_length, long_text)]


_OTHER_ENCODER = "Choose a multilingual model such as mbert or xlmr."


def reading_findings(profile: TextProfile) -> list[Finding]:
    """Return a finding about the rows that the encoder cannot read, if there are some."""
    if not profile.unread:
        return []
    severity: Literal["info", "warning"] = "warning" if profile.unread > 0.01 * profile.rows else "info"
    return [Finding(severity, profile.about_reading, _OTHER_ENCODER, profile.examples, profile.unread)]


def length_findings(tokens: Tokens, max_length: int, long_text: LongText) -> list[Finding]:
    """Return a finding about the texts that are longer than ``max_length``, if there are some."""
    return [_longer(tokens, max_length, long_text)] if tokens.truncated else []


def _longer(tokens: Tokens, max_length: int, long_text: LongText) -> Finding:
    """Return how many texts are longer than ``max_length``, and which part of them is read."""
    longer, share = tokens.truncated, tokens.truncated / tokens.texts
    which = f"{longer:,} of {count(tokens.texts, 'text')} ({share:.1%}) {_are(longer)}"
    severity: Literal["info", "warning"] = "warning" if share > 0.1 else "info"
    if long_text == "window":
        are_cut = tokens.windows is not None  # a report on a data set does not cut its texts
        number = f"{len(tokens) - (tokens.texts - longer):,} overlapping" if are_cut else "overlapping"
        what = f"{which} longer than {max_length} tokens and read in {number} windows."
        return Finding("info", what, count=longer)
    if long_text == "head_tail":
        what = f"{which} longer than {max_length} tokens: the middle is cut out."
        return Finding(severity, what, 'long_text = "window" reads all of them.', count=longer)
    fix = 'Raise max_length if the model reads more, or set long_text = "window" or "head_tail".'
    return Finding(severity, f"{which} cut at {max_length} tokens.", fix, count=longer)


def dropped(why: str, column: pd.Series, positions: npt.NDArray[Any], noun: str = "row") -> Finding:
    """Return the finding about rows that are left out because of a column; ``why`` is such as ``without a label``."""
    rows, number = tuple(column.index[positions[:5]]), len(positions)
    what = f"{count(number, noun)} {why} (column {column.name!r})"
    return Finding("info", what, "It is dropped." if number == 1 else "They are dropped.", rows, number)


def tolerate(finding: Finding, rows: int, name: str) -> None:
    """Raise a `DataError` if a finding drops more than `TOLERATED` of the rows of a table."""
    if finding.count > TOLERATED * rows:
        raise DataError(
            f"{name}: {finding.what} {_are(finding.count)} {finding.count / rows:.0%} of its {count(rows, 'row')}, "
            f"such as row{'s' if finding.count > 1 else ''} {listing(finding.rows, 5)}.",
            f"Fill them in or drop them; up to {TOLERATED:.0%} are dropped by themselves.",
        )


def _seen(targets: Any, unlabelled: Any, column: pd.Series, where: str, labels: Labels) -> None:
    """Raise a `DataError` if a row has a label that is not one of the classes."""
    import numpy as np

    unseen = np.setdiff1d(np.flatnonzero(targets < 0), unlabelled)
    if len(unseen):
        values = {repr(value) for value in column.iloc[unseen].tolist()}
        raise DataError(
            f"{where} has labels that training did not have: {listing(sorted(values))} "
            f"in {count(len(unseen), 'row')}, such as row {column.index[unseen[0]]}.",
            f"The classes are {listing(labels.names)}. Map or drop those rows.",
        )


def _class_findings(rows: LabelledRows, labels: Labels) -> list[Finding]:
    import numpy as np

    counts = np.bincount(rows.targets, minlength=len(labels))
    findings = []
    if len(single := np.flatnonzero(counts == 1)):
        findings.append(_single_rows([labels.names[at] for at in single], rows.index[np.isin(rows.targets, single)]))
    for name, many in zip(labels.names, counts.tolist(), strict=True):
        if name in _MISSING or (name == NO_LABEL and "+" not in labels.names):
            what = f"class {name!r} ({count(many, 'row')}) may stand for a missing label."
            findings.append(Finding("warning", what, "If so, leave these cells empty: the rows are then dropped."))
    if counts.max() > 10 * max(counts.min(), 1):
        small, large = labels.names[int(counts.argmin())], labels.names[int(counts.argmax())]
        findings.append(
            Finding(
                "info",
                f"the classes are uneven: {large!r} has {count(int(counts.max()), 'row')}, {small!r} {counts.min():,}.",
                'Look at macro F1; class_weights = "balanced" gives rare classes more weight.',
            )
        )
    return findings


def _single_rows(names: Sequence[str], rows: pd.Index) -> Finding:
    """Return the finding about classes that have one row each."""
    if len(names) == 1:
        what = f"class {names[0]!r} has only one row (row {rows[0]})."
        fix = "It stays in train and cannot be validated: add rows, or merge the class with another."
    else:
        what = f"{count(len(names), 'class has', 'classes have')} only one row each: {listing(map(repr, names), 5)}."
        fix = "These rows stay in train and cannot be validated: add rows, or merge the classes with others."
    return Finding("warning", what, fix, tuple(rows[:5]), len(names))


def repeats(rows: LabelledRows) -> list[Finding]:
    """Return findings about rows that repeat an earlier text, with the same label or with another one."""
    import numpy as np

    keys = rows.duplicate_keys()
    shared = np.flatnonzero(isin_sorted(keys, repeated_keys(keys)))
    _, first, number = np.unique(keys[shared], return_index=True, return_inverse=True)
    later = first[number] != np.arange(len(shared))
    again, earlier = shared[later], shared[first[number[later]]]
    like = rows.targets[again] == rows.targets[earlier]
    like = like.all(axis=tuple(range(1, like.ndim)))  # all targets of a row that has several
    same, contrary = again[like], again[~like]
    findings = []
    if len(same):
        findings.append(
            Finding(
                "info",
                f"{_repeating(len(same))} an earlier text and label.",
                "It is kept." if len(same) == 1 else "They are kept.",
                tuple(rows.index[same[:5]]),
                len(same),
            )
        )
    if len(contrary):
        findings.append(
            Finding(
                "warning",
                f"{_repeating(len(contrary))} an earlier text with another label.",
                "One of each pair must be wrong: look at them.",
                tuple(rows.index[contrary[:5]]),
                len(contrary),
            )
        )
    return findings


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _repeating(rows: int) -> str:
    return f"{count(rows, 'row')} {'repeats' if rows == 1 else 'repeat'}"

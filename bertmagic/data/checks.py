"""What is wrong with the rows, found before a model is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, Self

from bertmagic.data.labels import Labels, classes, missing, plain
from bertmagic.data.report import Finding
from bertmagic.data.split import isin_sorted
from bertmagic.data.texts import Texts, cells
from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.options import LongText

TOLERATED = 0.05
"""The share of rows that may be dropped for a missing text or label; above it the data is taken to be wrong."""

UNKNOWN = 0.1
"""The share of [UNK] tokens above which the text is taken to be in a language that the model does not know."""


@dataclass(frozen=True)
class TextRows:
    """Rows that a model can read: what is left of a table after the checks.

    ``index``, the user's own, has shape ``(rows,)``. ``second`` are the second texts of pairs, or the passages of
    questions; None for single texts.
    """

    name: str
    texts: Texts
    index: pd.Index
    second: Texts | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """Where the rows stand in the table, shape ``(rows,)``."""
        return self.texts.positions

    def take(self, rows: npt.NDArray[Any], name: str = "") -> Self:
        """Return some of the rows, by position."""
        return replace(
            self,
            name=name or self.name,
            texts=self.texts.take(rows),
            index=self.index[rows],
            second=None if self.second is None else self.second.take(rows),
        )

    def text(self, at: int) -> str:
        """Return what is read of a row, the two texts of a pair behind each other."""
        return self.texts[at] if self.second is None else f"{self.texts[at]} {self.second[at]}"

    def duplicate_keys(self) -> npt.NDArray[np.int64]:
        """Return the same number for rows that read the same; see `duplicate_keys`."""
        found = duplicate_keys(self.texts)
        # An odd factor keeps the order of the two texts: (a, b) is another pair than (b, a).
        return found if self.second is None else found * 3 + duplicate_keys(self.second)


@dataclass(frozen=True)
class LabelledRows(TextRows):
    """Rows with what is to be learnt of them.

    Attributes
    ----------
    targets
        One entry a row, of a dtype that the task chooses.
    labels
        The classes that the targets are of, where there are classes.
    """

    targets: npt.NDArray[Any] = field(kw_only=True)
    labels: Labels | None = field(default=None, kw_only=True)

    def take(self, rows: npt.NDArray[Any], name: str = "") -> Self:
        """Return some of the rows, by position."""
        return replace(super().take(rows, name), targets=self.targets[rows])


def readable(frame: pd.DataFrame, columns: Sequence[str], name: str, where: str = "") -> tuple[TextRows, list[Finding]]:
    """Return the rows that have a text in each of one or two columns, and what was found.

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
    """Say which rows lack all of their texts, and which are pairs with one side missing, and which side that is."""
    import numpy as np

    rows = np.arange(len(frame))
    some = reduce(np.union1d, written)
    found = [dropped("rows without a text", frame[columns[0]], none)] if len(none := np.setdiff1d(rows, some)) else []
    for column, here in zip(columns, written, strict=True):
        if len(lacking := np.setdiff1d(some, here)):
            found.append(dropped("pairs with one side missing", frame[column], lacking))
    return found


def clean_texts(column: pd.Series, where: str) -> tuple[Texts, list[Finding]]:
    """Return the texts that are neither missing nor blank, and what was found.

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
        raise DataError(
            f"{where} holds {len(odd):,} values that are not text, such as {example!r} ({type(example).__name__}) "
            f"in row {column.index[odd[0]]}.",
            "Convert them first, as in [str(text) for text in texts]."
            if column.name is None
            else f"Convert the column first, as in df[{column.name!r}] = df[{column.name!r}].astype(str).",
        )
    blank = np.flatnonzero(~written)
    found = [dropped("rows without a text", column, blank)] if len(blank) else []
    return Texts(column, np.flatnonzero(written)), found


def examples(
    table: Table, columns: Sequence[str], label: str, known: Labels | None = None
) -> tuple[LabelledRows, list[Finding]]:
    """Return the rows that can be learnt from or measured, and what was found on the way.

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
        findings.append(dropped("rows without a label", frame[label], unlabelled))
    for finding in findings:
        tolerate(finding, len(frame), table.name)
    _seen(targets, unlabelled, frame[label], where, labels)
    labelled = targets[inputs.positions] >= 0
    kept = inputs if labelled.all() else inputs.take(np.flatnonzero(labelled))
    if not len(kept):
        raise DataError(f"{table.name} has no row with both a text and a label.", "Check the two columns.")
    found = with_targets(kept, targets if len(kept) == len(targets) else targets[kept.positions], labels)
    return found, findings + (_class_findings(found, labels) if known is None else []) + repeats(found)


def with_targets(rows: TextRows, targets: npt.NDArray[Any], labels: Labels | None = None) -> LabelledRows:
    """Return rows with what is to be learnt of them."""
    return LabelledRows(rows.name, rows.texts, rows.index, rows.second, targets=targets, labels=labels)


def overlap(train: LabelledRows, validation: LabelledRows) -> npt.NDArray[np.int64]:
    """Return the positions in ``train`` of texts that stand in ``validation`` too."""
    import numpy as np

    return np.flatnonzero(isin_sorted(train.duplicate_keys(), np.unique(validation.duplicate_keys())))


def token_findings(tokens: Tokens, max_length: int, long_text: LongText, encoder: str) -> list[Finding]:
    """Return what tokenizing found: a high share of ``[UNK]``, and texts that are longer than ``max_length``."""
    found = []
    if tokens.unknown > UNKNOWN:
        found.append(
            Finding(
                "warning",
                f"{tokens.unknown:.0%} of the tokens are unknown to {encoder}: it may not know this language.",
                "Choose a multilingual model such as mbert or xlmr.",
            )
        )
    return [*found, _longer(tokens, max_length, long_text)] if tokens.truncated else found


def _longer(tokens: Tokens, max_length: int, long_text: LongText) -> Finding:
    """Say how many texts are longer than the model reads, and what of them is read."""
    longer, share = tokens.truncated, tokens.truncated / tokens.texts
    said = f"{longer:,} of {tokens.texts:,} texts ({share:.1%}) are"
    severity: Literal["info", "warning"] = "warning" if share > 0.1 else "info"
    if long_text == "window":
        cut = tokens.windows is not None  # a look at the data does not cut it
        many = f"{len(tokens) - (tokens.texts - longer):,} overlapping" if cut else "overlapping"
        what = f"{said} longer than {max_length} tokens and read in {many} windows."
        return Finding("info", what, count=longer)
    if long_text == "head_tail":
        what = f"{said} longer than {max_length} tokens: their middle is cut out."
        return Finding(severity, what, 'long_text = "window" reads all of them.', count=longer)
    fix = 'Raise max_length if the model reads more, or set long_text = "window" or "head_tail".'
    return Finding(severity, f"{said} cut at {max_length} tokens.", fix, count=longer)


def duplicate_keys(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return a number for each text, the same for texts that differ in case or spaces only. Shape ``(rows,)``.

    The number is a hash of 64 bits, the same throughout this process: a dict of a million texts would be larger than
    the texts. That two of n texts share one by chance has a probability of n² / 2⁶⁵, 3e-8 for a million.
    """
    import numpy as np

    return np.fromiter((hash(_normal(text)) for text in texts), np.int64)


def twice(copies: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the numbers that several rows have, ascending; few, beside a million rows."""
    import numpy as np

    ascending = np.sort(copies)
    return np.unique(ascending[1:][ascending[1:] == ascending[:-1]])


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


def dropped(what: str, column: pd.Series, positions: npt.NDArray[Any]) -> Finding:
    """Return what is said of rows that are left out; ``what`` they are, such as ``rows without a label``."""
    count, rows = len(positions), tuple(column.index[positions[:5]])
    return Finding("info", f"{count:,} {what} (column {column.name!r})", "They are dropped.", rows, count)


def tolerate(finding: Finding, rows: int, name: str) -> None:
    """Raise a `DataError` if a finding drops more than `TOLERATED` of the rows of a table."""
    if finding.count > TOLERATED * rows:
        raise DataError(
            f"{name}: {finding.what} are {finding.count / rows:.0%} of its {rows:,} rows, "
            f"such as row{'s' if finding.count > 1 else ''} {listing(finding.rows, 5)}.",
            f"Fill them in or drop them; up to {TOLERATED:.0%} are dropped by themselves.",
        )


def _seen(targets: Any, unlabelled: Any, column: pd.Series, where: str, labels: Labels) -> None:
    """Raise a `DataError` if a row has a label that is none of the classes."""
    import numpy as np

    unseen = np.setdiff1d(np.flatnonzero(targets < 0), unlabelled)
    if len(unseen):
        values = {repr(value) for value in column.iloc[unseen].tolist()}
        raise DataError(
            f"{where} has labels that training has not: {listing(sorted(values))} "
            f"in {len(unseen):,} rows, such as row {column.index[unseen[0]]}.",
            f"The classes are {listing(labels.names)}. Map or drop those rows.",
        )


def _class_findings(rows: LabelledRows, labels: Labels) -> list[Finding]:
    import numpy as np

    counts = np.bincount(rows.targets, minlength=len(labels))
    found = []
    for number in np.flatnonzero(counts == 1):
        row = rows.index[int(np.flatnonzero(rows.targets == number)[0])]
        found.append(
            Finding(
                "warning",
                f"class {labels.names[number]!r} has one row only (row {row}).",
                "It stays in train and cannot be validated: add rows, or merge it.",
                (row,),
                1,
            )
        )
    if counts.max() > 10 * max(counts.min(), 1):
        small, large = labels.names[int(counts.argmin())], labels.names[int(counts.argmax())]
        found.append(
            Finding(
                "info",
                f"the classes are uneven: {large!r} has {counts.max():,} rows, {small!r} {counts.min():,}.",
                'Look at macro F1; class_weights = "balanced" weighs rare classes up.',
            )
        )
    return found


def repeats(rows: LabelledRows) -> list[Finding]:
    """Find texts that stand twice, and those that stand twice with different labels."""
    import numpy as np

    copies = rows.duplicate_keys()
    many = np.flatnonzero(isin_sorted(copies, twice(copies)))
    _, first, number = np.unique(copies[many], return_index=True, return_inverse=True)
    later = first[number] != np.arange(len(many))
    again, earlier = many[later], many[first[number[later]]]
    like = rows.targets[again] == rows.targets[earlier]
    like = like.all(axis=tuple(range(1, like.ndim)))  # of several targets a row, all
    same, contrary = again[like], again[~like]
    found = []
    if len(same):
        found.append(
            Finding(
                "info",
                f"{len(same):,} rows repeat an earlier text and label.",
                "They are kept.",
                tuple(rows.index[same[:5]]),
                len(same),
            )
        )
    if len(contrary):
        found.append(
            Finding(
                "warning",
                f"{len(contrary):,} rows repeat an earlier text with another label.",
                "One of each pair must be wrong: look at them.",
                tuple(rows.index[contrary[:5]]),
                len(contrary),
            )
        )
    return found

"""What is wrong with the rows, found before a model is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.data.labels import Labels, classes, missing, plain
from bertmagic.data.report import Finding
from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
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
class Examples:
    """Clean texts and their labels: what is left of a table after the checks.

    ``targets``, ``positions`` (in the table) and ``index`` (the user's own) have shape ``(rows,)``.
    """

    name: str
    texts: list[str]
    targets: npt.NDArray[np.int64]
    labels: Labels
    positions: npt.NDArray[np.int64]
    index: pd.Index

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[Any], name: str = "") -> Examples:
        """Return some of the rows, by position."""
        texts = [self.texts[i] for i in rows]
        return replace(
            self,
            name=name or self.name,
            texts=texts,
            targets=self.targets[rows],
            positions=self.positions[rows],
            index=self.index[rows],
        )


def clean_texts(column: pd.Series, where: str) -> tuple[list[str | None], list[Finding]]:
    """Return the texts with None where one is missing or blank, and what was found.

    Raises
    ------
    DataError
        If values are not text.
    """
    values = column.tolist()
    texts: list[str | None] = [None if missing(value) else value for value in values]
    odd = [i for i, text in enumerate(texts) if text is not None and not isinstance(text, str)]
    if odd:
        example = values[odd[0]]
        raise DataError(
            f"{where} holds {len(odd):,} values that are not text, such as {example!r} ({type(example).__name__}) "
            f"in row {column.index[odd[0]]}.",
            "Convert them first, as in [str(text) for text in texts]."
            if column.name is None
            else f"Convert the column first, as in df[{column.name!r}] = df[{column.name!r}].astype(str).",
        )
    blank = [i for i, text in enumerate(texts) if text is None or not text.strip()]
    for i in blank:
        texts[i] = None
    return texts, [_finding("rows without a text", column, blank)] if blank else []


def examples(table: Table, text: str, label: str, known: Labels | None = None) -> tuple[Examples, list[Finding]]:
    """Return the rows that can be learnt from or measured, and what was found on the way.

    Parameters
    ----------
    known
        The classes to use; by default those of the column.

    Raises
    ------
    DataError
        If more than `TOLERATED` of the rows lack a text or a label, or the labels cannot be used.
    """
    import numpy as np

    frame = table.frame
    texts, findings = clean_texts(frame[text], f"column {text!r} of {table.name}")
    where = f"column {label!r} of {table.name}"
    labels = known or classes(frame[label], where)
    targets = labels.encode(frame[label].tolist())
    unlabelled = [i for i, value in enumerate(frame[label].tolist()) if plain(value) is None]
    if unlabelled:
        findings.append(_finding("rows without a label", frame[label], unlabelled))
    for finding in findings:
        _tolerate(finding, len(frame), table.name)
    _seen(targets, unlabelled, frame[label], where, labels)
    keep = np.asarray([i for i, value in enumerate(texts) if value is not None and targets[i] >= 0], dtype=np.int64)
    if not len(keep):
        raise DataError(f"{table.name} has no row with both a text and a label.", "Check the two columns.")
    kept = [value for i in keep if (value := texts[i]) is not None]
    found = Examples(table.name, kept, targets[keep], labels, keep, frame.index[keep])
    return found, findings + (_class_findings(found) if known is None else []) + _repeats(found)


def overlap(train: Examples, validation: Examples) -> npt.NDArray[np.int64]:
    """Return the positions in ``train`` of texts that stand in ``validation`` too."""
    import numpy as np

    seen = {_normal(text) for text in validation.texts}
    return np.asarray([i for i, text in enumerate(train.texts) if _normal(text) in seen], dtype=np.int64)


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
        windows = len(tokens) - (tokens.texts - longer)
        what = f"{said} longer than {max_length} tokens and read in {windows:,} overlapping windows."
        return Finding("info", what, count=longer)
    if long_text == "head_tail":
        what = f"{said} longer than {max_length} tokens: their middle is cut out."
        return Finding(severity, what, 'long_text = "window" reads all of them.', count=longer)
    fix = 'Raise max_length if the model reads more, or set long_text = "window" or "head_tail".'
    return Finding(severity, f"{said} cut at {max_length} tokens.", fix, count=longer)


def copies(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return a number for each text, the same for texts that differ in case or spaces only. Shape ``(rows,)``."""
    import numpy as np

    numbers: dict[str, int] = {}
    return np.asarray([numbers.setdefault(_normal(text), len(numbers)) for text in texts], dtype=np.int64)


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


def _finding(what: str, column: pd.Series, positions: Iterable[int]) -> Finding:
    rows = [column.index[i] for i in positions]
    return Finding(
        "info", f"{len(rows):,} {what} (column {column.name!r})", "They are dropped.", tuple(rows[:5]), len(rows)
    )


def _tolerate(finding: Finding, rows: int, name: str) -> None:
    if finding.count > TOLERATED * rows:
        raise DataError(
            f"{name}: {finding.what} are {finding.count / rows:.0%} of its {rows:,} rows, "
            f"such as rows {listing(finding.rows, 5)}.",
            f"Fill them in or drop them; up to {TOLERATED:.0%} are dropped by themselves.",
        )


def _seen(targets: Any, unlabelled: list[int], column: pd.Series, where: str, labels: Labels) -> None:
    """Raise a `DataError` if a row has a label that is none of the classes."""
    skip = set(unlabelled)
    unseen = [i for i, target in enumerate(targets) if target < 0 and i not in skip]
    if unseen:
        values = column.tolist()
        raise DataError(
            f"{where} has labels that training has not: {listing(sorted({repr(values[i]) for i in unseen}))} "
            f"in {len(unseen):,} rows, such as row {column.index[unseen[0]]}.",
            f"The classes are {listing(labels.names)}. Map or drop those rows.",
        )


def _class_findings(rows: Examples) -> list[Finding]:
    import numpy as np

    counts = np.bincount(rows.targets, minlength=len(rows.labels))
    found = []
    for number in np.flatnonzero(counts == 1):
        row = rows.index[int(np.flatnonzero(rows.targets == number)[0])]
        found.append(
            Finding(
                "warning",
                f"class {rows.labels.names[number]!r} has one row only (row {row}).",
                "It stays in train and cannot be validated: add rows, or merge it.",
                (row,),
                1,
            )
        )
    if counts.max() > 10 * max(counts.min(), 1):
        small, large = rows.labels.names[int(counts.argmin())], rows.labels.names[int(counts.argmax())]
        found.append(
            Finding(
                "info",
                f"the classes are uneven: {large!r} has {counts.max():,} rows, {small!r} {counts.min():,}.",
                'Look at macro F1; class_weights = "balanced" weighs rare classes up.',
            )
        )
    return found


def _repeats(rows: Examples) -> list[Finding]:
    """Find texts that stand twice, and those that stand twice with different labels."""
    first: dict[str, int] = {}
    same: list[int] = []
    contrary: list[int] = []
    for i, text in enumerate(rows.texts):
        j = first.setdefault(_normal(text), i)
        if j != i:
            (same if rows.targets[i] == rows.targets[j] else contrary).append(i)
    found = []
    if same:
        found.append(
            Finding(
                "info",
                f"{len(same):,} rows repeat an earlier text and label.",
                "They are kept.",
                tuple(rows.index[same[:5]]),
                len(same),
            )
        )
    if contrary:
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

"""Which column holds the text and which the label, inferred if only one column is possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import list_forms, numbers, text_columns
from bertmagic.data.text_columns import plain_name
from bertmagic.errors import DataError, count, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import pandas as pd

    from bertmagic.data.tables import Table

LABEL_NAMES = frozenset(
    ["label", "labels", "gold_label", "class", "category", "target", "sentiment", "topic", "intent", "stance"]
)
_FURTHER_LABEL_NAMES = frozenset(["polarity", "emotion", "tag", "y", "class_index", "is_duplicate"])
"""Names of label columns, too, but only if no column has one of `LABEL_NAMES` and the values fit."""

_NUMBER_NAMES = frozenset(["score", "rating", "stars", "similarity", "grade"])
"""How the names of columns end whose numbers are likely meant to be predicted: ``relatedness_score``."""

_NO_LABEL_NAMES = frozenset(["split", "fold", "partition", "subset", "annotator", "annotator_id", "worker_id"])
"""Names of columns that hold few values and are no label; they are taken only if the user names them."""

_MOST_CLASSES = 100
_CHOICES = frozenset(["choices", "options", "endings", "candidates", "alternatives", "answer_choices"])
_LOOKED_AT = 100

USUAL_NAMES = text_columns.TEXT_NAMES | LABEL_NAMES | {name for pair in text_columns.PAIR_NAMES for name in pair}
"""How columns of texts and labels are usually called, in the form of `plain_name`."""

MOST = 2_000
"""The values of so many columns are looked at; of a wider table only those of columns with a usual name."""


def narrowed(table: Table, asked: Mapping[str, Any], usual: Collection[str] = ()) -> Table:
    """Return a table with the columns that may have a role; one of up to `MOST` columns as it is.

    A look at a column takes up to a millisecond, and a matrix of features may have a hundred thousand.

    Parameters
    ----------
    asked
        The columns that the user named, by their role.
    usual
        Further usual names, beside `USUAL_NAMES`.

    Raises
    ------
    DataError
        If the table lacks a column that was named.
    """
    if len(table.columns) <= MOST:
        return table
    named = {require(table, column, role) for role, columns in asked.items() for column in several(columns or ())}
    known = USUAL_NAMES.union(usual)
    kept = [column for column in table.columns if column in named or plain_name(column) in known]
    return replace(table, frame=table.frame[kept])


def width_note(table: Table) -> str:
    """Return a sentence on how a table with more columns than `MOST` is looked at; empty for any other."""
    width = count(len(table.columns), "column")
    return f"Of its {width}, only those with a usual name are looked at." if len(table.columns) > MOST else ""


def require(table: Table, column: str, option: str) -> str:
    """Return the column if the table has it.

    Raises
    ------
    DataError
        If it does not, with the nearest name and the option that sets it.
    """
    if column in table.columns:
        return column
    raise DataError(
        f"{table.name} has no column {column!r} (columns: {listing(table.columns)}).{nearest(column, table.columns)}",
        f'Say which one with {option} = "NAME".',
    )


def several(columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return one column or several as a tuple."""
    return (columns,) if isinstance(columns, str) else tuple(columns)


def reads_like_classes(column: pd.Series) -> bool:
    """Whether a column holds 2 to 100 different values, each five times on average, that are not quantities."""
    try:
        distinct = int(column.nunique())
    except TypeError:  # lists and dicts are not hashable
        return False
    few = 2 <= distinct <= min(_MOST_CLASSES, max(2, len(column) // 5))
    return few and not numbers.are_quantities(column)


def text_and_label(
    table: Table,
    text: str | Sequence[str] | None,
    label: str | None,
    fits: Callable[[pd.Series], bool] = reads_like_classes,
) -> tuple[str | list[str], str, str]:
    """Return the text column or both columns of pairs, the label column, and a line about what was inferred.

    Parameters
    ----------
    fits
        Whether a column holds targets of the task; asked if no column is named like a label.

    Raises
    ------
    DataError
        If a column is missing, has two roles, or is not clear, or the table holds multiple-choice questions.
    """
    notes = []
    if label is None or text is None:
        _refuse_choices(table)
    if label is None:
        label = _only(table, "label", _labels(table, _texts(table, text), fits))
        notes.append(f"label = {label!r}")
    if not isinstance(label, str):
        raise DataError(
            f"label names {count(len(label), 'column')} ({listing(label)}), and this task learns one.",
            'Name one of them; task = "multi_label" learns a label from each column of 0 and 1.',
        )
    require(table, label, "label")
    chosen, inferred, others = texts(table, text, (label,))
    return chosen, label, inference_note(table, inferred + notes, others)


def _refuse_choices(table: Table) -> None:
    """Raise a `DataError` for a column with the choices of each question: its label says which one is right."""
    for column in table.columns:
        first = next(iter(table.frame[column].head(_LOOKED_AT).dropna()), None)
        if plain_name(column) in _CHOICES and isinstance(first, list | dict | tuple):
            raise DataError(
                f"{table.name} holds multiple-choice questions (column {column!r}), which bertmagic does not learn.",
                "Make a row of each question and choice, with the label 1 for the right one and 0 for the others; "
                "or name both columns to classify the questions alone: text = …, label = ….",
            )


def text_and_flags(
    table: Table, text: str | Sequence[str] | None, labels: Sequence[str]
) -> tuple[str | list[str], list[str], str]:
    """Return the text column or both columns of pairs, the columns of labels, and a line about what was inferred."""
    for label in labels:
        require(table, label, "label")
    chosen, inferred, others = texts(table, text, tuple(labels))
    return chosen, list(labels), inference_note(table, inferred, others)


def inference_note(table: Table, inferred: Sequence[str], others: str = "") -> str:
    """Return a line about what was inferred from a table; empty if nothing was.

    Parameters
    ----------
    others
        A sentence about columns that were not chosen.
    """
    note = f"Inferred from {table.name}: {', '.join(inferred)}." if inferred else ""
    return f"{note} {others}".strip()


def texts(
    table: Table, text: str | Sequence[str] | None, taken: tuple[str, ...] = ()
) -> tuple[str | list[str], list[str], str]:
    """Return the text column or both columns of pairs, what was inferred, and a line about other columns of text.

    Parameters
    ----------
    taken
        Columns with another role.

    Raises
    ------
    DataError
        If a column is missing, has two roles, or is not clear.
    """
    if text is None:
        pair = text_columns.pair(table, taken)
        one = "" if pair else _only(table, "text", _text_candidates(table, taken))
        others = "" if pair else text_columns.left_out(table, one, taken)
        return (list(pair) or one), [f"text = {list(pair) or one!r}"], others
    chosen = several(text)
    for column in chosen:
        require(table, column, "text")
    if len(chosen) > 2:
        raise DataError(
            f"text names {count(len(chosen), 'column')} ({listing(chosen)}); a model reads one text, or a pair of two.",
            f"Join some of them first, as in df[{chosen[0]!r}] + ' ' + df[{chosen[1]!r}].",
        )
    repeated = [column for column in chosen if column in taken or chosen.count(column) > 1]
    if repeated:
        other = "label" if repeated[0] in taken else "the second text"
        raise DataError(f"text and {other} are both {repeated[0]!r}.", "They must be different columns.")
    return chosen[0] if len(chosen) == 1 else list(chosen), [], ""


def likely_label(table: Table, text: str | Sequence[str] | None, fits: Callable[[pd.Series], bool]) -> str | None:
    """Return the one column that can be the label and fits the task; None if there is none or several."""
    candidates = _labels(table, _texts(table, text), fits)
    return candidates[0] if len(candidates) == 1 and fits(table.frame[candidates[0]]) else None


def _texts(table: Table, text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns that are texts before a label was chosen."""
    return several(text) if text else text_columns.pair(table, ())


def likely_texts(table: Table) -> tuple[str, ...]:
    """Return both columns of pairs or the text column, before a label was chosen."""
    looked_at = narrowed(table, {})
    return text_columns.pair(looked_at, ()) or (text_only(looked_at, None),)


def text_only(table: Table, text: str | None) -> str:
    """Return the text column of rows that need no label."""
    return require(table, text, "text") if text else _only(table, "text", _text_candidates(narrowed(table, {}), ()))


def _only(table: Table, option: str, candidates: list[str]) -> str:
    if len(candidates) == 1:
        return candidates[0]
    for column in () if candidates or width_note(table) else table.columns:
        list_forms.refuse(table.frame[column].head(_LOOKED_AT).tolist(), f"column {column!r} of {table.name}")
    what = (
        f"the {option} column of {table.name} is not clear: it could be {listing(candidates)}."
        if candidates
        else f"no column of {table.name} looks like the {option} (columns: {listing(table.columns)})."
    )
    fix = f'Say which one with {option} = "NAME"{_together(table, option, candidates)}.'
    raise DataError(what, f"{fix} {width_note(table)}".rstrip())


def _together(table: Table, option: str, candidates: list[str]) -> str:
    """Return how to say that several columns are meant: a pair of texts, or labels with 0 and 1 for each."""
    if option == "text" and candidates[1:]:
        return f"; a pair of texts with text = {candidates[:2]}"
    flags = [column for column in candidates if set(table.frame[column].head(_LOOKED_AT).dropna()) <= {0, 1}]
    return f"; several labels per row with label = {flags}" if option == "label" and flags[1:] else ""


def _labels(table: Table, taken: tuple[str, ...], fits: Callable[[pd.Series], bool]) -> list[str]:
    """Return the columns that can be the label: those with a usual name, else those whose values fit.

    Numbers that are named like a target count too, so that no column of classes is taken in their place.
    """
    others = [column for column in table.columns if column not in taken]
    named = [column for column in others if plain_name(column) in LABEL_NAMES]
    if named:
        return named
    others = [column for column in others if plain_name(column) not in _NO_LABEL_NAMES]
    fitting = [column for column in others if fits(table.frame[column]) or _is_score(table, column)]
    return [column for column in fitting if plain_name(column) in _FURTHER_LABEL_NAMES] or fitting


def _is_score(table: Table, column: str) -> bool:
    return plain_name(column).split("_")[-1] in _NUMBER_NAMES and numbers.are_quantities(table.frame[column])


def _text_candidates(table: Table, taken: tuple[str, ...]) -> list[str]:
    """Return the columns that can be the text: those with a usual name, else those that read like text."""
    others = [column for column in table.columns if column not in taken]
    named = [column for column in others if plain_name(column) in text_columns.TEXT_NAMES]
    long = [column for column in others if text_columns.reads_like_text(table.frame[column])]
    return named or [column for column in long if not text_columns.is_code(table.frame[column])] or long

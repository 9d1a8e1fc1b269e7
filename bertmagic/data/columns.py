"""Which column holds the text and which the label, inferred if only one column is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data import numbers
from bertmagic.errors import DataError, count, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from bertmagic.data.tables import Table

TEXT_NAMES = frozenset(
    [
        "text",
        "texts",
        "sentence",
        "review",
        "reviews",
        "comment",
        "content",
        "body",
        "message",
        "tweet",
        "document",
        "description",
        "utterance",
    ]
)
PAIR_NAMES = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("text", "text_pair"),
)
LABEL_NAMES = frozenset(["label", "labels", "class", "category", "target", "sentiment", "topic", "intent"])
_MOST_CLASSES = 100


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
        If a column is missing, has two roles, or is not clear.
    """
    notes = []
    if label is None:
        label = _only(table, "label", _candidates(table, _texts(table, text), LABEL_NAMES, fits))
        notes.append(f"label = {label!r}")
    if not isinstance(label, str):
        raise DataError(
            f"label names {count(len(label), 'column')} ({listing(label)}), and this task learns one.",
            'Name one of them; task = "multi_label" learns a label from each column of 0 and 1.',
        )
    require(table, label, "label")
    chosen, inferred = texts(table, text, (label,))
    return chosen, label, inference_note(table, inferred + notes)


def text_and_flags(
    table: Table, text: str | Sequence[str] | None, labels: Sequence[str]
) -> tuple[str | list[str], list[str], str]:
    """Return the text column or both columns of pairs, the columns of labels, and a line about what was inferred."""
    for label in labels:
        require(table, label, "label")
    chosen, inferred = texts(table, text, tuple(labels))
    return chosen, list(labels), inference_note(table, inferred)


def inference_note(table: Table, inferred: Sequence[str]) -> str:
    """Return a line about what was inferred from a table; empty if nothing was."""
    return f"Inferred from {table.name}: {', '.join(inferred)}." if inferred else ""


def texts(
    table: Table, text: str | Sequence[str] | None, taken: tuple[str, ...] = ()
) -> tuple[str | list[str], list[str]]:
    """Return the text column or both columns of pairs, and what was inferred; ``taken`` are not text columns.

    Raises
    ------
    DataError
        If a column is missing, has two roles, or is not clear.
    """
    pair = _pair(table, taken) if text is None else ()
    inferred = [] if text else [f"text = {list(pair)}"] if pair else []
    if text is None and not pair:
        text = _only(table, "text", _candidates(table, taken, TEXT_NAMES, _reads_like_text))
        inferred = [f"text = {text!r}"]
    chosen = pair or several(text or ())
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
    return chosen[0] if len(chosen) == 1 else list(chosen), inferred


def likely_label(table: Table, text: str | Sequence[str] | None, fits: Callable[[pd.Series], bool]) -> str | None:
    """Return the one column that can be the label and fits the task; None if there is none or several."""
    candidates = _candidates(table, _texts(table, text), LABEL_NAMES, fits)
    return candidates[0] if len(candidates) == 1 and fits(table.frame[candidates[0]]) else None


def _texts(table: Table, text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns that are texts before a label was chosen."""
    return several(text) if text else _pair(table, ())


def _pair(table: Table, taken: tuple[str, ...]) -> tuple[str, ...]:
    """Return the two columns of pairs by their usual names, if there are no others that could be meant."""
    named = {column.lower(): column for column in table.columns if column not in taken}
    pairs = [tuple(named[name] for name in pair) for pair in PAIR_NAMES if set(pair) <= named.keys()]
    alone = {column for name, column in named.items() if name in TEXT_NAMES}
    return pairs[0] if len(pairs) == 1 and alone <= set(pairs[0]) else ()


def text_only(table: Table, text: str | None) -> str:
    """Return the text column of rows that need no label."""
    return (
        require(table, text, "text")
        if text
        else _only(table, "text", _candidates(table, (), TEXT_NAMES, _reads_like_text))
    )


def _only(table: Table, option: str, candidates: list[str]) -> str:
    if len(candidates) == 1:
        return candidates[0]
    what = (
        f"the {option} column of {table.name} is not clear: it could be {listing(candidates)}."
        if candidates
        else f"no column of {table.name} looks like the {option} (columns: {listing(table.columns)})."
    )
    raise DataError(what, f'Say which one with {option} = "NAME".')


def _candidates(
    table: Table, taken: tuple[str, ...], names: frozenset[str], fits: Callable[[pd.Series], bool]
) -> list[str]:
    """Return the columns with a known name, else those whose values fit; without the columns already ``taken``."""
    others = [column for column in table.columns if column not in taken]
    named = [column for column in others if column.lower() in names]
    return named or [column for column in others if fits(table.frame[column])]


def _reads_like_text(column: pd.Series) -> bool:
    """Whether the first values are strings, mostly different, of more than a word or two."""
    values = [value for value in column.head(1000).tolist() if isinstance(value, str)]
    if not values or len(values) < len(column.head(1000)) / 2:
        return False
    return len(set(values)) > len(values) / 2 and sum(map(len, values)) / len(values) > 12

"""Which column holds the text and which the label, where only one can be meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bertmagic.errors import DataError, listing, nearest

if TYPE_CHECKING:
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


def text_and_label(
    table: Table, text: str | Sequence[str] | None, label: str | None
) -> tuple[str | list[str], str, str]:
    """Return the text column or both of pairs, the label column, and a line that says what was inferred, or nothing."""
    said = []
    if label is None:
        label = _only(table, "label", _candidates(table, several(text or ()), LABEL_NAMES, _reads_like_classes))
        said.append(f"label = {label!r}")
    require(table, label, "label")
    if text is None:
        text = _only(table, "text", _candidates(table, (label,), TEXT_NAMES, _reads_like_text))
        said.insert(0, f"text = {text!r}")
    found = several(text)
    for column in found:
        require(table, column, "text")
    if label in found or len(set(found)) < len(found):
        raise DataError(f"text and label are both {label!r}.", "They must be different columns.")
    inferred = f"Inferred from {table.name}: {', '.join(said)}." if said else ""
    return found[0] if len(found) == 1 else list(found), label, inferred


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
    """Return the columns with a known name, else those whose values fit; the columns already taken are none of them."""
    others = [column for column in table.columns if column not in taken]
    named = [column for column in others if column.lower() in names]
    return named or [column for column in others if fits(table.frame[column])]


def _reads_like_text(column: pd.Series) -> bool:
    """Whether the first values are strings, mostly different, of more than a word or two."""
    values = [value for value in column.head(1000).tolist() if isinstance(value, str)]
    if not values or len(values) < len(column.head(1000)) / 2:
        return False
    return len(set(values)) > len(values) / 2 and sum(map(len, values)) / len(values) > 12


def _reads_like_classes(column: pd.Series) -> bool:
    """Whether a column repeats few values: 2 to 100 of them, each five times on average."""
    try:
        distinct = int(column.nunique())
    except TypeError:  # lists and dicts are not hashable
        return False
    return 2 <= distinct <= min(_MOST_CLASSES, max(2, len(column) // 5))

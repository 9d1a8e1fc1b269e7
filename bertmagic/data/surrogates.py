"""Lone surrogates, halves of characters, in what users give: mended once, where rows are read.

Python's strings may hold them, as broken scrapes and JSON do. Neither tokenizers nor Arrow, files and most libraries
take them: far behind, they would end a finished run with a `UnicodeEncodeError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from bertmagic.errors import count, listing
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

_CHUNK = 100
"""Cells that are looked at together, which is far faster than one by one."""

_DEEPEST = 20
"""Levels of lists and dicts in a cell that are looked into."""


def mended(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return a frame with ``�`` in the place of each half of a character, and a sentence on where; else an empty one.

    Names of columns are mended as cells are, and so are lists and dicts in cells. The index stays, as it is the user's.
    """
    names = [without_surrogates(name) if isinstance(name, str) else name for name in frame.columns]
    changed = {at: column for at, column in enumerate(_texts(frame)) if column is not None}
    if not changed and names == list(frame.columns):
        return frame, ""
    whole = frame.copy(deep=False)
    whole.columns = names
    for at, (column, _) in changed.items():
        whole.isetitem(at, column.array)
    where = [what for _, what in changed.values()]
    where += ["a name of a column"] * (names != list(frame.columns))
    return whole, f"Broken characters (lone surrogates) are read as �: {listing(where, 5)}."


def of_objects(rows: Any) -> pd.DataFrame:
    """Return a dict of columns or a list of dicts as a frame, its cells and names as they are."""
    import pandas as pd

    names = list(rows) if isinstance(rows, Mapping) else list(dict.fromkeys(chain.from_iterable(rows)))
    columns = [rows[name] if isinstance(rows, Mapping) else [row.get(name) for row in rows] for name in names]
    frame = pd.DataFrame(dict(enumerate(columns)), dtype=object)
    return frame.set_axis(pd.Index(names, dtype=object), axis=1)


def _texts(frame: pd.DataFrame) -> list[tuple[pd.Series, str] | None]:
    """Return each column mended, and what was found in it; None for a column in which nothing was."""
    may_hold = [_may_hold(kind) for kind in frame.dtypes]
    if not any(may_hold):
        return []
    return [_column(column) if held else None for held, (_, column) in zip(may_hold, frame.items(), strict=True)]


def _may_hold(kind: Any) -> bool:
    """Whether a column of a dtype can hold a surrogate: Arrow's strings cannot."""
    categories = getattr(kind, "categories", None)
    if categories is not None:
        return _may_hold(categories.dtype)
    return getattr(kind, "char", "") == "O" or getattr(kind, "storage", "") == "python"


def _column(column: pd.Series) -> tuple[pd.Series, str] | None:
    broken = []
    for start in range(0, len(column), _CHUNK):
        cells = column.iloc[start : start + _CHUNK].tolist()
        if not _is_whole(cells):
            broken += [start + at for at, cell in enumerate(cells) if not _is_whole(cell)]
    if not broken:
        return None
    before = column.tolist()
    after = list(before)
    for at in broken:
        after[at] = _whole(before[at])
    lost = len(_different(before)) - len(_different(after))
    merged = f", where {count(lost, 'value')} became the same as another" if lost else ""
    what = f"{count(len(broken), 'cell')} of column {without_surrogates(str(column.name))!r}{merged}"
    return _series(after, column), what


def _series(cells: list[Any], like: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.Series(cells, index=like.index, name=like.name, dtype=object)


def _different(cells: list[Any]) -> set[str]:
    return {cell for cell in cells if isinstance(cell, str)}


def _is_whole(value: Any, level: int = 0) -> bool:
    """Whether no text in a value holds a surrogate."""
    if isinstance(value, str):
        return without_surrogates(value) is value
    if not (parts := _parts(value)) or level > _DEEPEST:
        return True
    try:
        return _is_whole("".join(parts))
    except TypeError:  # not all of them are texts
        return all(_is_whole(part, level + 1) for part in parts)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return value.tolist() if _is_array(value) else []


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 0) == 1 and value.dtype == object


def _whole(value: Any, level: int = 0) -> Any:
    """Return a value with all texts in it mended."""
    if isinstance(value, str):
        return without_surrogates(value)
    if level > _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {_whole(key, level + 1): _whole(held, level + 1) for key, held in value.items()}
    kinds: tuple[Callable[[Any], Any], ...] = (list, tuple, set, frozenset)
    kind = next((kind for kind in kinds if type(value) is kind), None)
    if kind is None and not _is_array(value):
        return value
    parts = [_whole(part, level + 1) for part in value]
    return kind(parts) if kind else parts

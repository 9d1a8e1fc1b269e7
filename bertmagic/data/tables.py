"""Whatever holds rows, read as one named table."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.data import conll, files, samples, texts
from bertmagic.data.labels import missing
from bertmagic.errors import DataError, UnknownReference, listing, nearest

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["train", "validation", "test", "any"]
_PREFERRED: dict[Role, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "validation", "valid", "dev"),
    "any": ("train",),
}


@dataclass(frozen=True)
class Table:
    """Rows with the user's index, and the name by which messages call them."""

    name: str
    frame: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [str(column) for column in self.frame.columns]


def read(source: Any, role: Role = "any", may_be_empty: bool = False) -> Table:
    """Read one table; of several splits, the one that fits the role.

    Parameters
    ----------
    source
        A DataFrame or Series, a frame of another library, a Dataset or DatasetDict, a dict of columns, a list of
        dicts, ``sample:NAME[@SPLIT]``, a path or glob of CSV, TSV, JSON, JSONL, Parquet or text files, or a hub id
        ``OWNER/NAME[:CONFIG][@SPLIT]``.

    Raises
    ------
    DataError
        If the object holds no rows that can be read.
    UnknownReference
        If the string names nothing known.
    """
    return choose(splits(source), role, may_be_empty)


def choose(tables: Mapping[str, Table], role: Role, may_be_empty: bool = False) -> Table:
    """Return the split that fits the role, or the only one there is."""
    for name in (*_PREFERRED[role], *(tables if len(tables) == 1 else ())):
        if name in tables:
            return _checked(tables[name], may_be_empty)
    wanted = next(iter(_PREFERRED[role]))
    raise DataError(
        f"the data has no {wanted!r} split; it has {listing(tables)}.", "Choose one with NAME@SPLIT or data['split']."
    )


def has(tables: Mapping[str, Table], role: Role) -> bool:
    """Whether there is a split that is meant for the role."""
    return any(name in tables for name in _PREFERRED[role])


def splits(source: Any) -> dict[str, Table]:
    """Read all splits of a source; one that has no splits is called ``""``."""
    if isinstance(source, Table):
        return {"": source}
    if isinstance(source, str | os.PathLike):
        return _named(os.fspath(source))
    if isinstance(source, Mapping) and source and all(holds_rows(value) for value in source.values()):
        return {str(split): Table(str(split), _frame(value)) for split, value in source.items()}
    return {"": Table(_title(source), _frame(source))}


def _checked(table: Table, may_be_empty: bool) -> Table:
    if not (len(table.frame) or may_be_empty):
        raise DataError(f"{table.name} has no rows.", "Check the file, or the filter that made it.")
    if not table.frame.columns.is_unique:
        twice = table.frame.columns[table.frame.columns.duplicated()]
        raise DataError(f"{table.name} has two columns named {twice[0]!r}.", "Rename one of them.")
    # Options name columns by text, and so a column 0 of an array or of a file without a header becomes "0".
    table = table if list(table.frame.columns) == table.columns else _renamed(table)
    return Table(table.name, conll.grouped(table.frame))


def _renamed(table: Table) -> Table:
    return Table(table.name, table.frame.set_axis(table.columns, axis=1))


def _title(source: Any) -> str:
    return f"the {type(source).__name__}"


def holds_rows(value: Any) -> bool:
    """Whether a value is a frame or a data set of some library, as against a column or a dict of columns."""
    two_dimensional = len(getattr(value, "shape", ())) == 2  # a Series of pandas or polars is a column
    return hasattr(value, "column_names") or (hasattr(value, "__arrow_c_stream__") and two_dimensional)


def _frame(source: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, pd.Series):
        return source.to_frame(name=source.name if source.name is not None else "text")
    if hasattr(source, "column_names") and hasattr(source, "features"):
        return _from_datasets(source)
    if hasattr(source, "__arrow_c_stream__"):
        return _from_arrow(source)
    if isinstance(source, Mapping):
        return _from_columns(source)
    if isinstance(source, Sequence) and all(isinstance(row, Mapping) for row in source):
        return texts.frame(list(source))
    raise DataError(
        f"a {type(source).__name__} holds no rows that can be read.",
        "Give a DataFrame, a Dataset, a dict of columns, a list of dicts, a file, sample:NAME or a hub id.",
    )


def _from_arrow(source: Any) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return files.from_arrow(pa.table(source))
    except (pa.ArrowInvalid, TypeError):  # one column, such as a Series of polars
        return files.from_arrow(pa.table({"text": pa.chunked_array(source)}))


def _from_datasets(source: Any) -> pd.DataFrame:
    """Read a `datasets.Dataset`, with `ClassLabel` columns by name: as categories in the order of their numbers, or as
    lists of names where a row has a list of them.
    """
    import pandas as pd

    if not hasattr(source, "__len__"):
        raise DataError(
            f"{type(source).__name__} is read as a stream, and cannot be shuffled or split.",
            "Take rows of it, as in Dataset.from_list(list(data.take(10_000))).",
        )
    frame = _from_arrow(source.with_format("arrow")[:])
    for column, feature in source.features.items():
        if hasattr(feature, "int2str"):
            codes = [-1 if missing(i) else max(int(i), -1) for i in frame[column].tolist()]
            frame[column] = pd.Categorical.from_codes(codes, feature.names)
        elif hasattr(getattr(feature, "feature", None), "int2str"):
            frame[column] = pd.Series(_lists_of_names(frame[column], feature.feature.names), frame.index, dtype=object)
    return frame


def _lists_of_names(column: pd.Series, names: Sequence[str]) -> list[list[str | None] | None]:
    def name(number: Any) -> str | None:
        return None if missing(number) or number < 0 else names[int(number)]

    return [None if missing(row) else [name(number) for number in row] for row in column.tolist()]


def _from_columns(source: Mapping[Any, Any]) -> pd.DataFrame:
    try:
        return texts.frame(dict(source))
    except ValueError:
        lengths = ", ".join(f"{name}: {len(column):,}" for name, column in source.items() if hasattr(column, "__len__"))
        raise DataError(
            f"the columns of the dict are not of one length ({lengths}).", "Give every column as many values."
        ) from None


def _named(reference: str) -> dict[str, Table]:
    if reference.startswith("sample:"):
        return _sample(reference)
    found = paths(reference)
    if found:
        return {"": Table(reference, files.read(found))}
    from bertmagic.data import hub

    if hub.looks_like_id(reference):
        return {split: Table(f"{reference}@{split}" if split else reference, _frame(rows))
                for split, rows in hub.load(reference).items()}  # fmt: skip
    raise UnknownReference(
        f"there is no data named {reference!r}: no file, sample or hub id.{nearest(reference, _neighbours(reference))}",
        "Give a variable, a path, sample:NAME or OWNER/NAME of the hub.",
    )


def _sample(reference: str) -> dict[str, Table]:
    name, _, split = reference.removeprefix("sample:").partition("@")
    if split:
        return {"": Table(reference, samples.load(name, split))}
    return {key: Table(f"sample:{name}@{key}", frame) for key, frame in samples.splits(name).items()}


def paths(reference: str) -> list[Path]:
    """Return the files that a reference names; none where it names something else."""
    path = Path(reference).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        raise DataError(f"{reference} is a folder.", f"Name the files in it, as in {reference.rstrip('/')}/*.csv.")
    if glob.has_magic(reference):
        found = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute globs
        if not found:
            raise UnknownReference(f"no file matches {reference!r}.", f"The current folder is {Path.cwd()}.")
        return found
    if path.suffix.lower() in files.SUFFIXES:
        near = nearest(path.name, _neighbours(reference))
        raise UnknownReference(f"there is no file {reference!r}.{near}", f"The current folder is {Path.cwd()}.")
    return []


def _neighbours(reference: str) -> list[str]:
    folder = Path(reference).expanduser().parent
    found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [*found, *(f"sample:{name}" for name in samples.names())]

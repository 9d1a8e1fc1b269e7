"""Rows of any library as a frame of pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bertmagic.data import texts, variables
from bertmagic.data.formats import class_names, columnar
from bertmagic.data.object_types import declares
from bertmagic.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def holds_rows(value: Any) -> bool:
    """Whether a value that was given as data is a frame or a data set, as against a column or a dict of columns.

    It asks the value. For a look through all variables there is `object_types.is_table`, which does not.
    """
    shape = getattr(value, "shape", ())
    two_dimensional = isinstance(shape, tuple) and len(shape) == 2  # a Series of pandas or polars is a column
    return declares(value, "column_names") or (declares(value, "__arrow_c_stream__") and two_dimensional)


def read(source: Any) -> pd.DataFrame:
    """Return the rows of an object.

    Raises
    ------
    DataError
        If the object holds no rows that can be read.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, pd.Series):
        return source.to_frame(name=source.name if source.name is not None else "text")
    if declares(source, "column_names") and declares(source, "features"):
        return _from_datasets(source)
    if declares(source, "__arrow_c_stream__"):
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
        return columnar.from_arrow(pa.table(source))
    except (pa.ArrowInvalid, TypeError):  # one column, such as a Series of polars
        return columnar.from_arrow(pa.table({"text": pa.chunked_array(source)}))


def _from_datasets(source: Any) -> pd.DataFrame:
    """Read a `datasets.Dataset`.

    Columns of `ClassLabel` come by name: as categories in the order of their numbers, or as lists of names. Of columns
    that ``set_format`` chose, only these are read.

    Raises
    ------
    DataError
        If it is a stream, or has a transform that would be left out.
    """
    if not hasattr(source, "__len__"):
        raise DataError(
            f"{type(source).__name__} is read as a stream, and cannot be shuffled or split.",
            "Take rows of it, as in Dataset.from_list(list(data.take(10_000))).",
        )
    if source.format["type"] == "custom":
        raise DataError(
            f"{variables.name_of(source)} has a transform (with_transform or set_transform), which changes its rows as "
            "they are read.",
            "Apply it: data.with_format(None).map(TRANSFORM, batched=True); or read the rows as they are stored, "
            "data.with_format(None).",
        )
    chosen = source.column_names if source.format["output_all_columns"] else source.format["columns"]
    frame = _from_arrow(source.with_format("arrow", columns=chosen)[:])
    return class_names.applied(frame, source.features.to_dict(), variables.name_of(source))


def _from_columns(source: Mapping[Any, Any]) -> pd.DataFrame:
    try:
        return texts.frame(dict(source))
    except ValueError:
        lengths = ", ".join(f"{name}: {len(column):,}" for name, column in source.items() if hasattr(column, "__len__"))
        raise DataError(
            f"the columns of {variables.name_of(source)} are not of one length ({lengths}).",
            "Give every column as many values.",
        ) from None

"""The names of classes that a column holds by number, as `datasets` keeps them for ``ClassLabel``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bertmagic.data.labels import missing
from bertmagic.errors import DataError
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd


def of_schema(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """Return the features of the columns that the metadata of an Arrow schema describe; empty if there are none."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def applied(frame: pd.DataFrame, features: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Return a frame with names instead of numbers: as categories in the order of the numbers, or as lists of names.

    Parameters
    ----------
    features
        The feature of each column, as ``Features.to_dict`` of `datasets` writes it.
    name
        What messages call the frame.

    Raises
    ------
    DataError
        If a number has no name; -1 is a missing label.
    """
    import pandas as pd

    for column in frame.columns:
        names, inner = _names(features.get(column)), _names(_inner(features.get(column)))
        if names and pd.api.types.is_integer_dtype(frame[column]):
            frame[column] = pd.Categorical.from_codes(_codes(frame[column], names, name), pd.Index(names))
        elif inner:
            frame[column] = pd.Series(_lists(frame[column], inner, name), frame.index, dtype=object)
    return frame


def _names(feature: Any) -> list[str]:
    names = feature.get("names") if isinstance(feature, dict) else None
    named = [without_surrogates(str(name)) for name in names] if isinstance(names, list) else []
    return named if len(set(named)) == len(named) else []


def _inner(feature: Any) -> Any:
    """Return the feature of the items of a list, which older versions of `datasets` write as a list."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    return feature.get("feature") if isinstance(feature, dict) else None


def _codes(column: pd.Series, names: Sequence[str], name: str) -> npt.NDArray[np.int64]:
    """Return the numbers of a column, -1 where there is none."""
    import numpy as np

    codes: npt.NDArray[np.int64] = column.to_numpy(dtype=np.int64, na_value=-1)
    if len(codes) and codes.max() >= len(names):
        raise _unnamed(int(codes.max()), column.name, names, name)
    return np.maximum(codes, np.int64(-1))


def _lists(column: pd.Series, names: Sequence[str], name: str) -> list[list[Any] | None]:
    def named(number: Any) -> Any:
        if missing(number) or (isinstance(number, int) and number < 0):
            return None
        if not isinstance(number, int):
            return number  # a name already
        if number >= len(names):
            raise _unnamed(number, column.name, names, name)
        return names[number]

    return [None if missing(row) else [named(number) for number in row] for row in column.tolist()]


def _unnamed(number: int, column: Any, names: Sequence[str], name: str) -> DataError:
    return DataError(
        f"column {column!r} of {name} holds the number {number}, but names for 0 to {len(names) - 1} only.",
        "Check how the data was written.",
    )

"""Small data sets that come with the package, written for it: ``sample:reviews``.

Every sample is a JSONL file in this folder; the first key of a row, ``split``, is its split.

A topic of ``sample:topics`` holds if the text is materially about it, named or not: ``money`` prices, wages, debts and
budgets; ``health`` illness, care, the body and the mind; ``travel`` journeys and transport; ``technology`` devices,
software and new methods; ``food`` what is eaten, drunk or grown to be; ``family`` relatives and living with
them, not friends.

A span of ``sample:entities`` is ``{"start", "end", "label"}`` in characters; the spans of a text stand in order and
apart. ``PER`` is a name without its title or ``'s``; ``ORG`` also a shop, school, team or paper; ``LOC`` any place with
a name, from a street to a planet, but no nationality or language. ``DATE`` is a day, month, year, century, holiday or
season of a year, also one relative to today ("last Tuesday"), without "the" and "every"; no duration, age or hour.
``PRODUCT`` is the name of a device, program, drug, vehicle or article without the generic noun after it; no work of
art. No name within a name is marked, and an event is not an entity.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bertmagic.errors import UnknownReference, listing, nearest

if TYPE_CHECKING:
    import pandas as pd

_HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the sample names."""
    return sorted(path.stem for path in _HERE.glob("*.jsonl"))


def splits(name: str) -> dict[str, pd.DataFrame]:
    """Return the splits of a sample by name, each with an index from 0.

    Raises
    ------
    UnknownReference
        If there is no sample of that name.
    """
    import pandas as pd

    if name not in names():
        raise UnknownReference(
            f"there is no sample {name!r}.{nearest(name, names())}", f"The samples are: {listing(names())}."
        )
    rows = [json.loads(line) for line in (_HERE / f"{name}.jsonl").read_text(encoding="utf-8").strip().split("\n")]
    frame = pd.DataFrame(rows)
    return {str(split): part.drop(columns="split").reset_index(drop=True) for split, part in frame.groupby("split")}


def load(name: str, split: str | None = None) -> pd.DataFrame:
    """Return a sample as a DataFrame: one split of it, or all rows, train first.

    Examples
    --------
    >>> load("reviews", "test").columns.tolist()
    ['review', 'sentiment', 'stars', 'language']
    """
    import pandas as pd

    parts = splits(name)
    if split is None:
        return pd.concat([parts[key] for key in sorted(parts, reverse=True)], ignore_index=True)
    if split not in parts:
        raise UnknownReference(
            f"sample {name!r} has no split {split!r}.{nearest(split, parts)}", f"Its splits are: {listing(parts)}."
        )
    return parts[split]

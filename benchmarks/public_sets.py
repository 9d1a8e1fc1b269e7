"""Public text sets of different kinds, and the rows of them that `defaults.py` trains and tests on.

A set is two files, ``NAME.train.parquet`` and ``NAME.test.parquet``, with the columns ``text``, ``label`` and, for
pairs, ``text_pair``. A label is a string (one class), a list of strings (any number of classes), a number, or, where
``text`` is a list of words, a list of their IOB2 tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

Kind = Literal["classification", "multi-label", "regression", "entities"]
Side = Literal["choose", "held out"]
TEST_ROWS = 500


@dataclass(frozen=True)
class Measurement:
    """How many training rows of a set are used, and whether the rules of the defaults were chosen on them.

    ``rare`` is the share of rows, in percent, that the first of two classes is cut down to; None where they stay as
    they are.
    """

    set: str
    rows: int
    side: Side
    rare: int | None = None

    @property
    def name(self) -> str:
        """The name in results and on the command line."""
        return f"{self.set}-{self.rows}" + (f"-{self.rare}%" if self.rare else "")


SETS: dict[Side, dict[str, tuple[int, ...]]] = {
    "choose": {
        "sst2": (60, 200), "cr": (60,), "trec": (200,), "tweetemotion": (300,), "banking77": (400,), "finance": (400,),
        "stsb": (400,), "emotions_ec": (500,), "conll": (300,),
    },
    "held out": {
        "subj": (100,), "snips": (100,), "agnews": (200,), "spam": (200,), "mrpc": (500,), "wine": (400,),
        "sick_rel": (400,), "germeval18": (400,), "sick_entail": (1000,), "pan": (1000,), "goemotions": (1000,),
        "ncbi": (300,), "wnut17": (500,), "clinc": (1500,), "readability": (300,), "r52": (800,), "newsgroups": (400,),
    },
}  # fmt: skip
"""The numbers of training rows of each set; sets that share texts are on the same side.

`germeval18` is German, which the default encoder never learnt. The rules for pairs were chosen with the help of `mrpc`
and `sick_entail`, too: of the pairs, `sick_rel` and `pan` are held out for them.
"""

SKEWED = (
    Measurement("cr", 300, "choose", 13), Measurement("sst2", 300, "choose", 13), Measurement("sst2", 300, "choose", 5),
)  # fmt: skip
"""Sets of two classes that are made skewed, in training and test rows alike."""

MEASUREMENTS = (
    *(Measurement(name, rows, side) for side, sets in SETS.items() for name, of_set in sets.items() for rows in of_set),
    *SKEWED,
)


@dataclass(frozen=True)
class Sample:
    """The rows that every method gets."""

    kind: Kind
    train: pd.DataFrame
    test: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """The columns of texts: one, or two for pairs."""
        return [name for name in ("text", "text_pair") if name in self.train]

    @property
    def names(self) -> list[str]:
        """The classes, or tags, of the training rows, sorted."""
        return sorted({name for label in self.train["label"] for name in classes(label)})


def classes(label: Any) -> list[str]:
    """The classes of a row; those of a number are none."""
    return [label] if isinstance(label, str) else [] if isinstance(label, float) else list(label)


def kind_of(rows: pd.DataFrame) -> Kind:
    """What a set is, by the form of its texts and labels."""
    text, label = rows["text"].iloc[0], rows["label"].iloc[0]
    if not isinstance(text, str):
        return "entities"
    if isinstance(label, str):
        return "classification"
    return "regression" if isinstance(label, float) else "multi-label"


def sample(folder: Path, measurement: Measurement, seed: int) -> Sample:
    """Draw training rows by a seed.

    The test rows are the same for each seed, except that those with a class without any training row are left out.
    """
    import pandas as pd

    train, test = (pd.read_parquet(folder / f"{measurement.set}.{part}.parquet") for part in ("train", "test"))
    kind = kind_of(train)
    if measurement.rare:
        train, test = _skewed(train, measurement.rare, seed), _skewed(test, measurement.rare, 0)
    train = train.sample(measurement.rows, random_state=seed, ignore_index=True).map(_plain)
    test = test.sample(min(TEST_ROWS, len(test)), random_state=0, ignore_index=True).map(_plain)
    known = set(Sample(kind, train, test).names)
    return Sample(kind, train, test[[known.issuperset(classes(label)) for label in test["label"]]])


def _skewed(rows: pd.DataFrame, percent: int, seed: int) -> pd.DataFrame:
    """Draw so many rows of the first class that they are this share of all, in random order."""
    first = rows["label"] == min(rows["label"])
    few = rows[first].sample(round((~first).sum() * percent / (100 - percent)), random_state=seed)
    return rows.loc[[*rows.index[~first], *few.index]]


def _plain(cell: Any) -> Any:
    """Parquet's lists come as arrays."""
    return cell if isinstance(cell, str | float) else list(cell)

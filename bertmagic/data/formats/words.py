"""Tables with one word per row, and its tag: they become one row per sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.labels import missing

if TYPE_CHECKING:
    import pandas as pd

_LOOKED_AT = 1000  # words, to decide what a file or a table is
_SURE = 0.9
"""Share of the cells that are tags in a column of tags, of a table that may be damaged."""
SENTENCES = frozenset(["sentence", "sentenceid", "sentenceidx", "sentenceno", "sent", "sentid", "sentidx", "sid"])
_WORDS = frozenset(["word", "words", "token", "tokens"])
_TAGS = frozenset(["tag", "tags", "ner", "nertag", "nertags", "label", "labels", "entity", "bio", "iob"])


def grouped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with one word per row as one sentence per row, with lists ``tokens`` and ``tags``.

    Such a table has a column that numbers the sentences (``sentence_id``, ``Sentence #``; blanks repeat the number
    above), a column of words and one of tags. Other columns are kept if they have one value per sentence. The index is
    that of the first words. Any other table is returned as it is.
    """
    roles = _roles(frame)
    if roles is None:
        return frame
    sentence, word, tag = roles
    numbers = frame[sentence]
    numbers = numbers.mask(numbers.astype("string").str.strip().eq("").fillna(False).astype(bool)).ffill()
    # Not by value: some files restart the numbers in each document.
    begins = numbers.ne(numbers.shift()).to_numpy(dtype=bool)
    parts = frame.groupby(begins.cumsum(), sort=False)
    rest = [name for name in frame.columns if name not in roles]
    single = [name for name in rest if parts[name].nunique(dropna=False).max() == 1]
    rows = frame.loc[begins, [sentence, *single]]
    for name, column in (("tokens", word), ("tags", tag)):
        rows[name] = [part.tolist() for _, part in parts[column]]
    return rows


def _roles(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    named = {re.sub(r"[^a-z]", "", str(name).lower()): str(name) for name in frame.columns}
    columns = [next((named[key] for key in named if key in known), None) for known in (SENTENCES, _WORDS, _TAGS)]
    sentence, word, tag = columns
    if sentence is None or word is None or tag is None or not len(frame):
        return None
    values = [value for value in frame[tag].head(_LOOKED_AT).tolist() if not missing(value)]
    tagged = sum(isinstance(value, str) and tags.parts(value) is not None for value in values)
    if not values or tagged < _SURE * len(values):
        return None
    return sentence, word, tag

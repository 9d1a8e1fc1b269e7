"""What the entries of a model's card are, and those that a run records: its options and the digests of its data."""

from __future__ import annotations

from bertmagic.disk.kinds import (
    COUNT,
    NUMBER,
    OBJECT,
    PLAIN,
    REAL,
    TEXT,
    TEXTS,
    TRUTH,
    Kind,
    choice,
    list_of,
    number,
    object_of,
    or_null,
    whole,
)  # fmt: skip

_LARGEST = 1e300

_TEXT = or_null(TEXT)
_COLUMNS = Kind("the name of a column, or a list of them", lambda value: _TEXT.fits(value) or TEXTS.fits(value))
_VALUE = Kind("a text, a number or a list", lambda value: value is None or isinstance(value, str | int | float | list))
_CLASSES = Kind(
    "a list of different texts or whole numbers",
    lambda value: (
        isinstance(value, list)
        and all(isinstance(one, str | int) for one in value)
        and len({(type(one), one) for one in value}) == len(value)
    ),
)
_SIZE = whole(1, 10**9, "a whole number above 0")  # no encoder reads more tokens
_POSITIVE = number(1e-300, _LARGEST, "a number above 0")
_REALS = list_of(REAL, "numbers")
_INTERVAL = Kind("two numbers", lambda value: _REALS.fits(value) and len(value) == 2)
_BASELINE = object_of(
    {"metric": TEXT, "metrics": object_of(each=REAL), "difference": REAL, "interval": or_null(_INTERVAL)}
)
_PART = object_of({"name": TEXT, "rows": COUNT, "columns": object_of(each=_COLUMNS), "sha256": TEXT})

FACTS = {
    "options": object_of(each=PLAIN),
    "data": object_of(each=_PART),
}  # fmt: skip
"""What a run records of itself: options, and the names, sizes and digests of its rows."""

CARD = {
    **dict.fromkeys(("text", "label", "question", "context", "answers", "document"), _COLUMNS),
    **dict.fromkeys(("task", "encoder", "separator"), TEXT),
    **dict.fromkeys(("encoder_digest", "encoder_revision", "weights_digest", "readme", "verdict"), _TEXT),
    **dict.fromkeys(("valid", "all_pieces", "nsp", "whole_words", "packing"), TRUTH),
    **{name: or_null(kind) for name, kind in FACTS.items()},
    "labels": _CLASSES,
    "tags": list_of(TEXT, "texts"),
    "thresholds": list_of(NUMBER, "numbers"),
    "temperature": _POSITIVE,
    "scale": _POSITIVE,
    "mean": NUMBER,
    "no_answer_threshold": or_null(NUMBER),
    "max_length": _SIZE,
    "max_answer_length": _SIZE,
    "stride": or_null(whole(0, 10**9, "a whole number")),
    "long_text": choice("truncate", "head_tail", "window"),
    "lr": or_null(number(0, _LARGEST, "a number")),
    "pooling": or_null(choice("mean", "first")),
    "metrics": or_null(object_of(each=_VALUE)),
    "intervals": or_null(object_of(each=or_null(_INTERVAL))),
    "baselines": or_null(object_of(each=_BASELINE)),
    "versions": or_null(object_of(each=TEXT)),
    "run": or_null(OBJECT),
    "explain": or_null(object_of({"method": TEXT})),
}
"""The entries of a card by their names."""

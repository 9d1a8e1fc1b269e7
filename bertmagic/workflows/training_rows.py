"""The training rows of a model that was trained before, for baselines: found again by their digest."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic import options
from bertmagic.errors import BertMagicError, OptionError
from bertmagic.events import Listener, Phase, ignore
from bertmagic.options import paths
from bertmagic.workflows.prepare import digests, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bertmagic.data.rows import LabelledRows

_CANDIDATES = 8
"""How many of the user's variables are read at most."""
_MOST = 20
"""A variable with more rows than this times those of training is not read."""
_KINDS = {"DataFrame": ("pandas", "polars"), "Dataset": ("datasets",), "Table": ("pyarrow",)}
"""Classes of tables, and their packages: no other object is looked into."""


@dataclass(frozen=True)
class _Recorded:
    """What a card says of the training rows of its model."""

    options: Mapping[str, Any]
    name: str
    rows: int
    columns: frozenset[str]
    sha256: str

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> _Recorded:
        train = (card.get("data") or {}).get("train", {})
        named = [
            part for column in (train.get("columns") or {}).values()
            for part in (column if isinstance(column, list | tuple) else [column]) if isinstance(part, str)
        ]  # fmt: skip
        return cls(
            card.get("options") or {}, str(train.get("name") or "rows that are not named"), int(train.get("rows") or 0),
            frozenset(named), str(train.get("sha256") or ""),
        )  # fmt: skip


def require(card: Mapping[str, Any], model: str, baseline: str, emit: Listener) -> LabelledRows:
    """Return the training rows of a model.

    Raises
    ------
    OptionError
        If they are neither in their file nor in a variable.
    """
    emit(Phase(f"looking for the training rows of {model}"))
    recorded = _Recorded.of(card)
    rows = _find(recorded)
    if rows is not None:
        return rows
    raise OptionError(
        f"{baseline!r} is trained on the training rows of {model!r}, and these are no longer at hand: "
        f"{recorded.name}; no file or variable has them as they were.",
        "Give them with --train DATA (train = … in Python).",
    )


def _find(recorded: _Recorded) -> LabelledRows | None:
    """Return the recorded rows if a file or a variable has them unchanged; else None."""
    if not recorded.sha256:
        return None
    source = recorded.options.get("train")
    if isinstance(source, str) and (source.startswith("sample:") or paths.path(source, "train").exists()):
        return _read(recorded, source)
    read = (_read(recorded, table) for table in _tables(recorded))
    return next((rows for rows in read if rows is not None), None)


def _read(recorded: _Recorded, train: Any) -> LabelledRows | None:
    """Return the training rows that a run makes of a table; None if these are not the recorded ones."""
    known = {entry.name for entry in options.table(options.Finetune)}
    given = {name: value for name, value in recorded.options.items() if name in known} | {"train": train}
    for others in ({}, {"validation": 0, "test": None}):  # those of another variable are not at hand
        try:
            prepared = prepare(options.read(options.Finetune, given | others), ignore)
        except BertMagicError:
            continue
        if digests(prepared)["train"]["sha256"] == recorded.sha256:
            return prepared.train
    return None


def _tables(recorded: _Recorded) -> Iterator[Any]:
    """Yield the user's tables that may have been the training rows, the one of the recorded name first."""
    variables = list(vars(sys.modules["__main__"]).items())
    variables.sort(key=lambda pair: pair[0] != recorded.name)
    seen: set[int] = set()
    for _, value in variables:
        if id(value) not in seen and len(seen) < _CANDIDATES and _may_be(recorded, value):
            seen.add(id(value))
            yield value


def _may_be(recorded: _Recorded, value: Any) -> bool:
    """Whether a value is a table with enough rows, and the columns of training."""
    kind = type(value)
    if kind.__module__.partition(".")[0] not in _KINDS.get(kind.__name__, ()):
        return False
    names = value.column_names if kind.__name__ != "DataFrame" else value.columns
    return recorded.rows <= len(value) <= _MOST * recorded.rows and recorded.columns <= {str(name) for name in names}

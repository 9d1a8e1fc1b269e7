"""The training rows of a run, for baselines and explanations: kept in its folder, and found again by their digest."""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic import options, tasks
from bertmagic.data import tables
from bertmagic.data.rows import overlap
from bertmagic.data.texts import cells
from bertmagic.disk import files, paths
from bertmagic.errors import BertMagicError, OptionError, count
from bertmagic.events import Listener, Note, Phase, ignore
from bertmagic.magic_words import without_magics
from bertmagic.run import folders
from bertmagic.workflows.prepare import ROLES, digest, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from bertmagic.data.rows import LabelledRows
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.workflows.prepare import Prepared

MOST = 8_000_000
"""The most bytes of the kept rows of a run, compressed."""
_LETTERS = 10 * MOST
"""Rows with more letters are not compressed to see how large they are."""

_INDEX = "bertmagic: index of the row"
"""The column of the kept rows with the user's index."""

_SOON = 20_000
"""So many rows of a file are read again within seconds."""

_CANDIDATES = 8
"""How many of the user's variables are read at most."""
_MOST = 20
"""A variable with more rows than this times those of training is not read."""
_KINDS = {"DataFrame": ("pandas", "polars"), "Dataset": ("datasets",), "Table": ("pyarrow",)}
"""Classes of tables, and their packages: no other object is looked into."""


@dataclass(frozen=True)
class _Recorded:
    """What the card of a model says of its training rows; ``model`` is its name."""

    model: str
    card: Mapping[str, Any]
    options: Mapping[str, Any]
    name: str
    rows: int
    columns: frozenset[str]
    sha256: str

    @classmethod
    def of(cls, card: Mapping[str, Any], model: str) -> _Recorded:
        train = (card.get("data") or {}).get("train", {})
        named = [
            part for column in (train.get("columns") or {}).values()
            for part in (column if isinstance(column, list | tuple) else [column]) if isinstance(part, str)
        ]  # fmt: skip
        return cls(
            model, card, card.get("options") or {}, str(train.get("name") or "rows that are not named"),
            int(train.get("rows") or 0), frozenset(named), str(train.get("sha256") or ""),
        )  # fmt: skip


def keep(name: str, prepared: Prepared, given: Finetune | Pretrain, emit: Listener) -> None:
    """Keep the training rows in the folder of a run, if baselines may need them and they are in no file; say so."""
    if not getattr(given, "keep_rows", False) or not prepared.task.baselines or _in_file(given.train):
        return
    path = folders.run_folder(name) / folders.ROWS
    rows, without = count(len(prepared.train), "training row"), without_magics("a later comparison needs --train DATA.")
    try:
        packed = _packed(prepared)
        if packed is None:
            emit(Note(f"The {rows} are not kept with the run, as they take more than {MOST // 10**6} MB: {without}"))
            return
        files.write(path, packed)
    except Exception as error:  # a cell that Arrow cannot hold, or a full disk: the run matters more
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        emit(Note(f"The {rows} could not be kept with the run ({reason}): {without}"))
        return
    kilobytes = f"{max(1, round(len(packed) / 1000)):,} kB"
    emit(Note(f"The {rows} are kept in {path} ({kilobytes}) for later baselines; keep_rows = False keeps none."))


def _packed(prepared: Prepared) -> bytes | None:
    """Return the training rows, as they were given, as a compressed Arrow file; None if they are too many."""
    import pyarrow as pa

    train = prepared.train
    if sum(len(text) for texts in (train.texts, train.second or ()) for text in texts) > _LETTERS:
        return None
    columns = {
        name: pa.array(list(cells(column.iloc[train.positions])), from_pandas=True)
        for name, column in prepared.source.items()
    }
    with suppress(pa.ArrowException):  # an index of tuples, say: such rows are numbered
        columns[_INDEX] = pa.array(train.index.tolist())
    table, file = pa.table(columns), io.BytesIO()
    with pa.ipc.new_file(file, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return file.getvalue() if file.tell() <= MOST else None


def _in_file(source: Any) -> bool:
    return isinstance(source, str) and (source.startswith("sample:") or paths.path(source, "train").exists())


def require(card: Mapping[str, Any], model: str, baseline: str, emit: Listener) -> LabelledRows:
    """Return the training rows of a model.

    Raises
    ------
    OptionError
        If they are neither in the folder of the run, nor in their file, nor in a variable.
    """
    rows, gone = _looked_for(card, model, f"{baseline!r} is trained on", emit)
    if rows is None:
        raise OptionError(gone, "Give them to the comparison: --train DATA.")
    return rows


def require_for_explanation(card: Mapping[str, Any], model: str, emit: Listener) -> LabelledRows:
    """Return the training rows of a model that are searched for those behind a prediction.

    Raises
    ------
    OptionError
        If they are neither in the folder of the run, nor in their file, nor in a variable.
    """
    rows, gone = _looked_for(card, model, "rows = 'train' looks through", emit)
    if rows is None:
        raise OptionError(
            gone,
            "Put the file back as it was, or make the table a variable again. A run keeps its rows: keep_rows = True.",
        )
    return rows


def _looked_for(card: Mapping[str, Any], model: str, what: str, emit: Listener) -> tuple[LabelledRows | None, str]:
    """Return the training rows of a model, or None and what an error says."""
    emit(Phase(f"looking for the training rows of {model}"))
    recorded = _Recorded.of(card, model)
    return _find(recorded), (
        f"{what} the training rows of {model!r}, and these are no longer at hand: "
        f"{recorded.name}; neither the folder of the run, nor a file or a variable has them as they were."
    )


def trained_on(card: Mapping[str, Any], model: str, rows: LabelledRows) -> int:
    """Return how many rows a model was trained on; 0 if its training rows are not at hand at little cost."""
    try:
        recorded = _Recorded.of(card, model)
        source = recorded.options.get("train")
        train = _kept(recorded) if recorded.sha256 else None
        if train is None and recorded.sha256 and recorded.rows <= _SOON and _in_file(source):
            train = _read(recorded, source)
        return 0 if train is None else len(overlap(rows, train))
    except Exception:  # a file that is another one by now, in any way: the report matters more
        return 0


def _find(recorded: _Recorded) -> LabelledRows | None:
    """Return the recorded rows if the folder of the run, a file or a variable has them unchanged; else None."""
    if not recorded.sha256:
        return None
    if (rows := _kept(recorded)) is not None:
        return rows
    source = recorded.options.get("train")
    if _in_file(source):
        return _read(recorded, source)
    read = (_read(recorded, table) for table in _tables(recorded))
    return next((rows for rows in read if rows is not None), None)


def _kept(recorded: _Recorded) -> LabelledRows | None:
    """Return the rows that were kept with the run; None if there are none, or they are not the recorded ones."""
    import pandas as pd
    import pyarrow as pa

    try:
        with pa.OSFile(str(folders.run_folder(recorded.model) / folders.ROWS)) as file, pa.ipc.open_file(file) as kept:
            table = kept.read_all()
        frame = pd.DataFrame({name: table.column(name).to_pylist() for name in table.column_names})
        if _INDEX in frame:
            frame = frame.set_index(_INDEX).rename_axis(None)
        rows = _examples(recorded, frame)
    except (OSError, ValueError, pa.ArrowException, BertMagicError):
        return None
    return replace(rows, name=recorded.name) if digest(rows) == recorded.sha256 else None


def _examples(recorded: _Recorded, frame: pd.DataFrame) -> LabelledRows:
    """Return rows as the task of the model reads them."""
    task = tasks.find(recorded.card["task"]).from_card(recorded.card, {})
    table = tables.read(task.source(frame), "train")
    columns, _ = task.columns(table, {role: recorded.card.get(role) for role in ROLES})
    return task.examples(table, columns)[0]


def _read(recorded: _Recorded, train: Any) -> LabelledRows | None:
    """Return the training rows that a run makes of a table; None if these are not the recorded ones."""
    known = {entry.name for entry in options.table(options.Finetune)}
    given = {name: value for name, value in recorded.options.items() if name in known} | {"train": train}
    parts = [value for value in map(given.get, ("validation", "test")) if isinstance(value, str)]
    for others in ({}, {"validation": 0, "test": None}):  # those of another variable are not at hand
        if not others and not all(map(_in_file, parts)):  # a card comes from anywhere: it does not ask the hub
            continue
        try:
            prepared = prepare(options.read(options.Finetune, given | others), ignore)
        except BertMagicError:
            continue
        if digest(prepared.train) == recorded.sha256:
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

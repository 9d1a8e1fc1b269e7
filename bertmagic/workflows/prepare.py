"""The rows of a run: read, checked for their task, and split into training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import columns as naming
from bertmagic.data import split, tables
from bertmagic.data.columns import several
from bertmagic.data.formats.header import UnsureHeader
from bertmagic.data.formats.reading import of_options
from bertmagic.data.report import Finding
from bertmagic.data.rows import overlap
from bertmagic.errors import DataError, OptionError, count
from bertmagic.events import Note, Phase
from bertmagic.run import folders
from bertmagic.tasks import choose, source
from bertmagic.workflows import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from bertmagic.data.rows import LabelledRows
    from bertmagic.data.tables import Role, Table
    from bertmagic.events import Listener
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.options.terms import Keep
    from bertmagic.tasks import Task

ROLES = ("text", "label", "question", "context", "answers", "document")
"""The options that name columns."""


@dataclass(frozen=True)
class Prepared:
    """The rows of a run, checked and split.

    ``columns`` has their columns by role; ``notes`` say what was inferred, dropped or held out, and begin with
    ``read_notes``, on how files were read and which columns were taken; ``keep`` is which
    weights the run keeps, ``best`` or ``last``; ``held_out`` the share of the training rows that was held out, None if
    validation rows were given; ``source`` has the columns of the table that ``train`` was read from.
    """

    task: Task
    train: LabelledRows
    validation: LabelledRows | None
    test: LabelledRows | None
    columns: Mapping[str, Any]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    read_notes: tuple[str, ...] = ()
    keep: Keep = "best"
    held_out: float | None = None
    source: Mapping[str, pd.Series] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, LabelledRows]:
        """The rows of ``train`` and, where there are any, of ``validation`` and ``test``."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {part: rows for part, rows in parts.items() if rows is not None}


def named_columns(options: Any) -> dict[str, Any]:
    """Return the columns that options name, by their role."""
    return {role: getattr(options, role, None) for role in ROLES}


def columns_of(kind: type[Task], table: Table, options: Any) -> tuple[dict[str, Any], str]:
    """Return the columns by their role, and a line about what was inferred; see `Task.columns`.

    Raises
    ------
    DataError
        If a column is missing or not clear, with how the file was read: another reading may be the fix.
    """
    named = named_columns(options)
    try:
        return kind.columns(naming.narrowed(table, named, kind.usual_names), named)
    except DataError as error:
        raise DataError(error.what, " ".join(filter(None, (error.fix, naming.width_note(table), table.note)))) from None


def prepare(options: Finetune | Pretrain, emit: Listener) -> Prepared:
    """Read the data of a run, find its task and columns, check its rows and split them.

    Raises
    ------
    BertMagicError
        If data or options cannot be used.
    """
    emit(Phase("reading the data"))
    parts = _read(options, emit)
    emit(Phase("checking the data"))
    kind = choose(options.task, parts["train"], named_columns(options))
    prepared = check_rows(kind, options, parts)
    _check_options(options, prepared)
    return prepared


def given(options: Finetune | Pretrain, rows: Any) -> Any:
    """Return the rows of a part in a form that `tables.read` reads; of those in a file, as the options say."""
    return source(options.task, tables.read_as(rows, of_options(options), may_be_object=rows is not options.train))


def _read(options: Finetune | Pretrain, emit: Listener) -> dict[str, Table]:
    """Return the tables of train and, where there are any, of validation and test."""
    splits = tables.read_splits(given(options, options.train))
    parts = {"train": tables.read(splits, "train")}
    if options.validation is not None and not isinstance(options.validation, int | float):
        parts["validation"] = _read_like(parts["train"], options, options.validation, "validation")
    elif splits.has("validation"):
        parts["validation"] = tables.read(splits, "validation")
        emit(Note(f"Validation is {parts['validation'].name}, which came with train."))
    if options.test is not None:
        parts["test"] = _read_like(parts["train"], options, options.test, "test")
    return parts


def _read_like(train: Table, options: Finetune | Pretrain, rows: Any, role: Role) -> Table:
    """Read the rows of a part; a first row that may be names or data is what it is in the file of train."""
    try:
        return tables.read(given(options, rows), role)
    except UnsureHeader:
        has_names = train.columns != [str(number) for number in range(len(train.columns))]
        return tables.read(given(replace(options, header=has_names), rows), role)


def _check_options(options: Finetune | Pretrain, prepared: Prepared) -> None:
    """Raise an `OptionError` now, and not after hours of training, for what the task or the rows do not allow."""
    resolve.metric(options.metric, prepared.task)
    if not getattr(options, "calibrate", False):
        return
    if not prepared.task.calibrates:
        raise OptionError(
            f"calibrate is for probabilities of classes, and {prepared.task.name} gives none.", "Leave it out."
        )
    if prepared.validation is None:
        raise OptionError("calibrate = True needs validation rows.", "Leave validation out, or give a share or rows.")


def check_rows(kind: type[Task], options: Finetune | Pretrain, parts: Mapping[str, Table]) -> Prepared:
    """Check the rows of a run, hold validation rows out if there are none, and keep each row on one side only.

    Parameters
    ----------
    parts
        ``train`` and, where given, ``validation`` and ``test``.
    """
    columns, note = columns_of(kind, parts["train"], options)
    task, train, findings = kind.read(parts["train"], columns, options)
    read_notes = tuple(dict.fromkeys(filter(None, (*(table.note for table in parts.values()), note))))
    notes, others = [*read_notes], {}
    # Before rows are held out, so that a test row becomes neither a training nor a validation row.
    for part in [name for name in ("validation", "test") if name in parts]:
        others[part], part_findings = task.examples(parts[part], columns)
        findings += [replace(finding, what=f"{parts[part].name}: {finding.what}") for finding in part_findings]
        train = _without_overlap(task, train, others[part], findings)
    validation = others.get("validation")
    chosen = resolve.hold_out(options, task, len(train), validation is not None, "test" in others)
    if chosen.share > 0:
        train, validation = _hold_out(task, train, chosen.share, options.seed)
        notes.append(f"Held out {len(validation):,} of {len(train) + len(validation):,} rows for validation.")
    notes += [chosen.reason] if chosen.reason else []
    return Prepared(
        task, train, validation, others.get("test"), columns, tuple(findings), tuple(notes), read_notes, chosen.keep,
        None if "validation" in others else chosen.share, _source(parts["train"], columns),
    )  # fmt: skip


def _source(table: Table, columns: Mapping[str, Any]) -> dict[str, pd.Series]:
    """Return the columns of a table that a run reads, by their names."""
    given = [several(named) for named in columns.values() if isinstance(named, str | list | tuple)]
    read = {column for named in given for column in named}
    return {name: table.frame.iloc[:, at] for at, name in enumerate(table.columns) if name in read}


def _hold_out(task: Task, train: LabelledRows, share: float, seed: int) -> tuple[LabelledRows, LabelledRows]:
    import numpy as np

    classes = task.strata(train)
    kept, held = split.holdout(
        np.zeros(len(train), np.int64) if classes is None else classes, share, seed, task.group_ids(train)
    )
    if not len(held):
        raise DataError(
            f"{train.name} has too few rows ({len(train)}) to hold some out for validation.",
            "Give more rows, or validation = 0 to do without.",
        )
    return train.take(kept), train.take(held, f"{count(len(held), 'row')} held out of {train.name}")


def _without_overlap(task: Task, train: LabelledRows, other: LabelledRows, findings: list[Finding]) -> LabelledRows:
    import numpy as np

    twice = overlap(train, other)
    if not len(twice):
        return train
    rows = tuple(train.index[twice[:5]])
    what = f"{count(len(twice), 'training row is', 'training rows are')} in {other.name}, too"
    findings.append(Finding("warning", f"{what}.", "They are dropped from train.", rows, len(twice)))
    kept = train.take(np.setdiff1d(np.arange(len(train)), twice))
    if task.strata(train) is not None and len(task.counts(kept)) < len(task.counts(train)):
        raise DataError(f"{what}, and without them a class has no row left.", "Give other rows for validation or test.")
    if not len(kept):
        raise DataError(f"{what}, and train has no other rows.", "Give other rows for validation or test.")
    return kept


def digests(prepared: Prepared) -> dict[str, Any]:
    """Return name, size, columns and digest of each part, by which a later run knows the same rows again."""
    return {
        part: {
            "name": rows.name,
            "rows": len(rows),
            "columns": dict(prepared.columns),
            "sha256": digest(rows),
        }
        for part, rows in prepared.parts.items()
    }


def digest(rows: LabelledRows) -> str:
    """Return the SHA-256 of texts and targets."""
    return folders.digest(rows.texts, *([rows.second] if rows.second else []), rows.targets.tolist())

"""Rows divided into those that are learnt from, those that choose the best weights, and those of the last report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, split
from bertmagic.data.report import Finding
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.data.checks import LabelledRows
    from bertmagic.data.tables import Table
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.tasks import Task

ROLES = ("text", "label", "question", "context", "answers", "document")
"""The options that name columns."""


@dataclass(frozen=True)
class Prepared:
    """The rows of a run, checked and split.

    ``columns`` says which columns they are of, by their role; ``notes`` say what was inferred, dropped or held out.
    """

    task: Task
    train: LabelledRows
    validation: LabelledRows | None
    test: LabelledRows | None
    columns: Mapping[str, Any]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def asked(options: Any) -> dict[str, Any]:
    """Return the columns that options name, by their role."""
    return {role: getattr(options, role, None) for role in ROLES}


def prepare(kind: type[Task], options: Finetune | Pretrain, tables: Mapping[str, Table]) -> Prepared:
    """Check the rows of a run, hold validation rows out where none are given, and drop what stands on both sides.

    Parameters
    ----------
    tables
        ``train`` and, where given, ``validation`` and ``test``.
    """
    columns, said = kind.columns(tables["train"], asked(options))
    task, train, findings = kind.read(tables["train"], columns, options)
    notes, given = [said] if said else [], {}
    # Before any row is held out: a row of test must not be chosen by either.
    for part in [name for name in ("validation", "test") if name in tables]:
        given[part], found = task.examples(tables[part], columns)
        findings += [replace(finding, what=f"{tables[part].name}: {finding.what}") for finding in found]
        train = _without_overlap(task, train, given[part], findings)
    validation = given.get("validation")
    if validation is None and isinstance(options.validation, int | float) and options.validation > 0:
        train, validation = _hold_out(task, train, float(options.validation), options.seed)
        notes.append(f"Held out {len(validation):,} of {len(train) + len(validation):,} rows for validation.")
    return Prepared(task, train, validation, given.get("test"), columns, tuple(findings), tuple(notes))


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
    return train.take(kept), train.take(held, f"{len(held):,} rows held out of {train.name}")


def _without_overlap(task: Task, train: LabelledRows, other: LabelledRows, findings: list[Finding]) -> LabelledRows:
    import numpy as np

    twice = checks.overlap(train, other)
    if not len(twice):
        return train
    rows = tuple(train.index[twice[:5]])
    what = f"{len(twice):,} training rows stand in {other.name} too"
    findings.append(Finding("warning", f"{what}.", "They are dropped from train.", rows, len(twice)))
    kept = train.take(np.setdiff1d(np.arange(len(train)), twice))
    if task.strata(train) is not None and len(task.counts(kept)) < len(task.counts(train)):
        raise DataError(f"{what}, and without them a class has no row left.", "Give other rows for validation or test.")
    if not len(kept):
        raise DataError(f"{what}, and without them there is none.", "Give other rows for validation or test.")
    return kept

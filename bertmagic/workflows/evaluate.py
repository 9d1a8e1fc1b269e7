"""Evaluation of a model on labelled rows: metrics, slices, errors, probes and label issues."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import columns as naming
from bertmagic.data import tables
from bertmagic.errors import DataError, FileError, ModelError, OptionError, TrainingError, count, listing
from bertmagic.evaluation import counterfactuals, errors, fairness, operating_points, slices, traits
from bertmagic.evaluation import label_issues as issues
from bertmagic.events import Listener, Phase
from bertmagic.models import adapters, saving
from bertmagic.options import LOWER_IS_BETTER
from bertmagic.run import folders
from bertmagic.run.locks import RunLock
from bertmagic.workflows import embed, predict, training_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import LabelledRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.bootstrap import Tally
    from bertmagic.evaluation.calibration import Calibration
    from bertmagic.evaluation.outcomes import Outcomes
    from bertmagic.evaluation.report import Gap, Issue, Point, Probe, Report
    from bertmagic.tasks import Task
    from bertmagic.text_model import TextModel

By = str | Callable[[Any], Any]

_ISSUES = 500
"""Maximum number of label issues in a report."""
_RUN_ERRORS = 50
"""Maximum number of mistakes to read in the report of a run."""
_RUN_ROWS = 20_000
"""Up to so many rows the report of a run has parts of the rows."""


@dataclass(frozen=True)
class Asked:
    """What a report should have in addition to the metrics; see `TextModel.evaluate`."""

    by: Sequence[By] = ()
    at: Sequence[str] = ()
    label_issues: bool = False
    probe: Any = None
    train: Any = None


@dataclass(frozen=True)
class _Run:
    """Rows and the outputs of the model for them.

    ``table`` does not have the rows of ``unseen``, the labels that the model does not know.
    """

    model: TextModel
    table: Table
    columns: Mapping[str, Any]
    rows: LabelledRows
    tokens: Tokens
    scores: npt.NDArray[np.float32]
    notes: tuple[str, ...]
    unseen: Mapping[str, int]

    @property
    def frame(self) -> pd.DataFrame:
        """The user's columns of the measured rows."""
        return self.table.frame.iloc[self.rows.positions]


def evaluate(model: TextModel, data: Any, columns: Mapping[str, Any], asked: Asked, emit: Listener) -> Report:
    """Measure a model on rows with labels; see `TextModel.evaluate`."""
    began, _ = time.perf_counter(), model.network  # a model that was unloaded fails before any work
    _possible(model.task, asked)
    for wanted in asked.at:
        operating_points.read(wanted)
    lists = counterfactuals.terms(asked.probe, folders.home()) if asked.probe is not None else ()
    table = tables.read(model.task.source(data), "test")
    for column in asked.by:
        if isinstance(column, str):
            naming.require(table, column, "by")
    run = _run(model, table, columns, emit)
    seconds = time.perf_counter() - began
    report = model.task.report(
        run.scores,
        run.rows,
        run.tokens,
        model=model.name,
        data=table.name,
        main=model.task.main_metric,
        skipped=len(run.table.frame) - len(run.rows),
        seconds=seconds,
        tokens=len(run.tokens.ids),
        notes=run.notes,
        trained_on=training_rows.trained_on(model.card, folders.run_of(model.folder) or model.name, run.rows),
    )
    emit(Phase("looking at parts of the rows"))
    report = _sliced(run, replace(report, unseen=run.unseen), asked.by)
    if report.outcomes is None:
        return report
    found, notes = _issues(run, report.outcomes, report.labels, asked, emit)
    return replace(
        report,
        notes=(*report.notes, *notes),
        errors=errors.find(report.outcomes, report.labels, model=report.model),
        points=_points(report.outcomes, report.labels, asked.at),
        probes=_probes(run, lists, emit),
        issues=found[:_ISSUES],
    )


def _possible(task: Task, asked: Asked) -> None:
    """Raise an `OptionError` if something was asked for that no report of this task has."""
    wants_rows = asked.by or asked.at or asked.label_issues or asked.probe is not None or asked.train is not None
    if wants_rows and not task.has_row_outcomes:
        raise OptionError(
            f"{task.name} has no right or wrong rows: by, at, probe, label_issues and train are for those.",
            "Leave them out.",
        )
    if asked.at and not task.calibrates:
        raise OptionError(f"at is for classes, and {task.name} gives no probabilities.", "Leave it out.")
    if asked.probe is not None and (not task.calibrates or len(task.inputs) > 1):
        raise OptionError(f"a probe is for classes of single texts, not for {task.name} as here.", "Leave it out.")


def _run(model: TextModel, table: Table, asked: Mapping[str, Any], emit: Listener) -> _Run:
    """Return the rows of a table and the outputs of the model for them."""
    import numpy as np

    task = model.task
    known = predict.trained(model, table) | {role: column for role, column in asked.items() if column}
    columns, _ = task.columns(naming.narrowed(table, known, task.usual_names), known)
    unseen: Mapping[int, str] = task.unseen(table, columns)
    if len(unseen) == len(table.frame):
        unseen = {}  # no row has a known label: `Task.examples` raises the error
    kept = np.setdiff1d(np.arange(len(table.frame)), list(unseen))
    table = replace(table, frame=table.frame.iloc[kept]) if unseen else table
    rows, findings = task.examples(table, columns)
    tokens, scores = predict.run(model, rows, emit)
    notes = [*filter(None, [table.note]), *(finding.sentence for finding in findings), *predict.notes_on(model, tokens)]
    broken = _broken(scores, tokens)
    if len(broken):
        notes.append(_no_numbers(model, rows, broken))
        rows = rows.take(np.setdiff1d(np.arange(len(rows)), broken))
        tokens, scores = predict.run(model, rows, emit)
    counts = dict(Counter(unseen.values()).most_common())
    return _Run(model, table, columns, rows, tokens, scores, tuple(notes), counts)


def _broken(scores: npt.NDArray[np.float32], tokens: Tokens) -> npt.NDArray[np.int64]:
    """Return the rows with NaN among the outputs of the model."""
    import numpy as np

    bad = np.flatnonzero(np.isnan(scores.reshape(len(scores), -1)).any(axis=1))
    owner = tokens.owner if len(scores) == len(tokens) else np.repeat(tokens.owner, tokens.lengths)
    return np.unique(owner[bad])


def _no_numbers(model: TextModel, rows: LabelledRows, broken: npt.NDArray[np.int64]) -> str:
    """Return a note about rows with NaN, or raise a `ModelError` if all rows have NaN."""
    which = listing((str(rows.index[at]) for at in broken[:5]), 5)
    if len(broken) == len(rows):
        raise ModelError(
            f"{model.name!r} returns NaN for each of {count(len(rows), 'row')}: its weights are broken.",
            "Train it again with a lower lr, or load it with precision = 'fp32'.",
        )
    return f"The model returns NaN for {count(len(broken), 'row')}, such as {which}: left out."


def _sliced(run: _Run, report: Report, by: Sequence[By]) -> Report:
    """Return a report with the slices that the user asked for and the automatic ones, and the gaps between groups."""
    import pandas as pd

    asked = pd.DataFrame({name: values.to_numpy() for name, values in _columns(run.frame, by)})
    if report.outcomes is None:
        return report
    notes = [
        f"Column {name!r} has {slices.MOST + rest:,} different values; the {slices.MOST} with the most rows are shown."
        for name in asked
        if (rest := slices.left_out(asked[name]))
    ]
    gaps, lacking = _gaps(report.outcomes, report.labels, asked)
    report = _with_parts(report, asked, report.outcomes.tallies)
    return replace(report, gaps=gaps, notes=(*report.notes, *notes, *lacking))


def at_the_end_of_a_run(report: Report) -> Report:
    """Return the report of a run with what needs no further pass: parts of the rows by the main metric, rows to read.

    Of many rows the parts are left out, as reading all texts takes too long for the end of a run.
    """
    outcomes = report.outcomes
    if outcomes is None:
        return report
    report = replace(report, errors=errors.find(outcomes, report.labels, _RUN_ERRORS, report.model))
    main = [tally for tally in outcomes.tallies if report.main in tally.point_estimates()][:1]
    if len(outcomes) > _RUN_ROWS or not main:
        return report
    import pandas as pd

    return _with_parts(report, pd.DataFrame(index=range(len(outcomes))), main)


def _with_parts(report: Report, asked: pd.DataFrame, tallies: Sequence[Tally]) -> Report:
    """Return a report with the metrics of parts of its rows: by the columns ``asked`` and by traits of the texts."""
    import pandas as pd

    assert report.outcomes is not None
    traits_of_rows = traits.traits(report.outcomes)
    if report.confusion is not None:
        traits_of_rows["true class"] = [report.labels[at] for at in report.outcomes.true]
    varied = [name for name in traits_of_rows if traits_of_rows[name].nunique() > 1 and name not in asked]
    both = pd.concat([asked, traits_of_rows[varied]], axis=1)
    parts = [[one for name in names for one in slices.measured(tallies, both[name])] for names in (asked, varied)]
    tested = slices.tested(report.outcomes, both, [*parts[0], *parts[1]])
    first = len(parts[0])
    by_asked, by_traits = (
        slices.worst_first(part, report.main, report.main not in LOWER_IS_BETTER)
        for part in (tested[:first], tested[first:])
    )
    return replace(report, slices=(*report.slices, *by_asked), automatic=by_traits)


def _columns(frame: pd.DataFrame, by: Sequence[By]) -> list[tuple[str, pd.Series]]:
    """Return the columns to slice by: columns of the user's table, and values that a function computes for each row.

    Raises
    ------
    OptionError
        That names the row for which a function failed.
    """
    import pandas as pd

    columns = []
    for number, criterion in enumerate(by, start=1):
        if isinstance(criterion, str):
            columns.append((criterion, frame[criterion]))
            continue
        name = getattr(criterion, "__name__", "<lambda>")
        values = []
        for row in range(len(frame)):
            try:
                values.append(criterion(frame.iloc[row]))
            except Exception as error:
                raise OptionError(
                    f"by: the function fails for row {frame.index[row]}: {type(error).__name__}: {error}.",
                    "It gets a row as a Series, as in lambda row: row.age > 30.",
                ) from error
        columns.append((f"function {number}" if name == "<lambda>" else name, pd.Series(values, dtype=object)))
    return columns


def _gaps(outcomes: Outcomes, names: Sequence[str], asked: pd.DataFrame) -> tuple[tuple[Gap, ...], tuple[str, ...]]:
    """Return the gaps between groups, and notes on groups without a gap; of two classes only those of the second."""
    import numpy as np

    if outcomes.probabilities is None:
        return (), ()
    given, wanted = outcomes.predicted > 0, outcomes.true > 0
    if outcomes.true.ndim == 1:
        classes = np.arange(len(names))[-1:] if len(names) == 2 else np.arange(len(names))
        given, wanted = (side[:, None] == classes for side in (outcomes.predicted, outcomes.true))
        names = [names[at] for at in classes]
    groups = [slices.named(asked[name]) for name in asked]
    gaps = tuple(gap for grouping in groups for gap in fairness.gaps(given, wanted, names, grouping))
    return gaps, tuple(note for grouping in groups if (note := fairness.lacking(wanted, names, grouping)))


def _points(outcomes: Outcomes, labels: Sequence[str], at: Sequence[str]) -> tuple[Point, ...]:
    """Return the thresholds that reach the wanted precision or recall."""
    import numpy as np

    chances = outcomes.probabilities
    if not at or chances is None:
        return ()
    wanted = outcomes.true > 0 if outcomes.true.ndim == 2 else outcomes.true[:, None] == np.arange(chances.shape[1])
    return tuple(point for one in at for point in operating_points.points(chances, wanted, labels, one))


def _probes(run: _Run, lists: Sequence[counterfactuals.Terms], emit: Listener) -> tuple[Probe, ...]:
    """Return how predictions change when words for people are swapped."""
    task = run.model.task
    before = task.probabilities(run.scores, run.tokens) if lists else None
    if before is None:
        return ()
    texts = list(run.rows.texts)
    swaps = counterfactuals.swaps(texts, lists)
    changed = [text for swap in swaps for text in swap.texts]
    after = _chances(run.model, changed, emit)
    probes, done = [], 0
    for swap in swaps:
        moved = after[done : done + len(swap.texts)]
        first = before[list(swap.rows)]
        probes.append(counterfactuals.measured(swap, first, moved, task.decided(first), task.decided(moved), texts))
        done += len(swap.texts)
    return tuple(sorted(probes, key=lambda one: (-one.flipped, -one.moved)))


def _chances(model: TextModel, texts: Sequence[str], emit: Listener) -> npt.NDArray[np.float32]:
    """Return the probabilities of texts, ``(texts, classes)``."""
    import numpy as np
    import pandas as pd

    rows, _ = model.task.readable(
        pd.DataFrame({"text": list(texts)}, dtype=object), "the swapped texts", "the swapped texts"
    )
    if not len(rows):
        return np.zeros((0, 0), np.float32)
    tokens, scores = predict.run(model, rows, emit)
    probabilities = model.task.probabilities(scores, tokens)
    assert probabilities is not None
    return probabilities


def _issues(
    run: _Run, outcomes: Outcomes, labels: Sequence[str], asked: Asked, emit: Listener
) -> tuple[tuple[Issue, ...], list[str]]:
    """Return rows whose label may be wrong, that contradict each other, or that are also training rows; and notes."""
    suspects: list[Issue] = []
    notes: list[str] = []
    true_labels = [errors.value_text(true, labels) for true in outcomes.true]
    if asked.label_issues:
        if outcomes.probabilities is not None and outcomes.true.ndim == 1:
            features = embed.vectors(run.model, run.tokens, "mean", emit)
            emit(Phase("judging labels"))
            judged = issues.judge(features, outcomes.true, len(labels))
            notes.append(judged.note)
            suspects += issues.mislabelled(outcomes, judged.probabilities, labels)
        suspects += issues.contradicting(outcomes, true_labels)
    if asked.train is not None:
        table = tables.read(run.model.task.source(asked.train), "train")
        rows, _ = run.model.task.examples(table, run.columns)
        suspects += issues.leaked(outcomes, true_labels, [rows.text(at) for at in range(len(rows))], list(rows.index))
    return tuple(suspects), notes


def calibrate(model: TextModel, data: Any, columns: Mapping[str, Any], emit: Listener) -> Calibration:
    """Make a model's probabilities mean what they say; see `TextModel.calibrate`.

    Raises
    ------
    OptionError
        If it gives no probabilities of classes.
    """
    table = tables.read(model.task.source(data), "validation")
    run = _run(model, table, columns, emit)
    if len(run.rows) < 2:
        raise DataError(f"{table.name} has {len(run.rows)} row to calibrate on.", "Give some hundred rows.")
    task, calibration = model.task.calibrated(run.scores, run.rows, run.tokens, model=model.name, data=table.name)
    before = dict(model.card)
    model.task = task
    model.card.update(task.card())
    return replace(calibration, kept=keep_card(model, before))


def _is_kept(model: TextModel, before: Mapping[str, Any]) -> bool:
    """Whether the folder of a model has the card of ``before`` with the weights that are in memory."""
    if not (saving.holds(model.folder, before) and saving.has_card(model.folder, before)):
        return False
    digest = saving.saved_digest(model.folder)
    if digest is None or adapters.is_adapter(model.folder):  # merged on another device they differ in the last bits
        return bool(saving.read_card(model.folder))
    return digest == saving.weights_digest(model.network.state_dict())


def keep_card(model: TextModel, before: Mapping[str, Any]) -> str:
    """Write the card to the model's run if it still has the card of ``before``; return where it is kept."""
    advice = f"It is kept in this model only; model.save(path) writes it: {model.folder}"
    run = folders.run_of(model.folder)
    if run is None:
        return f"{advice} stays as it was loaded."
    try:
        with RunLock(run):
            if not _is_kept(model, before):
                return f"{advice} has another model by now."
            saving.write_card(model.folder, model.card)
    except (TrainingError, FileError) as error:  # it is being trained anew, or the disk refuses
        return f"{advice} was not changed, as {error.what}"
    return f"It is kept in the run {run!r}, too."

"""Any number of labels for each text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks, spelling
from bertmagic.data import columns as naming
from bertmagic.data.batches import BatchSource
from bertmagic.data.labels import Labels
from bertmagic.data.report import Finding
from bertmagic.data.rows import with_targets
from bertmagic.data.texts import strings
from bertmagic.errors import DataError, ModelError, count, listing
from bertmagic.evaluation import confusion_metrics
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report
from bertmagic.explain.scores import ExplainedScores
from bertmagic.models import loading
from bertmagic.tasks.calibrated_task import CalibratedTask
from bertmagic.tasks.description import Description, by_probability, predict_one
from bertmagic.tasks.multi_label import metrics as measured
from bertmagic.tasks.multi_label import reading
from bertmagic.tasks.multi_label.result import MultiLabelPredictions
from bertmagic.tasks.multi_label.usage import USAGE
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedTokenizerBase

    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.baselines import Targets
    from bertmagic.models.card import Usage
    from bertmagic.options import Finetune
    from bertmagic.tasks.base import Scores


@dataclass(frozen=True)
class MultiLabel(CalibratedTask):
    """Any number of labels for each text, or for each pair of texts: a binary decision for each label.

    Attributes
    ----------
    labels
        In the order of the model's outputs.
    thresholds
        A label is predicted if its probability reaches this: chosen on validation rows, 0.5 without them.
    separator
        Separator of the labels in texts of the label column; empty if it holds lists, or if each label has a column.
    paired
        Whether pairs are read.
    temperature
        Divisor of the logits that calibrates the probabilities; 1 without calibration.
    """

    name: ClassVar[str] = "multi_label"
    target_kind: ClassVar[Targets] = "labels"
    validation_metrics: ClassVar[tuple[str, ...]] = ("macro_f1", "micro_f1", "exact_match", "ranking_precision", "loss")
    has_thresholds: ClassVar[bool] = True
    main_metric: ClassVar[str] = "exact_match"
    target_noun: ClassVar[str] = "label"
    target_caption: ClassVar[str] = "Labels, the most frequent first; a row may have several, or none."
    several_labels: ClassVar[bool] = True
    usage: ClassVar[Usage] = USAGE
    decoder: ClassVar[str] = "label_sets"
    activation: ClassVar[str] = "sigmoid"
    labels: Labels
    thresholds: tuple[float, ...]
    separator: str = ""
    paired: bool = False
    temperature: float = 1.0

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines."""
        return ("majority", "tfidf", "linear_probe")

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Whether several label columns were named, or the label column holds what can only be several labels."""
        label = asked["label"]
        if label is None:
            label = naming.likely_label(table, asked["text"], _holds_labels)
        if label is None or not isinstance(label, str):
            return label is not None
        return label in table.columns and _holds_labels(table.frame[label])

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the text column, or both, and the column of the labels, or all of them."""
        label = asked["label"]
        if label is None and naming.likely_label(table, asked["text"], _holds_labels) is None:
            flags = [name for name in table.columns if reading.looks_like_flags(table.frame[name])]
            label = flags if len(flags) > 1 else None
        if label is None or isinstance(label, str):
            text, label, note = naming.text_and_label(table, asked["text"], label, _holds_labels)
        else:
            text, label, note = naming.text_and_flags(table, asked["text"], label)
        return {"text": text, "label": label}, " ".join(
            filter(None, (note, _reading_note(table, label, asked["label"])))
        )

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Finetune | None = None
    ) -> tuple[MultiLabel, LabelledRows, list[Finding]]:
        """Return the task with the labels of the column, or one label per column, and the rows that have labels."""
        label = columns["label"]
        separator = reading.separator_of(table.frame[label], asked=True) if isinstance(label, str) else ""
        rows, findings = _examples(table, columns, separator)
        assert rows.labels is not None
        task = cls(rows.labels, (measured.HALF,) * len(rows.labels), separator, rows.second is not None)
        return task, rows, findings + _label_findings(rows, rows.labels)

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> MultiLabel:
        """Take labels and thresholds from the card, else the labels from the config."""
        paired = isinstance(card.get("text"), list | tuple)
        if "labels" in card:
            labels, heat = Labels(tuple(card["labels"])), card.get("temperature", 1.0)
            halves = (measured.HALF,) * len(labels)
            return cls(labels, tuple(card.get("thresholds", halves)), card.get("separator", ""), paired, heat)
        named = config.get("id2label") or {}
        if not named:
            raise ModelError("the config names no labels.", "Fine-tune it first with %%bert_finetune.")
        values = tuple(str(name) for _, name in sorted(named.items(), key=lambda item: int(item[0])))
        return cls(Labels(values), (measured.HALF,) * len(values), paired=paired)

    def card(self) -> dict[str, Any]:
        """Return labels and thresholds as JSON values."""
        return {
            "labels": list(self.labels.values),
            "thresholds": list(self.thresholds),
            "separator": self.separator,
            **({"temperature": self.temperature} if self.temperature != 1 else {}),
        }

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder with a head that has one output a label."""
        kind = "multi_label_classification"
        return loading.headed(folder, "sequence", self.labels.names, needs_head, problem_type=kind, **changes)

    def objective(self, train: LabelledRows, options: Finetune) -> Objective:
        """Return the binary cross-entropy, summed over all labels of a row.

        With balanced weights each label is weighted as two classes: ``rows / (2 x rows with it)`` if a row has it, else
        ``rows / (2 x rows without it)``; 1 on average. Label smoothing gives its share equally to 0 and 1.
        """
        import numpy as np
        import torch

        yes = no = None
        if options.class_weights == "balanced":
            having = train.targets.sum(axis=0)
            yes, no = (
                torch.tensor(len(train) / (2 * np.maximum(rows, 1)), dtype=torch.float32)
                for rows in (having, len(train) - having)
            )

        def total(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            weights = None
            if yes is not None and no is not None:
                weights = torch.where(targets > 0, yes.to(logits.device), no.to(logits.device))
            smooth = targets * (1 - options.label_smoothing) + options.label_smoothing / 2
            return torch.nn.functional.binary_cross_entropy_with_logits(logits, smooth, weights, reduction="sum")

        return Objective(total)

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the labelled rows; an unknown label is an error."""
        for text in naming.several(columns["text"]):
            naming.require(table, text, "text")
        for label in naming.several(columns["label"]):
            naming.require(table, label, "label")
        return _examples(table, columns, self.separator, self.labels)

    def strata(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the rarest label of each row, so that each label keeps its share of the validation rows."""
        return reading.rarest(rows.targets)

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return the rows of each label that some row has."""
        pairs = zip(self.labels.names, rows.targets.sum(axis=0, dtype=int).tolist(), strict=True)
        return dict(sorted(((name, many) for name, many in pairs if many), key=lambda pair: -pair[1]))

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples with 1 for each label of their text and 0 for the others."""
        import numpy as np

        return BatchSource(samples, pad_id, samples.spread(rows.targets.astype(np.float32)), segments=segments)

    def tuned(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> MultiLabel:
        """Return the task with the thresholds at which the F1 of each label is highest on these rows."""
        chances = measured.sigmoid(self._logits(scores, samples))
        return replace(self, thresholds=tuple(measured.best_thresholds(chances, rows.targets).tolist()))

    def probabilities(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float32]:
        """Return the probability of each label."""
        return measured.probabilities(self._logits(scores, samples))

    def decided(self, chances: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return 1 for each label whose probability reaches its threshold."""
        import numpy as np

        return (chances >= np.asarray(self.thresholds)).astype(np.int64)

    def unseen(self, table: Table, columns: Mapping[str, Any]) -> dict[int, str]:
        """Return the rows that have an unknown label."""
        names = naming.several(columns["label"])
        if len(names) > 1:
            return {}
        return reading.unseen(table.frame[names[0]], self.separator, self.labels)

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return micro and macro F1, exact matches, ranking precision and loss, at the thresholds that `tuned` takes.

        During training all probabilities rise and fall together; at a fixed threshold F1 would measure only that.
        """
        return self.tuned(scores, rows, samples)._measured(self._logits(scores, samples), rows.targets)

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return metrics and the table of labels with their thresholds."""
        import numpy as np

        logits, thresholds = self._logits(scores, samples), np.asarray(self.thresholds)
        made = measured.decided(logits, rows.targets, thresholds)
        predicted, estimates = made.given, measured.report_metrics(logits, rows.targets, made)
        classes = confusion_metrics.by_class(estimates.tallies[0], self.labels.names)
        outcomes = Outcomes(
            index=rows.index,
            texts=rows.texts,
            second=rows.second,
            lengths=samples.lengths_by_row(),
            true=rows.targets,
            predicted=predicted.astype(np.int8),
            credit=(predicted == rows.targets).all(axis=1).astype(float),
            tallies=estimates.tallies,
            probabilities=made.probabilities,
        )
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=estimates.metrics,
            intervals=estimates.intervals,
            undefined=estimates.undefined,
            labels=self.labels.names,
            class_noun="label",
            classes=tuple(replace(one, threshold=at) for one, at in zip(classes, self.thresholds, strict=True)),
            outcomes=outcomes,
            **known,
        )

    def _measured(self, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8]) -> dict[str, float]:
        import numpy as np

        return measured.metrics(logits, targets, np.asarray(self.thresholds))

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> MultiLabelPredictions:
        """Return ``text, labels, p_<label>…``: a list of labels a row, ``<NA>`` where there was no text."""
        import numpy as np
        import pandas as pd

        chances = np.full((len(given), len(self.labels)), np.nan)
        if len(rows):
            chances[rows.positions] = measured.sigmoid(self._logits(scores, samples))
        lists: list[Any] = list(reading.names_of(chances >= np.asarray(self.thresholds), self.labels))
        for row in np.setdiff1d(np.arange(len(given)), rows.positions):
            lists[row] = pd.NA
        frame: dict[str, pd.Series] = {name: strings(given[name]) for name in self.inputs}
        frame["labels"] = pd.Series(lists, dtype=object, index=given.index)
        for i, name in enumerate(self.labels.names):
            # From NaN to <NA>, so that a row without a text reads the same in all columns.
            values = pd.arrays.FloatingArray(chances[:, i].copy(), np.isnan(chances[:, i]))
            frame[f"p_{name}"] = pd.Series(values, index=given.index)
        return MultiLabelPredictions(
            frame=pd.DataFrame(frame, index=given.index, copy=False),  # thousands of columns need no second copy
            labels=self.labels.names,
            task=self.name,
            thresholds=self.thresholds,
            **known,
        )

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the probability of each label, the most probable one first in rank."""
        return ExplainedScores(
            self.labels.names, int(outputs[0].argmax()), lambda logits: (logits / self.temperature).sigmoid()
        )

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the predicted labels."""
        predictions = predict_one(self, scores, sample, texts)
        labels = predictions.frame["labels"].iloc[0]
        return Description(listing(labels) or "no label", by_probability(predictions))

    def untuned(self) -> MultiLabel:
        """Return the task with thresholds of a half."""
        return replace(self, thresholds=(measured.HALF,) * len(self.thresholds))

    def linear_targets(self, rows: LabelledRows) -> tuple[npt.NDArray[Any], int]:
        """Return 0 or 1 for each label of each row."""
        return rows.targets, len(self.labels)


def _holds_labels(column: pd.Series) -> bool:
    """Whether a column can only hold any number of labels a row."""
    return reading.looks_like_lists(column) or bool(reading.separator_of(column))


def _reading_note(table: Table, label: str | Sequence[str], asked: Any) -> str:
    """Return a note on how the labels are read; empty if the user chose it."""
    if not isinstance(label, str):
        return "" if asked else f"Labels: {count(len(label), 'column')} of 0 and 1."
    separator = reading.separator_of(table.frame[label], asked=True)
    if not separator:
        return ""
    return f'{label!r} holds labels with {separator!r} between them; task = "classification" takes each text as one.'


def _examples(
    table: Table, columns: Mapping[str, Any], separator: str, known: Labels | None = None
) -> tuple[LabelledRows, list[Finding]]:
    """Return the rows whose text and labels are known, and what was found."""
    import numpy as np

    inputs, findings = checks.readable(table.frame, naming.several(columns["text"]), table.name)
    names = naming.several(columns["label"])
    if len(names) == 1:
        column = table.frame[names[0]]
        sets = reading.of_column(column, f"column {names[0]!r} of {table.name}", separator, known)
    else:
        column = table.frame[names[0]]
        sets = reading.of_columns(table.frame, names, table.name)
    without = np.flatnonzero(sets.unlabelled)
    if len(without):
        why = "without labels; [] says that a row has none" if len(names) == 1 else "without a 0 or 1"
        findings.append(checks.dropped(why, column, without))
    for finding in findings:
        checks.tolerate(finding, len(table.frame), table.name)
    kept = inputs.take(np.flatnonzero(~sets.unlabelled[inputs.positions]))
    if not len(kept):
        raise DataError(f"{table.name} has no row with both a text and labels.", "Check the two columns.")
    rows = with_targets(kept, sets.targets[kept.positions], sets.labels)
    return rows, findings + checks.repeats(rows)


def _label_findings(rows: LabelledRows, labels: Labels) -> list[Finding]:
    """Return findings about labels that are too rare, or on every row."""
    having = rows.targets.sum(axis=0, dtype=int)
    findings = []
    for number, many in enumerate(having.tolist()):
        name = labels.names[number]
        if many == 0:
            what = f"no row has the label {name!r}."
            findings.append(Finding("warning", what, "It will hardly ever be given: add rows, or leave it out."))
        elif many == 1:
            row = rows.index[int(rows.targets[:, number].argmax())]
            what = f"label {name!r} is on one row only (row {row})."
            findings.append(
                Finding("warning", what, "It stays in train and cannot be validated: add rows, or merge it.", (row,), 1)
            )
        elif many == len(rows):
            findings.append(
                Finding("warning", f"every row has the label {name!r}.", "There is nothing to learn of it.")
            )
    without = int((rows.targets.sum(axis=1) == 0).sum())
    if without:
        findings.append(
            Finding("info", f"{count(without, 'row has', 'rows have')} no label.", "The model learns this, too.")
        )
    return findings + spelling.alike(dict(zip(labels.values, having.tolist(), strict=True)), "label")

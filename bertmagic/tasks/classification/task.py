"""One label for each text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks, numbers
from bertmagic.data import columns as naming
from bertmagic.data.batches import BatchSource
from bertmagic.data.labels import NO_LABEL, Labels, plain
from bertmagic.data.texts import cells, strings
from bertmagic.errors import ModelError
from bertmagic.evaluation import confusion_metrics
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report
from bertmagic.explain.scores import ExplainedScores
from bertmagic.inference.forward import softmax
from bertmagic.inference.predictions import Predictions
from bertmagic.models import loading
from bertmagic.tasks.calibrated_task import CalibratedTask
from bertmagic.tasks.classification import metrics as class_metrics
from bertmagic.tasks.description import Description, by_probability, predict_one
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedTokenizerBase

    from bertmagic.data.report import Finding
    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.baselines import Targets
    from bertmagic.options import Finetune
    from bertmagic.tasks.base import Scores


@dataclass(frozen=True)
class Classification(CalibratedTask):
    """One label for each text, or for each pair of texts.

    Attributes
    ----------
    labels
        The classes, in the order of the model's outputs.
    paired
        Whether pairs are read.
    temperature
        Divisor of the logits that calibrates the probabilities; 1 without calibration.
    """

    name: ClassVar[str] = "classification"
    target_kind: ClassVar[Targets] = "classes"
    needs_few_epochs: ClassVar[bool] = True
    validation_metrics: ClassVar[tuple[str, ...]] = ("macro_f1", "accuracy", "loss")
    decoder: ClassVar[str] = "classes"
    labels: Labels
    paired: bool = False
    temperature: float = 1.0

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines; the cosine of a pair can tell up to three classes apart, such as those of entailment."""
        cosine = ("cosine",) if self.paired and len(self.labels) <= 3 else ()
        return ("majority", "tfidf", "linear_probe", *cosine)

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Always true: this is the task if no other one fits."""
        return True

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the text column, or both, and the label column."""
        text, label, note = naming.text_and_label(table, asked["text"], asked["label"])
        return {"text": text, "label": label}, " ".join(
            filter(None, (note, numbers.reading_note(table.frame[label], False)))
        )

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Finetune | None = None
    ) -> tuple[Classification, LabelledRows, list[Finding]]:
        """Return the task with the classes of the label column, and the rows that have one."""
        rows, findings = checks.examples(table, naming.several(columns["text"]), columns["label"])
        assert rows.labels is not None
        return cls(rows.labels, rows.second is not None), rows, findings

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> Classification:
        """Take the classes from the card, else from the names in the config."""
        paired = isinstance(card.get("text"), list | tuple)
        if "labels" in card:
            return cls(Labels(tuple(card["labels"])), paired, card.get("temperature", 1.0))
        if config.get("problem_type") not in (None, "single_label_classification"):
            raise ModelError(
                f"the model is for {config['problem_type']!r}, not for one label a text.", "Choose another model."
            )
        named = config.get("id2label") or {}
        if not named and any("ForSequenceClassification" in name for name in config.get("architectures") or ()):
            named = {"0": "LABEL_0", "1": "LABEL_1"}  # transformers' default, which it leaves out of the file
        ordered = sorted(named.items(), key=lambda item: int(item[0]))
        if len(ordered) < 2:
            raise ModelError("the model has fewer than two classes.", "Fine-tune it first with %%bert_finetune.")
        return cls(Labels(tuple(str(name) for _, name in ordered)), paired)

    def card(self) -> dict[str, Any]:
        """Return the classes as JSON values: text, numbers and booleans stay what they are."""
        calibrated = {"temperature": self.temperature} if self.temperature != 1 else {}
        return {"labels": list(self.labels.values), **calibrated}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder with a head that has one output a class."""
        return loading.headed(folder, "sequence", self.labels.names, needs_head, **changes)

    def objective(self, train: LabelledRows, options: Finetune) -> Objective:
        """Return the cross-entropy, weighted by ``rows / (classes x rows of the class)`` if classes are balanced.

        Label smoothing gives a share of each target equally to all classes (Szegedy et al. 2016, section 7).
        """
        import numpy as np
        import torch

        weights = None
        if options.class_weights == "balanced":
            counts = np.bincount(train.targets, minlength=len(self.labels))
            weights = torch.tensor(len(train) / (len(self.labels) * np.maximum(counts, 1)), dtype=torch.float32)

        def total(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            here = None if weights is None else weights.to(logits.device)
            return torch.nn.functional.cross_entropy(
                logits, targets, here, reduction="sum", label_smoothing=options.label_smoothing
            )

        return Objective(total) if weights is None else Objective(total, lambda targets: float(weights[targets].sum()))

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the labelled rows; a label that is not one of the classes is an error."""
        texts = naming.several(columns["text"])
        for text in texts:
            naming.require(table, text, "text")
        naming.require(table, columns["label"], "label")
        return checks.examples(table, texts, columns["label"], known=self.labels)

    def strata(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the classes."""
        return rows.targets

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return the rows of each class."""
        names = self.labels.names
        return {names[target]: rows for target, rows in Counter(rows.targets.tolist()).most_common()}

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples with the class of their text."""
        return BatchSource(samples, pad_id, samples.spread(rows.targets), segments=segments)

    def unseen(self, table: Table, columns: Mapping[str, Any]) -> dict[int, str]:
        """Return the rows whose label is not one of the classes."""
        column = table.frame[columns["label"]]
        numbers = self.labels.encode(cells(column))
        values = enumerate(zip(numbers, map(plain, cells(column)), strict=True))
        return {
            at: str(value)
            for at, (number, value) in values
            if number < 0 and value is not None and str(value) != NO_LABEL
        }

    def probabilities(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float32]:
        """Return the probability of each class."""
        return softmax(self._logits(scores, samples))

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return accuracy, macro precision, recall and F1, and the loss."""
        return class_metrics.metrics(self._logits(scores, samples), rows.targets)

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return metrics with their intervals, the table of classes and the confusion counts."""
        logits, names = self._logits(scores, samples), self.labels.names
        probabilities, predicted = softmax(logits), logits.argmax(axis=1)
        estimates = class_metrics.report_metrics(logits, probabilities, rows.targets, names)
        outcomes = Outcomes(
            index=rows.index,
            texts=rows.texts,
            second=rows.second,
            lengths=samples.lengths_by_row(),
            true=rows.targets,
            predicted=predicted,
            credit=(predicted == rows.targets).astype(float),
            tallies=estimates.tallies,
            probabilities=probabilities,
        )
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=estimates.metrics,
            intervals=estimates.intervals,
            undefined=estimates.undefined,
            labels=names,
            classes=confusion_metrics.by_class(estimates.tallies[0], names),
            confusion=confusion_metrics.confusion(rows.targets, predicted, len(names)),
            outcomes=outcomes,
            **known,
        )

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> Predictions:
        """Return ``text, label, score, p_<label>…``, with ``<NA>`` where there was no text."""
        import numpy as np
        import pandas as pd

        index = given.index
        missing = np.ones(len(given), dtype=bool)
        missing[rows.positions] = False
        if missing.any():
            probabilities = np.full((len(given), len(self.labels)), np.nan, dtype=np.float32)
            if len(rows):
                probabilities[rows.positions] = self.probabilities(scores, samples)
        else:
            probabilities = self.probabilities(scores, samples)
        best = np.where(missing, 0, probabilities.argmax(axis=1))
        chosen = pd.Series([self.labels.values[i] for i in best], dtype=self._dtype(), index=index)
        frame: dict[str, pd.Series] = {name: strings(given[name]) for name in self.inputs}
        frame["label"] = chosen.mask(missing, pd.NA) if missing.any() else chosen
        columns = {"score": probabilities.max(axis=1, initial=0.0) if len(given) else probabilities[:, 0]}
        columns |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(self.labels.names)}
        for column, values in columns.items():
            # A nullable column, so that a row without a text reads <NA> here too.
            frame[column] = pd.Series(pd.arrays.FloatingArray(values.astype(np.float64), missing.copy()), index=index)
        table = pd.DataFrame(frame, index=index, copy=False)  # each column is its own: thousands need no second copy
        return Predictions(frame=table, labels=self.labels.names, task=self.name, **known)

    def _dtype(self) -> str:
        """Return the type of a column of classes; of several kinds, or of numbers beyond 64 bits, that of objects."""
        values = self.labels.values
        kinds = {type(value) for value in values}
        if len(kinds) > 1:  # those of a model that was trained when this was no error yet
            return "object"
        if kinds == {int}:
            sizes = {"Int64": range(-(2**63), 2**63), "UInt64": range(2**64)}
            return next((name for name, size in sizes.items() if all(value in size for value in values)), "object")
        return "boolean" if kinds == {bool} else "string"

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the probability of each class."""
        return ExplainedScores(
            self.labels.names, int(outputs[0].argmax()), lambda logits: (logits / self.temperature).softmax(dim=-1)
        )

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the most probable class with its probability."""
        ranked = by_probability(predict_one(self, scores, sample, texts))
        name, probability = ranked[0]
        return Description(f"{name} {probability:.3f}", ranked)

    def linear_targets(self, rows: LabelledRows) -> tuple[npt.NDArray[Any], int]:
        """Return the class of each row."""
        return rows.targets, len(self.labels)

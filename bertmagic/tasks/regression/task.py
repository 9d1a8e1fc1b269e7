"""A number for each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks, numbers
from bertmagic.data import columns as naming
from bertmagic.data.batches import BatchSource
from bertmagic.data.rows import with_targets
from bertmagic.data.texts import strings
from bertmagic.errors import DataError, OptionError
from bertmagic.evaluation import with_intervals
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report
from bertmagic.explain.scores import ExplainedScores
from bertmagic.models import loading
from bertmagic.tasks.base import Task
from bertmagic.tasks.description import Description, predict_one
from bertmagic.tasks.regression import metrics as measured
from bertmagic.tasks.regression.result import NumberPredictions
from bertmagic.tasks.regression.usage import USAGE
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.report import Finding
    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.baselines import Targets
    from bertmagic.inference.predictions import Predictions
    from bertmagic.models.card import Usage
    from bertmagic.options import Finetune
    from bertmagic.tasks.base import Scores


_CLOSE = 0.05
"""By how many standard deviations numbers that count as the same may differ."""


@dataclass(frozen=True)
class Regression(Task):
    """A number for each text, or for each pair of texts.

    The model learns ``(number - mean) / scale``, so that one learning rate suits stars and prices; results are in the
    unit of the user's numbers.

    Attributes
    ----------
    mean, scale
        Mean and standard deviation of the numbers in the training rows.
    paired
        Whether pairs are read.
    """

    name: ClassVar[str] = "regression"
    target_kind: ClassVar[Targets] = "numbers"
    validation_metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "pearson", "spearman", "loss")
    main_metric: ClassVar[str] = "mae"
    loss_unit: ClassVar[str] = "of the variance"
    target_noun: ClassVar[str] = "number"
    target_caption: ClassVar[str] = "How the numbers are spread, from the lowest to the highest."
    usage: ClassVar[Usage] = USAGE
    decoder: ClassVar[str] = "numbers"
    activation: ClassVar[str] = "linear"
    mean: float = 0.0
    scale: float = 1.0
    paired: bool = False

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines; the cosine is for pairs."""
        return ("majority", "tfidf", "linear_probe", *(("cosine",) if self.paired else ()))

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Whether the label column holds numbers that are not classes.

        Raises
        ------
        DataError
            If its texts are numbers with a decimal comma or lists of labels.
        """
        label = asked["label"]
        if label is None:
            label = naming.likely_label(table, asked["text"], _can_be_target)
        if label not in table.columns or not numbers.are_quantities(table.frame[label]):
            return False
        numbers.refuse_lists(table.frame[label], f"column {label!r}")
        return True

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the text column, or both, and the column of the numbers."""
        text, label, note = naming.text_and_label(table, asked["text"], asked["label"], numbers.are_quantities)
        return {"text": text, "label": label}, " ".join(
            filter(None, (note, numbers.reading_note(table.frame[label], True)))
        )

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Finetune | None = None
    ) -> tuple[Regression, LabelledRows, list[Finding]]:
        """Return the task with mean and scale of the numbers, and the rows that have one."""
        if options is not None and (options.label_smoothing or options.class_weights == "balanced"):
            name = "label_smoothing" if options.label_smoothing else "class_weights"
            raise OptionError(f"{name} is for classes, and a number is to be predicted.", f"Leave {name} out.")
        rows, findings = _examples(table, columns)
        numbers.refuse_constant(rows.targets, f"column {columns['label']!r} of {table.name}")
        mean, scale = float(rows.targets.mean()), float(rows.targets.std())
        return cls(mean, scale, rows.second is not None), rows, findings

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> Regression:
        """Take mean and scale from the card; outputs of a model saved elsewhere are not scaled."""
        paired = isinstance(card.get("text"), list | tuple)
        return cls(card.get("mean", 0.0), card.get("scale", 1.0), paired)

    def card(self) -> dict[str, Any]:
        """Return mean and scale."""
        return {"mean": self.mean, "scale": self.scale}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder with a head that has one output."""
        return loading.headed(folder, "sequence", ("value",), needs_head, problem_type="regression", **changes)

    def objective(self, train: LabelledRows, options: Finetune) -> Objective:
        """Return the squared error, in squares of the standard deviation."""

        def total(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            return ((outputs[:, 0] - targets) ** 2).sum()

        return Objective(total)

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the labelled rows."""
        for text in naming.several(columns["text"]):
            naming.require(table, text, "text")
        naming.require(table, columns["label"], "label")
        return _examples(table, columns)

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return the number of rows in each range of numbers, from the lowest to the highest."""
        return numbers.spread(rows.targets)

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples with the number of their text, as the model learns it."""
        import numpy as np

        targets = self._scaled(rows).astype(np.float32)
        return BatchSource(samples, pad_id, samples.spread(targets), segments=segments)

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return root mean squared and mean absolute error, Pearson's and Spearman's correlation, and the loss."""
        return measured.metrics(self._values(scores, samples), rows.targets, self.scale)

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return the metrics, also by range of the true numbers, with a note on the RMSE of predicting the mean."""
        import numpy as np

        values = self._values(scores, samples)
        plain = measured.metrics(rows.targets * 0 + self.mean, rows.targets)["rmse"]
        note = f"Saying {self.mean:.4g}, the mean of the training rows, for every row has an RMSE of {plain:.4g} here."
        estimates = with_intervals.estimate(measured.tallies(values, rows.targets), _in_units(values, rows.targets))
        outcomes = Outcomes(
            index=rows.index,
            texts=rows.texts,
            second=rows.second,
            lengths=samples.lengths_by_row(),
            true=rows.targets,
            predicted=values,
            credit=-np.abs(values - rows.targets),
            tallies=estimates.tallies,
        )
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=estimates.metrics,
            intervals=estimates.intervals,
            ranges=measured.by_range(values, rows.targets),
            outcomes=outcomes,
            **known | {"notes": (*known.get("notes", ()), note)},
        )

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> NumberPredictions:
        """Return ``text, value``, with ``<NA>`` where there was no text."""
        import numpy as np
        import pandas as pd

        values, missing = np.zeros(len(given)), np.ones(len(given), dtype=bool)
        values[rows.positions] = self._values(scores, samples)
        missing[rows.positions] = False
        frame: dict[str, pd.Series] = {name: strings(given[name]) for name in self.inputs}
        frame["value"] = pd.Series(pd.array(values, dtype="Float64"), index=given.index).mask(missing)
        return NumberPredictions(frame=pd.DataFrame(frame, index=given.index), labels=(), task=self.name, **known)

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the predicted number in the user's unit."""
        return ExplainedScores(("value",), 0, lambda logits: logits[:, :1] * self.scale + self.mean, "number")

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the predicted number."""
        return Description(f"{predict_one(self, scores, sample, texts).frame['value'].iloc[0]:.6g}")

    def gradient_outputs(self, description: Description, model: PreTrainedModel) -> tuple[str, ...]:
        """Return the only output."""
        return ("value",)

    def output_logit(
        self, scores: torch.Tensor, output: str, model: PreTrainedModel, tokens: list[int]
    ) -> torch.Tensor:
        """Return the predicted number as the model learns it."""
        return scores[0, 0]

    def same(self, one: Predictions, other: Predictions) -> npt.NDArray[np.bool_]:
        """Return which rows have numbers that differ by less than `_CLOSE` standard deviations of training."""
        import numpy as np

        first, second = (result.frame["value"].to_numpy(float, na_value=np.nan) for result in (one, other))
        close: npt.NDArray[np.bool_] = np.isclose(first, second, rtol=0, atol=_CLOSE * self.scale, equal_nan=True)
        return close

    def linear_targets(self, rows: LabelledRows) -> tuple[npt.NDArray[Any], int]:
        """Return the number of each row as the model learns it."""
        return self._scaled(rows), 1

    def _scaled(self, rows: LabelledRows) -> npt.NDArray[np.float64]:
        """Return the numbers as the model learns them, ``(rows,)``."""
        scaled: npt.NDArray[np.float64] = (rows.targets - self.mean) / self.scale
        return scaled

    def _values(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float64]:
        """Return the predicted numbers in the user's unit. Shape ``(rows,)``."""
        return samples.by_row(scores)[:, 0].astype(float) * self.scale + self.mean


def _can_be_target(column: pd.Series) -> bool:
    """Whether a column may be the label column, with numbers or with classes: of two such columns none is inferred."""
    return numbers.are_quantities(column) or naming.reads_like_classes(column)


def _in_units(values: npt.NDArray[np.float64], targets: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the metrics without the loss, which is the squared RMSE in units of the variance."""
    return {name: value for name, value in measured.metrics(values, targets).items() if name != "loss"}


def _examples(table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
    """Return the rows that have a text and a number, and what was found."""
    import numpy as np

    inputs, findings = checks.readable(table.frame, naming.several(columns["text"]), table.name)
    column = table.frame[columns["label"]]
    values = numbers.of_column(column, f"column {columns['label']!r} of {table.name}")
    without = np.flatnonzero(np.isnan(values))
    if len(without):
        findings.append(checks.dropped("without a number", column, without))
    for finding in findings:
        checks.tolerate(finding, len(table.frame), table.name)
    kept = inputs.take(np.flatnonzero(~np.isnan(values[inputs.positions])))
    if not len(kept):
        raise DataError(f"{table.name} has no row with both a text and a number.", "Check the two columns.")
    rows = with_targets(kept, values[kept.positions])
    return rows, findings + checks.repeats(rows)

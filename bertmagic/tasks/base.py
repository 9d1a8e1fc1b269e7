"""The interface of a task: the methods that the rest of bertmagic calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bertmagic.data import checks
from bertmagic.data import columns as naming
from bertmagic.errors import ModelError, OptionError
from bertmagic.evaluation import baselines
from bertmagic.models import heads
from bertmagic.models.card import Usage
from bertmagic.tasks.description import output_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch, BatchSource
    from bertmagic.data.cache import Cache
    from bertmagic.data.report import Finding
    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.baselines import Baseline, Targets
    from bertmagic.evaluation.calibration import Calibration
    from bertmagic.evaluation.report import Report
    from bertmagic.explain.scores import ExplainedScores
    from bertmagic.inference.predictions import Predictions
    from bertmagic.models.loading import Loaded
    from bertmagic.options import LongText
    from bertmagic.tasks.description import Description
    from bertmagic.training.objective import Objective

    Scores = npt.NDArray[np.float32]


class Task(ABC):
    """A task: what it adds to an encoder, from the columns of a table to predictions and metrics.

    ``scores`` are the outputs of `inference.forward.run_model`: ``(samples, outputs)``, or ``(all tokens, outputs)``
    for tasks with an output for each token. A long text may have several samples, its windows: `Tokens.owner` has the
    text of each sample.

    Attributes
    ----------
    name
        The name in `TASKS`.
    validation_metrics
        The validation metrics that can choose the best weights; by default the first one does.
    has_thresholds
        Whether `tuned` does something, for which the validation rows are read once more.
    long_text
        How long texts are read, if the task leaves no choice; None if the option ``long_text`` decides.
    calibrates
        Whether the task outputs class probabilities: these can be cut at thresholds, calibrated and probed.
    has_row_outcomes
        Whether each row has a result of its own, so that reports can have slices, errors and comparisons.
    target_kind
        What the targets are that a linear model of the features learns; None if none does.
    needs_few_epochs
        Whether a head that starts from a linear model of single texts needs few epochs.
    main_metric
        The metric of the report that slices are ordered by.
    measures_before
        Whether the report also has the metrics before training, for which its rows are measured once more.
    is_pretraining
        Whether its models are encoders to fine-tune, which fill in masked words and predict no labels.
    loss_unit
        The unit of the loss.
    target_noun, target_caption
        What one of the things to learn is called, and the caption of the table that counts them.
    several_labels
        Whether a row may have several of them.
    has_word_outputs
        Whether each word has an output of its own.
    usage
        How a saved model is used without bertmagic, for its card.
    usual_names
        How columns of the task are usually called, besides those of texts and labels.
    decoder
        The module of `export.runner` that turns logits into answers without PyTorch; empty if none does.
    activation
        The function, by its name in Keras, that turns logits into what users of Keras expect of a head.
    paired
        Whether a row has two texts, for the tasks that read one text or a pair.
    """

    name: ClassVar[str]
    validation_metrics: ClassVar[tuple[str, ...]]
    has_thresholds: ClassVar[bool] = False
    long_text: ClassVar[LongText | None] = None
    measures_before: ClassVar[bool] = False
    is_pretraining: ClassVar[bool] = False
    calibrates: ClassVar[bool] = False
    has_row_outcomes: ClassVar[bool] = True
    target_kind: ClassVar[Targets | None] = None
    needs_few_epochs: ClassVar[bool] = False
    main_metric: ClassVar[str] = "accuracy"
    loss_unit: ClassVar[str] = "nats"
    target_noun: ClassVar[str] = "class"
    target_caption: ClassVar[str] = "Classes, the largest first."
    several_labels: ClassVar[bool] = False
    has_word_outputs: ClassVar[bool] = False
    usage: ClassVar[Usage] = Usage()
    usual_names: ClassVar[frozenset[str]] = frozenset()
    decoder: ClassVar[str] = ""
    activation: ClassVar[str] = "softmax"
    paired: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The texts that a model of this task reads: one, or the two of a pair."""
        return ("text", "text_pair") if self.paired else ("text",)

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines of `evaluation.baselines` that fit the task."""
        return ()

    @classmethod
    def source(cls, given: Any) -> Any:
        """Return the user's data in a form that `data.tables` reads."""
        return given

    @classmethod
    @abstractmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Whether a table is for this task; ``asked`` has the columns that the user named, by their role."""

    @classmethod
    @abstractmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the columns by their role, and a line about what was inferred (empty if nothing).

        Raises
        ------
        DataError
            If a column is missing, or it is not clear which one is meant.
        """

    @classmethod
    @abstractmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Any = None
    ) -> tuple[Self, LabelledRows, list[Finding]]:
        """Return the task with its labels, the rows that can be trained on, and the findings.

        Parameters
        ----------
        options
            Those of the run; None if the rows are only checked.

        Raises
        ------
        DataError
            If the rows cannot be trained on.
        """

    @classmethod
    @abstractmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """Make the task of a saved model from its card, or from the config of a model saved elsewhere."""

    @abstractmethod
    def card(self) -> dict[str, Any]:
        """Return what `from_card` needs, as JSON values."""

    @abstractmethod
    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> Loaded:
        """Load the encoder with the task's head."""

    @abstractmethod
    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the rows to measure, with the targets of this task."""

    def strata(self, rows: LabelledRows) -> npt.NDArray[np.int64] | None:
        """Return the class of each row, for stratified validation rows; None for tasks without classes."""
        return None

    def group_ids(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the same number for rows that belong to one side of a split: by default rows with the same text."""
        return rows.duplicate_keys()

    def text_column(self, table: Table) -> str:
        """Return the likely text column of a table that does not have the text column of training."""
        return naming.text_only(table, None)

    def readable(self, given: pd.DataFrame, name: str, where: str) -> tuple[TextRows, list[Finding]]:
        """Return the rows to predict that have a text in each of `inputs`, and the findings."""
        return checks.readable(given, self.inputs, name, where)

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return how often each target occurs in rows, the most frequent first."""
        return {}

    def encode(self, cache: Cache, rows: TextRows, progress: Callable[[int, int], None]) -> Tokens:
        """Return the rows as tokens."""
        return cache.encode(rows.texts, progress, pairs=rows.second)

    def token_findings(self, samples: Tokens, rows: LabelledRows) -> list[Finding]:
        """Return findings about the tokens of training rows.

        Raises
        ------
        DataError
            If the rows cannot be trained on.
        """
        return []

    @abstractmethod
    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return the batches for training or evaluation.

        Parameters
        ----------
        segments
            Whether the model has token type ids.
        seed
            Of random draws.
        """

    @abstractmethod
    def objective(self, train: LabelledRows, options: Any) -> Objective:
        """Return the training loss: a sum over targets, and what it is divided by."""

    outputs = staticmethod(heads.logits)
    """From a model and a batch to the outputs, ``(rows, outputs)`` or ``(rows, tokens, outputs)``.

    Where it is this function itself, `run_model` computes the last layer of a classifier for the first token only.
    """

    def tuned(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> Self:
        """Return the task with values that are chosen on validation rows, such as thresholds."""
        return self

    def unseen(self, table: Table, columns: Mapping[str, Any]) -> dict[int, str]:
        """Return the positions and labels of rows whose label the model does not know."""
        return {}

    def calibrated(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> tuple[Self, Calibration]:
        """Return the task with calibrated probabilities, and what that did to them on these rows.

        Parameters
        ----------
        rows
            Rows that the model was not trained on.
        known
            Further fields of the result.

        Raises
        ------
        OptionError
            If it gives no probabilities of classes.
        """
        raise OptionError(
            f"calibration is for probabilities of classes, and {self.name} gives none.", "Leave it out for this model."
        )

    def probabilities(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float32] | None:
        """Return the probability of each class or label, ``(rows, classes)``; None for tasks without."""
        return None

    def decided(self, chances: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return the predicted class for probabilities, ``(rows,)``; or 0 and 1 for each label, ``(rows, labels)``."""
        return chances.argmax(axis=1)  # type: ignore[no-any-return]

    @abstractmethod
    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return the validation metrics, ``loss`` among them."""

    @abstractmethod
    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return the report on rows with labels.

        Parameters
        ----------
        known
            Further fields of the report.
        """

    @abstractmethod
    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> Predictions:
        """Return the predictions.

        Parameters
        ----------
        given
            All rows with the user's index, a column for each of `inputs`.
        rows
            Those of them that could be read; ``samples`` and ``scores`` are theirs.
        known
            Further fields of the result.
        """

    @abstractmethod
    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the prediction for one text or pair in a line.

        Parameters
        ----------
        scores
            Its `logits`, ``(1, outputs)`` or ``(1, tokens, outputs)``.
        sample
            Its tokens with their characters.
        texts
            The text, or the two of a pair.
        """

    def decoder_values(self) -> dict[str, Any]:
        """Return what its `decoder` needs, as JSON values."""
        return self.card()

    def same(self, one: Predictions, other: Predictions) -> npt.NDArray[np.bool_]:
        """Return which rows have the same prediction in two results, ``(rows,)``."""
        import numpy as np

        pairs = zip(one.decisions(), other.decisions(), strict=True)
        return np.asarray([first == second for first, second in pairs], bool)

    def max_tokens(self, card: Mapping[str, Any], limit: int) -> int:
        """Return how many tokens of one text a saved model reads; ``limit`` is that of its encoder."""
        return int(card["max_length"])

    def logits(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return the logits of single texts: the same as `outputs`, except where these are made for training."""
        return self.outputs(model, batch)

    def gradient_outputs(self, description: Description, model: PreTrainedModel) -> tuple[str, ...]:
        """Return the outputs that have a gradient, the predicted one first."""
        return tuple(name for name, _ in description.prediction)

    def gradient_tokens(self, sample: Tokens, mask_id: int | None) -> list[int]:
        """Return the tokens whose outputs count for a gradient: all but the special tokens."""
        import numpy as np

        assert sample.spans is not None
        return np.flatnonzero(sample.spans[:, 1] > sample.spans[:, 0]).tolist()

    def output_logit(
        self, scores: torch.Tensor, output: str, model: PreTrainedModel, tokens: list[int]
    ) -> torch.Tensor:
        """Return the number whose gradient is taken: here the logit of a class or label.

        Parameters
        ----------
        scores
            ``(1, outputs)`` or ``(1, tokens, outputs)``.
        output
            One of `gradient_outputs`.
        tokens
            Those of `gradient_tokens`.
        """
        return scores[0, output_names(model).index(output)]

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the scores of a prediction that can be explained.

        Parameters
        ----------
        outputs
            The `logits` of one sample, ``(1, outputs)`` or ``(1, tokens, outputs)``.
        sample
            Its tokens with their characters.
        texts
            The text, or the two of a pair.
        target
            What the user asks for, where more can be explained than is predicted.

        Raises
        ------
        ModelError
            If the task predicts nothing.
        """
        raise ModelError(
            f"{self.name.replace('_', ' ')} predicts nothing that could be explained.",
            "Give a model that was fine-tuned: %%bert_finetune NAME with model = this one.",
        )

    def untuned(self) -> Self:
        """Return the task without what `tuned` has chosen, for the scores of another model."""
        return self

    def baseline_texts(self, rows: TextRows) -> list[str]:
        """Return the texts that a baseline reads: the two of a pair with a space between them."""
        if rows.second is None:
            return list(rows.texts)
        return [f"{one} {two}" for one, two in zip(rows.texts, rows.second, strict=True)]

    def linear_targets(self, rows: LabelledRows) -> tuple[npt.NDArray[Any], int]:
        """Return what a linear model learns of rows, or of their words: targets of `target_kind`, and their number.

        The number is that of the classes or labels, and 1 for numbers.
        """
        raise NotImplementedError(f"{self.name} has no linear models")

    def fit_baseline(self, name: str, rows: LabelledRows) -> Baseline:
        """Return one of `baselines` that reads texts, fitted to training rows."""
        targets, outputs = self.linear_targets(rows)
        assert self.target_kind is not None
        return baselines.fit(name, self.target_kind, self.baseline_texts(rows), targets, outputs)

    def baseline_scores(self, scores: Scores, rows: TextRows, samples: Tokens) -> Scores:
        """Return a baseline's scores of `baseline_texts` in the shape that `report` takes."""
        return scores[samples.owner]

    @classmethod
    def target_text(cls, cell: Any) -> str:
        """Return a cell of the label column as one reads it."""
        return str(cell)

"""One label for each text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, columns, split
from bertmagic.data.labels import Labels
from bertmagic.data.report import Finding
from bertmagic.errors import DataError, ModelError
from bertmagic.evaluation import scores
from bertmagic.evaluation.report import Report, Slice
from bertmagic.inference.forward import softmax
from bertmagic.models import loading
from bertmagic.tasks import Prepared
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from transformers import PreTrainedModel

    from bertmagic.data.checks import Examples
    from bertmagic.data.tables import Table
    from bertmagic.options import Finetune


@dataclass(frozen=True)
class Classification:
    """Single-text, single-label classification.

    Attributes
    ----------
    labels
        The classes, in the order of the model's outputs.
    """

    labels: Labels
    name: str = "classification"

    @classmethod
    def prepare(cls, options: Finetune, tables: Mapping[str, Table]) -> Prepared:
        """Check the rows, hold validation rows out where none are given, and drop what stands on both sides."""
        text, label, said = columns.text_and_label(tables["train"], options.text, options.label)
        train, findings = checks.examples(tables["train"], text, label)
        task, notes = cls(train.labels), [said] if said else []
        given: dict[str, Examples] = {}
        # Before any row is held out: a row of test must not be chosen by either.
        for part in [name for name in ("validation", "test") if name in tables]:
            given[part], found = task.examples(tables[part], text, label)
            findings += [replace(finding, what=f"{tables[part].name}: {finding.what}") for finding in found]
            train = _without_overlap(train, given[part], findings)
        validation = given.get("validation")
        if validation is None and isinstance(options.validation, int | float) and options.validation > 0:
            train, validation = _hold_out(train, float(options.validation), options.seed)
            notes.append(f"Held out {len(validation):,} of {len(train) + len(validation):,} rows for validation.")
        return Prepared(task, train, validation, given.get("test"), text, label, tuple(findings), tuple(notes))

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> Classification:
        """Take the classes from the card, else from the names in the config."""
        if "labels" in card:
            return cls(Labels(tuple(card["labels"])))
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
        return cls(Labels(tuple(str(name) for _, name in ordered)))

    def card(self) -> dict[str, Any]:
        """Return the classes as JSON values: text, numbers and booleans stay what they are."""
        return {"labels": list(self.labels.values)}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> tuple[PreTrainedModel, str]:
        """Load the encoder with a head that has one output a class."""
        return loading.classifier(folder, self.labels.names, needs_head, **changes)

    def objective(self, train: Examples, options: Finetune) -> Objective:
        """Return the cross-entropy, weighed by ``rows / (classes x rows of the class)`` where classes are balanced.

        Label smoothing gives a share of each target to all classes alike (Szegedy et al. 2016, section 7).
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

    def examples(self, table: Table, text: str, label: str) -> tuple[Examples, list[Finding]]:
        """Return the rows to measure; a label that is none of the classes is an error."""
        columns.require(table, text, "text")
        columns.require(table, label, "label")
        return checks.examples(table, text, label, known=self.labels)

    def metrics(self, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
        """Return accuracy, macro precision, recall and F1, and the loss."""
        return scores.metrics(logits, targets)

    def report(self, logits: npt.NDArray[np.float32], rows: Examples, by: pd.DataFrame, **known: Any) -> Report:
        """Return metrics, the table of classes, the confusion counts and the slices."""
        classes, confusion = scores.by_class(logits.argmax(axis=1), rows.targets, self.labels.names)
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=scores.metrics(logits, rows.targets),
            labels=self.labels.names,
            classes=classes,
            confusion=confusion,
            slices=tuple(part for column in by.columns for part in _slices(by[column], logits, rows.targets)),
            **known,
        )

    def frame(self, texts: pd.Series, read: npt.NDArray[np.int64], logits: npt.NDArray[np.float32]) -> pd.DataFrame:
        """Return ``text, label, score, p_<label>…``, with ``<NA>`` where there was no text."""
        import numpy as np
        import pandas as pd

        index = texts.index
        probabilities = np.full((len(texts), len(self.labels)), np.nan, dtype=np.float32)
        if len(read):
            probabilities[read] = softmax(logits)
        missing = np.ones(len(texts), dtype=bool)
        missing[read] = False
        best = np.where(missing, 0, np.nan_to_num(probabilities).argmax(axis=1)) if len(texts) else np.zeros(0, int)
        chosen = pd.Series([self.labels.values[i] for i in best], dtype=self._dtype(), index=index)
        frame = {"text": texts.astype("string"), "label": chosen.mask(missing)}
        found = {"score": probabilities.max(axis=1, initial=0.0) if len(texts) else probabilities[:, 0]}
        found |= {f"p_{name}": probabilities[:, i] for i, name in enumerate(self.labels.names)}
        for column, values in found.items():
            # A nullable column, so that a row without a text reads <NA> here too.
            frame[column] = pd.Series(pd.array(values.astype(np.float64), dtype="Float64"), index=index).mask(missing)
        return pd.DataFrame(frame, index=index)

    def _dtype(self) -> str:
        return {bool: "boolean", int: "Int64"}.get(type(self.labels.values[0]), "string")


def _hold_out(train: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    kept, held = split.holdout(train.targets, share, seed, checks.copies(train.texts))
    if not len(held):
        raise DataError(
            f"{train.name} has too few rows ({len(train)}) to hold some out for validation.",
            "Give more rows, or validation = 0 to do without.",
        )
    return train.take(kept), train.take(held, f"{len(held):,} rows held out of {train.name}")


def _without_overlap(train: Examples, other: Examples, findings: list[Finding]) -> Examples:
    import numpy as np

    twice = checks.overlap(train, other)
    if not len(twice):
        return train
    rows = tuple(train.index[twice[:5]])
    what = f"{len(twice):,} training rows stand in {other.name} too"
    findings.append(Finding("warning", f"{what}.", "They are dropped from train.", rows, len(twice)))
    kept = train.take(np.setdiff1d(np.arange(len(train)), twice))
    if len(np.unique(kept.targets)) < len(train.labels):
        raise DataError(f"{what}, and without them a class has no row left.", "Give other rows for validation or test.")
    return replace(kept, name=train.name)


def _slices(column: pd.Series, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> list[Slice]:
    """Return the metrics of each value of a column, the most frequent first."""
    values = column.astype("string").fillna("<NA>").reset_index(drop=True)
    parts = []
    for value in values.value_counts().index:
        rows = (values == value).to_numpy(dtype=bool)
        parts.append(Slice(str(column.name), str(value), int(rows.sum()), scores.metrics(logits[rows], targets[rows])))
    return parts

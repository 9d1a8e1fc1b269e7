"""A tag for each word: the named entities of a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks, spelling, tags, words
from bertmagic.data import columns as naming
from bertmagic.data.batches import IGNORED, BatchSource
from bertmagic.data.report import Finding
from bertmagic.data.rows import with_targets
from bertmagic.errors import DataError, ModelError, count, listing
from bertmagic.evaluation import baselines, with_intervals
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report
from bertmagic.evaluation.scores import cross_entropies
from bertmagic.inference.forward import softmax
from bertmagic.models import loading
from bertmagic.tasks.base import Task
from bertmagic.tasks.description import Description, output_names, predict_one
from bertmagic.tasks.token_classification import columns as entity_columns
from bertmagic.tasks.token_classification import decoding, explained, reading
from bertmagic.tasks.token_classification import metrics as entities
from bertmagic.tasks.token_classification.alignment import AlignedTokens, alignment_of
from bertmagic.tasks.token_classification.metrics import Measured
from bertmagic.tasks.token_classification.result import entities_of
from bertmagic.tasks.token_classification.usage import USAGE
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.cache import Cache
    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.baselines import Baseline, Targets
    from bertmagic.explain.scores import ExplainedScores
    from bertmagic.models.card import Usage
    from bertmagic.options import Finetune, LongText
    from bertmagic.tasks.base import Scores
    from bertmagic.tasks.token_classification.result import Entities


@dataclass(frozen=True)
class TokenClassification(Task):
    """Named-entity recognition, and other tasks that give each word a tag.

    Attributes
    ----------
    labels
        The types of entities.
    tags
        The tags of words, in the order of the model's outputs.
    valid
        Whether only sequences are predicted that IOB2 allows; not of a model from elsewhere, whose scheme is unknown.
    all_pieces
        Whether training learns from all tokens of a word, and not from its first alone.
    """

    name: ClassVar[str] = "token_classification"
    target_kind: ClassVar[Targets] = "classes"
    validation_metrics: ClassVar[tuple[str, ...]] = ("f1", "strict_f1", "accuracy", "loss")
    main_metric: ClassVar[str] = "f1"
    long_text: ClassVar[LongText] = "window"
    target_noun: ClassVar[str] = "type"
    target_caption: ClassVar[str] = "Types of entities, the most frequent first."
    has_word_outputs: ClassVar[bool] = True
    usage: ClassVar[Usage] = USAGE
    usual_names: ClassVar[frozenset[str]] = entity_columns.USUAL_NAMES
    decoder: ClassVar[str] = "entities"
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    valid: bool = True
    all_pieces: bool = False

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines: the most frequent tag of each word, and a linear model of the vector of each word."""
        return ("majority", "linear_probe")

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Whether one column has tags and another has words, or one has spans and another has text."""
        return bool(entity_columns.likely_labels(table, asked["label"], asked["text"]))

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the column of the words or texts, and that of the tags or spans."""
        text, label = asked["text"], asked["label"]
        if label is None:
            candidates = entity_columns.likely_labels(table, None, text)
            if not candidates:
                raise DataError(
                    f"no column of {table.name} holds tags or spans (columns: {listing(table.columns)}).",
                    'Name it with label = "NAME": lists of tags as B-PER, I-PER, O, or of {"start", "end", "label"}.',
                )
            label = candidates[0]
        naming.require(table, label, "label")
        text = text or entity_columns.text_of(table, label)
        naming.require(table, text, "text")
        roles = (("text", text), ("label", label))
        inferred = [f"{role} = {column!r}" for role, column in roles if asked[role] is None]
        note = f"Inferred from {table.name}: {', '.join(inferred)}." if inferred else ""
        return {"text": text, "label": label}, note

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Finetune | None = None
    ) -> tuple[TokenClassification, LabelledRows, list[Finding]]:
        """Return the task with the types that occur, and the rows with the tags of their words."""
        rows, tag_rows, findings = reading.read(table, columns["text"], columns["label"])
        counts = Counter(entity.label for row in tag_rows for entity in tags.entities(row))
        if not counts:
            raise DataError(
                f"column {columns['label']!r} of {table.name} marks no entity in any row.",
                "Name the column of the tags or spans with label = …",
            )
        task = cls.of_types(sorted(counts), options is not None and options.label_all_pieces)
        findings += [
            Finding("warning", f"type {label!r} has one entity only.", "Add some, or merge it with another.")
            for label, count in counts.items()
            if count == 1
        ]
        examples = task._with_targets(rows, tag_rows)
        return (
            task,
            examples,
            findings + spelling.alike(counts, "type", ("entity", "entities")) + checks.repeats(examples),
        )

    @classmethod
    def of_types(cls, labels: Sequence[str], all_pieces: bool = False) -> TokenClassification:
        """Return the task of finding entities of some types."""
        return cls(tuple(labels), tags.names(labels), all_pieces=all_pieces)

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> TokenClassification:
        """Take the tags from the card, else from the names in the config, in any scheme."""
        if "tags" in card:
            return cls(
                tuple(card["labels"]), tuple(card["tags"]), card.get("valid", True), card.get("all_pieces", False)
            )
        named = sorted((config.get("id2label") or {}).items(), key=lambda item: int(item[0]))
        output_tags = tuple(_as_tag(str(name)) for _, name in named)
        types = {(tags.parts(tag) or ("", ""))[1] for tag in output_tags} - {""}
        if tags.OUTSIDE not in output_tags or not types:
            outputs = listing(name for _, name in named)
            raise ModelError(
                f"the outputs of the model are not tags of words: {outputs or 'none named'}.",
                "Its config should name them, as in id2label: O, B-PER, I-PER; or fine-tune it with %%bert_finetune.",
            )
        return cls(tuple(sorted(types)), output_tags, valid=False)

    def card(self) -> dict[str, Any]:
        """Return the types and the tags."""
        return {
            "labels": list(self.labels), "tags": list(self.tags), "valid": self.valid, "all_pieces": self.all_pieces
        }  # fmt: skip

    def decoder_values(self) -> dict[str, Any]:
        """Return the tags as letter and type."""
        return {**self.card(), "tags": [tags.parts(tag) or (tags.OUTSIDE, "") for tag in self.tags]}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder with a head that has one output per tag for each token."""
        return loading.headed(folder, "tokens", self.tags, needs_head, **changes)

    def text_column(self, table: Table) -> str:
        """Return the column of words if one has a usual name, else the likely text column."""
        return entity_columns.words_column(table) or super().text_column(table)

    def readable(self, given: pd.DataFrame, name: str, where: str) -> tuple[TextRows, list[Finding]]:
        """Return the rows that can be read: texts, or lists of words."""
        return reading.readable(given["text"], name, where or f"column 'text' of {name}")

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the labelled rows; an entity of an unknown type is an error."""
        naming.require(table, columns["text"], "text")
        naming.require(table, columns["label"], "label")
        rows, tag_rows, findings = reading.read(table, columns["text"], columns["label"])
        unseen = {
            at: {entity.label for entity in tags.entities(row)} - {*self.labels} for at, row in enumerate(tag_rows)
        }
        wrong = [at for at, labels in unseen.items() if labels]
        if wrong:
            labels = sorted(set().union(*unseen.values()))
            raise DataError(
                f"column {columns['label']!r} of {table.name} has types that training did not have: "
                f"{listing(map(repr, labels))} in {count(len(wrong), 'row')}, such as row {rows.index[wrong[0]]}.",
                f"The types are {listing(self.labels)}. Map or drop those entities.",
            )
        examples = self._with_targets(rows, tag_rows)
        return examples, findings + checks.repeats(examples)

    def unseen(self, table: Table, columns: Mapping[str, Any]) -> dict[int, str]:
        """Return the rows with an entity of an unknown type."""
        rows, tag_rows, _ = reading.read(table, columns["text"], columns["label"])
        unknown = ((at, {one.label for one in tags.entities(row)} - {*self.labels}) for at, row in enumerate(tag_rows))
        return {int(rows.positions[at]): min(labels) for at, labels in unknown if labels}

    def _with_targets(self, rows: TextRows, tag_rows: Sequence[Sequence[str]]) -> LabelledRows:
        """Return rows with the tags of their words: for each row a tuple of numbers in `_names`."""
        import numpy as np

        numbers = {tag: number for number, tag in enumerate(self._names)}
        known = [tuple(numbers[tag] for tag in row) for row in tag_rows]
        return with_targets(rows, np.fromiter(known, object, len(known)))

    @property
    def _names(self) -> tuple[str, ...]:
        """All IOB2 tags of the types: the same as the outputs, except for a model from elsewhere."""
        return tags.names(self.labels)

    def _outputs(self) -> npt.NDArray[np.int64]:
        """Return the output for each tag of `_names`, and in a second row the output for the words that continue it.

        A model from elsewhere may have no ``B-`` of a type, or no ``I-``: its other tag stands for it.
        """
        import numpy as np

        numbers = {tag: number for number, tag in enumerate(self.tags)}
        of_type = {(tags.parts(tag) or ("", ""))[1]: number for tag, number in reversed(numbers.items())}
        begins = [numbers.get(tag, of_type.get(tag[2:], 0)) for tag in self._names]
        goes_on = [numbers.get("I" + tag[1:], begin) for tag, begin in zip(self._names, begins, strict=True)]
        return np.asarray([begins, goes_on])

    def baseline_texts(self, rows: TextRows) -> list[str]:
        """Return the words of all rows, concatenated."""
        all_words = words.find(rows.texts)
        return [text[start:end] for at, text in enumerate(rows.texts) for start, end in all_words.spans_of(at)]

    def targets(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the output of the tag of each word. Shape ``(all words,)``."""
        targets: npt.NDArray[np.int64] = self._outputs()[0, _flat(rows)]
        return targets

    def linear_targets(self, rows: LabelledRows) -> tuple[npt.NDArray[Any], int]:
        """Return the output of the tag of each word."""
        return self.targets(rows), len(self.tags)

    def fit_baseline(self, name: str, rows: LabelledRows) -> Baseline:
        """Return a baseline that gives the score of each tag for a word."""
        return baselines.fit_words(self.baseline_texts(rows), self.targets(rows), len(self.tags))

    def baseline_scores(self, scores: Scores, rows: TextRows, samples: Tokens) -> Scores:
        """Return the scores of words, ``(all words, tags)``, at the tokens that predict them."""
        import numpy as np

        alignment = alignment_of(samples, rows)
        by_token = np.zeros((len(samples.ids), scores.shape[1]), np.float32)
        by_token[alignment.tokens[alignment.own]] = scores[alignment.own]
        return by_token

    def strata(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the rarest type of entity in each row, so that each type keeps its share of the validation rows."""
        import numpy as np

        counts = Counter(chain.from_iterable(rows.targets))
        rank = {tag: number for number, (tag, _) in enumerate(counts.most_common())}
        return np.fromiter((max(map(rank.__getitem__, row)) for row in rows.targets), np.int64, len(rows))

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return the number of entities of each type."""
        named = ([self._names[tag] for tag in row] for row in rows.targets)
        types = (entity.label for row in named for entity in tags.entities(row))
        return dict(Counter(types).most_common())

    def encode(self, cache: Cache, rows: TextRows, progress: Callable[[int, int], None]) -> Tokens:
        """Return the rows as tokens with their characters."""
        return AlignedTokens(**vars(cache.encode(rows.texts, progress, spans=True)), source=rows.texts)

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples with the tag of each word at its first token, or at all of them."""
        first, further = self._outputs()[:, _flat(rows)]
        targets = alignment_of(samples, rows).targets(first, further if self.all_pieces else None)
        return BatchSource(samples, pad_id, targets, per_token=True)

    def objective(self, train: LabelledRows, options: Finetune) -> Objective:
        """Return the cross-entropy of the tags, weighted by ``words / (tags x words of the tag)`` if balanced."""
        import numpy as np
        import torch

        weights = None
        if options.class_weights == "balanced":
            counts = np.bincount(self.targets(train), minlength=len(self.tags))
            weights = torch.tensor(counts.sum() / (len(self.tags) * np.maximum(counts, 1)), dtype=torch.float32)

        def total(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            here = None if weights is None else weights.to(logits.device)
            return torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), targets.flatten(), here, ignore_index=IGNORED, reduction="sum",
                label_smoothing=options.label_smoothing,
            )  # fmt: skip

        def weight(targets: torch.Tensor) -> float:
            learnt = targets[targets != IGNORED]
            return float(len(learnt) if weights is None else weights[learnt].sum())

        return Objective(total, weight)

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return the metrics of `metrics.Measured`."""
        return self._measured(scores, rows, samples).metrics()

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return metrics and the table of types."""
        measured, where = self._measured(scores, rows, samples), alignment_of(samples, rows).words
        estimates = with_intervals.estimate([entities.tally(measured)], measured.metrics())
        outcomes = Outcomes(
            index=rows.index,
            texts=rows.texts,
            lengths=samples.lengths_by_row(),
            true=entities.named(rows.texts, where, measured.true),
            predicted=entities.named(rows.texts, where, measured.predicted),
            credit=entities.credits_of(measured),
            tallies=estimates.tallies,
        )
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=estimates.metrics,
            intervals=estimates.intervals,
            labels=self.labels,
            class_noun="type",
            support_noun="entities",
            classes=entities.typed(measured),
            outcomes=outcomes,
            **known,
        )

    def _measured(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> Measured:
        """Return true and predicted tags of all rows, and the loss of each."""
        import numpy as np

        alignment = alignment_of(samples, rows)
        own, owner = alignment.own, alignment.words.owner
        read = scores[alignment.tokens[own]]
        losses = cross_entropies(read, self.targets(rows)[own])
        return Measured(
            true=[[self._names[tag] for tag in row] for row in rows.targets],
            predicted=list(decoding.decoded(read, alignment, self.tags, self.valid)),
            likeliest=list(decoding.decoded(read, alignment, self.tags, None)),
            losses=np.bincount(owner[own], losses, len(rows)).astype(np.float64),
            weights=np.bincount(owner[own], minlength=len(rows)).astype(np.int64),
        )

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> Entities:
        """Return ``row, start, end, text, label, score``, one row per entity."""
        alignment = alignment_of(samples, rows)
        read = scores[alignment.tokens[alignment.own]]
        types = [(tags.parts(tag) or ("", ""))[1] for tag in self.tags]
        chances = {label: softmax(read)[:, [label == kind for kind in types]].sum(axis=1) for label in self.labels}
        tag_rows = decoding.decoded(read, alignment, self.tags, self.valid)
        return entities_of(
            given["text"], rows, alignment, tag_rows, chances, labels=self.labels, task=self.name, **known
        )

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the probability of each entity, of its borders, and of each type anywhere in the text."""
        return explained.scores(self, outputs, sample, texts)

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the entities with their types."""
        frame = predict_one(self, scores, sample, texts).frame
        entities = (f"{text}: {label}" for text, label in zip(frame["text"], frame["label"], strict=True))
        return Description(", ".join(entities) or "no entity")

    def gradient_outputs(self, description: Description, model: PreTrainedModel) -> tuple[str, ...]:
        """Return ``tags``, the best tag of each token, and each tag."""
        return ("tags", *output_names(model))

    def output_logit(
        self, scores: torch.Tensor, output: str, model: PreTrainedModel, tokens: list[int]
    ) -> torch.Tensor:
        """Return the sum over tokens of the logit of a tag, or of the best one."""
        if output == "tags":
            return scores[0, tokens].amax(dim=-1).sum()
        return scores[0, tokens, output_names(model).index(output)].sum()


def _flat(rows: LabelledRows) -> npt.NDArray[np.int64]:
    """Return the tags of all words, concatenated."""
    import numpy as np

    return np.fromiter(chain.from_iterable(rows.targets), np.int64)


def _as_tag(name: str) -> str:
    """Return the name of an output as a tag: ``PER`` alone is the tag of any word of a person."""
    return name if tags.parts(name) else f"I-{name}"

"""The answer to a question, as a piece of a context."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks
from bertmagic.data import columns as naming
from bertmagic.data.batches import IGNORED, BatchSource
from bertmagic.data.report import Finding
from bertmagic.data.rows import LabelledRows, duplicate_keys
from bertmagic.errors import DataError, OptionError, listing
from bertmagic.evaluation import slices, with_intervals
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report, Slice
from bertmagic.models import heads, loading
from bertmagic.tasks.base import Task
from bertmagic.tasks.description import Description, predict_one
from bertmagic.tasks.question_answering import decoding, explained
from bertmagic.tasks.question_answering import metrics as measured
from bertmagic.tasks.question_answering import reading as known_answers
from bertmagic.tasks.question_answering.alignment import AnsweredTokens, places_of
from bertmagic.tasks.question_answering.result import answers
from bertmagic.tasks.question_answering.usage import USAGE
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch
    from bertmagic.data.cache import Cache
    from bertmagic.data.rows import TextRows
    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.explain.scores import ExplainedScores
    from bertmagic.models.card import Usage
    from bertmagic.options import Finetune, LongText
    from bertmagic.tasks.base import Scores
    from bertmagic.tasks.question_answering.reading import Answer
    from bertmagic.tasks.question_answering.result import Answers

_OUTPUTS = {"answer": [0, 1], "start": [0], "end": [1]}
"""Which of a token's two logits, to begin and to end the answer, each output has."""

LONGEST_ANSWER = 30
"""How many tokens an answer has at most, as in the script of BERT for SQuAD."""


_NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "questions", "query"),
    "context": ("context", "contexts", "passage", "paragraph"),
    "answers": ("answers", "answer", "answer_text"),
}
"""The usual names of the columns of each role, the most usual first."""


@dataclass(frozen=True)
class QuestionAnswering(Task):
    """Extractive question answering: the first and the last token of the answer in its context.

    Attributes
    ----------
    threshold
        "No answer" is predicted if its score is this much above that of the best answer: chosen on validation rows, 0
        without them. None if all training questions have an answer; then one is always given.
    max_answer_length
        How many tokens an answer may have.
    """

    name: ClassVar[str] = "question_answering"
    validation_metrics: ClassVar[tuple[str, ...]] = ("f1", "exact_match", "loss")
    main_metric: ClassVar[str] = "f1"
    has_thresholds: ClassVar[bool] = True
    long_text: ClassVar[LongText | None] = "window"
    target_noun: ClassVar[str] = "questions"
    target_caption: ClassVar[str] = "Questions with an answer, and without."
    usage: ClassVar[Usage] = USAGE
    usual_names: ClassVar[frozenset[str]] = frozenset(name for names in _NAMES.values() for name in names)
    decoder: ClassVar[str] = "answers"
    activation: ClassVar[str] = "linear"
    threshold: float | None = 0.0
    max_answer_length: int = LONGEST_ANSWER

    @property
    def inputs(self) -> tuple[str, ...]:
        """A question and the context that may hold its answer."""
        return ("question", "context")

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Whether one of the columns was named, or the table has one for each role by its usual name."""
        if any(asked.get(role) for role in _NAMES):
            return True
        if _of_others(asked) or not all(_usual(table, role) for role in _NAMES):
            return False
        return not known_answers.are_decisions(table.frame[_only(table, "answers")])

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the columns of questions, contexts and answers."""
        if others := _of_others(asked):
            raise DataError(
                f"{listing(others)} names a column that question answering does not use.",
                "Name its columns with question = …, context = … and answers = ….",
            )
        columns, inferred = {}, []
        for role in _NAMES:
            if not asked.get(role):
                inferred.append(f"{role} = {_only(table, role)!r}")
            columns[role] = naming.require(table, asked.get(role) or _only(table, role), role)
        if len(set(columns.values())) < len(columns):
            raise DataError("question, context and answers name one column twice.", "They must be three columns.")
        return columns, f"Inferred from {table.name}: {', '.join(inferred)}." if inferred else ""

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Finetune | None = None
    ) -> tuple[QuestionAnswering, LabelledRows, list[Finding]]:
        """Return the task, and the questions whose answer's place is known or which have none."""
        import numpy as np

        longest = LONGEST_ANSWER if options is None else options.max_answer_length
        if options is not None:
            _check(options)
        rows, findings = known_answers.examples(table, **columns)
        rows = rows.take(np.flatnonzero(~known_answers.lost(rows)))
        if not any(rows.targets):
            raise DataError(f"{table.name} has no question with an answer.", "Check the column of the answers.")
        findings += known_answers.unanswerable(rows)
        return cls(None if all(rows.targets) else 0.0, longest), rows, findings

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> QuestionAnswering:
        """Take what was chosen from the card; a model saved elsewhere may say that there is no answer."""
        return cls(card.get("no_answer_threshold", 0.0), card.get("max_answer_length", LONGEST_ANSWER))

    def card(self) -> dict[str, Any]:
        """Return the threshold, and how long answers may be."""
        return {"no_answer_threshold": self.threshold, "max_answer_length": self.max_answer_length}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder with a head that has two outputs a token."""
        return loading.headed(folder, "answer", needs_head=needs_head, **changes)

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the questions to measure: also those whose answer's place is not known, since its text counts."""
        for role, column in columns.items():
            naming.require(table, column, role)
        return known_answers.examples(table, **columns)

    def group_ids(self, rows: LabelledRows) -> npt.NDArray[np.int64]:
        """Return the same number for questions about one context."""
        assert rows.second is not None
        return duplicate_keys(rows.second)

    def counts(self, rows: LabelledRows) -> dict[str, int]:
        """Return how many questions have an answer and how many have none."""
        with_answer = sum(map(bool, rows.targets))
        counts = {"with an answer": with_answer, "without": len(rows) - with_answer}
        return {name: many for name, many in counts.items() if many}

    def encode(self, cache: Cache, rows: TextRows, progress: Callable[[int, int], None]) -> Tokens:
        """Return pairs of question and context as tokens, with the characters of each."""
        tokens = cache.encode(rows.texts, progress, pairs=rows.second, spans=True)
        return AnsweredTokens(**vars(tokens), answers=rows.targets) if isinstance(rows, LabelledRows) else tokens

    def token_findings(self, samples: Tokens, rows: LabelledRows) -> list[Finding]:
        """Return a finding about answers that are longer than ``max_answer_length``.

        Raises
        ------
        DataError
            If these are more than `checks.TOLERATED` of the rows.
        """
        import numpy as np

        lengths = places_of(samples, rows).lengths
        long = np.flatnonzero(lengths > self.max_answer_length)
        if not len(long):
            return []
        what = (
            f"{len(long):,} of {len(rows):,} answers are too long: they have more than {self.max_answer_length} tokens"
        )
        fix = f"Set max_answer_length = {lengths.max()} to reach the longest."
        if len(long) > checks.TOLERATED * len(rows):
            raise DataError(f"{what}, such as that of row {rows.index[long[0]]}.", fix)
        return [Finding("warning", f"{what} and will not be found whole.", fix, tuple(rows.index[long[:5]]), len(long))]

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples with the first and the last token of the answer; the very first token where it has none."""
        return BatchSource(samples, pad_id, places_of(samples, rows).targets, segments=segments)

    def outputs(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return the scores of each token to begin and to end the answer; padding can do neither."""
        import torch

        logits = heads.answer_logits(model, batch)
        return logits.masked_fill(batch.mask[..., None] == 0, torch.finfo(logits.dtype).min)

    def objective(self, train: LabelledRows, options: Finetune) -> Objective:
        """Return the mean cross-entropy of the first and the last token (Devlin et al. 2019, section 4.2)."""
        import torch

        def total(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            ends = torch.nn.functional.cross_entropy(
                logits, targets, reduction="sum", ignore_index=IGNORED
            )  # (rows, tokens, 2) against (rows, 2)
            return ends / 2

        return Objective(total, lambda targets: float((targets[:, 0] != IGNORED).sum()), self.outputs)

    def tuned(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> QuestionAnswering:
        """Return the task with the threshold that has the highest F1."""
        import numpy as np

        if self.threshold is None:
            return self
        candidates = self._candidates(scores, rows, samples)
        some = np.isfinite(candidates.margin)
        if not some.any():
            return self
        answerable = np.fromiter(map(bool, rows.targets), bool, len(rows))
        worth = measured.scores(replace(self, threshold=None)._texts(candidates, rows), _golds(rows))[:, 1]
        return replace(self, threshold=measured.threshold(candidates.margin[some], worth[some], answerable[some]))

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return exact match, F1 and the loss."""
        row_scores, known = self._measured(scores, rows, samples), _golds(rows)
        loss = decoding.cross_entropy(scores, samples, places_of(samples, rows).targets)
        return measured.metrics(row_scores, known) | {"loss": loss}

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return the metrics of all questions, of those with an answer and of those without."""
        import numpy as np
        import pandas as pd

        predicted, golds = self._texts(self._candidates(scores, rows, samples), rows), _golds(rows)
        row_scores = measured.scores(predicted, golds)
        tally = measured.tally(row_scores, golds)
        answerable = np.fromiter(map(bool, golds), bool, len(golds))
        parts: tuple[Slice, ...] = ()
        if not answerable.all():
            kind = pd.Series(np.where(answerable, "with an answer", "without"), name="questions")
            parts = slices.measured([tally], kind)
        whole = with_intervals.estimate([tally], self.metrics(scores, rows, samples))
        outcomes = Outcomes(
            index=rows.index,
            texts=rows.texts,
            second=rows.second,
            lengths=samples.lengths_by_row(),
            true=np.fromiter((" / ".join(dict.fromkeys(gold)) for gold in golds), object, len(golds)),
            predicted=np.fromiter(predicted, object, len(predicted)),
            credit=row_scores[:, 1],
            tallies=whole.tallies,
        )
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=whole.metrics,
            intervals=whole.intervals,
            slices=parts,
            outcomes=outcomes,
            notes=(*known.pop("notes", ()), *self._notes(answerable)),
            **known,
        )

    def _notes(self, answerable: npt.NDArray[np.bool_]) -> list[str]:
        if answerable.all():
            return []
        silent = f"No answer to any question would have an exact match and F1 of {1 - answerable.mean():.3f}."
        if self.threshold is None:
            return [silent, "All questions of training had an answer, so one is always given."]
        return [silent, f"There is no answer where its score is {self.threshold:+.2f} or more above the best answer's."]

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> Answers:
        """Return ``row, answer, start, end, score``, and the next-best answers."""
        candidates = self._candidates(scores, rows, samples)
        return answers(given, rows.positions, candidates, self.threshold, task=self.name, **known)

    def _candidates(self, scores: Scores, rows: TextRows, samples: Tokens) -> decoding.Candidates:
        assert rows.second is not None
        return decoding.candidates(scores, samples, self.max_answer_length).trimmed(rows.second)

    def _measured(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> npt.NDArray[np.float64]:
        return measured.scores(self._texts(self._candidates(scores, rows, samples), rows), _golds(rows))

    def _texts(self, candidates: decoding.Candidates, rows: TextRows) -> list[str]:
        """Return the text of each answer, empty where there is none."""
        assert rows.second is not None
        spans = candidates.best(self.threshold).tolist()
        return [
            context[start:end] if start >= 0 else "" for context, (start, end) in zip(rows.second, spans, strict=True)
        ]

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the probability of the answer, of its start and of its end."""
        return explained.scores(self, outputs, sample, texts)

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the best answer, with the probabilities of the next-best ones."""
        prediction = predict_one(self, scores, sample, texts)
        ranked = zip(prediction.candidates["answer"], prediction.candidates["score"], strict=True)
        best = prediction.frame["answer"].iloc[0] or "no answer"
        return Description(best, tuple((answer or "no answer", float(score)) for answer, score in ranked))

    def gradient_outputs(self, description: Description, model: PreTrainedModel) -> tuple[str, ...]:
        """Return the whole answer, its start and its end."""
        return tuple(_OUTPUTS)

    def output_logit(
        self, scores: torch.Tensor, output: str, model: PreTrainedModel, tokens: list[int]
    ) -> torch.Tensor:
        """Return the sum of the best logits to begin and to end the answer, or one of the two."""
        return scores[0][:, _OUTPUTS[output]].amax(dim=0).sum()

    @classmethod
    def target_text(cls, cell: Any) -> str:
        """Return the texts of the answers in a cell."""
        if not isinstance(cell, dict) or "text" not in cell:
            return str(cell)
        try:
            return " / ".join(dict.fromkeys(text for text, _ in known_answers.given(cell))) or "(no answer)"
        except ValueError:
            return str(cell)


def _check(options: Finetune) -> None:
    """Raise an `OptionError` for options that are not for answers."""
    if options.long_text == "head_tail":
        raise OptionError(
            'long_text = "head_tail" cuts the middle out of a context, and an answer may be there.',
            "Leave it out: long contexts are read in overlapping windows.",
        )
    for name, none in (("label_smoothing", 0.0), ("class_weights", "none")):
        if getattr(options, name) not in (none, None):
            raise OptionError(f"{name} is for classes, and an answer is a piece of a context.", "Leave it out.")


def _of_others(asked: Mapping[str, Any]) -> list[str]:
    """Return the options that name columns of other tasks."""
    return [role for role in ("text", "label") if asked.get(role)]


def _usual(table: Table, role: str) -> str | None:
    """Return the column that has a usual name of a role."""
    lower = {column.lower(): column for column in reversed(table.columns)}
    # In flat tables the answer is the text that an offset belongs to.
    further = ("text",) if role == "answers" and known_answers.OFFSET in lower else ()
    return next((lower[name] for name in (*_NAMES[role], *further) if name in lower), None)


def _only(table: Table, role: str) -> str:
    column = _usual(table, role)
    if column is None:
        raise DataError(
            f"no column of {table.name} is called {' or '.join(map(repr, _NAMES[role][:2]))}"
            f" (columns: {', '.join(table.columns[:8])}).",
            f'Say which one with {role} = "NAME".',
        )
    return column


def _golds(rows: LabelledRows) -> list[list[str]]:
    """Return the texts of the correct answers to each question, also as the context has them in another form."""
    assert rows.second is not None
    return [
        [text for one in gold for text in _forms(one, context)]
        for gold, context in zip(rows.targets, rows.second, strict=True)
    ]


def _forms(gold: Answer, context: str) -> list[str]:
    """Return the text of an answer, and that of its place if it has other quotes or forms of characters."""
    passage = context[gold.start : gold.end] if gold.found else gold.text
    return [gold.text] if measured.normal(passage) == measured.normal(gold.text) else [gold.text, passage]

"""Pre-training: masked tokens of running text and, if asked for, next sentences."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.data import checks, tables
from bertmagic.data import columns as naming
from bertmagic.data.batches import IGNORED
from bertmagic.data.rows import LabelledRows, with_targets
from bertmagic.data.tokens import Tokens
from bertmagic.errors import DataError, ModelError, count
from bertmagic.evaluation import with_intervals
from bertmagic.evaluation.bootstrap import Tally
from bertmagic.evaluation.report import Report
from bertmagic.models.loading import Loaded
from bertmagic.tasks.base import Task
from bertmagic.tasks.description import Description
from bertmagic.tasks.masked_language_modeling import blocks, documents, explained, heads, masking, sentences
from bertmagic.tasks.masked_language_modeling.usage import USAGE
from bertmagic.training.objective import Objective

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
    from bertmagic.data.rows import TextRows
    from bertmagic.data.tables import Table
    from bertmagic.evaluation.bootstrap import Draws
    from bertmagic.explain.scores import ExplainedScores
    from bertmagic.inference.predictions import Predictions
    from bertmagic.models.card import Usage
    from bertmagic.tasks.base import Scores

FEWEST = 100
"""The least number of tokens to pre-train on: fewer are taken for a mistake."""

_WORDS = 5
"""The number of words in the description of a mask."""

_UNCUT = 10**9

_NLL, _COUNT, _RIGHT, _NEXT_NLL, _NEXT_RIGHT = range(5)
"""What is read of each sample: the sum of its losses, how many tokens were masked, and how many were guessed right; the
loss of the next-sentence head and whether it was right."""


@dataclass(frozen=True)
class Samples(Tokens):
    """Blocks or pairs with their masking; ``follows`` is that of `blocks.Pairs`."""

    masking: masking.Masking = field(kw_only=True)
    follows: npt.NDArray[np.bool_] | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class MaskedLanguageModeling(Task):
    """Masked language modelling (Devlin et al. 2019), with or without next-sentence prediction.

    Attributes
    ----------
    nsp
        Whether next sentences are learned, too: samples are pairs of texts instead of blocks.
    whole_words
        Whether the pieces of a word are masked together.
    packing
        Whether documents share blocks.
    seed
        What the pairs are drawn with.
    """

    name: ClassVar[str] = "masked_language_modeling"
    validation_metrics: ClassVar[tuple[str, ...]] = ("loss", "accuracy")
    measures_before: ClassVar[bool] = True
    is_pretraining: ClassVar[bool] = True
    has_row_outcomes: ClassVar[bool] = False
    usage: ClassVar[Usage] = USAGE
    nsp: bool = False
    whole_words: bool = False
    packing: bool = True
    seed: int = 0

    @classmethod
    def source(cls, given: Any) -> Any:
        """Return running text as a table of documents; see `documents.source`."""
        return documents.source(given)

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Never: pre-training is asked for, and not inferred from a table."""
        return False

    @classmethod
    def columns(cls, table: Table, asked: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """Return the column of the running text, and that of the document ids."""
        document = asked.get("document")
        if document is not None:
            naming.require(table, document, "document")
        only = len(table.columns) == 1 and asked["text"] is None
        text = table.columns[0] if only else naming.text_only(table, asked["text"])
        if text == document:
            raise DataError(f"text and document are both {text!r}.", "They must be two columns.")
        note = "" if asked["text"] or only else f"Inferred from {table.name}: text = {text!r}."
        return {"text": text, "document": document}, note

    @classmethod
    def read(
        cls, table: Table, columns: Mapping[str, Any], options: Any = None
    ) -> tuple[MaskedLanguageModeling, LabelledRows, list[Finding]]:
        """Return the task as the options have it, and the documents."""
        chosen = ("nsp", "whole_words", "packing", "seed")
        task = cls(**{name: getattr(options, name) for name in chosen if hasattr(options, name)})
        rows, findings = task.examples(table, columns)
        _check_amount(rows, table.name)
        if task.nsp:
            _check_pairs(rows, table.name)
        return task, rows, findings

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> MaskedLanguageModeling:
        """Take the values from the card; a model saved elsewhere is evaluated on single texts."""
        chosen = ("nsp", "whole_words", "packing")
        return cls(**{name: bool(card[name]) for name in chosen if name in card})

    def card(self) -> dict[str, Any]:
        """Return whether next sentences were learned, and the masking."""
        return {"nsp": self.nsp, "whole_words": self.whole_words, "packing": self.packing}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> Loaded:
        """Load the encoder with the heads of pre-training."""
        network, summary = heads.load(folder, self.nsp, needs_head, **changes)
        return Loaded(network, frozenset(), summary)

    def examples(self, table: Table, columns: Mapping[str, Any]) -> tuple[LabelledRows, list[Finding]]:
        """Return the documents; their targets are their own tokens."""
        import numpy as np

        naming.require(table, columns["text"], "text")
        if columns.get("document"):
            naming.require(table, columns["document"], "document")
            table = documents.joined(table, columns["text"], columns["document"])
        rows, findings = checks.readable(table.frame, (columns["text"],), table.name)
        for finding in findings:
            checks.tolerate(finding, len(table.frame), table.name)
        if not len(rows):
            raise DataError(f"{table.name} holds no text.", "Name the text column with text = …")
        return with_targets(rows, np.zeros(len(rows), np.int64)), findings

    def encode(self, cache: Cache, rows: TextRows, progress: Callable[[int, int], None]) -> Tokens:
        """Return the documents as blocks, or as pairs of sentences.

        Raises
        ------
        ModelError
            If labels are asked for: this task has none.
        DataError
            If there is too little text.
        """
        if not isinstance(rows, LabelledRows):
            raise ModelError(
                "a masked language model predicts no labels.",
                "Fill masks with %bert_fill, or fine-tune it first: %%bert_finetune NAME with model = it.",
            )
        whole = replace(cache, max_length=_UNCUT, long_text="truncate")
        around = blocks.frame(cache.tokenizer)
        if self.nsp:
            texts, counts = _sentences(rows)
            if (counts > 0).sum() < 2:
                raise _one_document(rows.name)
            samples: Tokens = blocks.pairs(whole.encode(texts, progress), counts, around, cache.max_length, self.seed)
        else:
            samples = blocks.blocks(whole.encode(rows.texts, progress), around, cache.max_length, self.packing)
        _check_tokens(samples, rows.name, self.nsp)
        return Samples(**vars(samples), masking=masking.of_tokenizer(cache.tokenizer, self.whole_words))

    def feed(self, samples: Tokens, rows: LabelledRows, pad_id: int, segments: bool, seed: int) -> BatchSource:
        """Return samples that are masked again for each step."""
        assert isinstance(samples, Samples)
        return masking.MaskedFeed(
            samples, pad_id, segments=segments, masking=samples.masking, seed=seed, follows=samples.follows
        )

    def objective(self, train: LabelledRows, options: Any) -> Objective:
        """Return the mean cross-entropy of the masked tokens; with ``nsp`` that of next sentences is added to it.

        A sample's next-sentence loss weighs as its masked tokens do: then the whole is a sum over samples, however a
        batch is cut, and samples of one length all weigh the same.
        """

        def total(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
            losses = outputs[:, _NLL].sum()
            return losses + (outputs[:, _NEXT_NLL] * outputs[:, _COUNT]).sum() if self.nsp else losses

        return Objective(total, lambda targets: float((self._words(targets) != IGNORED).sum()), self.outputs)

    def outputs(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return the sums of each sample, ``(rows, 3)``, or with next sentences ``(rows, 5)``."""
        import torch
        from torch.nn import functional

        assert batch.targets is not None
        words = self._words(batch.targets)
        chosen = words != IGNORED
        logits, wanted = heads.masked_outputs(model, batch, chosen), words[chosen]
        row = chosen.nonzero()[:, 0]
        right = (logits.tokens.detach().argmax(dim=1) == wanted).float()
        of_tokens = (functional.cross_entropy(logits.tokens, wanted, reduction="none"), torch.ones_like(right), right)
        zeros = logits.tokens.new_zeros(len(words))
        sums = [zeros.index_add(0, row, values) for values in of_tokens]
        if self.nsp:
            assert logits.follows is not None
            label = batch.targets[:, 0]
            sums.append(functional.cross_entropy(logits.follows, label, reduction="none"))
            sums.append((logits.follows.detach().argmax(dim=1) == label).float())
        return torch.stack(sums, dim=1)

    def _words(self, targets: torch.Tensor) -> torch.Tensor:
        """Return the targets of the tokens, without the column for next sentences."""
        return targets[:, 1:] if self.nsp else targets

    def metrics(self, scores: Scores, rows: LabelledRows, samples: Tokens) -> dict[str, float]:
        """Return perplexity, the share of masked tokens that are predicted correctly, and the loss.

        The perplexity is ``exp`` of the mean cross-entropy of the masked tokens (in nats), which is that of a text
        only in name: each token is guessed from both sides (Salazar et al. 2020 call it a pseudo-perplexity where the
        tokens are masked one by one).
        """
        import numpy as np

        sums = scores.astype(np.float64).sum(axis=0)
        tokens = max(sums[_COUNT], 1.0)
        loss = sums[_NLL] / tokens
        values = {"perplexity": float(np.exp(min(loss, 700.0))), "accuracy": float(sums[_RIGHT] / tokens)}
        if self.nsp:
            values["next_sentence_accuracy"] = float(scores[:, _NEXT_RIGHT].mean())
            loss += float(scores[:, _NEXT_NLL].mean())
        return values | {"loss": float(loss)}

    def report(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> Report:
        """Return the metrics on held-out text after and before training."""
        masks = int(scores[:, _COUNT].sum())
        samples_of = count(len(samples), "pair" if self.nsp else "block")
        note = f"Evaluated on {count(masks, 'masked token')} of {samples_of}."
        metrics = self.metrics(scores, rows, samples)
        notes = (note, *self._sum_of_losses(metrics), *known.pop("notes", ()))
        estimates = with_intervals.estimate([self._tally(scores)], metrics)
        return Report(
            task=self.name,
            rows=len(rows),
            metrics=estimates.metrics,
            intervals=estimates.intervals,
            notes=notes,
            **known,
        )

    def _sum_of_losses(self, metrics: dict[str, float]) -> list[str]:
        """Return what the loss is the sum of, where the perplexity is not the exponential of all of it."""
        import math

        if not self.nsp:
            return []
        words = math.log(metrics["perplexity"])
        return [
            f"The loss of {metrics['loss']:.4f} is {words:.4f} of masked words, whose exponential is the perplexity, "
            f"and {metrics['loss'] - words:.4f} of next sentences."
        ]

    def _tally(self, scores: Scores) -> Tally:
        """Return the metrics as a function of blocks, for their intervals."""
        import numpy as np

        def metrics(sums: Draws) -> dict[str, Draws]:
            tokens = np.maximum(sums[:, _COUNT], 1.0)
            loss = sums[:, _NLL] / tokens
            values = {"perplexity": np.exp(np.minimum(loss, 700.0)), "accuracy": sums[:, _RIGHT] / tokens}
            if self.nsp:
                values["next_sentence_accuracy"] = sums[:, _NEXT_RIGHT] / sums[:, -1]
                loss = loss + sums[:, _NEXT_NLL] / sums[:, -1]
            return values | {"loss": loss}

        def units(sums: Draws) -> dict[str, Draws]:
            return {"accuracy": sums[:, _COUNT]}

        return Tally.of_rows(np.column_stack([scores, np.ones(len(scores))]), metrics, units=units)

    def predictions(
        self, given: pd.DataFrame, rows: TextRows, samples: Tokens, scores: Scores, **known: Any
    ) -> Predictions:
        """Not called: `encode` has refused the rows."""
        raise NotImplementedError

    def explained(
        self, outputs: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase,
        target: Any = None,
    ) -> ExplainedScores:  # fmt: skip
        """Return the probability of words for the masks."""
        return explained.scores(outputs, sample, tokenizer, target)

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return the most probable words for the first mask, and in the line the most probable one for each mask."""
        masks = self._masks(sample, tokenizer.mask_token_id)
        if not masks or scores.shape[-1] < len(tokenizer):
            return Description()
        best, ids = scores[0, masks].detach().float().softmax(-1).topk(_WORDS)
        words = [[tokenizer.decode([number]).strip() for number in row] for row in ids.tolist()]
        line = ", ".join(f"{row[0]} {chance:.3f}" for row, chance in zip(words, best[:, 0].tolist(), strict=True))
        return Description(line, tuple(zip(words[0], best[0].tolist(), strict=True)))

    def max_tokens(self, card: Mapping[str, Any], limit: int) -> int:
        """Return the limit of the encoder: the card has the length of the blocks in training."""
        return limit

    def logits(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return the logits of all tokens; `outputs` are losses."""
        outputs = model(**batch.inputs)
        logits: torch.Tensor = outputs.prediction_logits if "prediction_logits" in outputs else outputs.logits
        return logits

    def gradient_outputs(self, description: Description, model: PreTrainedModel) -> tuple[str, ...]:
        """Return the predicted words."""
        return ("words",)

    def gradient_tokens(self, sample: Tokens, mask_id: int | None) -> list[int]:
        """Return the masks, or all tokens but the special ones where there is no mask."""
        return self._masks(sample, mask_id) or super().gradient_tokens(sample, mask_id)

    def output_logit(
        self, scores: torch.Tensor, output: str, model: PreTrainedModel, tokens: list[int]
    ) -> torch.Tensor:
        """Return the sum of the best logit of each token."""
        return scores[0, tokens].amax(dim=-1).sum()

    def _masks(self, sample: Tokens, mask_id: int | None) -> list[int]:
        import numpy as np

        return np.flatnonzero(sample.ids == mask_id).tolist()


def texts_of(given: Any, text: str | None = None) -> list[str]:
    """Return the texts of any data that `bertmagic.api.pretrain` takes."""
    table = tables.read(documents.source(given), "train")
    columns, _ = MaskedLanguageModeling.columns(table, {"text": text})
    rows, _ = MaskedLanguageModeling().examples(table, columns)
    return list(rows.texts)


def _sentences(rows: TextRows) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the sentences of all documents, and how many each has."""
    import numpy as np

    by_document = [sentences.split(text) for text in rows.texts]
    return [one for each in by_document for one in each], np.asarray([len(each) for each in by_document], np.int64)


def _check_amount(rows: TextRows, name: str) -> None:
    """Raise a `DataError` if the texts have fewer than 100 characters."""
    total = 0
    for text in rows.texts:
        total += len(text)
        if total >= FEWEST:
            return
    raise _too_little(name, count(total, "character"))


def _check_tokens(samples: Tokens, name: str, nsp: bool) -> None:
    if not len(samples):
        what = "no two sentences that follow each other" if nsp else "no token"
        raise DataError(f"{name} has {what}.", "Give more text, or running text instead of single phrases.")


def _too_little(name: str, amount: str) -> DataError:
    return DataError(
        f"{name} has {amount} of text: too little to pre-train on.",
        "Give running text, thousands of sentences if there are; to learn labels of few texts use %%bert_finetune.",
    )


def _one_document(name: str) -> DataError:
    return DataError(
        f"{name} is one document, and nsp = True draws half of the second sentences from another one.",
        'Give a row for each document, blank lines between those of a file, or document = "COLUMN"; hold more out.',
    )


def _check_pairs(rows: LabelledRows, name: str) -> None:
    """Raise a `DataError` if no pair of sentences can be drawn.

    Raises
    ------
    DataError
        If there is one document, or none has two sentences.
    """
    if len(rows) < 2:
        raise _one_document(name)
    if not any(len(sentences.split(text)) > 1 for text in rows.texts):
        raise DataError(
            f"no document of {name} has two sentences, as nsp = True needs.",
            'Give rows of several sentences, or say with document = "COLUMN" which rows belong together.',
        )

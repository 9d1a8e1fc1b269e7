"""Models as folders that run without us: written, compared with the model, and only then put in their place."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import tables
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import SpecialTokens
from bertmagic.disk import files
from bertmagic.errors import DataError, ModelError, count
from bertmagic.events import Phase
from bertmagic.export import folder as folders
from bertmagic.export import formats, parity, readme, session
from bertmagic.export.result import Export
from bertmagic.inference.forward import run_model
from bertmagic.models import heads
from bertmagic.workflows import backends
from bertmagic.workflows import predict as predicting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import TextRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.events import Listener
    from bertmagic.export.formats import Format
    from bertmagic.export.session import Session
    from bertmagic.inference.predictions import Predictions
    from bertmagic.text_model import TextModel

    Scores = npt.NDArray[np.float32]

_MOST_ROWS = 1000
"""How many rows are compared."""
_TIMED_ROWS, _TURNS = 64, 3
"""How many rows are timed, and how often; the median counts."""


@dataclass(frozen=True)
class Rows:
    """The rows that are compared: as given, as read, and as tokens, with what messages call them."""

    given: pd.DataFrame
    rows: TextRows
    tokens: Tokens
    name: str


def export(
    model: TextModel, path: Path, format: str, check: Any, asked: Mapping[str, Any], keep: float, emit: Listener
) -> Export:
    """Export a model; see `TextModel.export`."""
    network, chosen = model.network, formats.find(format)
    if chosen.write is None:
        from bertmagic.workflows import keras_export

        return keras_export.export(model, path, chosen, check, asked, emit)
    if not model.task.decoder:
        raise ModelError(
            f"{model.name!r} is an encoder ({model.task.name}) and gives no answers to export.",
            'Fine-tune it first, and export the model that comes of it; or take format = "keras", which has encoders.',
        )
    tokenizer = tokenizer_json(model)
    folders.check(path)
    rows = rows_to_check(model, check, asked, emit)
    if rows is None and not chosen.exact:
        raise DataError(
            f"{format} is not exact, and there are no rows to see how many predictions it keeps.",
            "Give some hundred texts like those it will read: check = DATA. They need no labels.",
        )
    comparison = None if rows is None else Comparison.of(model, rows, emit)
    segments = len(model.task.inputs) > 1 and heads.reads_segments(network)
    weights = backends.digest(model)
    manifest = described(model, chosen, segments) | {backends.WEIGHTS: weights}
    with files.replacing(path) as filling:
        emit(Phase(f"writing {format}"))
        request = formats.Request(network, model.task.outputs, segments, filling, keep, comparison)
        left_out = chosen.write(request)
        folders.fill(filling, model.task.decoder, tokenizer, manifest, readme.requirements(chosen))
        emit(Phase("comparing it with the model"))
        made = session.of_folder(filling)
        result = _checked(model, path, chosen, made, comparison, segments)
        result = replace(
            result,
            path=path.absolute(),
            bytes=folders.network_bytes(filling),
            left_out=left_out,
            model_bytes=model.bytes,
        )
        complete(filling, rows, result, manifest, readme.text(result, manifest))
    backends.remember(weights, result)
    return result


def tokenizer_json(model: TextModel) -> str:
    """Return the content of ``tokenizer.json``.

    Raises
    ------
    ModelError
        If the tokenizer is written in Python.
    """
    if not model.tokenizer.is_fast:
        raise ModelError(
            f"the tokenizer {type(model.tokenizer).__name__} is written in Python and has no tokenizer.json.",
            "Choose an encoder whose folder has a tokenizer.json.",
        )
    from tokenizers import Tokenizer

    copied = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    copied.no_padding()
    copied.no_truncation()
    return str(copied.to_str())


def described(model: TextModel, chosen: Format, segments: bool) -> dict[str, Any]:
    """Return what the program of an export reads, without the digests."""
    special = SpecialTokens.from_tokenizer(model.tokenizer, paired=len(model.task.inputs) > 1)
    return {
        "name": model.name,
        "format": chosen.name,
        "network": chosen.network,
        "inputs": ["input_ids", "attention_mask", *(["token_type_ids"] if segments else [])],
        "texts": len(model.task.inputs),
        "max_length": int(model.card["max_length"]),
        "long_text": predicting.long_text(model),
        "stride": model.card.get("stride"),
        "special_tokens": [special.before.ids, special.between.ids, special.after.ids],
        "pad_id": model.tokenizer.pad_token_id,
        "task": model.task.name,
        **model.task.decoder_values(),
        "encoder": str(model.card.get("encoder")),
    }


def rows_to_check(model: TextModel, check: Any, asked: Mapping[str, Any], emit: Listener) -> Rows | None:
    """Return the rows to compare: those given, or else the validation rows of the run; None without."""
    import numpy as np

    texts = tables.read(check) if isinstance(check, str) else check
    if texts is None:
        outcomes = None if model.report is None else model.report.outcomes
        if outcomes is None:
            return None
        texts = (
            list(outcomes.texts) if outcomes.second is None else list(zip(outcomes.texts, outcomes.second, strict=True))
        )
    given, name, where, _ = predicting.rows_given(model, texts, asked)
    rows, _ = model.task.readable(given, name, where)
    if not len(rows):
        raise DataError(f"{name} has no texts to compare the export on.", "Give some hundred texts: check = DATA.")
    rows = rows.take(np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)))
    given = given.iloc[rows.positions]
    rows, _ = model.task.readable(given, name, where)
    return Rows(given, rows, predicting.encoded(model, rows, emit), "the validation rows" if check is None else name)


@dataclass(frozen=True)
class Comparison:
    """The predictions of the model for the rows, in fp32 and as the notebook gives them."""

    model: TextModel
    rows: Rows
    feed: BatchSource
    scores: Scores
    expected: Predictions
    notebook: Predictions

    @classmethod
    def of(cls, model: TextModel, rows: Rows, emit: Listener) -> Comparison:
        """Compute them."""
        emit(Phase("predicting the rows to compare"))
        segments = heads.reads_segments(model.network)
        feed = BatchSource(rows.tokens, model.tokenizer.pad_token_id, segments=segments)
        exact, own = (
            run_model(model.network, feed, how, outputs=model.task.outputs) for how in ("fp32", model.precision)
        )
        expected, notebook = (_predictions(model, rows, scores) for scores in (exact, own))
        return cls(model, rows, feed, exact, expected, notebook)

    def scored(self, made: Session) -> Scores:
        """Return the scores of a session for the rows."""
        return session.run(made, self.feed)

    def kept(self, made: Session) -> float:
        """Return the share of rows whose prediction a session keeps."""
        return self.share(self.scored(made))

    def some_inputs(self) -> Iterator[Mapping[str, npt.NDArray[np.int64]]]:
        """Yield some of the rows as the inputs of a network, a batch at a time."""
        return session.batches(self.some)

    def some_scores(self, made: Session) -> Scores:
        """Return the scores of a session for some of the rows."""
        return session.run(made, self.some)

    def seconds(self, made: Session) -> float:
        """Return the median of the seconds that some of the rows take."""
        return self.median_seconds(lambda: session.run(made, self.some))

    @property
    def some(self) -> BatchSource:
        """Some of the rows."""
        import numpy as np

        return replace(self.feed, tokens=self.feed.tokens.choose(np.arange(min(len(self.feed.tokens), _TIMED_ROWS))))

    def share(self, scores: Scores) -> float:
        """Return the share of rows that have the model's prediction with these scores."""
        return float(self.model.task.same(self.expected, _predictions(self.model, self.rows, scores)).mean())

    def median_seconds(self, run: Callable[[], Any]) -> float:
        """Return the median of the seconds of several turns."""
        seconds = []
        for _ in range(_TURNS):
            began = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds)


def _predictions(model: TextModel, rows: Rows, scores: Scores) -> Predictions:
    return model.task.predictions(rows.given, rows.rows, rows.tokens, scores, model=model.name)


def _checked(
    model: TextModel, path: Path, chosen: Format, made: Session, comparison: Comparison | None, segments: bool
) -> Export:
    """Return what was compared.

    Raises
    ------
    ModelError
        If logits or predictions of an exact format are not those of the model.
    """
    longest = int(model.card["max_length"])
    batches, worst = parity.on_random_tokens(model.network, model.task.outputs, made, longest, segments)
    result = Export(
        path=path, format=chosen.name, model=model.name, bytes=0, model_bytes=0, batches=batches, difference=worst
    )
    if comparison is not None:
        result = compared(result, made, comparison)
    if chosen.exact and (result.difference > parity.TOLERANCE or result.kept < 1):
        lost = round((1 - result.kept) * result.rows)
        what = f"{count(lost, 'prediction')} of {result.rows:,} and " if lost else ""
        raise ModelError(
            f"{chosen.name} changes {what}logits by up to {result.difference:.2g}; {parity.TOLERANCE} is allowed. "
            "Nothing was written.",
            "This encoder cannot be exported faithfully by this version of PyTorch. Please report which one it is.",
        )
    return result


def compared(result: Export, made: Session, comparison: Comparison) -> Export:
    """Return a result with what the rows say."""
    model, scores = comparison.model, comparison.scored(made)
    some, took = comparison.some, comparison.seconds(made)
    ours = comparison.median_seconds(
        lambda: run_model(model.network, some, model.precision, outputs=model.task.outputs)
    )
    others = int((~model.task.same(comparison.expected, comparison.notebook)).sum())
    notes = (
        [f"The notebook computes in {model.precision}, which gives {count(others, 'row')} another prediction."]
        if others
        else []
    )
    return replace(
        result,
        rows=len(comparison.rows.rows),
        data=comparison.rows.name,
        kept=comparison.share(scores),
        difference=max(result.difference, parity.difference(comparison.scores, scores)),
        speed=len(some.tokens) / took,
        model_speed=len(some.tokens) / ours,
        timed_rows=min(len(comparison.rows.rows), _TIMED_ROWS),
        notes=tuple(notes),
    )


def complete(folder: Path, rows: Rows | None, result: Export, manifest: Mapping[str, Any], about: str) -> None:
    """Write what was compared and the README, once the program reads the rows as the model does."""
    if rows is not None:
        _check_reading(folder, rows)
    checked = {"rows": result.rows, "kept": result.kept, "difference": result.difference}
    folders.write_manifest(folder, {**manifest, "checked": checked})
    files.write(folder / "README.md", about, sync=False)


def _check_reading(folder: Path, rows: Rows) -> None:
    """Raise a `ModelError` if the program of an export reads a text as other tokens than the model does."""
    program, own = session.program(folder), iter(range(len(rows.tokens)))
    for at, text in enumerate(rows.rows.texts):
        texts = [text] if rows.rows.second is None else [text, rows.rows.second[at]]
        samples = program["READING"]["samples"](texts, program["tokenizer"](), program["MODEL"])
        if any([number for number, _ in tokens] != rows.tokens.row(next(own)).tolist() for tokens, _ in samples):
            raise ModelError(
                f"tokenizer.json reads row {rows.rows.index[at]} of {rows.name} as other tokens than the model does. "
                "Nothing was written.",
                "Save the model with its tokenizer, load it again, and export that.",
            )

"""A component of spaCy pipelines: ``nlp.add_pipe("bertmagic", config={"model": "models/names"})``.

spaCy finds it by an entry point of this package. Entities go to ``doc.ents``, probabilities of classes to ``doc.cats``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import SpanGroup
from spacy.util import filter_spans, minibatch

from bertmagic.disk import files
from bertmagic.errors import ModelError, listing
from bertmagic.registry import encoder_reference, open_model
from bertmagic.run import folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    from spacy.tokens import Doc, Span

    from bertmagic.inference.predictions import Predictions
    from bertmagic.text_model import TextModel

_ENTITIES = ("row", "start", "end", "label", "score")
"""The columns of predictions that are spans of the text."""


class Component:
    """Predicts with a fine-tuned model for each `Doc`; the model is opened at the first one.

    Parameters
    ----------
    name
        The name in the pipeline, and the key of ``doc.spans`` with the scores of entities.
    model
        A run, a saved folder or a hub id; None for one that `from_disk` reads.
    device, precision
        As in `bertmagic.load`.
    """

    def __init__(self, name: str, model: str | None, device: str | None, precision: str) -> None:
        self.name, self._reference = name, model
        self._device, self._precision = device, precision
        self._model: TextModel | None = None

    @property
    def text_model(self) -> TextModel:
        """The model.

        Raises
        ------
        ModelError
            If none was named, or it predicts neither classes nor entities for a text.
        """
        if self._model is None:
            if self._reference is None:
                raise ModelError(
                    f"the component {self.name!r} has no model.",
                    'Name one: nlp.add_pipe("bertmagic", config={"model": "models/names"}).',
                )
            self._model = self._opened(self._reference)
        return self._model

    def _opened(self, reference: str) -> TextModel:
        model = open_model(encoder_reference(reference), device=self._device, precision=self._precision)
        if len(model.task.inputs) > 1:
            raise ModelError(
                f"{reference!r} reads {listing(model.task.inputs)}, and a Doc is one text.",
                "Choose a model of single texts.",
            )
        sample = _predictions(model, ["a"])
        if not _has_entities(sample.frame) and not _probabilities(sample):
            raise ModelError(
                f"{reference!r} predicts {listing(sample.frame.columns[1:]) or 'nothing'} for a text: a Doc has a "
                "place for entities and for probabilities of classes.",
                "Choose a model that was trained to classify texts, or to find entities.",
            )
        return model

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, or the types of entities; empty before the model is opened."""
        return () if self._model is None else tuple(map(str, self._model.labels))

    def __call__(self, doc: Doc) -> Doc:
        """Return the doc with its predictions."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Yield docs with their predictions, so many at a time."""
        for docs in minibatch(stream, batch_size):
            self._annotate(docs)
            yield from docs

    def _annotate(self, docs: list[Doc]) -> None:
        written = [doc for doc in docs if doc.text.strip()]
        model = self.text_model
        if not written:
            return
        found = _predictions(model, [doc.text for doc in written])
        if _has_entities(found.frame):
            by_row: list[list[list[Any]]] = [[] for _ in written]
            for row, *entity in found.frame[list(_ENTITIES)].to_numpy(object).tolist():
                by_row[row].append(entity)
            for doc, entities in zip(written, by_row, strict=True):
                self._add_entities(doc, entities)
            return
        columns = _probabilities(found)
        for doc, values in zip(written, found.frame[columns].astype(float).to_numpy(), strict=True):
            doc.cats.update(zip(found.labels, map(float, values), strict=True))

    def _add_entities(self, doc: Doc, entities: list[list[Any]]) -> None:
        """Set the entities of a doc, widened to whole tokens; those of other components stay where there is room."""
        scores: dict[Span, float] = {}
        for start, end, label, score in entities:
            span = doc.char_span(start, end, label=str(label), alignment_mode="expand")
            if span is not None:
                scores[span] = float(score)
        own = filter_spans(sorted(scores, key=lambda span: span.start))
        taken = {token.i for span in own for token in span}
        doc.ents = [*own, *(span for span in doc.ents if taken.isdisjoint(token.i for token in span))]
        attributes = {"scores": [scores[span] for span in own]}
        doc.spans[self.name] = SpanGroup(doc, name=self.name, spans=own, attrs=attributes)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model to a folder of the pipeline."""
        self.text_model.save(path)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Component:
        """Read the model from a folder of the pipeline."""
        self._model = self._opened(str(Path(path).absolute()))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the files of the model."""
        from srsly import msgpack_dumps

        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            self.text_model.save(folder)
            packed: bytes = msgpack_dumps({path.name: path.read_bytes() for path in folder.iterdir()})
        return packed

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Component:
        """Read the model from the files of `to_bytes`."""
        from srsly import msgpack_loads

        with tempfile.TemporaryDirectory() as scratch:
            for name, content in msgpack_loads(data).items():
                files.write(Path(scratch) / Path(name).name, content, sync=False)
            self._model = self._opened(scratch)
        return self


@Language.factory(
    "bertmagic", assigns=["doc.ents", "doc.cats", "doc.spans"],
    default_config={"model": None, "device": None, "precision": "auto"},
)  # fmt: skip
def make(nlp: Language, name: str, model: str | None, device: str | None, precision: str) -> Component:
    """Return the component; spaCy calls this with the config."""
    return Component(name, model, device, precision)


def _predictions(model: TextModel, texts: list[str]) -> Predictions:
    with folders.apart():
        return model.predict(texts, show=False)


def _has_entities(frame: pd.DataFrame) -> bool:
    return set(frame.columns) >= set(_ENTITIES)


def _probabilities(found: Predictions) -> list[str]:
    """Return the columns with a probability for each class; empty without them."""
    columns = [f"p_{label}" for label in found.labels]
    return columns if set(columns) <= set(found.frame.columns) else []

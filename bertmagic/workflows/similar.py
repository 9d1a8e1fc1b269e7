"""The texts that are most similar to others, by the cosine of their vectors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError, ModelError, listing
from bertmagic.inference.similarities import Similarities
from bertmagic.magic_words import without_magics
from bertmagic.workflows import embed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.events import Listener
    from bertmagic.text_model import TextModel
    from bertmagic.workflows.embed import Embedded

    Floats = npt.NDArray[np.float32]

_MOST_SCORES = 10_000_000
"""Cosines in memory at a time."""

_WANTED = "Give a second text, a list of texts, a column or a file."

_NOT_TRAINED_FOR_IT = (
    "{} was not trained to compare texts: its cosines are high for any two, and their order says little. "
    "%bert_load minilm gives an encoder that was."
)


def similar(
    model: TextModel, texts: Any, among: Any, asked: Mapping[str, Any], top_k: int, wanted: str | None, emit: Listener
) -> Similarities:
    """Return the rows of ``among`` that are most similar to each text; see `TextModel.similar`.

    Parameters
    ----------
    asked
        The columns that the user named, by their role.
    wanted
        The pooling; None for the one that the model's folder declares.
    """
    began = time.perf_counter()
    _check_inputs(model)
    if among is None:
        raise DataError("there is nothing to compare with.", _WANTED)
    pooling, _ = embed.choose_pooling(model, wanted)
    queries = embed.embedded(model, texts, {}, pooling, emit)
    rows = embed.embedded(model, among, asked, pooling, emit)
    for given, what in ((queries, "no query"), (rows, "nothing to compare with")):
        if not given.present.any():
            raise DataError(f"there is {what}: no text has a word.", _WANTED)
    notes = [*queries.notes, *(note for note in rows.notes if note not in queries.notes)]
    if not embed.is_of_sentences(model):
        notes.append(without_magics(_NOT_TRAINED_FOR_IT.format(model.name)))
    return Similarities(
        _ranked(queries, rows, top_k), model.name, int(queries.present.sum()), int(rows.present.sum()),
        missing=int((~queries.present).sum() + (~rows.present).sum()), seconds=time.perf_counter() - began,
        notes=tuple(notes),
    )  # fmt: skip


def _check_inputs(model: TextModel) -> None:
    if len(model.task.inputs) > 1:
        raise ModelError(
            f"{model.name!r} reads pairs ({listing(model.task.inputs)}), and has no vector of a single text.",
            "Give a model of single texts, or an encoder: %bert_load minilm.",
        )


def _ranked(queries: Embedded, rows: Embedded, top_k: int) -> pd.DataFrame:
    """Return the rows with the largest cosines for each query."""
    import pandas as pd

    places = rows.present.nonzero()[0]
    parts = []
    for at, cosines in _cosines(queries, rows.vectors[places]):
        best = (-cosines).argsort(kind="stable")[:top_k]
        chosen = places[best]
        parts.append(
            pd.DataFrame(
                {"query": queries.texts[at], "row": rows.index[chosen].tolist(),
                 "text": [rows.texts[place] for place in chosen], "score": cosines[best].astype(float)}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _cosines(queries: Embedded, vectors: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield the place of each query that has a text, and its cosine with each vector."""
    import numpy as np

    units = _units(vectors)
    places = queries.present.nonzero()[0]
    for chunk in np.array_split(places, -(-len(places) * len(vectors) // _MOST_SCORES)):
        yield from zip(chunk.tolist(), np.clip(_units(queries.vectors[chunk]) @ units.T, -1, 1), strict=True)


def _units(vectors: Floats) -> Floats:
    """Return vectors of length 1."""
    import numpy as np

    norms = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    units: Floats = np.divide(vectors, norms, dtype=np.float32)
    return units

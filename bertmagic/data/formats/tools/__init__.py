"""The exports of annotation tools, recognised by the keys of their rows.

Each module has a function ``read(rows, name)``, which returns an `Export`, or None for rows of another kind. Spans
become cells of ``{"start", "end", "label"}``, with the ``"text"`` that the tool quotes where it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats.tools import argilla, assistants, doccano, label_studio, prodigy, quoted, spacy, word_spans
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from bertmagic.data.formats.tools.export import Export

_Reader = Callable[[list[Any], str], "Export | None"]

TOOLS: Mapping[str, _Reader] = {
    "Prodigy": prodigy.read,
    "Label Studio": label_studio.read,
    "Argilla": argilla.read,
    "spaCy": spacy.read,
    "CLUENER, Dataturks or PubAnnotation": quoted.read,
    "an assistant": assistants.read,
    "doccano": doccano.read,
    "words with entities": word_spans.read,
}


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of the first tool whose export they are; None if they are of no known tool.

    Raises
    ------
    DataError
        If no row of the export is annotated, or one is broken.
    """
    for tool, read_export in TOOLS.items():
        try:
            export = read_export(rows, name)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:  # a row with another form
            raise DataError(
                f"{name} looks like data of {tool}, but a row has a form that is not known ({error}).",
                'Repair it; format = "records" takes the objects as they are.',
            ) from error
        if export is not None:
            return export
    return None

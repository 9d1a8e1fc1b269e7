"""The exports of annotation tools, recognised by the keys of their rows.

Each module has a function ``read(rows, name)``, which returns an `Export`, or None for rows of another kind. Spans
become cells of ``{"start", "end", "label"}``, with the ``"text"`` that the tool quotes where it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.data.formats.tools import argilla, assistants, doccano, label_studio, prodigy, quoted, spacy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.data.formats.tools.export import Export

TOOLS: tuple[Callable[[list[Any], str], Export | None], ...] = (
    prodigy.read,
    label_studio.read,
    argilla.read,
    spacy.read,
    quoted.read,
    assistants.read,
    doccano.read,
)


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of the first tool whose export they are; None if they are of no known tool.

    Raises
    ------
    DataError
        If no row of the export is annotated, or one is broken.
    """
    return next((export for tool in TOOLS if (export := tool(rows, name)) is not None), None)

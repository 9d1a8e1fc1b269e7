"""The catalogue of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Table, columns
from bertmagic.display.cells import Row, Strong
from bertmagic.display.style import line, million
from bertmagic.errors import count
from bertmagic.magic_words import has_magics
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from bertmagic.models.status import Catalogue, Entry

_USE = "Fine-tune one with model = NAME; {} brings one that is tuned already."
_COLUMNS = (
    *columns(("name", "tuned for", "parameters", "languages", "max tokens", "licence", "on disk"), (0, 1, 3, 5, 6)),
    Column("learning rate", plain="no"), Column("hub id", "word", plain="no"), Column("about", "word", 70),
)  # fmt: skip


def blocks(result: Catalogue) -> list[Block]:
    """Return the catalogue as a table."""
    many = len(result.entries)
    load = "%bert_load NAME" if has_magics() else 'bm.load("NAME")'
    headline = f"{count(many, 'model')} {'has' if many == 1 else 'have'} a short name here. {_USE.format(load)}"
    return [Headline(headline), Table(_COLUMNS, [_row(entry) for entry in result.entries])]


def _row(entry: Entry) -> Row:
    return [
        Strong(line(entry.alias, 40)), line(entry.tuned or "nothing yet", 30), million(entry.parameters),
        line(entry.languages, 40), f"{entry.max_length:,}", line(entry.licence, 30), "yes" if entry.on_disk else "no",
        rate_text(entry.lr), line(entry.ref, 80), line(entry.about, 300),
    ]  # fmt: skip

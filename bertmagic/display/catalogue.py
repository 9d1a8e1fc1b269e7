"""The catalogue of encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.html import Safe, box, table, tag
from bertmagic.display.style import columns, count, line, million, number

if TYPE_CHECKING:
    from bertmagic.models.status import Catalogue, Entry

_CAPTION = "have a short name here; model = takes it, or a hub id, a folder or a run."


def text(result: Catalogue) -> str:
    """Return the catalogue as aligned lines."""
    head = ["name", "parameters", "languages", "max tokens", "licence", "on disk", "about"]
    rows = [[*_facts(entry), line(entry.about, 70)] for entry in result.entries]
    return "\n".join([_headline(result), *columns([head, *rows], left=(0, 2, 4, 5, 6))])


def _headline(result: Catalogue) -> str:
    return f"{count(len(result.entries), 'encoder')} {_CAPTION}"


def _facts(entry: Entry) -> list[str]:
    """Return the facts of an encoder that are short."""
    disk = "yes" if entry.on_disk else "no"
    length = f"{entry.max_length:,}"
    return [
        line(entry.alias, 40),
        million(entry.parameters),
        line(entry.languages, 40),
        length,
        line(entry.licence, 30),
        disk,
    ]


def markup(result: Catalogue) -> Safe:
    """Return the catalogue as a table."""
    head = ["name", "parameters", "languages", "max tokens", "licence", "on disk", "learning rate", "hub id", "about"]
    rows = [
        [*_named(entry), number(entry.lr, 2), tag("code", line(entry.ref, 80)), line(entry.about, 300)]
        for entry in result.entries
    ]
    return box(table(head, rows, _headline(result), left=(0, 2, 4, 5, 7, 8)))


def _named(entry: Entry) -> list[object]:
    name, *facts = _facts(entry)
    return [tag("b", name), *facts]

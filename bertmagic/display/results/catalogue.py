"""The catalogue of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import columns, count, line, million, number
from bertmagic.display.writers.elements import box, table, tag

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.models.status import Catalogue, Entry

_CAPTION = "have a short name here. Fine-tune one with model = NAME; %bert_load NAME brings one that is tuned already."


def text(result: Catalogue) -> str:
    """Return the catalogue as aligned lines."""
    head = ["name", "tuned for", "parameters", "languages", "max tokens", "licence", "on disk", "about"]
    rows = [[*_facts(entry), line(entry.about, 70)] for entry in result.entries]
    return "\n".join([_headline(result), *columns([head, *rows], left=(0, 1, 3, 5, 6, 7))])


def _headline(result: Catalogue) -> str:
    return f"{count(len(result.entries), 'model')} {_CAPTION}"


def _facts(entry: Entry) -> list[str]:
    """Return the facts of a model that are short."""
    disk = "yes" if entry.on_disk else "no"
    length = f"{entry.max_length:,}"
    return [
        line(entry.alias, 40),
        line(entry.tuned or "nothing yet", 30),
        million(entry.parameters),
        line(entry.languages, 40),
        length,
        line(entry.licence, 30),
        disk,
    ]


def markup(result: Catalogue) -> Markup:
    """Return the catalogue as a table."""
    head = ["name", "tuned for", "parameters", "languages", "max tokens", "licence", "on disk", "learning rate"]
    head += ["hub id", "about"]
    rows = [
        [*_named(entry), number(entry.lr, 2), tag("code", line(entry.ref, 80)), line(entry.about, 300)]
        for entry in result.entries
    ]
    return box(table(head, rows, _headline(result), left=(0, 1, 3, 5, 6, 8, 9)))


def _named(entry: Entry) -> list[object]:
    name, *facts = _facts(entry)
    return [tag("b", name), *facts]

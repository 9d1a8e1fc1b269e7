"""Which models suit a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Paragraph, Table, columns
from bertmagic.display.cells import Row, Strong
from bertmagic.display.style import BEST, duration, line, million, score, share, size, words
from bertmagic.errors import count, listing

if TYPE_CHECKING:
    from bertmagic.tuning.results import Advice, Advised, Tried

_LINES = 6
_COLUMNS = (*columns(("name", "parameters", "time", "memory", "licence", "on disk"), (0, 4, 5)),
            Column("why", "prose", plain="below"))  # fmt: skip
_TRIED = columns(("tried", "metric", "held-out score", "95 % interval", "time"), (0, 1))


def blocks(result: Advice) -> list[Block]:
    """Return the models as a table, and what was tried."""
    rows = [_row(advised, best=at == 0) for at, advised in enumerate(result.models)]
    ranked = Table(_COLUMNS, rows, "The best first.", lines=_LINES)
    tried = [_tried(result.tried)] if result.tried else []
    return [Headline(_headline(result)), Paragraph(_data(result)), ranked, Paragraph(_how(result)), *tried]


def _headline(result: Advice) -> str:
    about = f"{line(result.data, 60)} ({count(result.rows, 'row')}, {words(line(result.task, 40))})"
    return f"{about}: try {line(result.models[0].entry.alias, 40)} first" if result.models else about


def _data(result: Advice) -> str:
    called = {"other": "not recognized"}
    languages = ", ".join(
        f"{called.get(name, line(name, 40))} {share(part)}" for name, part in list(result.languages.items())[:6]
    )
    half = f"half of the texts have up to {result.median_tokens:,} tokens"
    return f"Languages: {languages}; {half}. On {line(result.device, 60)}.{_unread(result)}"


def _unread(result: Advice) -> str:
    """Return what is said of models that cannot read a part of the texts; an empty string if there are none."""
    if not result.unread:
        return ""
    names = listing([line(alias, 40) for alias in result.unread], 4)
    return f" Models that cannot read a tenth of these texts or more come last, however good they are: {names}."


def _how(result: Advice) -> str:
    ranked = "Ranked by the languages of the texts, published accuracy, lengths, and what this machine can do."
    if not result.epochs:
        return ranked
    run = f"a run with the default options, here {count(round(result.epochs), 'epoch')}"
    return f"{ranked} Times and memory are of {run}; those of models that were not timed here are in proportion."


def _row(advised: Advised, best: bool) -> Row:
    entry = advised.entry
    cost = [duration(advised.seconds), size(advised.bytes)] if advised.bytes else ["unknown", "unknown"]
    name = line(entry.alias, 40)
    why = "; ".join(filter(None, (*advised.reasons, advised.published)))
    return [
        Strong(f"{BEST} {name}") if best else name, million(entry.parameters), *cost, line(entry.licence, 30),
        "yes" if entry.on_disk else "no", why,
    ]  # fmt: skip


def _tried(tried: tuple[Tried, ...]) -> Table:
    rows = next((one.rows for one in tried if not one.error), 0)
    caption = (
        f"60 steps each, measured on the same {count(rows, 'held-out row')}; overlapping intervals show no winner."
    )
    return Table(_TRIED, [_tried_row(one) for one in tried], caption)


def _tried_row(one: Tried) -> Row:
    if one.error:
        return [line(one.model, 40), line(one.error, 160), "", "", ""]
    interval = f"{score(one.low)} to {score(one.high)}"
    return [line(one.model, 40), words(one.metric), score(one.score), interval, duration(one.seconds)]

"""Which models suit a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.style import BEST, columns, count, duration, line, million, score, share, size, words
from bertmagic.display.writers.elements import Cell, box, heading, paragraph, table

if TYPE_CHECKING:
    from bertmagic.tuning.results import Advice, Advised, Tried

_SHOWN = 6
_HOW = (
    "Ranked by the languages of the texts, published accuracy, lengths, and what this machine can do. Times and memory "
    "are of three epochs with the default options; those of models that were not timed here are in proportion."
)


def text(result: Advice) -> str:
    """Return the advice in words."""
    head = ["name", "parameters", "time", "memory", "licence", "on disk"]
    rows = [_facts(one) for one in result.models[:_SHOWN]]
    why = [f"{one.entry.alias}: {'; '.join(_why(one))}" for one in result.models[:3]]
    return "\n".join([*_found(result), *columns([head, *rows], left=(0, 4, 5)), *why, _HOW, *_tried_lines(result)])


def _found(result: Advice) -> list[str]:
    spoken = ", ".join(f"{name} {share(part)}" for name, part in list(result.languages.items())[:4])
    about = f"{line(result.data, 60)} ({count(result.rows, 'row')}, {words(result.task)})"
    first = f"{about}: try {result.models[0].entry.alias} first"
    return [
        first,
        f"Languages: {spoken}; half of the texts have up to {result.median_tokens:,} tokens. On {result.device}.",
    ]


def _facts(one: Advised) -> list[str]:
    entry = one.entry
    told = [duration(one.seconds), size(one.bytes)] if one.bytes else ["unknown", "unknown"]
    return [
        line(entry.alias, 40),
        million(entry.parameters),
        *told,
        line(entry.licence, 30),
        "yes" if entry.on_disk else "no",
    ]


def _why(one: Advised) -> list[str]:
    return [*one.reasons, *([one.published] if one.published else [])]


def markup(result: Advice) -> Markup:
    """Return the advice as a table, and below it what was tried."""
    head = ["name", "parameters", "time", "memory", "licence", "on disk", "why", "published"]
    rows: list[list[Any]] = [
        [*_facts(one), "; ".join(one.reasons), one.published or "no figure here"] for one in result.models
    ]
    if rows:
        rows[0][0] = Cell(f"{BEST} {rows[0][0]}", "font-weight:bold")
    first, second = _found(result)
    ranked = table(head, rows, "The best first", left=(0, 4, 5, 6, 7))
    return box(heading(first), paragraph(second), ranked, paragraph(_HOW), _tried(result))


def _tried(result: Advice) -> Markup:
    if not result.tried:
        return Markup("")
    head = ["tried", "metric", "held-out score", "95 % interval", "time"]
    return table(head, [_row(one) for one in result.tried], _tried_caption(result.tried), left=(0, 1))


def _row(one: Tried) -> list[str]:
    if one.error:
        return [one.model, line(one.error, 160), "", "", ""]
    spread = f"{score(one.low)} to {score(one.high)}"
    return [one.model, words(one.metric), score(one.score), spread, duration(one.seconds)]


def _tried_caption(tried: tuple[Tried, ...]) -> str:
    rows = next((one.rows for one in tried if not one.error), 0)
    return (
        f"60 steps each, measured on the same {count(rows, 'held-out row')}; intervals that overlap tell no difference"
    )


def _tried_lines(result: Advice) -> list[str]:
    if not result.tried:
        return []
    return [
        _tried_caption(result.tried),
        *(": ".join([row[0], ", ".join(filter(None, row[1:]))]) for row in map(_row, result.tried)),
    ]

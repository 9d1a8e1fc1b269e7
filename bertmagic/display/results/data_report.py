"""What is in a data set: findings, classes, lengths and a few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Paragraph, Table, columns
from bertmagic.display.cells import Caution, Cell, Passage, Row, Share
from bertmagic.display.style import WARNING, line, share
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.data.report import DataReport, Finding

_CLASSES, _CLASS_LINES = 30, 12
_FINDINGS = 50
_EXAMPLES = 10
_COLUMNS = 30
_FOUND = (
    Column("severity", "word"), Column("what was found", "word"), Column("what happens, or what to do", "word"),
    Column("where", "word"),
)  # fmt: skip
_ROWS = (Column("row", "word"), Column("text", "prose"), Column("label", "word"))
_SEVERITIES: dict[str, Cell] = {
    "error": Caution("✖ error"), "warning": Caution(f"{WARNING} warning"), "info": "ℹ info",
}  # fmt: skip


def blocks(result: DataReport) -> list[Block]:
    """Return the report as tables."""
    parts: list[Block] = [Headline(_headline(result)), Paragraph(f"Columns: {_names(result)}"), _findings(result)]
    if result.labels:
        parts.append(_classes(result))
    if sum(result.length_counts):
        parts.append(_lengths(result))
    if result.examples:
        rows: list[Row] = [
            [line(row, 40), Passage(text), line(label, 60)] for row, text, label in result.examples[:_EXAMPLES]
        ]
        parts.append(Table(_ROWS, rows, "A few rows.", lines=0))
    return parts


def _headline(result: DataReport) -> str:
    label = f"label {line(result.label, 40)!r}" if result.label is not None else "no label"
    chosen = f"text {line(result.text, 40)!r}, {label}"
    return f"{line(result.data, 60)}: {count(result.rows, 'row')}, {line(result.task, 40)}; {chosen}."


def _names(result: DataReport) -> str:
    rest = len(result.columns) - _COLUMNS
    return ", ".join(line(name, 40) for name in result.columns[:_COLUMNS]) + (f" and {rest:,} more" * (rest > 0))


def _findings(result: DataReport) -> Block:
    if not result.findings:
        return Paragraph("Nothing wrong was found.")
    rest = len(result.findings) - _FINDINGS
    more = f"; {rest:,} more are not shown" if rest > 0 else ""
    caption = f"{count(len(result.findings), 'finding')}, the worst first{more}."
    return Table(_FOUND, [_finding(finding) for finding in result.findings[:_FINDINGS]], caption, listed=True)


def _finding(finding: Finding) -> Row:
    return [_SEVERITIES[finding.severity], line(finding.what, 400), line(finding.fix, 400), _where(finding)]


def _where(finding: Finding) -> str:
    """Return the first rows that a finding is about, and how many more there are."""
    if not finding.rows:
        return count(finding.count, "row") if finding.count else ""
    shown = finding.rows[:5]
    more = max(finding.count, len(finding.rows)) - len(shown)
    return f"rows {', '.join(line(row, 24) for row in shown)}" + (f" and {more:,} more" if more > 0 else "")


def _classes(result: DataReport) -> Table:
    # Rows may have several labels: then each label's share is one of the rows.
    total = result.rows if result.several_labels else sum(result.labels.values())
    counts = list(result.labels.items())
    rows = [_counted(line(label, 60), many, total) for label, many in counts[:_CLASSES]]
    hidden = [[more] for more in _more(counts[_CLASSES:])]
    rest = "".join(_more(counts[_CLASS_LINES:]))
    return Table(
        columns((result.target_noun, "rows", "share")),
        [*rows, *hidden],
        result.target_caption,
        lines=_CLASS_LINES,
        rest=rest,
    )


def _more(rest: list[tuple[str, int]]) -> list[str]:
    if not rest:
        return []
    most = max(many for _, many in rest)
    return [f"… {count(len(rest), 'more class', 'more classes')} with {count(most, 'row')} or fewer"]


def _lengths(result: DataReport) -> Table:
    edges = zip(result.length_edges, result.length_edges[1:], strict=False)
    rows = [
        _counted(f"{low:,}" if high - low == 1 else f"{low:,} to {high - 1:,}", many, sum(result.length_counts))
        for (low, high), many in zip(edges, result.length_counts, strict=False)
    ]
    names = (f"length in {line(result.length_unit, 20)}", "texts", "share")
    return Table(columns(names), rows, "How long the texts are.")


def _counted(name: str, many: int, total: int) -> Row:
    part = many / max(1, total)
    return [name, f"{many:,}", Share(part, share(part))]

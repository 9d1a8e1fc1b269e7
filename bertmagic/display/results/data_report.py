"""The look at a data set: what was found, its classes, its lengths and a few of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import ORANGE, WARNING, columns, count, line, share
from bertmagic.display.writers.elements import Cell, bar, box, collapsed, paragraph, table, tag

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.data.report import DataReport, Finding

_CLASSES = 30
_FINDINGS = 50
_SIGNS = {"error": "✖ error", "warning": f"{WARNING} warning", "info": "ℹ info"}


def text(result: DataReport) -> str:
    """Return the report in words."""
    parts = [_headline(result), f"Columns: {_columns(result)}", ""]
    parts += [_plain_finding(finding) for finding in result.findings] or [_NOTHING]
    if result.labels:
        parts += ["", *columns([[_learnt(result)[0], "rows", "share"], *_classes(result, 12)]), *_rest(result, 12)]
    if sum(result.length_counts):
        parts += ["", *columns([[_unit(result), "texts", "share"], *_lengths(result)])]
    return "\n".join(parts)


_NOTHING = "Nothing wrong was found."


def _headline(result: DataReport) -> str:
    label = f", label {line(result.label, 40)!r}" if result.label is not None else ", no label"
    chosen = f"text {line(result.text, 40)!r}{label}"
    return f"{line(result.data, 60)}: {count(result.rows, 'row')}, {line(result.task, 40)}; {chosen}."


def _columns(result: DataReport) -> str:
    shown = ", ".join(line(name, 40) for name in result.columns[:30])
    return shown + (f" and {len(result.columns) - 30:,} more" if len(result.columns) > 30 else "")


def _plain_finding(finding: Finding) -> str:
    what = f"{_SIGNS[finding.severity]}: {line(finding.what, 200).rstrip('.')}"
    where = f" ({_where(finding)})" if _where(finding) else ""
    return what + where + (f": {line(finding.fix, 200)}" if finding.fix else "")


def _where(finding: Finding) -> str:
    """Return the first rows that a finding is about, and how many more there are."""
    if not finding.rows:
        return count(finding.count, "row") if finding.count else ""
    rows = ", ".join(line(row, 24) for row in finding.rows[:5])
    more = max(finding.count, len(finding.rows)) - len(finding.rows[:5])
    return f"rows {rows}" + (f" and {more:,} more" if more > 0 else "")


def _classes(result: DataReport, most: int) -> list[list[str]]:
    # Rows may have several labels: then each label's share is one of the rows.
    total = max(1, result.rows if result.several_labels else sum(result.labels.values()))
    return [[line(name, 60), f"{many:,}", share(many / total)] for name, many in list(result.labels.items())[:most]]


def _learnt(result: DataReport) -> tuple[str, str]:
    """Return what the counted things are called, and the caption of their table."""
    return result.target_noun, result.target_caption


def _rest(result: DataReport, most: int) -> list[str]:
    rest = len(result.labels) - most
    return [f"… {count(rest, 'more class', 'more classes')} with fewer rows"] if rest > 0 else []


def _unit(result: DataReport) -> str:
    return f"length in {line(result.length_unit, 20)}"


def _lengths(result: DataReport) -> list[list[str]]:
    total = max(1, sum(result.length_counts))
    edges = zip(result.length_edges, result.length_edges[1:], strict=False)
    return [
        [f"{low:,} to {max(low, high - 1):,}", f"{many:,}", share(many / total)]
        for (low, high), many in zip(edges, result.length_counts, strict=False)
    ]


def markup(result: DataReport) -> Markup:
    """Return the report as tables."""
    parts = [paragraph(tag("b", _headline(result))), paragraph("Columns: ", _columns(result)), _findings(result)]
    if result.labels:
        name, caption = _learnt(result)
        head = [name, "rows", "share"]
        parts.append(
            table(
                head,
                [*map(_bars, _classes(result, _CLASSES)), *map(_across, _rest(result, _CLASSES))],
                caption,
            )
        )
    if sum(result.length_counts):
        parts.append(table([_unit(result), "texts", "share"], map(_bars, _lengths(result)), "How long the texts are."))
    if result.examples:
        parts.append(_examples(result))
    return box(*parts)


def _bars(cells: list[str]) -> list[object]:
    name, many, part = cells
    return [name, many, bar(float(part.removesuffix(" %")) / 100, part)]


def _across(words: str) -> list[object]:
    return [words]


def _findings(result: DataReport) -> Markup:
    if not result.findings:
        return paragraph(_NOTHING)
    rows = [_finding(finding) for finding in result.findings[:_FINDINGS]]
    rest = len(result.findings) - _FINDINGS
    more = f"; {rest:,} more are not shown" if rest > 0 else ""
    head = ["severity", "what was found", "what happens, or what to do", "where"]
    return table(head, rows, f"{count(len(result.findings), 'finding')}, the worst first{more}.", left=range(4))


def _finding(finding: Finding) -> list[object]:
    mark = Cell(_SIGNS[finding.severity], f"white-space:nowrap;border-left:3px solid {ORANGE}")
    severity = mark if finding.severity != "info" else _SIGNS["info"]
    return [severity, line(finding.what, 400), line(finding.fix, 400), _where(finding)]


def _examples(result: DataReport) -> Markup:
    rows = [
        [line(row, 40), Cell(collapsed(text), "max-width:44em"), line(label, 60)]
        for row, text, label in result.examples[:10]
    ]
    return table(["row", "text", "label"], rows, "A few rows.", left=range(3))

"""What is in a data set: findings, classes, lengths and a few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Chart, Column, Folded, Headline, Paragraph, Table, columns
from bertmagic.display.cells import Absent, Caution, Cell, Passage, Row, Share, Strong
from bertmagic.display.charts.curves import Curve, ticks
from bertmagic.display.style import BLUE, GREEN, ORANGE, WARNING, line, share
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.data.report import DataReport, Finding, Repeat

_CLASSES, _FOLDED_CLASSES = 12, 200
_REPEATS = 5
_EXAMPLES = 10
_COLUMNS = 30
_FOUND = (
    Column("severity", "word"), Column("what was found", "word"), Column("what happens, or what to do", "word"),
    Column("where", "word"),
)  # fmt: skip
_SIDE_BY_SIDE = (
    Column("row", "word"), Column("text", "word"), Column("label", "word"), Column("reads like", "word"),
    Column("its text", "word"), Column("its label", "word"),
)  # fmt: skip
_ROWS = (Column("row", "word"), Column("text", "prose"), Column("label", "word"))
_SEVERITIES: dict[str, Cell] = {
    "error": Caution("✖ error"), "warning": Caution(f"{WARNING} warning"), "info": "ℹ info",
}  # fmt: skip


def blocks(result: DataReport) -> list[Block]:
    """Return the report as tables."""
    parts: list[Block] = [Headline(_headline(result)), Paragraph(_verdict(result)), *_findings(result)]
    parts += _repeats(result)
    if result.labels:
        parts += _classes(result)
    if sum(result.length_counts):
        parts += [_histogram(result), Folded("The lengths as a table", [_lengths(result)], plain=True)]
    if result.examples:
        rows: list[Row] = [
            [line(row, 40), Passage(text), line(label, 60)] for row, text, label in result.examples[:_EXAMPLES]
        ]
        parts.append(Table(_ROWS, rows, "A few rows.", lines=0))
    return [*parts, Paragraph(f"Columns: {_names(result)}")]


def _headline(result: DataReport) -> str:
    label = f"label {line(result.label, 40)!r}" if result.label is not None else "no label"
    chosen = f"text {line(result.text, 40)!r}, {label}"
    return f"{line(result.data, 60)}: {count(result.rows, 'row')}, {line(result.task, 40)}; {chosen}."


def _verdict(result: DataReport) -> str:
    """Return in one line what the encoder cannot read, which languages there are, and how long the texts are."""
    about = result.profile
    parts = [about.verdict, about.about_languages] if about else []
    parts += [result.lengths.sentence] if result.lengths else []
    return line(" ".join(parts), 600)


def _names(result: DataReport) -> str:
    rest = len(result.columns) - _COLUMNS
    return ", ".join(line(name, 40) for name in result.columns[:_COLUMNS]) + (f" and {rest:,} more" * (rest > 0))


def _findings(result: DataReport) -> list[Block]:
    """Return the findings; those that only inform are folded."""
    if not result.findings:
        return [Paragraph("Nothing wrong was found.")]
    wrong = [_finding(finding) for finding in result.findings if finding.severity != "info"]
    notes = [_finding(finding) for finding in result.findings if finding.severity == "info"]
    caption = f"{count(len(wrong), 'problem')}, the worst first." if wrong else ""
    folded = Folded(count(len(notes), "note"), [Table(_FOUND, notes, listed=True)], plain=True)
    shown: Block = Table(_FOUND, wrong, caption, listed=True) if wrong else Paragraph("Nothing wrong was found.")
    return [shown, *([folded] if notes else [])]


def _finding(finding: Finding) -> Row:
    return [_SEVERITIES[finding.severity], line(finding.what, 400), line(finding.fix, 400), _where(finding)]


def _where(finding: Finding) -> str:
    """Return the first rows that a finding is about, and how many more there are."""
    if not finding.rows:
        return count(finding.count, "row") if finding.count else ""
    shown = finding.rows[:5]
    more = max(finding.count, len(finding.rows)) - len(shown)
    rows = "row" if len(shown) == 1 and not more else "rows"
    return f"{rows} {', '.join(line(row, 24) for row in shown)}" + (f" and {more:,} more" if more > 0 else "")


def _repeats(result: DataReport) -> list[Block]:
    """Return the rows that read like an earlier one, side by side with it."""
    if not result.repeats:
        return []
    rows = [_repeat(one) for one in result.repeats]
    first = "; first those with another label" if result.repeats[0].contradicts else ""
    caption = f"Rows that read like an earlier one, side by side with it{first}."
    rest = rows[_REPEATS:]
    more = [Folded(count(len(rest), "more of them", "more of them"), [Table(_SIDE_BY_SIDE, rest, lines=0)])]
    return [Table(_SIDE_BY_SIDE, rows[:_REPEATS], caption, lines=3, listed=True), *(more if rest else [])]


def _repeat(one: Repeat) -> Row:
    same = one.text == one.earlier_text
    earlier: Cell = Absent("the same text") if same else Passage(one.earlier_text)
    label, earlier_label = line(one.label, 60), line(one.earlier_label, 60)
    return [
        f"row {line(one.row, 24)}", Passage(one.text), label, f"row {line(one.earlier_row, 24)}", earlier,
        Strong(earlier_label) if one.contradicts else earlier_label,
    ]  # fmt: skip


def _classes(result: DataReport) -> list[Block]:
    # Rows may have several labels: then each label's share is one of the rows.
    total = result.rows if result.several_labels else sum(result.labels.values())
    counts = list(result.labels.items())
    rows = [_counted(line(label, 60), many, total) for label, many in counts]
    names = columns((result.target_noun, "rows", "share"))
    noun = result.target_noun
    shown = Table(names, rows[:_CLASSES], result.target_caption, lines=_CLASSES, rest=_more(counts[_CLASSES:], noun))
    last = _CLASSES + _FOLDED_CLASSES
    beyond = [[_more(counts[last:], noun)]] if len(counts) > last else []
    hidden = Folded(_more(counts[_CLASSES:], noun), [Table(names, [*rows[_CLASSES:last], *beyond])])
    return [shown, *([hidden] if len(counts) > _CLASSES else [])]


def _more(rest: Sequence[tuple[str, int]], noun: str) -> str:
    """Return how many classes are not shown, and how large they are; empty if there are none."""
    if not rest:
        return ""
    sizes = f"{rest[-1][1]:,} to {rest[0][1]:,} rows" if rest[0][1] > rest[-1][1] else count(rest[0][1], "row")
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"… {count(len(rest), f'more {noun}', f'more {plural}')} with {sizes}" + " each" * (len(rest) > 1)


def _histogram(result: DataReport) -> Chart:
    """Return the lengths as bars; that of the longest texts is as wide as the others, and open."""
    edges = list(result.length_edges)
    step = edges[1] - edges[0]
    is_open = edges[-1] - edges[-2] > step
    ends = [*edges[:-1], edges[-2] + step] if is_open else edges
    points: list[tuple[float, float]] = [(ends[0], 0.0)]
    for low, high, many in zip(ends, ends[1:], result.length_counts, strict=False):
        points += [(low, many), (high, many)]
    bars = [Curve("texts", [*points, (ends[-1], 0.0)], BLUE, 1.2, filled=True)]
    if result.lengths:
        top, about = max(result.length_counts), result.lengths
        bars += [Curve(name, [(at, 0), (at, top)], colour) for name, at, colour in
                 (("median", about.median, GREEN), ("95 %", min(about.most, ends[-1]), ORANGE))]  # fmt: skip
    unit = line(result.length_unit, 20)
    about_chart = f"Histogram of the lengths of {sum(result.length_counts):,} texts in {unit}"
    marks = [(at, f"{at:,.0f}") for at in ticks(0, ends[-1], 5) if not is_open or at < 0.88 * edges[-2]]
    return Chart(
        "texts", unit, bars, ends[-1], about_chart, [*marks, *([(edges[-2], f"{edges[-2]:,}+")] * is_open)], True
    )


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

"""What an export made, what was compared before it was written, and how fast it is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Code, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.style import line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.export.result import Export


def blocks(result: Export) -> list[Block]:
    """Return the folder, the comparison, sizes and speeds, and the line that runs it."""
    rows = [
        [line(result.model, 40), _megabytes(result.model_bytes), _speed(result.model_speed)],
        [result.format, _megabytes(result.bytes), _speed(result.speed)],
    ]
    where = f"On the first {result.timed_rows:,} of {line(result.data, 60)}, on this machine." if result.rows else ""
    table = Table(columns(("", "MB", "texts/s")), rows, explanation=where)
    run = Code(_usage(result))
    return [Headline(_headline(result)), table, Paragraph(_compared(result)), Notes(_notes(result), lines=2), run]


def _usage(result: Export) -> str:
    where = line(str(result.path), 200)
    if result.format == "keras":
        return f"encoder = tf.keras.models.load_model({where!r})"
    return f'python {where}/predict.py "a text"'


def _headline(result: Export) -> str:
    return f"{line(result.model, 60)} is in {line(str(result.path), 200)} as {result.format}: it runs without PyTorch."


def _compared(result: Export) -> str:
    random = f"{count(result.batches, 'batch', 'batches')} of random tokens"
    if not result.rows:
        return f"Compared on {random}: logits differ by up to {result.difference:.1e}."
    what = f"{result.kept:.1%} of {count(result.rows, 'row')} of {line(result.data, 60)}"
    return f"{what} have the same prediction; logits differ by up to {result.difference:.1e}, also on {random}."


def _notes(result: Export) -> tuple[str, ...]:
    left = f"{count(len(result.left_out), 'layer')} stayed in fp32: {', '.join(result.left_out)}."
    return (*([left] if result.left_out else []), *result.notes)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _speed(speed: float) -> str:
    return f"{speed:,.0f}" if speed else "–"

"""Words for masks: a table with the texts that they make, and the same in ten lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.style import MISSING, columns, count, duration, line
from bertmagic.display.writers.elements import Cell, bar, box, notes, paragraph, table

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from bertmagic.tasks.masked_language_modeling.result import Fills

_PLAIN = 6
_WORDS = 5
_SHOWN = 100


def text(result: Fills) -> str:
    """Return the words in at most ten lines: one a line for a single mask, else a line for each mask."""
    single = result.masks == 1 and not result.missing
    rows = _each_word(result) if single else _each_mask(result)
    more = len(rows) - _PLAIN
    parts = [_headline(result), *columns(rows[:_PLAIN], left=(0, 1, 2) if not single else (0, 2))]
    if more > 0:
        parts.append(f"… {count(more, 'more word' if single else 'more mask')}; .frame has them all.")
    return "\n".join([*parts, *(f"Note: {line(note, 160)}" for note in result.notes[:1])])


def _each_word(result: Fills) -> list[list[str]]:
    frame = result.frame
    found = zip(frame["word"], frame["score"], frame["filled"], strict=True)
    return [[line(word, 24), f"{score:.3f}", line(filled, 80)] for word, score, filled in found]


def _each_mask(result: Fills) -> list[list[str]]:
    rows = []
    for (row, mask), part in result.frame.groupby(["row", "mask"], sort=False, dropna=False):
        if _lacking(mask):
            rows.append([line(row, 20), "", MISSING])
            continue
        words = ", ".join(
            f"{line(word, 20)} {score:.3f}" for word, score in zip(part["word"][:_WORDS], part["score"], strict=False)
        )
        rows.append([line(row, 20), f"mask {mask}", words])
    return rows


def _headline(result: Fills) -> str:
    took = f", {duration(result.seconds)}" if result.seconds else ""
    missing = f"; {count(result.missing, 'row')} had no text" if result.missing else ""
    masks, texts = count(result.masks, "mask"), count(result.texts, "text")
    return f"Words of {line(result.model, 40)} for {masks} in {texts}{took}{missing}."


def markup(result: Fills) -> Markup:
    """Return the words as a table of at most 100 rows."""
    frame = result.frame
    rows = [_row(frame.iloc[at]) for at in range(min(len(frame), _SHOWN))]
    if len(frame) > _SHOWN:
        rows.append([f"… {count(len(frame) - _SHOWN, 'row')} not shown; .frame has all {len(frame):,} …"])
    caption = "A word's probability is that among all pieces of the vocabulary."
    shown = table(["row", "mask", "word", "probability", "filled"], rows, caption, left=(0, 1, 2, 4))
    return box(paragraph(_headline(result)), shown, notes(result.notes))


def _row(row: pd.Series[Any]) -> list[object]:
    name = line(row["row"], 40)
    if _lacking(row["mask"]):
        return [name, "", MISSING, "", ""]
    filled = Cell(line(row["filled"], 200), "min-width:12em;max-width:40em")
    return [name, row["mask"], line(row["word"], 40), bar(row["score"], f"{row['score']:.3f}"), filled]


def _lacking(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value != value

"""What the heads of two models do differently on one text, or those of one model on two texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention import STATISTICS
from bertmagic.display.attention.letters import visible
from bertmagic.display.style import columns, line
from bertmagic.display.style import words as spoken
from bertmagic.display.writers.elements import Safe, box, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from bertmagic.attention.comparison import Comparison

_HEADS = 5


def text(result: Comparison) -> str:
    """Return the heads that differ most, or the numbers that do, in at most ten lines."""
    head, *rows = _table(result)
    return "\n".join([headline(result), *(columns([head, *rows[:8]], left=(0, len(head) - 1)) if rows else [])])


def markup(result: Comparison) -> Safe:
    """Return the same as a table."""
    return box(told(result))


def told(result: Comparison) -> Safe:
    """Return the table with its caption, to stand below the picture of the first maps."""
    head, *rows = _table(result)
    if not rows:
        return paragraph(headline(result))
    return table(head, rows, headline(result), left=(0, len(head) - 1) if result.divergence is None else (0,))


def headline(result: Comparison) -> str:
    """Return what is compared, and whether it differs at all."""
    if result.divergence is None:
        return f"Heads on this text and on another, “{line(visible(result.second.text), 60)}”, on average and at most:"
    names = [line(visible(maps.model), 40) for maps in (result.first, result.second)]
    on = "words, as their tokenizers differ" if result.merged else "tokens"
    pair = f"{names[0]} beside {names[1]}, on the same {on}"
    if not result.divergence.any():
        return f"{pair}: no head differs at all."
    mean = result.divergence.mean()
    return f"{pair}: heads differ by {mean:.3f} bits of Jensen-Shannon divergence on average (1 is the most)."


def _table(result: Comparison) -> list[list[str]]:
    return _ranked(result) if result.divergence is not None else _beside(result)


def _ranked(result: Comparison) -> list[list[str]]:
    """Return the heads that differ most, and where the difference is largest."""
    assert result.divergence is not None
    assert result.difference is not None
    rows = [["head", "divergence", "largest difference"]]
    for layer, head, value in result.ranking().head(_HEADS).itertuples(index=False, name=None):
        if value > 0:
            size = result.difference[layer, head]
            row, column = np.unravel_index(int(np.abs(size).argmax()), size.shape)
            ends = " → ".join(line(visible(result.tokens[at].text), 20) for at in (row, column))
            rows.append([f"layer {layer}, head {head}", f"{value:.4f}", f"{ends} {size[row, column]:+.3f}"])
    return rows


def _beside(result: Comparison) -> list[list[str]]:
    frame = result.statistics()
    names = [name for name in STATISTICS if (name, "first") in frame]
    return [["statistic", "this text", "other text", "changes most in"], *_rows(frame, names)]


def _rows(frame: pd.DataFrame, names: list[str]) -> Iterator[list[str]]:
    for name in names:
        first, second = (frame[name, of].to_numpy(float) for of in ("first", "second"))
        change = np.abs(first - second)
        if not np.isfinite(change).any():
            continue  # there is no other sentence, say
        most = int(np.nanargmax(change))
        layer, head = frame.index[most]
        where = f"layer {layer}, head {head}: {first[most]:.3f} → {second[most]:.3f}"
        yield [spoken(name), f"{np.nanmean(first):.3f}", f"{np.nanmean(second):.3f}", where]

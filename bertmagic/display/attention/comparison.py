"""How the heads of two models differ on one text, or those of one model on two texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.attention import STATISTICS
from bertmagic.display.attention.design import plain_name
from bertmagic.display.attention.matrix import label
from bertmagic.display.blocks import Headline, Table, columns
from bertmagic.display.style import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from bertmagic.attention.comparison import Comparison

_HEADS, _LINES = 5, 8


def blocks(result: Comparison) -> tuple[Headline, Table]:
    """Return the heads, or the statistics, that differ most."""
    head, *rows = _rows(result)
    return Headline(headline(result)), Table(columns(head, (0, len(head) - 1)), rows, lines=_LINES)


def headline(result: Comparison) -> str:
    """Return what is compared, and whether it differs at all."""
    if result.divergence is None:
        return f"Head statistics of this text and of another, “{line(result.second.text, 60)}”:"
    first, second = (line(maps.model, 40) for maps in (result.first, result.second))
    unit = "words (their tokenizers differ)" if result.merged else "tokens"
    pair = f"{first} compared with {second}, on the same {unit}"
    if not result.divergence.any():
        return f"{pair}: all heads are equal."
    mean = result.divergence.mean()
    return f"{pair}: mean Jensen-Shannon divergence of the heads {mean:.3f} bits (0 is equal, 1 is the maximum)."


def _rows(result: Comparison) -> list[list[str]]:
    """Return a table, its first row the names of the columns."""
    return _heads_by_divergence(result) if result.divergence is not None else _statistics(result)


def _heads_by_divergence(result: Comparison) -> list[list[str]]:
    """Return the heads that differ most, and their largest difference."""
    assert result.difference is not None
    rows = [["head", "divergence", "largest difference"]]
    for layer, head, value in result.ranking().head(_HEADS).itertuples(index=False, name=None):
        if value > 0:
            size = result.difference[layer, head]
            row, column = np.unravel_index(int(np.abs(size).argmax()), size.shape)
            ends = " → ".join(line(label([result.tokens[at]]), 20) for at in (row, column))
            rows.append([f"layer {layer}, head {head}", f"{value:.4f}", f"{ends} {size[row, column]:+.3f}"])
    return rows


def _statistics(result: Comparison) -> list[list[str]]:
    frame = result.statistics()
    names = [name for name in STATISTICS if (name, "first") in frame]
    return [["statistic", "mean, this text", "mean, other text", "largest change"], *_changes(frame, names)]


def _changes(frame: pd.DataFrame, names: list[str]) -> Iterator[list[str]]:
    for name in names:
        first, second = (frame[name, text].to_numpy(float) for text in ("first", "second"))
        change = np.abs(first - second)
        if not np.isfinite(change).any():
            continue  # a statistic of pairs, and there is one sentence
        most = int(np.nanargmax(change))
        layer, head = frame.index[most]
        where = f"layer {layer}, head {head}: {first[most]:.3f} → {second[most]:.3f}"
        yield [plain_name(name), f"{np.nanmean(first):.3f}", f"{np.nanmean(second):.3f}", where]

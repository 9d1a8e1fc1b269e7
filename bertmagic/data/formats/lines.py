"""Running text with a text in each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source


def _fit(source: Source) -> Fit:
    return Fit.POSSIBLE if source.suffix in ("", ".txt") else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    return Content({"": pd.DataFrame({"text": [line for line in source.lines if line.strip()]})})


FORMAT = Format("lines", (".txt",), _fit, _read)

"""Colours that read on light and dark pages, and numbers, times and sizes in words."""

from __future__ import annotations

import math
import re
import unicodedata

from bertmagic.text_safety import visible

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
GREY = "#7a7a7a"
"""From the palette of Okabe and Ito (2008), safe for colour-blind readers. These have a contrast of 3:1 or more with
white and with JupyterLab's dark background; the others of the palette do not."""

FAINT = "rgba(128,128,128,.3)"
"""Lines and tracks behind the content, on any background."""

BEST = "★"
WARNING = "⚠"
MISSING = "no text"

_SPACE = re.compile(r"\s+")


def line(value: object, most: int = 80) -> str:
    """Return ``value`` as one line of at most ``most`` characters, with ``…`` where it was cut."""
    flat = _SPACE.sub(" ", visible(str(value)[: 4 * most])).strip()
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes: wide East Asian characters two, combining ones none."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


_CALLED = {
    "mcc": "Matthews correlation",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
    "tfidf": "TF-IDF",
}


def words(name: str) -> str:
    """Return the name of a metric or a baseline as one reads it: ``macro_f1`` is ``macro F1``."""
    if name in _CALLED:
        return _CALLED[name]
    return re.sub(r"\bf1\b", "F1", name.replace("_", " "))


def number(value: float, digits: int = 4) -> str:
    """Return a number with ``digits`` significant digits and a short exponent (``2e-5``)."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if abs(value) >= 10 ** (digits - 1) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return re.sub(r"e([+-])0?", lambda sign: "e" + sign[1].strip("+"), f"{value:.{digits}g}")


def share(value: float) -> str:
    """Return a share as a percentage with one decimal."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "unknown"


def score(value: float) -> str:
    """Return a metric or a loss with four decimals, so that they align in a column."""
    return f"{value:.4f}" if abs(value) < 1000 else number(value)


def duration(seconds: float) -> str:
    """Return a time in the one or two units that matter: ``0.42 s``, ``3 min 07 s``, ``2 h 05 min``, ``3 d 04 h``."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 59.95:
        short = 0 < seconds < 0.995
        return f"{seconds:.2g} s" if short else f"{seconds:.1f} s".replace(".0 ", " ")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24:02d} h"


def speed(rows: int, tokens: int, seconds: float) -> str:
    """Return how long rows took, as a sentence: ``2 s, 40 rows/s, 900 tokens/s.``"""
    return f"{duration(seconds)}, {number(rows / seconds, 3)} rows/s, {number(tokens / seconds, 3)} tokens/s."


def size(many: float) -> str:
    """Return bytes in decimal units: ``40 MB``, ``1.2 GB``."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if many >= 0.9995 * scale:
            part = many / scale
            return f"{part:.1f} {unit}" if part < 9.95 else f"{part:,.0f} {unit}"
    return f"{many:.0f} B"


def million(many: int) -> str:
    """Return a count of parameters: ``22.7 M``, ``1.3 B`` (10⁹)."""
    if many >= 1e9:
        return f"{many / 1e9:.1f} B"
    return f"{many / 1e6:.1f} M" if many >= 1e5 else f"{many:,}"

"""Traits of a text that need no model, for automatic slices: its language, questions, negations, digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data import languages

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.evaluation.outcomes import Outcomes

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|cannot|\w+n['’]t|nicht|kein\w*|nie|niemals|ne|pas|jamais|rien"
    r"|nunca|nada|jamás|non|mai|niente|não|nem|niet|geen|nooit|не|нет|никогда)\b|[不没沒未别]|ない|ません",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？؟]")
_DIGIT = re.compile(r"\d")


def traits(outcomes: Outcomes, rare: float = 1.6) -> pd.DataFrame:
    """Return the traits of each row, a column for each trait, in the order of the rows.

    Parameters
    ----------
    rare
        From how many tokens a word on average on a text is taken to have rare words: the tokenizer cuts those.
    """
    import pandas as pd

    rows = []
    for at in range(len(outcomes)):
        text = outcomes.text(at)
        words = max(1, len(text.split()))
        rows.append((
            languages.detect(text),
            "with digits" if _DIGIT.search(text) else "without digits",
            "with negation" if _NEGATION.search(text) else "without negation",
            "a question" if _QUESTION.search(text) else "no question",
            "rare words" if (outcomes.lengths[at] - 2) / words > rare else "usual words",
        ))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["language (guess)", "digits", "negation", "question", "words"])
    frame.insert(0, "length", _lengths(outcomes))
    return frame


def _lengths(outcomes: Outcomes) -> pd.Series:
    import pandas as pd

    lengths = pd.Series(outcomes.lengths)
    if lengths.nunique() < 4:
        return lengths.astype(str) + " tokens"
    parts = pd.qcut(lengths, 4, duplicates="drop")
    names = {}
    for interval in parts.cat.categories:
        low, high = lengths[parts == interval].min(), lengths[parts == interval].max()
        names[interval] = f"{low} tokens" if low == high else f"{low} to {high} tokens"
    return parts.astype(object).map(names)

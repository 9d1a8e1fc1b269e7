"""What can be seen of a text without a model: its language, whether it asks, denies, counts; for slices unasked."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.evaluation.outcomes import Outcomes

_BEGINNING = 400
"""How many characters of a text its language is guessed by."""

_LETTERS = 100
"""How many of them its script is told by."""

_COMMON = {
    "en": "the of and to is in that was it for with as but not this have are on be i you my we they",
    "de": "der die das und ist nicht ein eine zu den mit sich auf für dem im war ich es sie wir aber auch",
    "fr": "le la les des et est un une pas que qui dans pour du au je il ce sur avec très mais nous plus",
    "es": "el la los las y es un una que de en por con para no se muy pero lo su mi como más me",
    "it": "il lo la gli e è un una che di non per con sono del della mi si ma molto come più anche ho",
    "pt": "o a os as e é um uma que de não em para com do da muito mas eu se no na mais foi",
    "nl": "de het een en is van niet dat in op te voor met zijn ik er maar ook was we heel aan bij",
}
_LANGUAGES = {
    word: tuple(of for of, words in _COMMON.items() if word in words.split())
    for word in " ".join(_COMMON.values()).split()
}
"""The languages in which a word is common."""
_SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "CYRILLIC": "Cyrillic", "ARABIC": "Arabic",
    "GREEK": "el", "HEBREW": "he", "DEVANAGARI": "Devanagari", "THAI": "th",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|cannot|\w+n['’]t|nicht|kein\w*|nie|niemals|ne|pas|jamais|rien"
    r"|nunca|nada|jamás|non|mai|niente|não|nem|niet|geen|nooit|не|нет|никогда)\b|[不没沒未别]|ない|ません",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？؟]")
_DIGIT = re.compile(r"\d")


def language(text: str) -> str:
    """Return the likely language of a text, or its script, by its letters and its commonest words.

    A guess: seven languages of Latin script are told apart, by which has the most of its commonest words in the first
    400 characters. ``"unknown"`` where none has two.
    """
    beginning = text[:_BEGINNING]
    script = _script(beginning)
    if script is not None:
        return script
    counts = Counter(of for word in _WORD.findall(beginning.lower()) for of in _LANGUAGES.get(word, ()))
    (best, many), *others = [*counts.most_common(2), ("unknown", 0)]
    return best if many >= 2 and many > others[0][1] else "unknown"


def _script(text: str) -> str | None:
    """Return the script of most letters, None for Latin; a text with kana is Japanese, whatever else it has."""
    if text.isascii():
        return None
    found = Counter(
        next((of for name, of in _SCRIPTS.items() if unicodedata.name(letter, "").startswith(name)), "Latin")
        for letter in text[:_LETTERS]
        if letter.isalpha()
    )
    if found["ja"] > 0.1 * found.total():
        return "ja"
    best = found.most_common(1)
    return best[0][0] if best and best[0][0] != "Latin" else None


def traits(outcomes: Outcomes, rare: float = 1.6) -> pd.DataFrame:
    """Return what can be seen of each row, a column for each trait, in the order of the rows.

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
            language(text),
            "with digits" if _DIGIT.search(text) else "without digits",
            "with negation" if _NEGATION.search(text) else "without negation",
            "a question" if _QUESTION.search(text) else "no question",
            "rare words" if (outcomes.lengths[at] - 2) / words > rare else "usual words",
        ))  # fmt: skip
    found = pd.DataFrame(rows, columns=["language (guess)", "digits", "negation", "question", "words"])
    found.insert(0, "length", _lengths(outcomes))
    return found


def _lengths(outcomes: Outcomes) -> pd.Series:
    import pandas as pd

    lengths = pd.Series(outcomes.lengths)
    if lengths.nunique() < 4:
        return lengths.astype(str) + " tokens"
    parts = pd.qcut(lengths, 4, duplicates="drop")
    ends = {of: (lengths[parts == of].min(), lengths[parts == of].max()) for of in parts.cat.categories}
    names = {of: f"{low} tokens" if low == high else f"{low} to {high} tokens" for of, (low, high) in ends.items()}
    return parts.astype(object).map(names)

"""The language of a text, guessed by its script and its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHER = "other"
"""The language of a text that no rule recognizes."""

_BEGINNING = 400
"""How many characters of a text are read."""

_SCRIPTS = {
    "Japanese": "\u3040-\u30ff", "Chinese": "\u3400-\u4dbf\u4e00-\u9fff", "Korean": "\u1100-\u11ff\uac00-\ud7af",
    "Cyrillic": "\u0400-\u052f", "Arabic": "\u0600-\u06ff\u0750-\u077f", "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Hebrew": "\u0590-\u05ff", "Devanagari": "\u0900-\u097f", "Thai": "\u0e00-\u0e7f",
}  # fmt: skip
"""The letters of each script, which has the name of its language, or its own where several languages are written in it.
Kana come first: a Japanese text has Chinese characters, too."""

_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_SHARE = {"Japanese": 0.1}
"""From which share of the letters a script is that of the text, if it is not 0.3."""

_WORDS = {
    "English": "the of and to is in that was it for with as but not this have are on be you my we they an a",
    "German": "der die das und ist nicht ein eine zu den mit von sich auf für dem im war ich es sie wir aber auch",
    "French": "le la les de des et est un une pas que qui dans pour du au je il ce sur avec très mais nous plus",
    "Spanish": "el la los las y es no un una que de en por con para se muy pero lo su mi como más me",
    "Italian": "il lo la gli e è un una che di non per con sono del della mi si ma molto come più anche ho questo",
    "Portuguese": "o a os as e é um uma que de não em por para com do da muito mas eu se no na mais foi isso",
    "Dutch": "de het een en is niet van dat in op te voor met zijn ik er maar ook was we heel aan bij",
}
_LANGUAGES_OF = {
    word: tuple(language for language, words in _WORDS.items() if word in words.split())
    for word in " ".join(_WORDS.values()).split()
}
"""The languages in which a word is frequent."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def detect(text: str) -> str:
    """Return the likely language of a text, or its script where several languages are written in it.

    A guess from the first 400 characters. Of seven languages in Latin script, the guess is the one with the most of its
    frequent words; `OTHER` where no language has two (one in a text of one or two words) or two have equally many.
    """
    beginning = text[:_BEGINNING]
    script = _script(beginning)
    if script is not None:
        return script
    words = _WORD.findall(beginning.lower())
    counts = Counter(language for word in words for language in _LANGUAGES_OF.get(word, ()))
    (best, many), *others = [*counts.most_common(2), (OTHER, 0)]
    return best if many >= min(2, len(words) // 3 + 1) and many > others[0][1] else OTHER


def shares(texts: Iterable[str]) -> dict[str, float]:
    """Return the share of texts in each language, the most frequent first."""
    counts = Counter(map(detect, texts))
    return {language: many / counts.total() for language, many in counts.most_common()}


def _script(text: str) -> str | None:
    """Return the script of a text; None for Latin and for a text without letters."""
    if text.isascii():
        return None
    letters = sum(map(str.isalpha, text))
    scripts = (
        name
        for name, pattern in _LETTERS.items()
        if letters and len(pattern.findall(text)) > _SHARE.get(name, 0.3) * letters
    )
    return next(scripts, None)

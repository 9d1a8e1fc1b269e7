"""Which languages texts are in: by their script, and among Latin scripts by the most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCRIPTS = {
    "Chinese": "\u4e00-\u9fff", "Japanese": "\u3040-\u30ff", "Korean": "\uac00-\ud7af", "Russian": "\u0400-\u04ff",
    "Arabic": "\u0600-\u06ff", "Greek": "\u0370-\u03ff", "Hebrew": "\u0590-\u05ff", "Hindi": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
}  # fmt: skip
"""The letters of each script, with its language of most text; kana tell Japanese before its Chinese characters do."""

_WORDS = {
    "English": "the and of to is was in it that for with this not you be are have on",
    "German": "der die das und ist nicht ein eine zu den mit von auf für ich es sie war auch",
    "French": "le la les et est pas une des du que qui dans pour je il ce au sur très",
    "Spanish": "el la los las y es no una de que en por con para muy se lo un como",
    "Italian": "il che non è di una per con sono gli ma molto del anche della questo",
    "Dutch": "de het een en is niet van dat ik te zijn met voor maar op heel ook",
    "Portuguese": "os é não uma que em por com para muito um foi mas mais da na ao isso",
}
_FREQUENT = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_LATIN = re.compile(r"[^\W\d_]+")


def found(texts: Iterable[str]) -> dict[str, float]:
    """Return the share of texts in each language, the most frequent first; those that cannot be told are ``other``."""
    counted = Counter(map(language, texts))
    total = sum(counted.values())
    return {name: many / total for name, many in counted.most_common()}


def language(text: str) -> str:
    """Return the language of one text, or ``other``."""
    letters = sum(map(str.isalpha, text))
    for name in ("Japanese", *_SCRIPTS):
        inside = len(re.findall(f"[{_SCRIPTS[name]}]", text))
        if letters and inside / letters > (0.1 if name == "Japanese" else 0.3):
            return name
    words = _LATIN.findall(text.lower())
    hits = {name: sum(word in known for word in words) for name, known in _FREQUENT.items()}
    best = max(hits, key=lambda name: hits[name])  # of equal ones the first
    return best if hits[best] >= min(2, len(words) // 3 + 1) else "other"

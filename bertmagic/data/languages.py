"""The language of a text, guessed by its script and its most frequent words."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
_SURE = 0.02
_SHARE = {"Japanese": 0.1}
"""From which share of the letters a script is that of the text, if it is not 0.3."""

_WORDS = {
    "English": "the of and to is in that was it for with as but not this have are on be you my we they an a i he "
    "she his her its our your their me us him them what how why who when where which can could will "
    "would should do does did has had been were by from at or if so then there than just about up out "
    "get got all some any no more very only also because after before into over please need want don't "
    "can't i'm it's i'll that's",
    "German": "der die das und ist nicht ein eine zu den mit von sich auf für dem im war ich es sie wir aber auch "
    "in des am an hat bei nach über noch aus so als er nur man sehr einer vor sind zur wie einen haben "
    "kann um wird werden habe zum mehr einem diese oder wenn wieder mal durch wurde was dann alles hier "
    "hatte können keine kein mir mich dass da ihre ihr du gegen bis seit schon immer unter wo warum "
    "bitte",
    "French": "le la les de des et est un une pas que qui dans pour du au je il ce sur avec très mais nous plus à "
    "en par a son se sont elle aux sa cette ou été ses ne comme même entre leur d'une d'un c'est aussi "
    "ont lui y était alors après depuis on dont fait tout être ces avait peut si tous bien vous j'ai "
    "mon ma mes votre quand où comment moi n'est qu'il",
    "Spanish": "el la los las y es no un una que de en por con para se muy pero lo su mi como más me a del al fue "
    "o sus este esta también entre eran dos ha ser durante sin era desde le son ya donde está parte "
    "tiene hasta cuando había todo si según después tres mismo uno así otros hay te tu yo qué cómo "
    "porque tengo puedo nos esto",
    "Italian": "il lo la gli e è un che di non per con sono del della mi si ma molto come più anche ho questo le i "
    "in a al una dei ha da alla delle o nel se chi quale dal dalla quando può sua hanno degli suo ai "
    "era cosa su quanto dove nelle loro dopo stata stato ci perché così erano tutti viene senza sulla "
    "essere già sia ogni ti io hai fa poi mio qui questa",
    "Portuguese": "o a os as e é um uma que de não em por para com do da muito mas eu se no na mais foi isso dos das "
    "ao como à pelo pela sua seu ser são ele ela também nos está ainda até já ano tem foram ou sobre "
    "quando entre nas durante há depois ter às aos após era mesmo esse essa quem meu minha você bem me "
    "sem estão porque onde gostei",
    "Dutch": "de het een en is niet van dat in op te voor met zijn ik er maar ook was we heel aan bij die worden "
    "tot of wordt om kan als over uit nog moet hebben dan deze wel naar u hun geen hij moeten zal dit "
    "onder al zich nu zou zo meer hoe wat veel je wil gaat mijn mij heeft had omdat waar waarom jij zij "
    "door dus",
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
    words = _WORD.findall(beginning.lower().replace("’", "'"))
    counts = Counter(language for word in words for language in _LANGUAGES_OF.get(word, ()))
    (best, many), *others = [*counts.most_common(2), (OTHER, 0)]
    return best if many >= min(2, len(words) // 3 + 1) and many > others[0][1] else OTHER


def of_texts(texts: Iterable[str]) -> list[str]:
    """Return the likely language of each text.

    A language that only its words suggest, of fewer than 2 % of the texts, is taken for a wrong guess: `OTHER`.
    """
    guessed = [detect(text) for text in texts]
    counts = Counter(guessed)
    rare = {name for name in _WORDS if counts[name] < _SURE * len(guessed)}
    return [OTHER if name in rare else name for name in guessed]


def shares(spoken: Sequence[str]) -> dict[str, float]:
    """Return the share of texts in each language, the most frequent first, and last that of `OTHER`."""
    ordered = sorted(Counter(spoken).most_common(), key=lambda one: one[0] == OTHER)
    return {language: many / len(spoken) for language, many in ordered}


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

"""Where the sentences of a text end.

Texts write their ends differently: with capitals after them or all in lower case, with marks at the words or, as
tokenizers leave them, between spaces. So a text is looked at first, and then each of its marks.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bertmagic.data import languages

_MARK = r"[.!?…‽]+(?: [.!?…‽]+)*"
_CLOSING = r"\"'”’»›)\]}"
_OPENING = r"(?:[\s\"'“”‘’„«»‹›(\[¿¡-]|,,)*"
_END = re.compile(
    rf"(?P<mark>{_MARK})[{_CLOSING}]*(?=\s|\Z)"  # of scripts with spaces, and the quotes that close there
    r"|(?P<certain>[。！？｡]+[”’」』）》]*"
    r"|(?<=[\u3040-\u30ff\u3400-\u9fff])[!?]+(?=[\u3040-\u30ff\u3400-\u9fff“「])"
    # Indic, Arabic, Armenian, Ethiopic, Burmese and Khmer marks, the colon of Armenian, the question mark of Greek
    rf"|(?:[।॥؟۔։።။។]+|(?<=[\u0530-\u058f])\s?:(?=\s)|(?<=[\u0370-\u03ff\u1f00-\u1fff])\s?;)[{_CLOSING}]*)"
    r"|(?P<line>(?<![^\S\n])[^\S\n]*\n\s*)"
)
_LONE_CLOSING = re.compile(r"\s+(?:''|[”’»›)\]」』）]|(?P<either>[\"']))(?=\s|\Z)")
_AFTER = re.compile(rf"\s*(?P<joined>[;:)\]]|,(?!,))|{_OPENING}(?P<first>\S)")
_BEGINNING = re.compile(rf"(?:\A|(?:{_MARK}|[։:])[{_CLOSING}]*\s){_OPENING}([^\W\d_])")

_WORD = re.compile(rf"(?:^|\s)[(\[\"'“„«]*([^\s\d.{_CLOSING}]+(?:\.[^\s\d.{_CLOSING}]+)*)$")
_ABBREVIATIONS = re.compile(
    "mr|mrs|ms|dr|prof|st|sr|jr|rev|gen|col|lt|sgt|capt|sen|rep|gov|hon|messrs|vs|cf|eds|approx|dept|est|inc|ltd|co|corp|"
    "bros|etc|al|mt|ft|bzw|vgl|evtl|ggf|usw|bspw|str|dipl|ing|hrsg|inkl|exkl|geb|gest|sog|mme|mlle|env|sra|srta|dra|dott|"
    "avv|dhr|mevr|drs|jh|mio|mrd",
    re.IGNORECASE,
)
_BEFORE_NUMBERS = re.compile(
    "nos?|nr|vol|ed|pp|figs?|abs|art|bd|chap|ca|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec", re.IGNORECASE
)
_ORDINAL = re.compile(r"(?:^|\s)\d{1,2}$")
_NUMBERING = re.compile(r"\(?(?:\d{1,3}|[^\W\d_]|[ivx]+)")
_LOOK_BACK = 24
"""How many characters before a full stop are looked at; no abbreviation is longer."""


class _Style(NamedTuple):
    """How a text writes: capitals begin its sentences, lines break within them, ordinals have a full stop."""

    has_capitals: bool
    is_wrapped: bool
    has_ordinals: bool


def split(text: str) -> list[str]:
    """Return the sentences of a text, without the spaces around them.

    A sentence ends at the marks of its script, at a blank line, and at the end of a line that does not just break it.
    A full stop is no end after an initial, a common abbreviation, or a number that begins a list; nor is any mark of
    Latin, Greek, Cyrillic or Armenian script before a small letter, unless the whole text is in small letters. Thai,
    which has no marks, is split by lines alone.

    Examples
    --------
    >>> split("Dr. A. Wu came at 3.15 p.m. on Monday. 她没说话。 Why?")
    ['Dr. A. Wu came at 3.15 p.m. on Monday.', '她没说话。', 'Why?']
    >>> split("the cat sat . the dog ran .")
    ['the cat sat .', 'the dog ran .']
    """
    style, sentences, start = _style(text), [], 0
    for end in _END.finditer(text):
        if end.start() < start:  # within the closing quotes of the last one
            continue
        stop = end.end() if end["line"] else _with_closing(text, start, end.end())
        if _is_end(text, start, end, stop, style):
            sentences.append(text[start:stop].strip())
            start = stop
    return [sentence for sentence in (*sentences, text[start:].strip()) if sentence]


def _style(text: str) -> _Style:
    letters = _BEGINNING.findall(text)
    large, small = sum(map(str.isupper, letters)), sum(map(str.islower, letters))
    lines = sorted(len(line) for line in text.split("\n") if line.strip())
    is_wrapped = len(lines) > 2 and lines[-1] > 40 and lines[len(lines) // 2] > 0.75 * lines[-1]  # most are nearly full
    return _Style(large > small, is_wrapped, languages.detect(text) == "German")


def _with_closing(text: str, start: int, stop: int) -> int:
    """Return where a sentence ends with the quotes and brackets behind its mark that stand between spaces.

    A straight quote there closes if it is the second of its sentence; else it opens the next one.
    """
    while closing := _LONE_CLOSING.match(text, stop):
        if closing["either"] and text.count(closing["either"], start, stop) % 2 == 0:
            break
        stop = closing.end()
    return stop


def _is_end(text: str, start: int, end: re.Match[str], stop: int, style: _Style) -> bool:
    """Whether a mark, or a line break, of a sentence that begins at ``start`` ends it."""
    if end["certain"]:
        return True
    after = _AFTER.match(text, stop)
    first = after["first"] or "" if after else ""
    if end["line"]:
        breaks = first.islower() and (style.has_capitals or style.is_wrapped)
        return end["line"].count("\n") > 1 or not breaks
    if after and after["joined"]:
        return False
    before = text[max(start, end.start() - _LOOK_BACK) : end.start()]
    if end["mark"] == "." and before[-1:].isspace():
        return not (first.isdigit() and before.rstrip()[-1:].isdigit())  # a decimal point, as tokenized
    if first.islower() and (style.has_capitals or end["mark"].startswith(("..", "…"))):
        return False
    return end["mark"] != "." or not (
        _NUMBERING.fullmatch(before.strip())
        or (style.has_ordinals and _ORDINAL.search(before))
        or _is_abbreviation(before, first)
    )


def _is_abbreviation(before: str, first: str) -> bool:
    """Whether the word before a full stop is an initial or an abbreviation; ``first`` begins what follows."""
    if not (found := _WORD.search(before)):
        return False
    word = found[1]
    return (
        "." in word
        or sum(map(str.isalpha, word)) == 1
        or _ABBREVIATIONS.fullmatch(word) is not None
        or (first.isdigit() and _BEFORE_NUMBERS.fullmatch(word) is not None)
    )

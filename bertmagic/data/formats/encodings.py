"""Which encoding a text may have that is not UTF-8, named only if a plausible text comes out."""

from __future__ import annotations

import re

_HIGH = re.compile(r"[^\x00-\x7f]")
_EXPECTED = {
    "cp1252": re.compile("[à-öø-ÿßœšžÀ-ÖØ-ÞŒŠŽ‘’“”–—…€£°«»¿¡§©®·\xa0]"),
    "cp1250": re.compile("[áäąćčçďéęěëíłľńňóôöőřśšťúůüűýźżžÁÄĆČÉŁŚŠŤŽŻÓŘÖÜßđăâîţş‘’“”„–—…€\xa0]"),
    "cp1251": re.compile("[а-яёА-ЯЁ«»–—]"),
    "cp1253": re.compile("[ά-ώΑ-Ω«»–—]"),
    "euc_kr": re.compile("[\uac00-\ud7a3]"),
    "euc_jp": re.compile("[\u3041-\u30ff\u4e00-\u9fff\u3000-\u3002]"),
    "shift_jis": re.compile("[\u3041-\u30ff\u4e00-\u9fff\u3000-\u3002]"),
}
"""For each encoding, what its texts hold of characters that are not ASCII."""
_CHINESE = {"gb18030": (0xB0, 0xD7, (0xA1, 0xA3)), "big5": (0xA4, 0xC6, (0xA1, 0xA2))}
"""The first bytes of usual characters, from and to, and those of signs."""
_LATIN, _JAPANESE = ("cp1252", "cp1250"), ("euc_jp", "shift_jis")

_KANA = re.compile("[\u3041-\u30ff]")
_SYMBOL_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’‘–·](?=[^\W\d_])")
_TWICE_ENCODED = re.compile("[ÃÂ][\x80-\xbf]|â€")
_RUN = re.compile(r"[^\W\d_a-zA-Z]{5,}")
_MIXED = re.compile(r"[a-zA-Z][^\W\d_a-zA-Z]|[^\W\d_a-zA-Z][a-zA-Z]")
_UPPER_WITHIN = re.compile("[а-яёά-ώ][А-ЯЁΑ-Ω]")


def damaged_places(data: bytes) -> int:
    """Return at how many places a text in UTF-8 is broken; 0 if it is something else than UTF-8.

    It is UTF-8 if more of its characters beyond ASCII are whole than broken.
    """
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd") - data.count("\ufffd".encode())
    return broken if len(_HIGH.findall(text)) > 2 * broken else 0


def likely(data: bytes) -> str | None:
    """Return the encoding that a text may have; None if none gives a plausible text.

    Parameters
    ----------
    data
        Bytes that are not UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    scores = {name: _score(data, name) for name in (*_EXPECTED, *_CHINESE)}
    # Korean words are Chinese characters, too, but Chinese text is not all Korean.
    best = "euc_kr" if scores["euc_kr"] > 0.9 else max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.8 else None


def _score(data: bytes, encoding: str) -> float:
    """Return the share of usual characters among those beyond ASCII; 0 if it cannot be decoded."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return 0
    high = _HIGH.findall(text)
    if not high:
        return 0
    chinese = encoding in _CHINESE
    usual = _chinese(high, encoding) if chinese else sum(1 for one in high if _EXPECTED[encoding].match(one))
    return (usual - _strange(text, encoding)) / len(high)


def _strange(text: str, encoding: str) -> int:
    """Return how many characters are where those of a language are not."""
    if encoding in _LATIN:
        runs = sum(len(run) for run in _RUN.findall(text))
        return runs + len(_SYMBOL_IN_WORD.findall(text)) + 2 * len(_TWICE_ENCODED.findall(text))
    if encoding in _JAPANESE and 5 * len(_KANA.findall(text)) < len(_HIGH.findall(text)):
        return len(text)
    return len(_MIXED.findall(text)) + len(_UPPER_WITHIN.findall(text))


def _chinese(high: list[str], encoding: str) -> int:
    """Return how many characters are of the first level of GB 2312 or Big5, which make up 99 % of Chinese texts."""
    codes = [character.encode(encoding) for character in high]
    first, last, signs = _CHINESE[encoding]
    return sum(1 for code in codes if len(code) == 2 and (first <= code[0] <= last or code[0] in signs))

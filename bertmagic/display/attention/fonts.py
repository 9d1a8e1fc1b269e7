"""Fonts for bitmaps: Pillow's own for plain Latin letters, else one of this computer that has all letters of a text.

Pillow's own font has no more than ASCII and a few signs. A computer whose user reads Greek, Arabic or Chinese has a
font for it; a server may have none, and then `BitmapLetters.has_all` says so.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont, features

if TYPE_CHECKING:
    from collections.abc import Collection

    from PIL.ImageFont import FreeTypeFont

_FILES = (
    # Latin, Greek, Cyrillic, partly Hebrew and Arabic
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "segoeui.ttf", "arial.ttf", "Helvetica.ttc",
    # Chinese, Japanese, Korean
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "wqy-microhei.ttc",
    "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "msyh.ttc", "YuGothM.ttc", "meiryo.ttc",
    "malgun.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc",
    # Arabic, Hebrew, Thai, Indian scripts
    "NotoSansArabic-Regular.ttf", "NotoNaskhArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf",
    "NotoSansThai-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf", "Nirmala.ttf", "Nirmala.ttc", "LeelawUI.ttf", "GeezaPro.ttc", "Thonburi.ttc",
    "Kohinoor.ttc",
    # many scripts and signs
    "FreeSans.ttf", "Arial Unicode.ttf", "seguisym.ttf", "NotoSansSymbols2-Regular.ttf", "unifont.ttf",
)  # fmt: skip
"""Standard fonts of Linux, Windows and macOS, by their file names: Pillow knows the folders of each."""

_OWN = ""
"""Names Pillow's own font among the files."""
_NONCHARACTER = "\U0010ffff"
_NOT_DRAWN = ("Zs", "Cf")
"""Spaces and joiners, which need no picture."""


class BitmapLetters:
    """Finds a font for each text: for most of ``texts`` the same, so that labels look alike.

    Parameters
    ----------
    texts
        Everything that will be written.
    """

    def __init__(self, texts: Collection[str] = ()) -> None:
        plain = all(_has_all(_OWN, text) for text in texts)
        self._preferred = _OWN if plain else max(_files(), key=lambda file: sum(_has_all(file, one) for one in texts))

    def has_all(self, text: str) -> bool:
        """Whether one font has every letter of a text."""
        return self._file(text) is not None

    def has_most(self, text: str) -> bool:
        """Whether one font has at least half of the letters of a text."""
        drawable = self.drawable(text)
        missing = sum(letter != kept for letter, kept in zip(_normalized(text), drawable, strict=True))
        return 2 * missing <= len(drawable)

    def width(self, text: str, size: float) -> float:
        """Return the width of a text in pixels."""
        return float(self.font(text, size).getlength(self.drawable(text)))

    def font(self, text: str, size: float) -> FreeTypeFont:
        """Return the font for a text; one that lacks some letters where none has all."""
        return _font(self._file(text) or self._preferred, size)

    def drawable(self, text: str) -> str:
        """Return a text with ``?`` for each letter that its font lacks."""
        file = self._file(text) or self._preferred
        return "".join(letter if _has_all(file, letter) else "?" for letter in _normalized(text))

    def _file(self, text: str) -> str | None:
        return self._preferred if _has_all(self._preferred, text) else _file_for(text)


def _normalized(text: str) -> str:
    """Return a text with letters and their marks joined, as fonts have them."""
    return unicodedata.normalize("NFC", text)


@cache
def _font(file: str, size: float) -> FreeTypeFont:
    """Return a font.

    Raises
    ------
    OSError
        If it is not on this computer.
    """
    if file == _OWN:
        return ImageFont.load_default(size)  # type: ignore[return-value]
    return ImageFont.truetype(file, size)


@cache
def _files() -> tuple[str, ...]:
    """Return the fonts that are here, Pillow's own first."""
    return tuple(file for file in (_OWN, *_FILES, *_of_matplotlib()) if _is_here(file))


def _of_matplotlib() -> list[str]:
    """Return the font that matplotlib brings along, where it is installed; it is not imported."""
    found = find_spec("matplotlib")
    folders = found.submodule_search_locations if found is not None else None
    return [str(Path(folder) / "mpl-data/fonts/ttf/DejaVuSans.ttf") for folder in folders or ()]


def _is_here(file: str) -> bool:
    try:
        _font(file, 12)
    except OSError:
        return False
    return True


@cache
def _file_for(text: str) -> str | None:
    """Return the first font that has all letters of a text; None where none has."""
    if _has_all(_OWN, text):
        return _OWN  # without looking for others
    return next((file for file in _files() if _has_all(file, text)), None)


def _has_all(file: str, text: str) -> bool:
    return all(_has(file, letter) for letter in set(_normalized(text))) and (_is_shaped() or not _needs_shaping(text))


@cache
def _has(file: str, letter: str) -> bool:
    """Whether a font has a glyph for a letter, other than the one it draws for an unknown character."""
    if letter == " " or unicodedata.category(letter) in _NOT_DRAWN:
        return True
    return _picture(file, letter) != _picture(file, _NONCHARACTER)


def _picture(file: str, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _font(file, 24).getmask(letter)
    return mask.size, bytes(mask)


def _is_shaped() -> bool:
    """Whether Pillow orders and joins letters as Arabic, Hebrew and Indian scripts need."""
    return bool(features.check("raqm")) and bool(features.check("fribidi"))


def _needs_shaping(text: str) -> bool:
    return any(
        unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) in ("Mn", "Mc")
        for letter in _normalized(text)
    )

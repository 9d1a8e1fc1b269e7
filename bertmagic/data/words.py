"""Words and their characters in a text: words that were given, or words that running text is split into."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from bertmagic.data.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

Span = tuple[int, int]

_CHUNK = 1000

_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana and Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
"""Scripts that are written without a space between words: each of their characters is a word of its own."""

_PIECE = re.compile(rf"[{_ALONE}]|(?:[^\W_{_ALONE}])+|[^\w\s]|_")
_PLAIN = re.compile(r"[^\W_]+|[^\w\s]|_")
_BREAKS = "\u200b\u2060\ufeff"
"""Invisible characters that no word has: zero-width space, word joiner, byte order mark."""


class Joined(Texts):
    """Rows of words of a column, read as texts: their words with a space between."""

    def words(self, at: int) -> list[str]:
        """Return the words of one row."""
        return listed(self._cells(self.positions[[at]])[0]) or []

    def rows(self) -> Iterator[list[str]]:
        """Yield the words of each row."""
        for start in range(0, len(self), _CHUNK):
            yield from (listed(cell) or [] for cell in self._cells(self.positions[start : start + _CHUNK]))

    def _read(self, positions: npt.NDArray[np.int64]) -> list[str]:
        return [" ".join(listed(cell) or []) for cell in self._cells(positions)]


@dataclass(frozen=True)
class Words:
    """The characters of the words of texts.

    Attributes
    ----------
    spans
        The first character of each word and the one behind its last, int32 of shape ``(all words, 2)``.
    offsets
        The words ``offsets[i]`` to ``offsets[i + 1]`` are those of text ``i``. Shape ``(texts + 1,)``.
    """

    spans: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def spans_of(self, text: int) -> npt.NDArray[np.int32]:
        """The words of one text: first character and the one behind the last, ``(words, 2)``."""
        return self.spans[self.offsets[text] : self.offsets[text + 1]]

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The text that each word is of, shape ``(all words,)``."""
        import numpy as np

        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def find(texts: Texts) -> Words:
    """Return the words of texts: those that were given, or those that running text is split into."""
    import numpy as np

    spans = list(map(given_spans, texts.rows()) if isinstance(texts, Joined) else map(split, texts))
    offsets = np.zeros(len(spans) + 1, np.int64)
    np.cumsum([len(row) for row in spans], out=offsets[1:])
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(spans)), np.int32, 2 * int(offsets[-1]))
    return Words(flat.reshape(-1, 2), offsets)


def given_spans(given: Sequence[str]) -> list[Span]:
    """Return the characters of words in a text that has a space between each two of them."""
    ends = accumulate(len(word) + 1 for word in given)
    return [(end - 1 - len(word), end - 1) for word, end in zip(given, ends, strict=True)]


def split(text: str) -> list[Span]:
    """Return the words of running text.

    A word is a run of letters and digits with the marks that belong to them. Every other sign is a word of its own,
    and so is each character of a script without spaces, such as Chinese.

    Examples
    --------
    >>> [text[start:end] for text in ["Zoë's 3.5 km 去北京"] for start, end in split(text)]
    ['Zoë', "'", 's', '3', '.', '5', 'km', '去', '北', '京']
    """
    if text.isascii():
        return [match.span() for match in _PLAIN.finditer(text)]
    return list(_glued(text, (match.span() for match in _PIECE.finditer(text))))


def _glued(text: str, pieces: Iterable[Span]) -> Iterator[Span]:
    """Join marks to the character that they change, and both sides of a joiner."""
    start = end = -1
    for begin, stop in pieces:
        if stop - begin == 1 and text[begin] in _BREAKS:
            continue
        if begin == end and (_changes(text[begin]) or _continues(text, start, begin)):
            end = stop
            continue
        if start >= 0:
            yield start, end
        start, end = begin, stop
    if start >= 0:
        yield start, end


def _changes(sign: str) -> bool:
    """Whether a character belongs to the one before it: combining marks, joiners, emoji's skin tones."""
    return unicodedata.category(sign) in ("Mn", "Mc", "Me", "Cf") or "\U0001f3fb" <= sign <= "\U0001f3ff"


def _continues(text: str, start: int, begin: int) -> bool:
    """Whether a word continues after a mark: letters do after letters, and everything does after a joiner."""
    before = text[begin - 1]
    if before == "\u200d":
        return True
    return _changes(before) and _is_letter(text[start]) and _is_letter(text[begin])


def _is_letter(sign: str) -> bool:
    return sign.isalnum() and not _IS_ALONE.match(sign)


_IS_ALONE = re.compile(f"[{_ALONE}]")


def listed(cell: Any) -> list[Any] | None:
    """Return a cell that holds a list, or the text of a list as JSON or Python write it; None for any other cell.

    Nothing in a cell is run: Python's notation is read as literals only.
    """
    if isinstance(cell, str):
        return _parsed(cell.strip())
    if hasattr(cell, "tolist") and getattr(cell, "ndim", 0) == 1:
        items: list[Any] = cell.tolist()
        return items
    return list(cell) if isinstance(cell, list | tuple) else None


def _parsed(cell: str) -> list[Any] | None:
    if not (cell[:1] == "[" and cell[-1:] == "]") or _by_numpy(cell):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            items = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return items if isinstance(items, list) else None
    return None


def _by_numpy(cell: str) -> bool:
    """Whether NumPy wrote a list of words: it puts no comma between them, and Python would read them as one."""
    return "," not in cell and re.search(r"""(['"])\s+\1""", cell) is not None

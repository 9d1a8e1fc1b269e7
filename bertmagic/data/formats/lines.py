"""A text in each line: running text, or labels and a text as in files of fastText and TREC."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.source import LONGEST
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bertmagic.data.formats.source import Source

_FASTTEXT = re.compile(r"(?:^|(?<=\s))__label__(\S+)(?:\s+|$)")
_TREC = re.compile(r"([A-Z]+):([a-z]\w*)\s+(\S.*)")
_LABEL_FIRST = re.compile(r"([+-]?\d+|[A-Z_]{2,})(?=[ :]|$)")
_FEW = 20
_MORE = {
    "tabs": re.compile(r"\t"),
    "__label__": re.compile("__label__"),
    "####": re.compile("####"),
    "tags behind words": re.compile(r"\A\s*[^\s/|_]+([/|_])[^\s/|]+(?:\s+[^\s/|_]+\1[^\s/|]+){3,}\s*\Z"),
    "parse trees": re.compile(r"\A[(\s]*\(\w[\w|-]*\s+\(.*\)\s*\Z", re.DOTALL),
}
"""What in a line is more than a text."""


def numbered(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers from 1, without line ends and without holding the file.

    Raises
    ------
    DataError
        For a line that is too long for a text, or that is not of the encoding.
    """
    try:
        with source.open_text() as file:
            for number, line in enumerate(file, start=1):
                if len(line) > LONGEST:
                    raise DataError(
                        f"line {number:,} of {source.name} has {len(line):,} characters.",
                        "Check how it was written; break the text into lines.",
                    )
                yield number, line.rstrip("\r\n")
    except UnicodeDecodeError:
        source.text  # noqa: B018 - raises an error that says where, and names a likely encoding
        raise


def _lines(source: Source) -> Iterator[str]:
    """Yield the lines that are not empty, without holding the file."""
    return (line for _, line in numbered(source) if line)


def first(source: Source) -> list[str]:
    """Return the lines at the beginning of a file that are not blank."""
    return [line for line in source.first_lines if line.strip()]


def _begins(source: Source, test: Callable[[str], object]) -> bool:
    """Whether a test holds for every line that is not blank of the beginning of a file, two or more."""
    lines = first(source)
    return len(lines) > 1 and all(map(test, lines))


def _fit_fasttext(source: Source) -> Fit:
    return Fit.SURE if _begins(source, lambda line: line.startswith("__label__")) else Fit.NO


def _read_fasttext(source: Source) -> Content:
    """Read ``__label__x text``: a label where every line has one, else a list of labels for each text."""
    import pandas as pd

    labels, texts = [], []
    for line in _lines(source):
        labels.append(_FASTTEXT.findall(line))
        texts.append(_FASTTEXT.sub("", line).strip())
    single = all(len(row) == 1 for row in labels)
    frame = pd.DataFrame({"text": texts, "label": [row[0] for row in labels] if single else labels})
    several = "the labels" if any(len(row) > 1 for row in labels) else "the label, if there is one,"
    return Content(
        {"": frame}, f"Read as fastText: {'the label' if single else several} behind __label__; format = … overrules."
    )


def _fit_trec(source: Source) -> Fit:
    return Fit.SURE if _begins(source, _TREC.fullmatch) else Fit.NO


def _read_trec(source: Source) -> Content:
    """Read ``LABEL:sub text``, with the part before the colon in a column of its own."""
    import pandas as pd

    rows = []
    for number, line in enumerate(_lines(source), start=1):
        match = _TREC.fullmatch(line)
        if match is None:
            raise DataError(
                f"text {number:,} of {source.name} does not begin with a label as LABEL:sub, but with {line[:30]!r}.",
                'Repair it; or read each line as a text with format = "lines".',
            )
        rows.append((match[3], f"{match[1]}:{match[2]}", match[1]))
    note = "Read as TREC: the label before each text, and its part before the colon in the column coarse"
    return Content({"": pd.DataFrame(rows, columns=["text", "label", "coarse"])}, f"{note}; format = … overrules.")


def _begin_with_labels(texts: list[str], fewest: int) -> bool:
    """Whether every line, ten or more, begins with one of few numbers or words in capitals."""
    matches = [match for text in texts if (match := _LABEL_FIRST.match(text))]
    different = len({match[1] for match in matches})
    return len(matches) == len(texts) >= 10 and fewest <= different <= min(_FEW, len(texts) // 5)


def _fit_label_first(source: Source) -> Fit:
    lines = [line for line in source.first_lines if line.strip()]
    # Of a file that is sorted by its labels, the beginning may have one.
    return Fit.POSSIBLE if _begin_with_labels(lines, 2 if source.is_whole else 1) else Fit.NO


def _read_label_first(source: Source) -> Content:
    """Read a label, a blank or colon, and a text."""
    import pandas as pd

    rows = []
    for line in _lines(source):
        label, text = re.split(r"[\s:]+", line.strip(), maxsplit=1) if re.search(r"[\s:]", line.strip()) else (line, "")
        rows.append((text, label))
    return Content(
        {"": pd.DataFrame(rows, columns=["text", "label"])},
        "Read as a label and a text in each line; format = … overrules.",
    )


def _fit(source: Source) -> Fit:
    return Fit.POSSIBLE if source.suffix in ("", ".txt") else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    texts = [line for line in _lines(source) if line.strip()]
    return Content({"": pd.DataFrame({"text": texts})}, "" if source.reading.format else note(texts))


def note(texts: list[str]) -> str:
    """Return what in lines of text may be more than text."""
    found = {what: sum(bool(sign.search(text)) for text in texts) for what, sign in _MORE.items()}
    parts = [f"{count(number, 'line')} with {what}" for what, number in found.items() if number]
    if not parts:
        return ""
    return f"Read as lines, each a text: {' and '.join(parts)} of {len(texts):,}; format = … overrules."


FASTTEXT = Format("fasttext", (), _fit_fasttext, _read_fasttext)
TREC = Format("trec", (), _fit_trec, _read_trec)
LABEL_FIRST = Format("label_first", (".txt",), _fit_label_first, _read_label_first)
FORMAT = Format("lines", (".txt",), _fit, _read)

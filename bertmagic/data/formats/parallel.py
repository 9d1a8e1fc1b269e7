"""Texts in one file and what belongs to them in another, line by line.

Tags of their words, as in ``seq.in`` and ``seq.out`` of ATIS and SNIPS, or a label for each text, as in
``train_text.txt`` and ``train_labels.txt`` of TweetEval and ``STS.input.x.txt`` and ``STS.gs.x.txt`` of SemEval.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.data.formats import header, numerals
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.reading import Reading
from bertmagic.data.formats.source import Source
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_PARTNERS = (
    ("in", "out"),
    ("words", "tags"),
    ("word", "tag"),
    ("tokens", "tags"),
    ("token", "tag"),
    ("sentences", "labels"),
    ("text", "tags"),
    ("txt", "tags"),
    ("source", "target"),
)
"""Parts of the name of a file of words, and what its file of tags has in their place."""
_LABELLED = (
    ("text", "labels"),
    ("text", "label"),
    ("texts", "labels"),
    ("sentences", "labels"),
    ("sents", "labels"),
    ("tweets", "labels"),
    ("reviews", "labels"),
    ("data", "labels"),
    ("input", "gs"),
    ("x", "y"),
)
"""The same of a file of texts and its file of labels."""
_CLASSES = ("label", "labels", "intent")
_PARTS = re.compile(r"([._-])")
_LOOKED_AT = 50
_MANY = 500
"""In a folder of more files, none is looked at for its partner."""
_SHORT, _WORDS = 40, 4
"""Most characters and words of a label."""


def _fit(source: Source) -> Fit:
    return Fit.SURE if _files(source) or _labelled(source) else Fit.NO


def _files(source: Source) -> tuple[Path, Path] | None:
    """Return the files of words and of tags that a file belongs to; None if it belongs to none."""
    for words in _word_files(source.path):
        for tagged in _replaced(words, _PARTNERS):
            if source.path in (words, tagged, *_class_files(words)) and _holds_tags(Source(tagged, source.reading)):
                return words, tagged
    return None


def _labelled(source: Source) -> tuple[Path, Path] | None:
    """Return the files of texts and of labels that a file belongs to; None if it belongs to none."""
    path = source.path
    for texts in (path, *_replaced(path, [(labels, texts) for texts, labels in _LABELLED])):
        for labels in _replaced(texts, _LABELLED):
            if path in (texts, labels) and _holds_labels(Source(labels, source.reading), Source(texts, source.reading)):
                return texts, labels
    return None


def _holds_labels(labels: Source, texts: Source) -> bool:
    """Whether a file has a label in each line, of few different ones or numbers, and as many lines as its texts."""
    lines = [line.strip() for line in labels.first_lines]
    if labels.is_whole and texts.is_whole and _count(labels) != _count(texts):
        return False
    filled = [line for line in lines if line]
    short = all(len(line) <= _SHORT and len(line.split()) <= _WORDS for line in filled)
    return bool(filled) and short and (all(map(header.is_number, filled)) or 2 * len(set(filled)) <= len(filled) + 2)


def _count(source: Source) -> int:
    return len(source.beginning.rstrip("\r\n").splitlines()) if source.beginning.strip() else 0


def without_labels(files: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files of a folder without those that hold the labels or the tags of another one.

    Of many files, no two belong together: each is a text.
    """
    if len(files) > _MANY:
        return dict(files)

    def belongs_to_another(path: Path) -> bool:
        source = Source(path, Reading())
        pair = _files(source) or _labelled(source)
        return pair is not None and path != pair[0]

    return {name: path for name, path in files.items() if not belongs_to_another(path)}


def belong_together(files: Sequence[Path]) -> bool:
    """Whether files are those of one data set: words, tags and perhaps classes."""
    together = [_files(Source(path, Reading())) for path in files]
    return together[0] is not None and set(together) == {together[0]}


def _word_files(path: Path) -> Iterator[Path]:
    """Yield a file, and the files of words that it may have the tags or the classes of."""
    yield path
    yield from _replaced(path, [(tagged, words) for words, tagged in _PARTNERS])
    if path.name in _CLASSES:
        yield from sorted(path.parent.glob("*.in"))


def _replaced(path: Path, partners: Iterable[tuple[str, str]]) -> Iterator[Path]:
    """Yield the files next to a file whose names differ in one part, as ``seq.out`` does from ``seq.in``."""
    names = _PARTS.split(path.name)
    for part, other in partners:
        for at in (at for at, name in enumerate(names) if name.lower() == part):
            for written in (other, other.capitalize()):
                partner = path.with_name("".join([*names[:at], written, *names[at + 1 :]]))
                if partner.is_file():
                    yield partner


def _class_files(words: Path) -> list[Path]:
    return [path for name in _CLASSES if (path := words.with_name(name)).is_file()]


def _holds_tags(source: Source) -> bool:
    """Whether the first lines of a file hold tags only, more than one in some line."""
    lines = [line.split() for line in source.first_lines[:_LOOKED_AT] if line.strip()]
    return any(len(line) > 1 for line in lines) and all(tags.parts(tag) for line in lines for tag in line)


def _read(source: Source) -> Content:
    import pandas as pd

    files = _files(source)
    if files is None:
        return _read_labelled(source)
    words, tagged = (_lines(path, source) for path in files)
    _check_number(files[0], words, files[1], tagged)
    _check(files, words, tagged)
    columns: dict[str, list[Any]] = {"tokens": words, "tags": tagged, "text": [" ".join(line) for line in words]}
    note = f"Read as parallel files: the words in {files[0].name}, their tags in {files[1].name}"
    for path in _class_files(files[0])[:1]:
        classes = _lines(path, source)
        _check_number(files[0], words, path, classes)
        columns["label"] = [" ".join(line) for line in classes]
        note += f', the classes in {path.name} (task = "classification" learns these)'
    keep = [at for at, line in enumerate(words) if line]
    frame = pd.DataFrame(columns).iloc[keep].reset_index(drop=True)
    return Content({"": frame}, f"{note}; format = … overrules.")


def _read_labelled(source: Source) -> Content:
    """Return texts, or pairs where each line has one tab, and their labels."""
    import pandas as pd

    files = _labelled(source)
    if files is None:
        raise DataError(
            f"no file with the tags or labels of {source.name} is next to it.",
            "Name it as in seq.in and seq.out, or train_text.txt and train_labels.txt.",
        )
    texts, labels = (_whole_lines(path, source) for path in files)
    _check_number(files[0], texts, files[1], labels)
    pairs = [text.split("\t") for text in texts]
    columns = {"text": texts}
    if all(len(pair) == 2 for pair in pairs):
        columns = {"text": [pair[0] for pair in pairs], "text_pair": [pair[1] for pair in pairs]}
    frame = pd.DataFrame(columns)
    frame["label"] = numerals.typed(pd.Series([label.strip() or None for label in labels], dtype="str"))
    note = f"Read as parallel files: the texts in {files[0].name}, their labels in {files[1].name}"
    return Content({"": frame}, f"{note}; format = … overrules.")


def _whole_lines(path: Path, source: Source) -> list[str]:
    lines = Source(path, source.reading).lines
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _lines(path: Path, source: Source) -> list[list[str]]:
    """Return the words of each line, between blanks or tabs; others, such as a no-break space, may be words."""
    lines = [line.strip(" \t\ufeff") for line in _whole_lines(path, source)]
    return [re.split("[ \t]+", line) if line else [] for line in lines]


def _check_number(path: Path, lines: Sequence[object], other: Path, others: Sequence[object]) -> None:
    if len(lines) != len(others):
        raise DataError(
            f"{path.name} has {count(len(lines), 'line')}, {other.name} has {count(len(others), 'line')}.",
            "Both should have a line for each sentence.",
        )


def _check(files: tuple[Path, Path], words: list[list[str]], tagged: list[list[str]]) -> None:
    """Raise a `DataError` for the first line with another number of tags than words."""
    for number, (line, marks) in enumerate(zip(words, tagged, strict=True), start=1):
        if len(line) != len(marks):
            raise DataError(
                f"line {number:,} of {files[0].name} has {count(len(line), 'word')}, that of {files[1].name} "
                f"{count(len(marks), 'tag')}.",
                "Give each word one tag.",
            )


FORMAT = Format("parallel", (), _fit, _read)

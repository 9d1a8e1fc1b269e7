"""Rows of words with tags, or of running text with spans, in one form: words, and an IOB2 tag for each."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks, list_forms, tags, words
from bertmagic.data.labels import missing
from bertmagic.data.report import Finding
from bertmagic.data.rows import TextRows
from bertmagic.data.texts import cells
from bertmagic.data.words import Joined, listed
from bertmagic.errors import DataError, count, listing
from bertmagic.tasks.token_classification import offsets, spans
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from bertmagic.data.tables import Table
    from bertmagic.tasks.token_classification.spans import Span

Tags = list[list[str]]

_LOOKED_AT = 100  # cells, to decide what a column holds
_FEW = 5


def holds_words(column: pd.Series) -> bool:
    """Whether the first non-empty cells of a column hold lists, or texts that are lists."""
    return _all(column, lambda cell: listed(cell) is not None, _is_blank)


def holds_tags(column: pd.Series) -> bool:
    """Whether the first non-empty cells of a column hold lists of tags."""
    return _all(
        column, lambda cell: all(isinstance(tag, str) and tags.parts(tag) for tag in listed(cell) or [None]), _is_empty
    )


def holds_spans(column: pd.Series) -> bool:
    """Whether the first non-empty cells of a column hold spans."""
    return _all(column, spans.is_spans, _is_empty)


def are_parallel(one: pd.Series, other: pd.Series) -> bool:
    """Whether the first cells of two columns hold lists of the same lengths."""
    pairs = [
        (listed(left), listed(right)) for left, right in islice(zip(cells(one), cells(other), strict=True), _LOOKED_AT)
    ]
    return all(left is not None and right is not None and len(left) == len(right) for left, right in pairs)


def tagged_at_blanks(texts: pd.Series, label: pd.Series) -> bool:
    """Whether the first texts have as many words between blanks as their rows have tags, and one has several."""
    rows = (
        (len(cell.split()) if isinstance(cell, str) else -1, _tags_of(given))
        for cell, given in zip(cells(texts), cells(label), strict=True)
        if not (missing(cell) or missing(given))
    )
    longest = 0
    for number, row_tags in islice(rows, _LOOKED_AT):
        if row_tags is None or len(row_tags) != number:
            return False
        longest = max(longest, number)
    return longest > 1


def _tags_of(cell: Any) -> list[Any] | None:
    """Return the tags of a cell, a list or a text with blanks between them; None if it holds something else."""
    row_tags = _at_blanks(cell)
    is_tags = isinstance(row_tags, list) and all(isinstance(tag, str) and tags.parts(tag) for tag in row_tags)
    return row_tags if is_tags else None


def _at_blanks(cell: Any) -> Any:
    """Return a text as its words between blanks, or as the list that it is written as; other cells as they are."""
    row_words = listed(cell)
    return cell.split() if row_words is None and isinstance(cell, str) else row_words or cell


def _split(table: Table, text: str, label: str) -> tuple[Table, list[Finding]]:
    """Return a table with words and tags as lists where its texts have blanks between them, and a finding about it.

    Raises
    ------
    DataError
        If the columns hold lists in a form that cannot be read.
    """
    import pandas as pd

    frame = table.frame
    if holds_words(frame[text]) or holds_spans(frame[label]):
        return table, []
    for name in (text, label):
        list_forms.refuse(islice(cells(frame[name]), _LOOKED_AT), f"column {name!r} of {table.name}")
    if not tagged_at_blanks(frame[text], frame[label]):
        return table, []
    lists = {
        name: pd.Series(list(map(_at_blanks, cells(frame[name]))), frame.index, dtype=object) for name in (text, label)
    }
    what = f"the texts of column {text!r} are read as words between blanks, as column {label!r} has a tag for each."
    return replace(table, frame=frame.assign(**lists)), [Finding("info", what)]


def _all(column: pd.Series, fits: Callable[[Any], object], skip: Callable[[Any], bool]) -> bool:
    filled = (cell for cell in cells(column) if not missing(cell) and not skip(cell))
    some = list(islice(filled, _LOOKED_AT))
    return bool(some) and all(map(fits, some))


def _is_blank(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _is_empty(cell: Any) -> bool:
    return (isinstance(cell, str) and cell.strip() == "[]") or (hasattr(cell, "__len__") and len(cell) == 0)


def readable(column: pd.Series, name: str, where: str) -> tuple[TextRows, list[Finding]]:
    """Return the rows of a column that have a text, running or as a list of words, and the findings.

    Parameters
    ----------
    name, where
        By which messages call the rows and the column.

    Raises
    ------
    DataError
        If cells hold neither.
    """
    import numpy as np

    if not holds_words(column):
        texts, findings = checks.clean_texts(column, where)
        return TextRows(name, texts, column.index[texts.positions]), findings
    filled = np.fromiter(
        (_has_words(cell, _row(column.index, at, where)) for at, cell in enumerate(cells(column))), bool, len(column)
    )
    keep, blank = np.flatnonzero(filled), np.flatnonzero(~filled)
    findings = [checks.dropped("without a text", column, blank)] if len(blank) else []
    return TextRows(name, Joined(column, keep), column.index[keep]), findings


def _has_words(cell: Any, where: str) -> bool:
    if missing(cell) or _is_blank(cell):
        return False
    row_words = listed(cell)
    if row_words is None:
        raise DataError(
            f"{where} holds {quoted(cell, 60)} instead of a list of words, as other rows do.",
            'Write it as ["a", "list"] of words.',
        )
    for number, word in enumerate(row_words, start=1):
        if not isinstance(word, str):
            raise DataError(
                f"{where}: its word {number:,} is not a text but {quoted(word, 40)}.", "Words must be strings."
            )
    return any(word.strip() for word in row_words)


def read(table: Table, text: str, label: str) -> tuple[TextRows, Tags, list[Finding]]:
    """Return the rows that have a text and tags, their tags as IOB2, and the findings.

    Raises
    ------
    DataError
        If a row cannot be read: its tags are of another number than its words, of no known scheme, or its spans
        overlap or lie outside of its text; or if more than `checks.TOLERATED` of the rows have no text or no tags.
    """
    import numpy as np

    table, split = _split(table, text, label)
    frame = table.frame
    inputs, findings = readable(frame[text], table.name, f"column {text!r} of {table.name}")
    unlabelled = np.flatnonzero(np.fromiter(map(missing, cells(frame[label])), bool, len(frame)))
    if len(unlabelled):
        findings.append(checks.dropped("without a label", frame[label], unlabelled))
    for finding in findings:
        checks.tolerate(finding, len(frame), table.name)
    rows = inputs.take(np.flatnonzero(~np.isin(inputs.positions, unlabelled)))
    if not len(rows):
        raise DataError(f"{table.name} has no row with both a text and a label.", "Check the two columns.")
    if not isinstance(rows.texts, Joined) and holds_tags(frame[label]):
        raise DataError(
            f"column {label!r} of {table.name} holds a tag for each word, but column {text!r} holds running text.",
            "Give its words as lists, as many as there are tags.",
        )
    given = cells(frame[label].iloc[rows.positions])
    tag_rows, tag_findings = (_from_tags if isinstance(rows.texts, Joined) else _from_spans)(rows, given, table.name)
    return rows, tag_rows, split + findings + tag_findings


def _row(index: pd.Index, at: int, where: str) -> str:
    """Return the name of a row: the first of its lines if it comes from a CoNLL file."""
    return f"{index.name if index.name == 'line' else 'row'} {index[at]} of {where}"


def _from_tags(rows: TextRows, given: Iterator[Any], name: str) -> tuple[Tags, list[Finding]]:
    assert isinstance(rows.texts, Joined)
    tag_rows: Tags = []
    for at, (sentence, cell) in enumerate(zip(rows.texts.rows(), given, strict=True)):
        tag_rows.append(_tags(cell, sentence, _row(rows.index, at, name)))
    turned: list[Finding] = []
    if tags.are_turned(tag for row in tag_rows for tag in row):
        tag_rows = [[tags.OUTSIDE if tag in tags.NOTHING else tags.turned(tag) for tag in row] for row in tag_rows]
        turned = [Finding("info", "the tags end in B and I, as in PER_B, and are read as if these came first.")]
    elif tags.without_scheme(tag_rows):
        return _from_types(tag_rows)
    for at, (sentence, row_tags) in enumerate(zip(rows.texts.rows(), tag_rows, strict=True)):
        for number, (word, tag) in enumerate(zip(sentence, row_tags, strict=True), start=1):
            if tags.parts(tag) is None:
                raise _unknown(
                    tag, f"{_row(rows.index, at, name)}: the tag of its word {number:,} ({quoted(word, 40)})"
                )
    scheme = tags.scheme(tag_rows)
    odd: list[tuple[int, int, str]] = []
    for at, before in enumerate(tag_rows):
        tag_rows[at], wrong = tags.repaired(before, scheme)
        odd += [(at, word, before[word]) for word in wrong]
    return tag_rows, [*turned, _repairs(rows, odd, scheme)] if odd else turned


def _from_types(tag_rows: Tags) -> tuple[Tags, list[Finding]]:
    """Return the tags of rows whose words have types alone, and a finding that says how they were read."""
    types = sorted({label for row in tag_rows for label in row} - {tags.OUTSIDE})
    alone = not any(tags.OUTSIDE in row for row in tag_rows)
    what = f"the tags are types without B- and I-: {listing(types, 4)}."
    fix = "Each word is an entity of its own." if alone else "Neighbouring words of one type are one entity."
    return [tags.from_types(row, alone) for row in tag_rows], [Finding("info", what, fix)]


def _tags(cell: Any, sentence: Sequence[str], where: str) -> list[str]:
    """Return the tags of a row as given."""
    row_tags = listed(cell)
    if row_tags is None:
        raise DataError(
            f"{where} holds {quoted(cell, 60)} instead of a list of tags.",
            'Give a tag a word, as in ["B-PER", "O"]; as text, in the form that json.dumps writes.',
        )
    if len(row_tags) != len(sentence):
        raise DataError(
            f"{where} has {count(len(sentence), 'word')} and {count(len(row_tags), 'tag')}.",
            f"Give each word one tag. It begins {' '.join(sentence[:6])!r:.60}.",
        )
    for number, (word, tag) in enumerate(zip(sentence, row_tags, strict=True), start=1):
        if not word.strip(" \t\r\n"):  # a no-break space may be a word
            raise DataError(f"{where}: its word {number:,} is empty.", "Remove it, and its tag with it.")
        if not isinstance(tag, str):
            raise _no_text(tag, f"{where}: the tag of its word {number:,} ({quoted(word, 40)})")
    return row_tags


def _unknown(tag: str, where: str) -> DataError:
    if tag in tags.NOTHING:
        return DataError(f"{where} is {tag!r}.", "A word outside of every entity has the letter O.")
    return DataError(
        f"{where} is {quoted(tag, 40)}, of no scheme that is known.",
        "Known are IOB2 and IOB1 (B-PER, I-PER, O) and BIOES, also written BILOU (with E- or L-, S- or U-).",
    )


def _no_text(tag: Any, where: str) -> DataError:
    if missing(tag):
        return DataError(f"{where} is missing.", "Give it one; a word outside of every entity has O.")
    return DataError(
        f"{where} is the number {quoted(tag, 40)}, whose name is not known.",
        "Give names, as in df.tags = [[NAMES[i] for i in row] for row in df.tags], or a Dataset with ClassLabel.",
    )


def _repairs(rows: TextRows, odd: list[tuple[int, int, str]], scheme: str) -> Finding:
    """Return the finding on tags that continue no entity of their type."""
    assert isinstance(rows.texts, Joined)
    examples = []
    for at, word, tag in odd[:3]:
        spelled = rows.texts.words(at)[word]
        lines = rows.index.name == "line"
        place = f"line {rows.index[at] + word:,}" if lines else f"row {rows.index[at]}, word {word + 1:,}"
        examples.append(f"{tag} of {spelled!r:.30} ({place})")
    wrong = count(len(odd), "tag continues", "tags continue")
    what = f"{wrong} no entity of the same type, which {scheme} does not allow: {', '.join(examples)}"
    more = f" and {len(odd) - 3:,} more." if len(odd) > 3 else "."
    numbers = tuple(rows.index[at] for at in dict.fromkeys(at for at, _, _ in odd))
    return Finding("warning", what + more, "It is read as the start of an entity (B-).", numbers[:_FEW], len(odd))


def _from_spans(rows: TextRows, given: Iterator[Any], name: str) -> tuple[Tags, list[Finding]]:
    span_rows = [spans.read(cell, _row(rows.index, at, name)) for at, cell in enumerate(given)]
    counting, findings = offsets.decide(rows.texts, span_rows, name)
    tag_rows: Tags = []
    odd: list[tuple[int, str, Span]] = []
    for at, (text, row) in enumerate(zip(rows.texts, span_rows, strict=True)):
        marked = offsets.placed(row, text, counting, _row(rows.index, at, name))
        spans.check(marked, text, _row(rows.index, at, name))
        known = words.split(text)
        entities, wrong = spans.fitted(marked, known)
        tag_rows.append(tags.written(entities, len(known)))
        odd += [(at, text[span.start : span.end], span) for span in wrong]
    if not odd:
        return tag_rows, findings
    cut = _cut(rows, odd)
    unproven = sum(not span.quote for _, _, span in odd)
    offsets.tolerate(unproven, rows.texts, span_rows, counting, f"{name}: {cut.what}")
    return tag_rows, [*findings, cut]


def _cut(rows: TextRows, odd: Sequence[tuple[int, str, Span]]) -> Finding:
    """Return the finding on spans that start or end within a word."""
    examples = ", ".join(f"{text!r:.30} (row {rows.index[at]})" for at, text, _ in odd[:3])
    what = f"{count(len(odd), 'span starts or ends', 'spans start or end')} within a word: {examples}" + (
        " and others." if len(odd) > 3 else "."
    )
    numbers = tuple(rows.index[at] for at in dict.fromkeys(at for at, _, _ in odd))
    fix = "They are widened to whole words; one that has no word of its own is dropped."
    return Finding("warning", what, fix, numbers[:_FEW], len(odd))

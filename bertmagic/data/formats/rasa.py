"""Training data of Rasa as text: ``## intent:greet`` and lines ``- hello [Oslo](city)``, in Markdown or YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats import chunks
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.lines import numbered
from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source

_HEADING = re.compile(r"##\s*(intent|synonym|regex|lookup)\s*:\s*(.*?)\s*")
_ITEM = re.compile(r"\s*[-*+]\s+(.*?)\s*")
_KEY = re.compile(r"(?P<indent>\s*)(?P<dash>-\s+)?(?P<key>[\w]+)\s*:\s*(?P<value>.*?)\s*")
_BLOCK = re.compile(r"[|>][+-]?\d?")
_OTHERS = ("synonym", "regex", "lookup")
_ENTITY = re.compile(
    r"\[(?P<text>[^\[\]]+)\](?:\((?P<label>[^():]+)(?::[^()]*)?\)|(?P<object>\{[^{}]*\})|\[(?P<several>\{[^\[\]]*\})\])"
)
_QUOTED = re.compile(r"(['\"])(.*?)\1\s*(?:#.*)?")


@dataclass(frozen=True)
class _Example:
    """A line below a heading, with what the heading names and where it stands."""

    kind: str
    name: str
    line: str
    place: str


def _fit(source: Source) -> Fit:
    lines = source.first_lines
    return Fit.SURE if _is_yaml(lines) or (any(_is_intent(line) for line in lines) and _has_items(lines)) else Fit.NO


def _is_intent(line: str) -> bool:
    match = _HEADING.fullmatch(line)
    return match is not None and match[1] == "intent"


def _has_items(lines: list[str]) -> bool:
    """Whether each line is a heading, an item, or blank."""
    return all(_ITEM.fullmatch(line) or line.startswith(("#", "<!--")) for line in lines if line.strip())


def _is_yaml(lines: list[str]) -> bool:
    keys = [match for line in lines if (match := _KEY.fullmatch(line))]
    top = any(match["key"] == "nlu" and not match["indent"] and not match["value"] for match in keys)
    return top and any(match["key"] in ("intent", *_OTHERS) and match["dash"] for match in keys)


def _read(source: Source) -> Content:
    import pandas as pd

    examples = list(_of_yaml(source) if _is_yaml(source.first_lines) else _of_markdown(source))
    rows = [_row(example) for example in examples if example.kind == "intent"]
    if not rows:
        raise DataError(f"{source.name} has no intent with examples.", "An intent is ## intent:NAME and lines - TEXT.")
    if not any(row["spans"] for row in rows):
        rows = [{key: value for key, value in row.items() if key != "spans"} for row in rows]
    note = "Read as Rasa: each example is a text with its intent"
    if "spans" in rows[0]:
        note += ' and entities as spans (label = "intent" learns the intents)'
    others = {example.kind: 0 for example in examples if example.kind != "intent"}
    if others:
        note += f"; {listing(others)} {'is' if len(others) == 1 else 'are'} not read"
    return Content({"": pd.DataFrame(rows)}, f"{note}; format = … overrules.")


def _of_markdown(source: Source) -> Iterator[_Example]:
    kind = name = ""
    for number, line in numbered(source):
        if match := _HEADING.fullmatch(line):
            kind, name = match[1], match[2]
        elif line.startswith("#"):
            kind = ""
        elif kind and (item := _ITEM.fullmatch(line)):
            yield _Example(kind, name, item[1], f"{source.name} line {number:,}")


def _of_yaml(source: Source) -> Iterator[_Example]:
    """Yield the examples of a block of lines below each intent.

    Raises
    ------
    DataError
        If examples are not a block of lines, which is the only form that Rasa writes.
    """
    kind = name = ""
    block: int | None = None  # indentation of the key that the lines are below
    for number, line in numbered(source):
        indent = len(line) - len(line.lstrip())
        if block is not None and (not line.strip() or indent > block):
            if kind and (item := _ITEM.fullmatch(line)):
                yield _Example(kind, name, item[1], f"{source.name} line {number:,}")
            continue
        block, key = None, _KEY.fullmatch(line)
        if key is None or line.lstrip().startswith("#"):
            continue
        indent += len(key["dash"] or "")
        if key["key"] in ("intent", *_OTHERS):
            kind, name = key["key"], _plain(key["value"])
        elif key["key"] == "examples":
            if not _BLOCK.fullmatch(key["value"]):
                raise DataError(
                    f"{source.name} line {number:,} has examples of {name!r} that are not a block of lines.",
                    "Write examples: | and below it a line - TEXT for each.",
                )
            block = indent
        elif not key["indent"] and not key["dash"]:
            kind = ""  # the rules, stories and responses of other keys


def _plain(value: str) -> str:
    """Return a name without quotes and without a comment behind it."""
    match = _QUOTED.fullmatch(value)
    return match[2] if match else re.split(r"\s#", value)[0].strip()


def _row(example: _Example) -> dict[str, Any]:
    text, spans = chunks.joined(_parts(example))
    return {"text": text, "intent": example.name, "spans": chunks.quoting(text, spans)}


def _parts(example: _Example) -> Iterator[tuple[str, str | None]]:
    at = 0
    for match in _ENTITY.finditer(example.line):
        yield example.line[at : match.start()], None
        yield match["text"], _label(match, example)
        at = match.end()
    yield example.line[at:], None


def _label(match: re.Match[str], example: _Example) -> str:
    if match["label"]:
        return match["label"]
    written = match["object"] or re.split(r"(?<=\})\s*,", match["several"])[0]
    try:
        label = json.loads(written)["entity"]
    except (ValueError, KeyError, TypeError):
        label = None
    if not isinstance(label, str):
        raise DataError(
            f"{example.place} has an entity without a name: {match[0]!r:.60}.",
            'An entity is [Oslo](city) or [Oslo]{"entity": "city"}.',
        )
    return label


FORMAT = Format("rasa", (), _fit, _read)

"""Sentences as trees with a sentiment on each node, as in the Stanford Sentiment Treebank (Socher et al. 2013)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.lines import first, numbered
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source

_ROOT = re.compile(r"\(([+-]?\d+)\s+\(?\S.*\)\s*", re.DOTALL)
_LEAF = re.compile(r"\([+-]?\d+\s+([^()\s]+)\s*\)")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
_LOOKED_AT = 200


def _fit(source: Source) -> Fit:
    lines = first(source)[:_LOOKED_AT]
    return Fit.SURE if lines and all(map(_is_tree, lines)) else Fit.NO


def _is_tree(line: str) -> bool:
    return _ROOT.fullmatch(line) is not None and line.count("(") == line.count(")") and bool(_LEAF.search(line))


def _read(source: Source) -> Content:
    import pandas as pd

    rows = []
    for number, line in numbered(source):
        if not line.strip():
            continue
        root = _ROOT.fullmatch(line)
        if root is None or not _is_tree(line):
            raise DataError(
                f"{source.name} line {number:,} is no tree with a number on each node: {line[:40]!r}.",
                'Repair it; or read each line as a text with format = "lines".',
            )
        rows.append((" ".join(map(_word, _LEAF.findall(line))), root[1]))
    note = "Read as trees: the label is that of the whole sentence; those of its parts are not read"
    return Content({"": pd.DataFrame(rows, columns=["text", "label"])}, f"{note}; format = … overrules.")


def _word(leaf: str) -> str:
    """Return a word as it was before the brackets and slashes in it were written otherwise."""
    return _BRACKETS.get(leaf, leaf.replace("\\/", "/").replace("\\*", "*"))


FORMAT = Format("trees", (), _fit, _read)

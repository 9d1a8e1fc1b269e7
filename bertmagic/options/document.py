"""The page ``docs/options.md``, written from the table: ``python -m bertmagic.options.document docs/options.md``."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from bertmagic.options.entry import Option, table
from bertmagic.options.learning import Finetune, Pretrain, Tune
from bertmagic.options.synonyms import SYNONYMS
from bertmagic.options.training import Training

_HEAD = """# Options of training

What can be set in a cell of `%%bert_finetune`, `%%bert_pretrain` or `%%bert_tune`, as a flag or in Python, with the
range that is taken, the default, why it is the default, and what to try when the curves look like this or that.

This page is written from the table of options by `python -m bertmagic.options.document docs/options.md`.
"""
_VALUES = {
    "data": "rows", "model": "a model", "name": "a name", "column": "a column", "columns": "one column, or several",
    "path": "a path", "text": "a text", "flag": "True or False", "steps": "a whole number", "int": "a whole number",
    "float": "a number", "share_or_data": "a share, or rows",
    "freeze": "'embeddings', 'encoder', or a number of layers",
}  # fmt: skip


def page() -> str:
    """Return the page as Markdown."""
    shared = {entry.name for entry in table(Training)}
    own = {
        "Every run": table(Training),
        "Fine-tuning": [entry for entry in table(Finetune) if entry.name not in shared],
        "Pre-training": [entry for entry in table(Pretrain) if entry.name not in shared],
        "Search": [entry for entry in table(Tune) if entry.name not in {e.name for e in table(Finetune)}],
    }
    searched = ", ".join(f"`{name}`" for name in Tune.searched)
    parts = [_HEAD]
    for title, entries in own.items():
        parts.append(f"## {title}\n")
        if title == "Search":
            ranges = "`log(a, b)`, `between(a, b)` (both ends belong to it) or `choice(a, b, …)`"
            parts.append(f"In a search these take a range, {ranges}: {searched}.\n")
        parts += [_entry(entry) for entry in entries]
    return "\n".join(parts)


def _entry(entry: Option) -> str:
    lines = [f"### `{entry.name}`\n", f"{entry.help}\n", f"- Values: {_values(entry)}", f"- Default: {_default(entry)}"]
    lines += [f"- Why: {entry.reason}"] if entry.reason else []
    lines += [f"- Try: {entry.when_to_change}"] if entry.when_to_change else []
    names = [
        name for name, meant in SYNONYMS.items() if any(one.option == entry.name and not one.value for one in meant)
    ]
    lines += [f"- In other tools: {', '.join(f'`{name}`' for name in names)}"] if names else []
    return "\n".join(lines) + "\n"


def _values(entry: Option) -> str:
    if entry.choices:
        return ", ".join(f"`{choice}`" for choice in entry.choices)
    found = _VALUES[entry.kind] + (", or several" if entry.many and entry.kind != "columns" else "")
    if math.isfinite(entry.low) and math.isfinite(entry.high):
        return f"{found} from {entry.low:.10g} to {entry.high:.10g}"
    return f"{found} of at least {entry.low:g}" if math.isfinite(entry.low) else found


def _default(entry: Option) -> str:
    if entry.required:
        return "none, it must be given"
    if entry.default is None or entry.default == ():
        return "as said above" if "by default" in entry.help or "inferred" in entry.help else "none"
    return f"`{_spelled(entry.default)}`"


def _spelled(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")

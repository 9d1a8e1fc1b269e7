"""The page of all rows to read: its script filters, sorts and searches them, and needs no kernel."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.blocks import Frame
from bertmagic.display.results import commands
from bertmagic.display.style import line
from bertmagic.display.writers.elements import tag
from bertmagic.magic_words import has_magics
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from bertmagic.evaluation.errors import Example
    from bertmagic.evaluation.report import Report

_PAGE = 180_000
"""How large the rows of the page may be, as JSON."""
_MATRIX = 20
_HERE = Path(__file__).parent
_ABOUT = "The rows to read, to filter, sort and search; see the table in the report."


def frame(result: Report, probabilities: bool) -> Frame:
    """Return the page of rows; ``probabilities`` is whether they have those of classes."""
    matrix = 24 * min(len(result.labels), _MATRIX) if result.confusion is not None else 0
    return Frame("Rows to read: filter, sort, search", _ABOUT, _page(result, probabilities), min(420 + matrix, 760))


def _page(result: Report, probabilities: bool) -> str:
    matrix = tag("div", tag("table", id="matrix"), class_="wide") if result.confusion is not None else ""
    head = tag("thead", _head(probabilities))
    rows = tag("div", tag("table", head, tag("tbody", id="rows"), id="list"), class_="wide")
    # No text can end the script: JSON reads \u003c as <.
    data = _json(_data(result, probabilities)).replace("<", "\\u003c")
    script = tag("script", Markup(f"const data = {data};\n{_asset('explorer.js')}"))
    body = tag("body", _tools(probabilities), matrix, rows, tag("button", "show more", id="more"), script)
    meta = '<!doctype html><meta charset="utf-8">'
    return f"{meta}{tag('style', Markup(_asset('explorer.css')))}{body}"


def _tools(probabilities: bool) -> Markup:
    kinds = (("wrong", "mistakes"), ("uncertain", "least certain"), ("all", "all listed"))
    buttons = (tag("button", words, data_kind=kind) for kind, words in kinds if probabilities or kind != "uncertain")
    search = tag("input", id="search", type="search", placeholder="search", aria_label="search")
    theme = tag("button", "◐", id="theme", title="light or dark")
    return tag("div", *buttons, search, tag("span", id="count", role="status"), theme, class_="bar-of-tools")


def _head(probabilities: bool) -> Markup:
    names = {name: name for name in ("row", "text", "true", "predicted")}
    names["score"] = "probability" if probabilities else "off by"
    return tag("tr", *(tag("th", tag("button", words), scope="col", data_sort=key) for key, words in names.items()))


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _data(result: Report, probabilities: bool) -> dict[str, Any]:
    """Return what the page shows, in a bounded number of bytes."""
    assert result.errors is not None
    calls = not has_magics()
    model = commands.loaded(result.model) if calls else commands.model_name(result.model)
    shown: dict[str, Any] = {
        "model": model, "calls": calls, "chances": probabilities, "fields": _FIELDS, "rows": [], "names": [],
    }  # fmt: skip
    if result.confusion is not None:
        from bertmagic.display.results.report import shown_classes

        order = shown_classes(result)
        shown["names"] = [line(result.labels[at], 40) for at in order]
        shown["matrix"] = [[int(result.confusion[i, j]) for j in order] for i in order]
    used = 0
    for one in result.errors.examples:
        row = _row(one)
        used += len(_json(row).encode())
        if used > _PAGE:
            break
        shown["rows"].append(row)
    return shown


_FIELDS = ("row", "text", "cut", "true", "predicted", "score", "chances", "kinds", "wrong")
"""What a row is a list of: their names stand in the page once."""


def _row(one: Example) -> list[Any]:
    chances = [[line(label, 30), round(chance, 4)] for label, chance in one.probabilities]
    texts = line(one.row, 40), visible(one.text), int(one.cut), line(one.true, 40), line(one.predicted, 40)
    return [*texts, round(one.score, 5), chances, one.kinds, int(one.wrong)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

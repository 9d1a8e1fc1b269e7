"""Rows to read: fifty of them in a table that always stands, and all in a page of its own that needs no kernel."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.style import clean, count, line, number, share
from bertmagic.display.writers.elements import box, escape, heading, join, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertmagic.evaluation.errors import Example
    from bertmagic.evaluation.report import Report

_STATIC = 50
_BYTES = 60_000
"""How large the static table may be."""
_PAGE = 180_000
"""How large the rows of the page may be, as JSON."""
_CHARACTERS = 240
_MATRIX = 20
_HERE = Path(__file__).parent
_THEMES = "".join(
    f"body[data-jp-theme-light={light}] .bm-rows{{color-scheme:{ground}}}"
    for light, ground in (("true", "light"), ("false", "dark"))
)


def text(result: Report) -> str:
    """Return the first mistakes in words."""
    assert result.errors is not None
    rows = [one for one in result.errors.examples if one.wrong][:3]
    lines = [f"  row {line(one.row, 20)}, {_said(one)}: {line(one.text, 70)}" for one in rows]
    return "\n".join([_headline(result), *lines])


def _headline(result: Report) -> str:
    assert result.errors is not None
    many = result.errors.wrong
    if result.errors.numeric:
        return "The rows that are furthest off:"
    if not many:
        return f"All {count(result.rows, 'row')} are right."
    sure = "the furthest off" if result.outcomes is None or result.outcomes.probabilities is None else "the surest"
    return f"{count(many, 'row')} of {result.rows:,} {'is' if many == 1 else 'are'} not right, {sure} first:"


def _said(one: Example) -> str:
    sure = f" at {share(one.score)}" if one.chances else ""
    return f"true {line(one.true, 40)}, predicted {line(one.predicted, 40)}{sure}"


def bundles(result: Report) -> Iterator[dict[str, Any]]:
    """Yield the static table, and the page where there is something to read."""
    assert result.errors is not None
    yield {"text/plain": text(result), "text/html": str(static(result))}
    if result.errors.examples:
        words = "The rows to read, to filter, sort and search; see the table above."
        yield {"text/plain": words, "text/html": str(frame(result))}


def static(result: Report) -> Markup:
    """Return at most fifty rows as a table: mistakes first, then those least certain."""
    assert result.errors is not None
    rows, used = [], 0
    for one in result.errors.examples[:_STATIC]:
        cells = _cells(result, one)
        used += sum(len(str(escape(cell)).encode()) for cell in cells)
        if used > _BYTES:
            break
        rows.append(cells)
    if not rows:
        return box(heading(_headline(result)))
    head = ["row", "text", "true", "predicted", "probability" if rows[0] and _has_chances(result) else "off by"]
    rest = len(result.errors.examples) - len(rows)
    more = f"{count(rest, 'more row')} in the table below, which needs no kernel." if rest else ""
    return box(heading(_headline(result)), table(head, rows, left=(0, 1, 2, 3)), paragraph(more))


def _has_chances(result: Report) -> bool:
    assert result.errors is not None
    return any(one.chances for one in result.errors.examples)


def _cells(result: Report, one: Example) -> list[object]:
    shown = line(one.text, _CHARACTERS)
    attention = tag("details", tag("summary", "attention line"), tag("code", attention_line(one.text, result.model)))
    said = tag("span", "✗ " if one.wrong else "✓ ", line(one.predicted, 60))
    how = share(one.score) if one.chances else number(one.score)
    wide = tag("div", shown, attention, style="min-width:16em;overflow-wrap:anywhere")
    return [line(one.row, 30), wide, line(one.true, 60), said, how]


def attention_line(text: str, model: str) -> str:
    """Return the magic that shows what the model looks at in a text, ready to paste.

    A text with quotes or breaks is written as a Python expression, in which JSON's escapes mean the same.
    """
    parts = clean(text).split(" ||| ")
    quoted = [f"{{{json.dumps(one, ensure_ascii=False)}}}" if _odd(one) else f'"{one}"' for one in parts]
    return f"%bert_attention {' '.join(quoted)} -m {_name(model)}"


def _odd(text: str) -> bool:
    return not text or any(letter in text for letter in '"\\\n\r\t')


def _name(model: str) -> str:
    return model if model.isidentifier() else json.dumps(model, ensure_ascii=False)


def frame(result: Report) -> Markup:
    """Return the page of rows in a sandboxed frame: its script reaches neither the notebook nor the network.

    It cannot ask for JupyterLab's theme, so the style beside it tells: a frame is light or dark as its element is.
    """
    page = _page(result)
    tall = 420 + (24 * min(len(result.labels), _MATRIX) if result.confusion is not None else 0)
    label = "Rows to read: filter, sort, search"
    size = f"box-sizing:border-box;width:100%;max-width:72em;height:{min(tall, 760)}px"
    style = f"{size};border:1px solid #8886;border-radius:4px"
    told = tag("style", Markup(_THEMES))
    return join(told, tag("iframe", class_="bm-rows", sandbox="allow-scripts", srcdoc=page, title=label, style=style))


def _page(result: Report) -> str:
    chances = _has_chances(result)
    buttons = (("wrong", "mistakes"), ("uncertain", "least certain"), ("all", "all listed"))
    tools = tag(
        "div",
        *(tag("button", words, data_kind=kind) for kind, words in buttons if chances or kind != "uncertain"),
        tag("input", id="search", type="search", placeholder="search", aria_label="search"),
        tag("span", id="count", role="status"),
        tag("button", "◐", id="theme", title="light or dark"),
        class_="bar-of-tools",
    )
    last = ("score", "probability") if chances else ("score", "off by")
    heads = (("row", "row"), ("text", "text"), ("true", "true"), ("predicted", "predicted"), last)
    head = tag("tr", *(tag("th", tag("button", words), scope="col", data_sort=key) for key, words in heads))
    matrix = tag("div", tag("table", id="matrix"), class_="wide") if result.confusion is not None else ""
    rows = tag("div", tag("table", tag("thead", head), tag("tbody", id="rows"), id="list"), class_="wide")
    data = json.dumps(_data(result), ensure_ascii=False).replace("<", "\\u003c")
    script = Markup(f"const data = {data};\n{_asset('explorer.js')}")
    body = tag("body", tools, matrix, rows, tag("button", "show more", id="more"), tag("script", script))
    meta = Markup('<!doctype html><meta charset="utf-8">')
    return str(meta + tag("style", Markup(_asset("explorer.css"))) + body)


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _data(result: Report) -> dict[str, Any]:
    """Return what the page shows, in a bounded number of bytes."""
    assert result.errors is not None
    found: dict[str, Any] = {"model": _name(result.model), "chances": _has_chances(result), "rows": [], "names": []}
    if result.confusion is not None:
        order = _shown(result)
        found["names"] = [line(result.labels[at], 40) for at in order]
        found["matrix"] = [[int(result.confusion[i, j]) for j in order] for i in order]
    used = 0
    for one in result.errors.examples:
        row = _row(one)
        used += len(json.dumps(row, ensure_ascii=False).encode())
        if used > _PAGE:
            break
        found["rows"].append(row)
    return found


def _row(one: Example) -> dict[str, Any]:
    return {
        "row": line(one.row, 40),
        "text": clean(one.text),
        "cut": one.cut,
        "true": line(one.true, 40),
        "predicted": line(one.predicted, 40),
        "score": round(one.score, 5),
        "chances": [[line(label, 30), round(chance, 4)] for label, chance in one.chances],
        "kinds": one.kinds,
        "wrong": one.wrong,
    }


def _shown(result: Report) -> Sequence[int]:
    from bertmagic.display.results.report import shown_classes

    return shown_classes(result)

"""Text that Markdown shows as it is: checked by a renderer of Markdown, where a mark could do harm."""

import html
import re

import mistune
import pytest

from bertmagic import text_safety

HOSTILE = [
    "<img src=x onerror=alert(1)>", "a|b|c", "**bold** _it_ ~~no~~", "[link](javascript:alert(1))", "# title", "- item",
    "1. item", "`code` ``", "a\nb\r\nc", "&lt;b&gt; & &copy;", "\\`x`", "$x^2$", "---",
    "好 | \u202eevil", "=== ", "+ x", "x\x00y",
    "![img](http://x/y.png)", "</script><script>", "",
]  # fmt: skip


def rendered(text):
    render = mistune.create_markdown(plugins=["table", "strikethrough"], escape=False)
    return render(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_reads_as_it_is_and_is_no_markup(text):
    shown = rendered(text_safety.escaped(text))
    tags = set(re.findall(r"<(\w+)", shown))
    assert tags <= {"p"}
    words = html.unescape(re.sub(r"</?p>", "", shown)).strip()
    assert words == re.sub("[\x00\u202e]", "�", re.sub(r"\s+", " ", text)).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_one_cell(text):
    shown = rendered(
        text_safety.table(["name", "n"], [[text_safety.escaped(text), "1"], [text_safety.code(text), "2"]])
    )
    assert shown.count("<tr>") == 3
    assert shown.count("<td") == 4
    assert set(re.findall(r"<(\w+)", shown)) <= {"table", "thead", "tbody", "tr", "td", "th", "code"}


def test_long_text_is_cut():
    assert len(text_safety.escaped("x" * 10**6)) == 400
    assert text_safety.escaped("abcdef", 4) == "abc…"

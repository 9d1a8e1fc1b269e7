"""What each language must not have where all text is data."""

import re

import mistune

from .tags import Tags

HTML = {"div", "p", "b", "i", "ul", "li", "span", "small", "code", "pre", "details", "summary", "style", "table",
        "thead", "tbody", "tr", "th", "td"}  # fmt: skip
_LATEX = {"begin", "end", "caption", "centering", "toprule", "midrule", "bottomrule", "multicolumn"}


def assert_plain(shown):
    """No character moves the cursor, colours the terminal, or reorders the line."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", shown)


def assert_html(markup, drawn=()):
    """Only our own elements, and none of them with a script."""
    tags = Tags(markup)
    assert not tags.open
    assert set(tags.tags) - {"iframe", "img", "svg", "path", "text"} <= HTML
    assert set(tags.tags) & {"iframe", "img", "svg", "path", "text"} <= set(drawn)
    values_dropped = re.sub(r"""="[^"]*"|srcdoc='[^']*'""", "", "".join(re.findall(r"<[^>]*>", markup)))
    assert "onerror" not in values_dropped
    assert "\x00" not in markup


def assert_markdown(written):
    """A renderer that passes HTML on finds neither elements nor links."""
    rendered = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])(written)
    assert not {"img", "a", "script", "del", "hr", "h1", "h2"} & set(re.findall(r"<(\w+)", rendered))


def assert_latex(written):
    """What is no comment has only our own commands, and its braces and environments are closed."""
    lines = "\n".join(line for line in written.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[{}$&#_%]|\\\\", "", lines)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[$#_^~%<>|\"]", bare)
    assert {name for name in re.findall(r"\\([a-z]+)", bare) if not name.startswith("text")} <= _LATEX
    assert bare.count(r"\begin{tabular}") == bare.count(r"\end{tabular}") == bare.count(r"\end{table}")

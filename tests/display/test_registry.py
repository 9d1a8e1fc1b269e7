"""Every kind of result in every writer: the same facts, and text that stays text."""

import html
import re

import mistune
import pytest

from bertmagic.display import below, bundle, latex, markdown
from bertmagic.display.registry import KINDS, describe
from bertmagic.display.writers.text import text

from .examples import EXAMPLES, HOSTILE, MORE
from .tags import Tags

ALL = EXAMPLES | MORE
_DRAWN = {"svg", "path", "text", "img"}
_HTML = {"div", "p", "b", "i", "ul", "li", "span", "small", "code", "pre", "details", "summary", "style", "table",
         "thead", "tbody", "tr", "th", "td"}  # fmt: skip
_FACT = re.compile(r"[^\W_](?:[\w.:%+/-]*\w)?")


def facts(shown):
    """The words and numbers of plain text; what it says of itself left out: rows left out, characters of a mark."""
    lines = [line for line in shown.splitlines() if not line.startswith("…")]
    return set(_FACT.findall(re.sub(r"\(and \d+ more notes?\)|\(\d+–\d+\)", "", "\n".join(lines)))) - {
        "Note",
        "Warning",
    }


def spelled(latex_):
    """LaTeX as it prints."""
    plain = {r"\textbackslash{}": "\\", r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|"}
    for command, letter in plain.items():
        latex_ = latex_.replace(command, letter)
    return re.sub(r"\\([{}$&#_%])", r"\1", latex_)


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(KINDS)


@pytest.mark.parametrize("name", ALL)
def test_every_writer_says_what_plain_text_says(name):
    result = ALL[name]("sentiment")
    plain = text(describe(result))
    assert "sentiment" in plain or name in ("Estimate", "Estimate (does not fit)", "Figure")
    shown = {
        "html": html.unescape(re.sub(r"<[^>]*>", " ", bundle(result)["text/html"])),
        "markdown": html.unescape(markdown(result).replace("\\", "")),
        "latex": spelled(latex(result)),
    }
    for writer, words in shown.items():
        assert not {fact for fact in facts(plain) if fact not in words}, writer


@pytest.mark.parametrize("name", ALL)
def test_hostile_text_stays_text_in_every_writer(name):
    result = ALL[name](HOSTILE)
    shown = bundle(result)
    for plain in (text(describe(result)), shown["text/plain"], *(part["text/plain"] for part in _static(name, result))):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", plain)
    for markup in (shown["text/html"], *(part["text/html"] for part in _static(name, result))):
        assert set(Tags(markup).tags) <= _HTML | ({"iframe"} if "srcdoc" in markup else set()) | _allowed(name)
        assert "onerror" not in "".join(re.findall(r"<[^>]*>", re.sub(r'(srcdoc|aria-label|alt)="[^"]*"', "", markup)))
    rendered = mistune.create_markdown(escape=False, plugins=["table", "strikethrough"])(markdown(result))
    assert not {"img", "a", "script", "del"} & set(re.findall(r"<(\w+)", rendered))
    assert_is_latex(latex(result))


def _static(name, result):
    return [] if name == "AttentionMaps" else below(result)


def _allowed(name):
    return _DRAWN if name in ("Rates", "AttentionMaps") or name.startswith("Search") else set()


def assert_is_latex(written):
    """What is no comment has only our own commands, and its braces and environments are closed."""
    lines = "\n".join(line for line in written.splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[{}$&#_%]|\\\\", "", lines)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[$#_^~%<>|\"]", bare)
    commands = set(re.findall(r"\\([a-z]+)", bare))
    assert commands <= {"begin", "end", "caption", "centering", "toprule", "midrule", "bottomrule", "multicolumn"} | {
        command for command in commands if command.startswith("text")
    }
    assert bare.count(r"\begin{tabular}") == bare.count(r"\end{tabular}") == bare.count(r"\end{table}")

"""Every kind of result in every writer: the same facts, and text that stays text."""

import html
import re

import pytest

from bertmagic.display import below, bundle, latex, markdown, page
from bertmagic.display.registry import KINDS, describe
from bertmagic.display.writers.text import text

from .examples import EXAMPLES, HOSTILE, MORE
from .safety import assert_html, assert_latex, assert_markdown, assert_plain
from .tags import Tags

ALL = EXAMPLES | MORE
_CHART = ("svg", "path", "text")
DRAWN = {"AttentionMaps": ("img",), "Rates": _CHART, "Search": _CHART, "DataReport": _CHART}
"""Kinds with a picture, and its elements."""
_FACT = re.compile(r"[^\W_](?:[\w.:%+/-]*\w)?")


def facts(shown):
    """The words and numbers of plain text; what it says of itself left out: rows left out, characters of a mark."""
    lines = [line for line in shown.splitlines() if not line.startswith("…")]
    return set(_FACT.findall(re.sub(r"\(and \d+ more notes? in \.notes\)|\(\d+–\d+\)", "", "\n".join(lines)))) - {
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
    further = () if name == "AttentionMaps" else below(result)  # the live view is a widget
    for shown in (bundle(result), *further):
        assert_plain(shown["text/plain"])
        frame = ("iframe",) if "srcdoc=" in shown["text/html"] else ()
        assert_html(shown["text/html"], (*DRAWN.get(name.split(" ")[0], ()), *frame))
    assert_plain(text(describe(result)))
    assert_markdown(markdown(result))
    assert_latex(latex(result))


@pytest.mark.parametrize("name", ALL)
def test_every_kind_can_be_a_page_without_script_or_link(name):
    shown = page(ALL[name](HOSTILE))
    tags = set(Tags(shown.split("</head>")[1].removesuffix("</html>\n")).tags)
    assert not tags & {"script", "link", "iframe", "a", "form"}
    assert "img" not in tags or name == "AttentionMaps"
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "")

"""Every block and every cell in every writer, whatever its text."""

from typing import get_args

import pytest

from bertmagic.display import blocks as b
from bertmagic.display import cells as c
from bertmagic.display.charts.curves import Curve
from bertmagic.display.writers.html import html
from bertmagic.display.writers.latex import latex
from bertmagic.display.writers.markdown import markdown
from bertmagic.display.writers.text import text

from ..examples import HOSTILE
from ..safety import assert_html, assert_latex, assert_markdown, assert_plain

WORDS = ["x", HOSTILE, HOSTILE * 100, "", "\n".join(["# a", "- b", "", "~~~", "```", "\\end{table}", "% c", "1. d"])]
WRITERS = (text, html, markdown, latex)


def cells(words):
    marks = (c.Mark(0, min(3, len(words))),)
    labelled = (c.Mark(0, len(words) // 2, words or "PER", 0.5, 7),)
    return [
        words, c.Strong(words), c.Absent(words), c.Caution(words), c.Share(0.5, words),
        c.Shade(2.0, words, strong=True), c.Passage(words), c.Passage(words, marks), c.Passage(words, labelled),
        c.Passage(words, code=words, about=words),
        c.Weighted(words, ((0, len(words), 0.5),), 0.5), c.Ranking(((words, 0.5),)),
    ]  # fmt: skip


def table(words):
    columns = [
        b.Column(words, kind, 20, plain) for kind in ("number", "word", "prose") for plain in ("column", "below")
    ]
    rows = [[cell] * len(columns) for cell in cells(words)]
    return b.Table(columns, [*rows, [words]], words, words, rest=words)


def blocks(words):
    curve = Curve(words, [(0.0, 1.0), (1.0, 2.0)], "#123456")
    return [
        b.Headline(words), b.Heading(words), b.Paragraph(words, words), b.Notes([words, words]), table(words),
        b.Code(words), b.Alert(words), c.Caution(words), b.ProgressBar(1, 2, words),
        b.Chart(words, words, [curve, curve], 1.0, words, [(0.5, words)]), b.Image(b"png", 10, words),
        b.Folded(words, [table(words)], plain=True), b.Figure(words, {}, [table(words)], plain=True),
        b.Frame(words, "The rows.", words, 100), b.Widget(dict, "No kernel."), b.LostWidget("No kernel."),
        b.NextSteps((words, words), plain=True),
    ]  # fmt: skip


def test_no_block_and_no_cell_is_missing_here():
    assert {type(block) for block in blocks("x")} == set(get_args(b.Block))
    assert {type(cell) for cell in cells("x")} == set(get_args(c.Cell))


@pytest.mark.parametrize("words", WORDS)
def test_text_stays_text(words):
    plain, markup, markdown_, latex_ = (write(blocks(words)) for write in WRITERS)
    for shown in (plain, markdown_, latex_):
        assert_plain(shown)
    assert_html(markup, ("svg", "path", "text", "img", "iframe"))
    assert_markdown(markdown_)
    assert_latex(latex_)

"""Rows to read: a table that always stands, and a page in a frame that can do nothing but show them."""

import html
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from bertmagic.display import below, bundle, outputs, text
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.results.commands import attention, explain
from bertmagic.evaluation.errors import Errors, Example
from bertmagic.evaluation.figures import Figure, Series
from bertmagic.evaluation.report import Interval

from ..made import report
from ..runs import HOSTILE
from ..tags import Tags


def example(at, words="It was fine", **more):
    known = {
        "true": "no",
        "predicted": "yes",
        "score": 0.9,
        "probabilities": (("yes", 0.9), ("no", 0.1)),
        "wrong": True,
    }
    return Example(row=str(at), text=words, kinds=("mistake",), **known | more)


def made(*examples, **more):
    matrix = np.array([[80, 20], [5, 95]])
    return report(("no", "yes"), matrix, errors=Errors(tuple(examples), len(examples), 200, model="clf"), **more)


def page_of(shown):
    return html.unescape(re.search(r"srcdoc='([^']*)'", shown)[1])


def test_twenty_rows_stand_without_a_script_and_all_are_in_the_frame():
    shown = made(*(example(at) for at in range(80)))
    (frame,), html_ = below(shown), bundle(shown)["text/html"]
    static = html_[html_.index("80 rows of 200 are not right") :]
    first, folded = static.split("<details><summary style", 1)
    assert (first.count('scope="row"'), folded.count("explain line")) == (5, 15)
    assert "15 more rows" in folded
    assert "script" not in Tags(html_).tags
    assert "All 80 rows to read" in frame["text/html"]
    assert 'sandbox="allow-scripts"' in frame["text/html"]
    data = json.loads(re.search(r"const data = (.*);\n", page_of(frame["text/html"]))[1])
    assert [row[data["fields"].index("row")] for row in data["rows"]] == [str(at) for at in range(80)]
    assert data["matrix"] == [[80, 20], [5, 95]]


QUOTES = """'"><img src=x onerror='alert("1")'> &#39; &#34; &quot;</iframe>"""


def test_hostile_texts_end_neither_the_script_nor_the_frame():
    texts = HOSTILE + "</script><!--", QUOTES, "<!--<script>" + QUOTES
    shown = made(*map(example, range(3), texts), *[example(HOSTILE, true=HOSTILE)] * 5)
    (frame,) = below(shown)
    assert "img" not in Tags(bundle(shown)["text/html"]).tags
    assert Tags(frame["text/html"]).tags == ["div", "details", "summary", "style", "iframe"]
    page = page_of(frame["text/html"])
    assert page.count("</script>") == page.count("<script") == 1
    data = json.loads(re.search(r"const data = (.*);\n", page)[1])
    assert [row[1] for row in data["rows"][1:3]] == list(texts[1:])


def test_a_page_of_json_costs_few_bytes_more_in_its_frame():
    """Its quotes are not escaped, and the names of fields stand there once."""
    (frame,) = below(made(*(example(at) for at in range(300))))
    page = page_of(frame["text/html"])
    assert "&#34;" not in frame["text/html"]
    assert len(frame["text/html"]) < 1.05 * len(page) + 2_000
    assert page.count('"predicted"') <= 3


def test_it_is_bounded_however_long_the_texts_are():
    many = made(*(example(at, "字" * 400) for at in range(600)))
    assert sum(len(part["text/html"].encode()) for part in outputs(many)) < 400_000


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("It's 5 # {x} $y", '%bert_explain "It\'s 5 # {x} $y" -m clf'),
        ('He said "no"\n', '%bert_explain {"He said \\"no\\"\\n"} -m clf'),
        ("A dog ||| An animal", '%bert_explain "A dog" "An animal" -m clf'),
    ],
)
def test_the_lines_that_look_into_a_row_say_the_text_as_it_is(words, line):
    assert explain(words, "clf") == line
    assert attention(words, "clf") == line.replace("%bert_explain", "%bert_attention")


def test_a_report_without_mistakes_says_so():
    assert "All 200 rows are right." in text(made())


def test_intervals_and_what_has_none_are_told():
    shown = made(intervals={"accuracy": Interval(0.85, 0.94)}, undefined={"roc_auc": "all rows are of one class, 'a'"})
    for face in (text(shown), bundle(shown)["text/html"]):
        assert "0.8500 to 0.9400" in face
        assert "all rows are of one class" in html.unescape(face)


@pytest.mark.parametrize("look", ["line", "points", "bars"])
def test_a_picture_is_a_figure_with_its_numbers_as_a_table(look):
    figure = Figure(
        "lengths", "tokens", "share that is wrong", (Series(HOSTILE, (0.0, 0.5, 1.0), (0.1, 0.2, 0.4), look),)
    )
    both = bundle(figure)
    drawn = both[MIMETYPE]
    go.Figure(data=drawn["data"], layout=drawn["layout"])
    assert "<img" not in json.dumps(drawn)
    assert "0.4" in both["text/html"]
    assert "0.4" in both["text/plain"]
    assert "img" not in Tags(both["text/html"]).tags


def test_the_rows_of_a_report_show_themselves():
    errors = made(example(1), example(2, "It broke.", wrong=False)).errors
    shown = bundle(errors)
    assert shown["text/plain"].startswith("2 rows of 200 are not right, the surest first:")
    for page in shown.values():
        assert "It was fine" in page
        assert "It broke." in page
    assert list(errors.frame.columns) == ["text", "true", "predicted", "score", "wrong", "kinds"]
    assert errors.frame.loc["2", "text"] == "It broke."
    assert repr(Errors((), 0, 30)) == "All 30 rows are right."

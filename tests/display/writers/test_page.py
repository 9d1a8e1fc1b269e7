"""Pages, Markdown and LaTeX of results."""

import json

import pytest

from bertmagic.display.charts.static_svg import svg
from bertmagic.display.writers import page as export

from ...small import ROWS, documents
from ..results.test_runs import record, runs
from ..runs import HOSTILE
from ..tags import Tags

LAYOUT = {"height": 300, "xaxis": {"title": {"text": "x &amp; y"}}, "yaxis": {}}


def scatter(x, y, **more):
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "one",
        "x": x,
        "y": y,
        "line": {"color": "#123456"},
        **more,
    }


def test_points_are_where_their_values_are():
    drawn = svg({"data": [scatter([0, 1, 2], [0.0, 0.5, 1.0])], "layout": LAYOUT})
    marks = [part.split('"')[1:4:2] for part in drawn.split("<circle cx=")[1:]]
    xs, ys = ([float(mark[at]) for mark in marks] for at in (0, 1))
    assert xs[2] - xs[1] == pytest.approx(xs[1] - xs[0], abs=0.2)
    assert xs[0] < xs[1]
    assert ys[0] > ys[1] > ys[2]
    assert "x &amp; y" in drawn
    assert "&amp;amp;" not in drawn


def test_every_kind_of_trace_is_drawn_and_nothing_else_is():
    heat = {"type": "heatmap", "z": [[1, 0], [0.2, 0.8]], "text": [[9, 0], [2, 8]], "zmax": 1}
    names = {"tickvals": [0, 1], "ticktext": ["&lt;a&gt;", "b"]}
    drawn = svg({"data": [heat], "layout": {"xaxis": names, "yaxis": {**names, "autorange": "reversed"}}})
    assert drawn.count("<rect") == 4
    assert "&lt;a&gt;" in drawn
    bars = [{"type": "bar", "name": name, "x": [0.5, 1.5], "y": [3, 4], "marker": {}} for name in "ab"]
    assert svg({"data": bars, "layout": {"barmode": "group"}}).count("fill-opacity") == 4
    dated = scatter(["2026-11-26 01:02:03", "2026-11-27 01:02:03"], [1, 2])
    assert "11-26 " in svg({"data": [dated], "layout": LAYOUT})
    spread = {"array": [0.1], "arrayminus": [0.2]}
    assert svg({"data": [scatter([1], [1], error_x=spread)], "layout": LAYOUT}).count('stroke-width="1.6"') == 1
    for data in ([], [scatter([], [])], [scatter([1, 1], [2, 2])], [scatter([1, None], [2, None])]):
        assert "<svg" in svg({"data": data, "layout": {}})


def test_a_page_of_runs_has_its_figure_and_no_script():
    page = export.page(runs(record("a"), record("bb", 0.9)))
    assert page.count("<svg") == 1
    assert "prefers-color-scheme: dark" in page
    for tag in ("script", "link", "iframe", "img"):
        assert f"<{tag}" not in page


def test_hostile_values_are_text_everywhere():
    hostile = runs(
        record(HOSTILE, encoder=HOSTILE, measured=HOSTILE, metric=HOSTILE, metrics={HOSTILE: 0.5}), metric=HOSTILE
    )
    page = export.page(hostile)
    assert "img" not in Tags(page.split("</head>")[1].removesuffix("</html>\n")).tags
    assert "<img" not in export.markdown(hostile)
    for made in (page, export.markdown(hostile), export.latex(hostile)):
        json.dumps(made, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "escaped"),
    [(r"a\b", r"a\textbackslash{}b"), ("50 % & 3_4", r"50 \% \& 3\_4"), ("{x}$#^~", None), ("[1] *2", "{[}1{]} {*}2"),
     ("<|>", r"\textless{}\textbar{}\textgreater{}"), ("好", "好"), ("a\nb", "a b")],
)  # fmt: skip
def test_latex_prints_the_text_it_is(text, escaped):
    found = export.latex_escaped(text)
    if escaped is not None:
        assert found == escaped
    bare = found.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")


@pytest.mark.parametrize("kind", ["token_classification", "question_answering", "masked_language_modeling"])
def test_reports_of_words_answers_and_masks_are_taken_along(small, tmp_path, kind):
    made = {**ROWS, "masked_language_modeling": documents}[kind]()
    made["lang"] = ["en", "de"] * (len(made) // 2)
    report = small(kind).evaluate(made, by="lang" if kind in ROWS else (), show=False)
    page = report.to_html(tmp_path / "report.html").read_text()
    assert not set(Tags(page.split("</head>")[1].removesuffix("</html>\n")).tags) & {"script", "link", "iframe", "img"}
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<figure>") == page.count("<svg") == len(report.pictures)
    frame, tables = report.frame, (report.to_markdown(), report.to_latex())
    whole = frame[frame["of"] == "all"].set_index("metric")
    assert dict(whole["value"]) == dict(report.metrics)
    for name, value in report.metrics.items():
        shown = f"{value:.4f}"
        assert all(shown in face for face in (page, *tables)), name
        if name in report.intervals:
            assert (whole["low"][name], whole["high"][name]) == (
                report.intervals[name].low,
                report.intervals[name].high,
            )
    parts = {"token_classification": {"class", "lang", "length"}, "question_answering": {"questions", "lang", "length"}}
    assert set(frame["of"]) == {"all"} | parts.get(kind, set())
    assert tables[1].count(r"\begin{tabular}") == tables[1].count(r"\end{tabular}") == tables[0].count("| :-- |")

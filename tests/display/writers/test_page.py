"""Pages, Markdown and LaTeX of results."""

import json
import re

import pytest

from bertmagic.display import latex, markdown, page

from ...small import ROWS, documents
from ..results.test_runs import record, runs
from ..runs import HOSTILE
from ..tags import Tags


def test_a_page_of_runs_has_its_figure_and_no_script():
    shown = page(runs(record("a"), record("bb", 0.9)))
    assert shown.count("<svg") == 1
    assert "prefers-color-scheme: dark" in shown
    for tag in ("script", "link", "iframe", "img"):
        assert f"<{tag}" not in shown


def test_hostile_values_are_text_everywhere():
    hostile = runs(
        record(HOSTILE, encoder=HOSTILE, measured=HOSTILE, metric=HOSTILE, metrics={HOSTILE: 0.5}), metric=HOSTILE
    )
    shown = page(hostile)
    assert "img" not in Tags(shown.split("</head>")[1].removesuffix("</html>\n")).tags
    assert "<img" not in markdown(hostile)
    for made in (shown, markdown(hostile), latex(hostile)):
        json.dumps(made, ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", ["token_classification", "question_answering", "masked_language_modeling"])
def test_reports_of_words_answers_and_masks_are_taken_along(small, tmp_path, kind):
    made = {**ROWS, "masked_language_modeling": documents}[kind]()
    made["lang"] = ["en", "de"] * (len(made) // 2)
    report = small(kind).evaluate(made, by="lang" if kind in ROWS else (), show=False)
    shown = report.to_html(tmp_path / "report.html").read_text()
    assert not set(Tags(shown.split("</head>")[1].removesuffix("</html>\n")).tags) & {"script", "link", "iframe", "img"}
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "")
    assert shown.count("<figure>") == shown.count("<svg") == len(report.pictures)
    frame, tables = report.frame, (report.to_markdown(), report.to_latex())
    whole = frame[frame["of"] == "all"].set_index("metric")
    assert dict(whole["value"]) == dict(report.metrics)
    for name, value in report.metrics.items():
        number = f"{value:.4f}"
        assert all(number in written for written in (shown, *tables)), name
        if name in report.intervals:
            assert (whole["low"][name], whole["high"][name]) == (
                report.intervals[name].low,
                report.intervals[name].high,
            )
    parts = {"token_classification": {"class", "lang", "length"}, "question_answering": {"questions", "lang", "length"}}
    assert set(frame["of"]) == {"all"} | parts.get(kind, set())
    assert (
        tables[1].count(r"\begin{tabular}")
        == tables[1].count(r"\end{tabular}")
        == len(re.findall(r"(?m)^\| :?-+:? \|", tables[0]))
    )

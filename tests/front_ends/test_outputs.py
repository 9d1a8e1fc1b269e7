"""What front ends do to an output, as their documents say it, done to every kind of result.

JupyterLab, Notebook 7 and papermill are run elsewhere; see ``docs/front-ends.md``.
"""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

import bertmagic as bm
from bertmagic.display import bundle, outputs
from bertmagic.display.registry import describe
from bertmagic.display.writers.text import text
from bertmagic.options import COMMANDS
from bertmagic.widgets.attention import ANSWERS, AttentionView
from bertmagic.widgets.panel_view import PanelView

from ..attention.made import maps as made_maps
from ..display.examples import EXAMPLES, MORE
from ..display.test_registry import facts
from ..small import pairs
from ..widgets.conftest import drawn

ALL = EXAMPLES | MORE
WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

MESSAGE_CAP = 1_000_000
"""Bytes that Databricks recommends at most for a message of a kernel; it refuses more than 4 MB."""

DROPPED = {"script", "style", "iframe", "svg", "object", "form", "input", "button", "link", "meta"}
"""Elements that GitHub takes out of an output with all that is in them. It takes all attributes of style, too."""


class Sanitised(HTMLParser):
    """The words that are left of an output on GitHub, and in a notebook that JupyterLab does not trust."""

    def __init__(self, markup):
        super().__init__()
        self.words, self._inside = [], 0
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self._inside += tag in DROPPED and tag not in ("input", "link", "meta")

    def handle_endtag(self, tag):
        self._inside -= tag in DROPPED

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)


def bytes_of(message):
    return len(json.dumps(message, ensure_ascii=False).encode())


def stored_bundles():
    """The outputs of the committed notebooks, which real kernels made."""
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in [output for cell in cells for output in cell.get("outputs", [])]:
            if "data" in output:
                yield {kind: "".join(data) if isinstance(data, list) else data for kind, data in output["data"].items()}


@pytest.mark.parametrize("name", ALL)
def test_the_words_are_left_where_scripts_styles_and_pictures_are_taken_out(name):
    result = ALL[name]("sentiment")
    left = " ".join(Sanitised(bundle(result)["text/html"]).words)
    assert {fact for fact in facts(text(describe(result))) if fact not in left} == set()


@pytest.mark.parametrize("name", ALL)
def test_an_output_fetches_nothing_and_runs_nothing_outside_a_sandbox(name):
    for output in outputs(ALL[name]("sentiment")):
        markup = re.sub(r""" srcdoc=("[^"]*"|'[^']*')""", "", output.get("text/html", ""))
        assert not re.search(r"<(script|link|object|embed)\b|\bon\w+=|url\(|@import|(?:src|href)=\"(?!data:)", markup)
        assert all('sandbox="allow-scripts"' in frame for frame in re.findall(r"<iframe[^>]*>", markup))


def test_what_would_be_fetched_is_seen():
    with pytest.raises(AssertionError):
        assert not re.search(r"(?:src|href)=\"(?!data:)", '<img src="https://a.b/c.png">')
    assert Sanitised("<p>a<svg><text>b</text></svg></p>").words == ["a"]


@pytest.mark.parametrize("name", ALL)
def test_a_widget_comes_after_a_static_output_and_in_an_output_of_its_own(name):
    """VS Code and JupyterLab take the widget of a bundle and show nothing else of it, also when it is dead."""
    static, *further = outputs(ALL[name]("sentiment"))
    assert {"text/plain", "text/html"} <= set(static)
    assert WIDGET not in static
    for one in further:
        assert "text/plain" in one
        assert "text/html" in one or set(one) == {WIDGET, "text/plain"}


def test_stored_outputs_have_html_and_words_and_stay_below_the_cap():
    stored = list(stored_bundles())
    assert len(stored) > 50
    assert all("text/plain" in one for one in stored)
    assert all(set(one) == {WIDGET, "text/plain"} for one in stored if WIDGET in one)
    assert max(map(bytes_of, stored)) < MESSAGE_CAP


def test_the_report_of_many_long_texts_stays_below_the_cap(small):
    rows = pairs(600)
    rows["premise"] += " lorem ipsum dolor" * 60
    model = small("pairs")
    report = model.evaluate(rows, by=["hypothesis"], show=False)
    figures = [one for name in report.pictures for one in outputs(report.figure(name))]
    messages = [*outputs(report), *figures, *outputs(model.predict(rows, show=False))]
    assert len(messages) > 8
    assert max(map(bytes_of, messages)) < MESSAGE_CAP


@pytest.mark.parametrize(("heads", "tokens"), [(12, 512), (2, 2048)])
def test_messages_of_the_attention_view_stay_below_the_cap(heads, tokens):
    view, sent = drawn(heads, heads, [f"word{at}" for at in range(tokens - 2)]).view(), []
    binary = [value for value in view.get_state().values() if isinstance(value, bytes)]
    other = [value for value in view.get_state().values() if not isinstance(value, bytes)]
    assert sum(map(bytes_of, other)) + 4 * sum(map(len, binary)) / 3 < MESSAGE_CAP
    view.send = lambda content, buffers: sent.append((content, buffers))
    for kind in set(ANSWERS) - {"importance"}:
        view._handle_custom_msg({"id": kind, "kind": kind, "layer": 1, "heads": [0], "token": 3}, [])
    assert {content["id"] for content, _ in sent} == set(ANSWERS) - {"importance"}
    for content, buffers in sent:  # as base64, which some front ends make of bytes
        assert bytes_of(content) + 4 * sum(map(len, buffers)) / 3 < MESSAGE_CAP, content


def test_colab_is_asked_for_its_widget_manager_and_the_picture_does_not_need_it(monkeypatch):
    from anywidget import _util

    asked = []
    colab = SimpleNamespace(
        enable_custom_widget_manager=lambda: asked.append(True), _widgets=SimpleNamespace(_installed_url="cdn")
    )
    maps = made_maps()
    static, view = outputs(maps)
    monkeypatch.setitem(sys.modules, "google.colab.output", colab)
    _util.enable_custom_widget_manager_once.cache_clear()
    maps.view()._repr_mimebundle_()
    _util.enable_custom_widget_manager_once.cache_clear()
    assert asked == [True]
    assert "<img" in static["text/html"]
    assert WIDGET in view


@pytest.mark.parametrize("widget", [AttentionView, PanelView])
def test_a_widget_carries_its_script_and_imports_nothing(widget):
    """Colab and marimo serve no file of a package, and a sandboxed page none of another server."""
    assert "export default" in str(widget._esm)
    assert not re.search(r"""^\s*import\b.*from|import\(["']""", str(widget._esm), re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_magic_is_a_function_or_a_method(command):
    """marimo has no magics."""
    owner, _, name = command.function.rpartition(".")
    assert callable(getattr(bm.TextModel if owner else bm, name))


@pytest.mark.parametrize("name", ALL)
def test_marimo_takes_the_html_of_a_bundle(name):
    """It asks for ``_repr_mimebundle_`` and knows nothing of ``_ipython_display_``."""
    result = ALL[name]("sentiment")
    if isinstance(result, BaseException):
        return
    assert "<" in result._repr_mimebundle_()["text/html"]

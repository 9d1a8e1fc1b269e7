"""No character that hides, reorders or obeys comes through a writer, whatever kind of result it stands in."""

import html
import io
import json
import re

import pytest

from bertmagic.display import below, bundle, text
from bertmagic.display.live.run_panel import RunPanel
from bertmagic.display.live.run_state import Run
from bertmagic.display.live.terminal import Lines
from bertmagic.display.publish import show
from bertmagic.events import Note, Phase
from bertmagic.result import ExportableResult
from bertmagic.widgets.attention import about

from ..test_text_safety import DIRECTIONS, NEVER_SHOWN, SEPARATORS
from .attention.made import maps
from .examples import EXAMPLES, MORE
from .runs import Clock, evaluated, started

CHOSEN = [*DIRECTIONS, *SEPARATORS, "\x00", "\x1b", "\x7f", "\x9b", "\r", "\ufeff", "\u200b", "\U000e0041", "\uffff"]
WORDS = ["".join(f"{character}x" for character in CHOSEN[at : at + 6]) for at in range(0, len(CHOSEN), 6)]
KINDS = EXAMPLES | MORE


def hidden(written):
    """Return the characters of `NEVER_SHOWN` that an output holds; HTML may hold them as its entities."""
    text = written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)
    return [f"U+{ord(character):04X}" for character in sorted(set(html.unescape(text)) & set(NEVER_SHOWN))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{ord(word[0]):04X}")
def test_no_hidden_character_comes_through(kind, word, capsys):
    result = KINDS[kind](word)
    assert hidden(text(result)) == []
    for shown in (bundle(result), *below(result)):
        for form, written in shown.items():
            assert hidden(written) == [], form
    for way in ("to_markdown", "to_latex"):
        if hasattr(result, way):
            assert hidden(getattr(result, way)()) == []
    if isinstance(result, ExportableResult):
        assert hidden(result.to_html("page.html").read_text(encoding="utf-8")) == []
    show(result)
    assert hidden(capsys.readouterr().out) == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{ord(word[0]):04X}")
def test_no_hidden_character_comes_through_while_it_runs(word):
    clock, stream = Clock(), io.StringIO()
    events = [Phase(word, 1, 2, word), Note(word), started(3, name=word, metric=word), Note(word, warning=True),
              evaluated(1, 3)]  # fmt: skip
    panel, lines = RunPanel(Run(clock)), Lines(stream, clock)
    for event in events:
        panel.take(event)
        lines(event)
        assert hidden(panel.frame()) == []
    lines.close(ValueError(word))
    assert hidden(stream.getvalue()) == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: f"{ord(word[0]):04X}")
def test_no_hidden_character_reaches_the_attention_view(word):
    one = maps([word, f"b{word}"], layers=1, heads=1, model=word, said=word, notes=(word,), prediction=((word, 1.0),))
    assert hidden(about(one)) == []
    for way in ("to_svg", "to_html", "to_csv"):
        file = getattr(one, way)().replace("\r\n", "\n")
        for isolated in re.findall("\u2068[^\u2068\u2069]*\u2069", file):  # a label that is kept apart, as a whole
            file = file.replace(isolated, isolated[1:-1])
        assert hidden(file) == []

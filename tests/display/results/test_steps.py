"""The lines to go on with: magics, and calls of functions where there are no magics."""

import ast
import sys
from types import SimpleNamespace

import pytest

from bertmagic.display import outputs, page, text
from bertmagic.display.results import commands
from bertmagic.options.cells import finetuning

from .. import examples, made


@pytest.fixture
def marimo(monkeypatch):
    """As in marimo, whose cells are plain Python."""
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: True))


@pytest.mark.parametrize("kind", examples.EXAMPLES)
def test_no_result_shows_a_magic_where_there_are_none(kind, marimo):
    result = examples.EXAMPLES[kind]("word")
    shown = [text(result), page(result), *(str(output) for output in outputs(result))]
    given = str(getattr(result, "cell", ""))  # of a panel and a search, which write it in the same way
    assert [face for face in shown if "%bert" in face.replace(given.partition("\n")[0], "")] == []


def test_the_best_trial_of_a_search_and_a_panel_are_cells_or_calls():
    given = {"lr": 1e-3}, {"train": "rows"}
    assert finetuning("moods", *given, as_magic=True) == "%%bert_finetune moods\nlr = 1e-3"
    assert finetuning("moods", *given, as_magic=False) == 'moods = bm.finetune(\n    lr=1e-3,\n    name="moods",\n)'


def test_predictions_show_magics_or_calls(monkeypatch, request):
    result = made.predictions(3, text='It "fell" apart')
    assert "Next: " in str(next(outputs(result))["text/html"])
    assert "%bert_attention" in next(outputs(result))["text/html"]
    request.getfixturevalue("marimo")
    assert "bm.load(" in next(outputs(result))["text/html"]
    assert "%bert" not in next(outputs(result))["text/html"]


@pytest.mark.parametrize("words", ["It's 5 # {x} $y", 'He said "no"\n', "A dog ||| An animal", "C:\\new"])
def test_a_call_is_python_with_the_text_in_it(words, marimo):
    tree = ast.parse(commands.attention(words, "my model"), mode="eval")
    look = tree.body.func.value
    assert tree.body.func.attr == "view"
    assert [ast.literal_eval(one) for one in look.args] == words.split(" ||| ")
    for line in (commands.predict(words, "m"), commands.evaluate("test_rows", "m"), commands.save("my model")):
        ast.parse(line, mode="eval")

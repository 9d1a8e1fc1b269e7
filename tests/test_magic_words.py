"""Messages name magics, or functions where there are no magics."""

import inspect
import re
import sys
from types import SimpleNamespace

import pytest

import bertmagic as bm
from bertmagic import manual, options
from bertmagic.errors import ModelError
from bertmagic.magic_words import FUNCTIONS, has_magics, without_magics
from bertmagic.text_model import TextModel

from . import magic_literals


@pytest.fixture
def marimo(monkeypatch):
    """As in marimo, whose cells are plain Python."""
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: True))


MESSAGES = {
    "%bert_models lists the aliases.": "bm.catalogue() lists the aliases.",
    "Fine-tune it first: %%bert_finetune NAME with model = it.": "Fine-tune it first: bm.finetune with model = it.",
    "Load one: %bert_load bert. Or train one.": 'Load one: bm.load("bert"). Or train one.',
    '%bert_load "my folder/\\"a\\"" brings it back': 'bm.load("my folder/\\"a\\"") brings it back',
    "%bert_load ./runs/mood-2/model brings it back": 'bm.load("./runs/mood-2/model") brings it back',
    "Allow it: %config BertMagic.offline = False, or unset HF_HUB_OFFLINE.": "Allow it: unset HF_HUB_OFFLINE.",
    "Give them: --train DATA, or --max-length N.": "Give them: train = DATA, or max_length = N.",
    "100 % of bert_models": "100 % of bert_models",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_names_functions_where_there_are_no_magics(message, request):
    assert without_magics(message) == message
    request.getfixturevalue("marimo")
    assert without_magics(message) == MESSAGES[message]


def test_what_to_do_after_an_error_names_functions(marimo):
    error = ModelError("It has no head: '%bert_fill'.", "Load one: %bert_load bert.")
    assert str(error) == "It has no head: '%bert_fill'.\nLoad one: bm.load(\"bert\")."  # what was typed stays


def test_every_magic_has_a_function_that_is_there():
    assert {f"bert_{name}" for name in FUNCTIONS} == set(options.COMMANDS)
    for function in FUNCTIONS.values():
        owner, _, name = function.removesuffix("()").partition(".")
        assert hasattr({"bm": bm, "model": TextModel}[owner], name), function


def test_a_thread_of_marimo_has_no_magics_and_a_notebook_that_imports_marimo_has(monkeypatch):
    """In a thread of its own marimo does not know that it runs in a notebook."""
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: False))
    shells = []
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shells[-1] if shells else None))
    assert not has_magics()
    shells.append(object())
    assert has_magics()


def test_whatever_names_a_magic_names_a_function_where_there_are_none():
    assert magic_literals.left() == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise DataError("x", "Use %bert_data.")', 0),
        ('raise DataError("%bert_data failed.", "x")', 1),
        ('note = without_magics(f"{x} (%bert_models)")', 0),
        ('emit(Note("Use %bert_data."))', 1),
        ('emit(Note("Give them with --train DATA."))', 1),
        ('raise DataError("x", "Give them with --train DATA.")', 0),
        ('raise DataError("x", "Name one with -m.")', 1),
        ('raise DataError("x", "Give --train.")', 1),
        ('emit(Note(f"Use %{name}."))', 1),
        ('emit(Note(f"{share} % of {name}"))', 0),
        ('FIX = "Use %bert_data."\ndef f(x):\n    raise DataError(x, FIX)', 0),
        ('FIX = "Use %bert_data."\ndef f(x):\n    emit(FIX)', 1),
        ('def f(x):\n    return "%bert_data" if has_magics() else "bm.check"', 0),
        ('def f(x):\n    """Use %bert_data."""', 0),
    ],
)
def test_a_literal_magic_is_found(source, found):
    module = magic_literals.Module(None, source)
    said = [node for node in module.said() if not module.is_replaced(node, [module])]
    assert len(said) == found


@pytest.mark.parametrize("topic", ["", *options.COMMANDS, "model", "lr"])
def test_help_names_functions_where_there_are_no_magics(marimo, topic):
    page = manual.text(topic)
    assert not magic_literals.MAGIC.search(page)
    assert not re.search(r"^ +--?\w", page, re.MULTILINE)
    if topic in options.COMMANDS:
        command = options.COMMANDS[topic]
        name = command.function.rpartition(".")[2]
        assert f".{name}(" in page
        owner = TextModel if command.function.startswith("TextModel.") else bm
        parameters = inspect.signature(getattr(owner, name)).parameters.values()
        listed = re.findall(r"^  (\w+)$", page, re.MULTILINE)
        takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
        assert listed or {one.name for one in parameters} <= {"self"}
        assert takes_all or set(listed) <= {one.name for one in parameters}


def test_a_note_names_a_function(marimo, learnt):
    found = learnt.similar("the film was good", ["the plot was bad"], show=False)
    assert any(note.endswith('bm.load("minilm") gives an encoder that was.') for note in found.notes)

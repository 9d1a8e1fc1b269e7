"""Messages name magics, or functions where there are no magics."""

import sys
from types import SimpleNamespace

import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import ModelError
from bertmagic.magic_words import FUNCTIONS, has_magics, without_magics
from bertmagic.text_model import TextModel


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

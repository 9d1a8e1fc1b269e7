"""``%bert_explain TEXT`` in a shell, with a real model behind it."""

from functools import partial

import pytest

from bertmagic.errors import DataError, OptionError
from bertmagic.explain.explanation import Explanation
from bertmagic.magics.complete import complete
from bertmagic.options import COMMANDS
from bertmagic.options.terms import EXPLAINERS
from tests.shells import run_cell, shell_with


@pytest.fixture(scope="module")
def shell(learnt):
    with shell_with(learnt=learnt, review="the film was awful") as shell:
        yield shell


@pytest.fixture
def run(shell):
    return partial(run_cell, shell)


@pytest.mark.parametrize("typed", ['"the film was awful"', "review", '{"the film " + "was awful"}'])
def test_a_line_returns_the_words(run, typed):
    found, _ = run(f"%bert_explain {typed} -m learnt --target bad --method occlusion")
    assert isinstance(found, Explanation)
    assert (found.text, found.target, found.method) == ("the film was awful", "bad", "occlusion")
    assert "Explained: bad" in repr(found)


def test_errors_end_the_cell(run):
    with pytest.raises(OptionError, match=r"Did you mean 'occlusion'\?"):
        run("%bert_explain review -m learnt --method occlusoin")
    with pytest.raises(OptionError, match=r"there is no target 'badd'. Did you mean 'bad'\?"):
        run("%bert_explain review -m learnt --target badd")
    with pytest.raises(DataError, match="there is no text to explain"):
        run("%bert_explain -m learnt")


def test_help_shows_examples_and_code_shows_python(run):
    _, captured = run("%bert_explain --help")
    assert all(example in captured.stdout for example in COMMANDS["bert_explain"].examples)
    _, captured = run("%bert_explain review -m learnt --method masks --passes 50 --show-code")
    assert 'explain(review, method="masks", passes=50)' in captured.stdout


def test_methods_are_completed(shell):
    line = "%bert_explain review --method "
    assert set(EXPLAINERS) <= set(complete(line, 0, len(line), shell.user_ns).texts)

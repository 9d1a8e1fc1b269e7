"""``%bert_explain TEXT`` in a shell, with a real model behind it."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from bertmagic.errors import DataError, OptionError
from bertmagic.explain.explanation import Explanation
from bertmagic.magics import register, unregister
from bertmagic.magics.complete import complete
from bertmagic.options import COMMANDS
from bertmagic.options.terms import EXPLAINERS


@pytest.fixture(scope="module")
def shell(learnt):
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    register(shell)
    shell.user_ns |= {"learnt": learnt, "review": "the film was awful"}
    yield shell
    unregister(shell)
    InteractiveShell.clear_instance()


@pytest.fixture
def run(shell):
    def run(cell):
        with capture_output() as captured:
            outcome = shell.run_cell(cell)
        if outcome.error_in_exec:
            raise outcome.error_in_exec
        return outcome.result, captured

    return run


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

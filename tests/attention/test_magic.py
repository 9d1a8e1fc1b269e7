"""``%bert_attention`` in a shell, with a real model behind it."""

from functools import partial

import pytest

from bertmagic.attention.maps import AttentionMaps
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.magics.complete import complete
from bertmagic.options import COMMANDS
from tests.shells import run_cell, shell_with


@pytest.fixture(scope="module")
def shell(learnt):
    with shell_with(learnt=learnt, review="the film was good", both=["the film", "a book"]) as shell:
        yield shell


@pytest.fixture
def run(shell):
    return partial(run_cell, shell)


@pytest.mark.parametrize("typed", ['"the film was good"', "review", '{"the film " + "was good"}'])
def test_a_line_returns_the_maps(run, typed):
    maps, _ = run(f"%bert_attention {typed} -m learnt")
    assert isinstance(maps, AttentionMaps)
    assert maps.text == "the film was good"


@pytest.mark.parametrize("typed", ['"the film" "was good"', '"the film ||| was good"'])
def test_a_pair_is_two_texts_or_one_with_bars(run, typed):
    maps, _ = run(f"%bert_attention {typed} -m learnt")
    assert (maps.text, maps.pair) == ("the film", "was good")
    assert {token.sentence for token in maps.tokens} == {-1, 0, 1}


def test_a_cell_binds_and_shows_and_returns_nothing(run, shell):
    result, captured = run("%%bert_attention -m learnt -o maps\nthe film ||| was good")
    assert result is None
    assert shell.user_ns["maps"].pair == "was good"
    assert "Attention of learnt" in captured.stdout
    _, captured = run("%%bert_attention -m learnt -o maps ;\nthe film")
    assert captured.stdout == ""


def test_a_cell_of_several_lines_gives_several(run, shell):
    _, captured = run("%%bert_attention -m learnt -o several\nthe film\nit's {good} $5 ||| #1\n")
    assert [one.text for one in shell.user_ns["several"]] == ["the film", "it's {good} $5"]
    assert captured.stdout.count("Attention of learnt") == 2
    maps, _ = run("%bert_attention both -m learnt")
    assert [one.text for one in maps] == ["the film", "a book"]


def test_what_it_is_compared_with(run, learnt):
    maps, _ = run("%bert_attention review -m learnt --compare learnt")
    assert not maps.comparison.divergence.any()
    maps, _ = run("%bert_attention review -m learnt --compare base")
    assert maps.comparison.second.model == learnt.card["encoder"]
    assert maps.comparison.divergence.all()
    maps, _ = run('%bert_attention review -m learnt --compare-text "a book"')
    assert maps.comparison.second.text == "a book"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("review -m learnt --compare nowhere", ModelError),
        ('review -m learnt --compare base --compare-text "x"', OptionError),
        ("review -m learnt --compare {5}", OptionError),
        ('"" -m learnt', DataError),
        ("-m learnt", OptionError),
        ("nosuchvariable -m learnt", OptionError),
        ('"a" "b" "c" -m learnt', OptionError),
    ],
)
def test_what_cannot_be_read_is_said(run, typed, error):
    with pytest.raises(error):
        run(f"%bert_attention {typed}")


def test_help_shows_examples_and_code_shows_python(run):
    _, captured = run("%bert_attention --help")
    assert "--compare" in captured.stdout
    assert "One of: base" not in captured.stdout
    assert all(example.splitlines()[0] in captured.stdout for example in COMMANDS["bert_attention"].examples)
    _, captured = run("%bert_attention review -m learnt --compare base --show-code")
    assert 'attention(review, compare="base")' in captured.stdout


def test_completion_offers_flags_texts_and_models(shell):
    def offered(text):
        return list(complete(text, 0, len(text), shell.user_ns).texts)

    assert "--compare-text" in offered("%bert_attention review --comp")
    assert "review" in offered("%bert_attention re")
    assert {"base", "learnt"} <= set(offered("%bert_attention review --compare "))


def test_maps_open_their_view_without_a_notebook(learnt):
    view = learnt.attention("the film was good").view(layer=1, head=2)
    assert (view.layer, view.head) == (1, 2)

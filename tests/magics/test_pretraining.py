"""The magics of pre-training: what each asks of the API."""

import pytest

from bertmagic.errors import OptionError

CELL = '%%bert_pretrain own\ntrain = reviews\ntext = "review"\nnsp = True\nwhole_words = True'


@pytest.fixture
def own(run, reviews):
    run(CELL)


def test_a_cell_pretrains_and_binds_its_name(run, shell, reviews, calls):
    outcome = run(CELL)
    assert (outcome.result, outcome.error) == (None, None)
    assert shell.user_ns["own"].name == "own"
    options = {"name": "own", "train": reviews, "text": "review", "nsp": True, "whole_words": True}
    assert calls == [("pretrain", None, options)]


def test_what_was_pretrained_is_where_fine_tuning_starts(run, shell, own, calls):
    run('%%bert_finetune clf\ntrain = reviews\ntext = "review"\nlabel = "stars"\nmodel = own')
    assert calls[-1][2]["model"] is shell.user_ns["own"]


def test_a_masked_text_is_filled_as_it_was_typed(run, own, calls):
    outcome = run('%bert_fill "It is [MASK], {not} $this" -m own --top-k 3 --candidates "good, bad"')
    assert repr(outcome.result) == "what fill returns"
    given = {"texts": "It is [MASK], {not} $this", "top_k": 3, "candidates": ("good, bad",)}
    assert calls[-1] == ("fill", "own", given)


def test_a_body_has_a_text_a_line(run, own, calls, shown):
    run("%%bert_fill\na [MASK]\n\n[MASK] b")
    assert calls[-1][2]["texts"] == ["a [MASK]", "[MASK] b"]
    assert [repr(result) for result in shown] == ["what fill returns"]


def test_two_sentences_are_asked_about(run, own, calls):
    outcome = run('%bert_next "The train was late." "We waited."')
    assert repr(outcome.result) == "what next_sentence returns"
    assert calls[-1] == ("next_sentence", "own", {"first": "The train was late.", "second": "We waited."})


def test_one_sentence_is_too_few(run, own):
    outcome = run('%bert_next "alone"')
    assert isinstance(outcome.error, OptionError)
    assert "'second' is missing" in str(outcome.error)


@pytest.mark.parametrize("magic", ["bert_pretrain", "bert_fill", "bert_next"])
def test_help_has_examples(run, magic):
    assert f"%{magic}" in run(f"%{magic} -h").out


def test_the_same_in_python(run, own):
    out = run('%bert_fill "a [MASK]" -m own --top-k 3 --show-code').out
    assert 'own.fill("a [MASK]", top_k=3)' in out
    assert 'bm.pretrain(reviews, text="review")' in run("%bert_pretrain --train reviews --text review --show-code").out

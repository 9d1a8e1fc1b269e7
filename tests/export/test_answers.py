"""`predict.py` of an exported folder gives the answers of `TextModel.predict`, for every task."""

import math

import numpy as np
import pandas as pd
import pytest

from .conftest import KINDS, LONG, TEXTS, texts_for


def close(one, other):
    return math.isclose(one, other, abs_tol=1e-4)


def classes(answers, result):
    for answer, row in zip(answers, result.frame.to_dict("records"), strict=True):
        assert answer["label"] == row["label"]
        assert close(answer["score"], row["score"])
        assert all(close(chance, row[f"p_{name}"]) for name, chance in answer["probabilities"].items())


def label_sets(answers, result):
    for answer, row in zip(answers, result.frame.to_dict("records"), strict=True):
        assert answer["labels"] == row["labels"]
        assert all(close(chance, row[f"p_{name}"]) for name, chance in answer["probabilities"].items())


def numbers(answers, result):
    assert np.allclose([answer["value"] for answer in answers], result.frame["value"].to_numpy(float), atol=1e-4)


def entities(answers, result):
    found = [
        (at, *(one[name] for name in ("start", "end", "text", "label")))
        for at, answer in enumerate(answers)
        for one in answer["entities"]
    ]
    assert found == list(result.frame[["row", "start", "end", "text", "label"]].itertuples(index=False, name=None))
    scores = [one["score"] for answer in answers for one in answer["entities"]]
    assert np.allclose(scores, result.frame["score"], atol=1e-4)


def answered(answers, result):
    candidates = result.candidates
    for at, (answer, row) in enumerate(zip(answers, result.frame.to_dict("records"), strict=True)):
        assert answer["answer"] == row["answer"]
        assert close(answer["score"], row["score"])
        assert (answer["start"], answer["end"]) == tuple(
            None if pd.isna(row[name]) else row[name] for name in ("start", "end")
        )
        own = candidates[candidates["row"] == at]
        assert [one["answer"] for one in answer["candidates"]] == own["answer"].tolist()
        assert np.allclose([one["score"] for one in answer["candidates"]], own["score"], atol=1e-4)


SAME = dict(zip(KINDS, (classes, classes, label_sets, numbers, entities, answered), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_answers_as_the_notebook_does(kind, model_of, program):
    model = model_of(kind)
    texts = texts_for(model)
    SAME[kind](program(kind)["predict"](texts), model.predict(texts, show=False))


def test_lists_of_words_are_read_as_words(model_of, program):
    words = [["the", "film,", "was", "good"], ["zoé's", "3.5", "好好"], LONG.split()]
    entities(
        program("token_classification")["predict"](words), model_of("token_classification").predict(words, show=False)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_text_has_no_answer(kind, program):
    texts = [None, " ", TEXTS[0]] if kind not in ("pairs", "question_answering") else [None, ("a", " "), ("a", "b")]
    answers = program(kind)["predict"](texts)
    assert answers[:2] == [None, None]
    assert isinstance(answers[2], dict)


def test_a_pair_is_two_texts_or_one_with_bars(program):
    predict = program("pairs")["predict"]
    assert predict(["a film ||| it was good"]) == predict([("a film", "it was good")])
    with pytest.raises(ValueError, match="not a pair of texts: 'a film'"):
        predict(["a film"])

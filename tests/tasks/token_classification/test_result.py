"""Entities and their characters in the text that was given."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertmagic.data import tags, words
from bertmagic.data.tokenization import encode
from bertmagic.tasks.token_classification import decoding, reading
from bertmagic.tasks.token_classification.alignment import align
from bertmagic.tasks.token_classification.result import entities_of

NAMES = tags.names(["PER", "LOC"])
LETTERS = st.sampled_from(
    [
        "good",
        "film",
        " ",
        "  ",
        "q",
        "Z",
        ".",
        "好",
        "京",
        "🙂",
        "👩🏽‍🚀",
        "e\u0301",
        "é",
        "\u200b",
        "\u00a0",
        "\ufffd",
        "Ω",
    ]
)


def predict(column, tokenizer, seed, max_length=64):
    """Make random scores of what a model of two types could say, and read entities off them."""
    rows, _ = reading.readable(column, "rows", "it")
    samples = encode(tokenizer, rows.texts, max_length, "window", spans=True)
    scores = np.random.default_rng(seed).normal(size=(len(samples.ids), len(NAMES))).astype(np.float32)
    alignment = align(samples, words.find(rows.texts))
    read = scores[alignment.tokens[alignment.own]]
    decoded = list(decoding.decoded(read, alignment, NAMES))
    chances = {"PER": np.full(len(read), 0.25, np.float32), "LOC": np.full(len(read), 0.75, np.float32)}
    known = {"labels": ("LOC", "PER"), "task": "token_classification", "model": "stub"}
    return entities_of(column, rows, alignment, decoded, chances, **known), decoded


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(LETTERS, max_size=30).map("".join), min_size=1, max_size=4), st.integers(0, 1000))
def test_the_characters_of_an_entity_are_its_text_always(tokenizer, texts, seed):
    column = pd.Series(texts, index=[f"r{i}" for i in range(len(texts))], dtype=object)
    result, decoded = predict(column, tokenizer, seed, max_length=16)
    assert len(result.frame) == sum(len(tags.entities(row)) for row in decoded)
    ends = {}
    for at, (row, start, end, text, label, score) in zip(
        result.rows, result.frame.itertuples(index=False), strict=True
    ):
        assert texts[at][start:end] == text
        assert text.strip() == text != ""
        assert row == f"r{at}"
        assert score == {"PER": 0.25, "LOC": 0.75}[label]
        assert start >= ends.get(at, 0)
        ends[at] = end


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(LETTERS, max_size=8), min_size=1, max_size=4), st.integers(0, 1000))
def test_the_characters_in_lists_of_words_are_those_of_the_joined_words(tokenizer, rows, seed):
    result, _ = predict(pd.Series(rows, dtype=object), tokenizer, seed)
    for at, (_, start, end, text, *_) in zip(result.rows, result.frame.itertuples(index=False), strict=True):
        assert " ".join(rows[at])[start:end] == text
        assert result.text(at)[start:end] == text


def test_entities_keep_the_rows_of_the_user(tokenizer):
    column = pd.Series([None, "good film", "", "bad book 好"], index=["a", "b", "b", "c"])
    result, _ = predict(column, tokenizer, 1)
    assert set(result.rows) <= {1, 3}
    assert set(result.frame["row"]) <= {"b", "c"}
    assert [result.text(at) for at in range(4)] == [None, "good film", None, "bad book 好"]
    assert sum(len(result.of(at)) for at in range(4)) == len(result.frame) == len(result)
    assert result.of(0).empty


@pytest.mark.parametrize("column", [[None, ""], []])
def test_nothing_to_read_gives_an_empty_table_of_the_same_kind(tokenizer, column):
    result, _ = predict(pd.Series(column, dtype=object), tokenizer, 0)
    assert result.frame.columns.tolist() == ["row", "start", "end", "text", "label", "score"]
    assert result.frame.dtypes.astype(str).tolist()[1:] == ["int64", "int64", "string", "string", "float64"]
    assert "0 entities" in repr(result)

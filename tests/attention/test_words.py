"""Tokens and where they stand in the text, and the words that they are pieces of."""

import numpy as np
import pytest

from bertmagic.attention.words import common_words, tokens_of, word_groups
from bertmagic.data.tokenization import encode
from bertmagic.display.attention.matrix import units

from .made import maps


def encoded_tokens(tokenizer, *texts):
    sample = encode(tokenizer, list(texts[:1]), 64, pairs=list(texts[1:]) or None, spans=True)
    return tokens_of(tokenizer, sample, texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The FILM was Good", ["The", "FILM", "was", "Good"]),
        ("a 🎉 b", ["a", "🎉", "b"]),
        ("好 film", ["好", "film"]),
        ("x漢y", ["x", "漢", "y"]),
    ],
)
def test_a_token_is_what_stands_in_the_text(tokenizer, text, expected):
    tokens = encoded_tokens(tokenizer, text)
    assert [token.text for token in tokens[1:-1]] == expected
    assert all(text[token.start : token.end] == token.text for token in tokens[1:-1])


def test_pieces_belong_to_their_word_and_words_to_their_text(tokenizer):
    tokens = encoded_tokens(tokenizer, "gab film", "was gab")
    assert [token.piece for token in tokens] == [
        "[CLS]", "g", "##a", "##b", "film", "[SEP]", "was", "g", "##a", "##b", "[SEP]",
    ]  # fmt: skip
    assert [token.word for token in tokens] == [-1, 0, 0, 0, 1, -1, 2, 3, 3, 3, -1]
    assert [token.sentence for token in tokens] == [-1, 0, 0, 0, 0, -1, 1, 1, 1, 1, -1]
    assert word_groups(tokens) == [[0], [1, 2, 3], [4], [5], [6], [7, 8, 9], [10]]


def test_characters_that_the_model_does_not_know_are_marked(tokenizer):
    tokens = encoded_tokens(tokenizer, "the 漢x film [UNK]")
    assert [(token.text, token.unknown) for token in tokens[1:-1]] == [
        ("the", ""), ("漢", "[UNK]"), ("x", ""), ("film", ""), ("[UNK]", ""),
    ]  # fmt: skip


def test_a_space_that_the_tokenizer_puts_before_a_word_has_no_character_of_it():
    """Of SentencePiece, as XLM-RoBERTa's, before Chinese or an emoji."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), ("▁", -1.0), ("好", -1.0), ("看", -1.0)], unk_id=0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    tokens = encoded_tokens(PreTrainedTokenizerFast(tokenizer_object=unigram, unk_token="<unk>"), "好看 x")
    assert [(token.text, token.unknown) for token in tokens] == [
        ("▁", ""), ("好", ""), ("看", ""), (" ", ""), ("x", "<unk>"),
    ]  # fmt: skip
    assert [unit.text for unit in units(tokens, merge=True)] == ["好", "看 ", "<unk> x"]


def test_a_special_token_that_the_user_wrote_is_one(tokenizer):
    tokens = encoded_tokens(tokenizer, "the [MASK] was")
    assert [token.text for token in tokens] == ["[CLS]", "the", "[MASK]", "was", "[SEP]"]


def test_words_are_sums_of_columns_and_means_of_rows():
    by_token = maps()
    words = by_token.merged()
    assert [token.text for token in words.tokens] == [
        "[CLS]",
        "the",
        "doggie",
        "barks",
        "[SEP]",
        "an",
        "animal",
        "[SEP]",
    ]
    np.testing.assert_allclose(words.array.sum(-1), 1, atol=1e-5)
    groups = [[0], [1], [2, 3], [4], [5], [6], [7, 8], [9]]
    for i, rows in enumerate(groups):
        for j, columns in enumerate(groups):
            expected = np.mean([by_token.array[1, 1, row, columns].sum() for row in rows])
            assert words.array[1, 1, i, j] == pytest.approx(expected, rel=1e-5)
    assert words.merged() is words
    assert "no query or key" in words.detail(0, 0).why_not


def test_a_word_that_only_one_tokenizer_has_joins_the_one_before():
    first = maps((("[CLS]", -1, -1), ("a", 0, 0), ("b", 1, 0), ("c", 2, 0), ("[SEP]", -1, -1))).tokens
    second = maps((("[CLS]", -1, -1), ("a b", 0, 0), ("c", 2, 0), ("[SEP]", -1, -1))).tokens
    assert common_words(first, second) == ([[0], [1, 2], [3], [4]], [[0], [1], [2], [3]])

import numpy as np
import pytest

from bertmagic.data.tokens import encode


def test_rows_are_those_of_the_tokenizer(tokenizer):
    texts = ["the film was good", "", "bad", "really " * 30]
    tokens = encode(tokenizer, texts, 64)
    assert [tokens.row(i).tolist() for i in range(4)] == tokenizer(texts)["input_ids"]
    assert tokens.lengths.tolist() == [6, 2, 3, 32]
    assert (tokens.truncated, tokens.unknown) == (0, 0.0)


@pytest.mark.parametrize("length", [8, 9, 20])
def test_a_cut_text_keeps_its_closing_token(tokenizer, length):
    tokens = encode(tokenizer, ["the film was good " * 20, "short"], length)
    cut = tokens.row(0)
    assert len(cut) == length
    assert (cut[0], cut[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
    assert tokens.truncated == 1
    assert cut.tolist() == tokenizer("the film was good " * 20, truncation=True, max_length=length)["input_ids"]


def test_lone_surrogates_and_odd_characters_pass(tokenizer):
    texts = ["bad \ud83d half", "\x00", "\u200b", "🙂" * 10, "a" * 5000]
    tokens = encode(tokenizer, texts, 64)
    assert len(tokens) == 5
    assert tokens.lengths.min() >= 2


def test_the_share_of_unknown_tokens(tokenizer):
    assert encode(tokenizer, ["電影"], 64).unknown == 0.5


def test_no_rows_and_many_rows(tokenizer):
    assert len(encode(tokenizer, [], 64)) == 0
    seen = []
    tokens = encode(tokenizer, ["good film"] * 2500, 64, lambda done, total: seen.append((done, total)))
    assert seen == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert np.array_equal(tokens.offsets, np.arange(2501) * 4)

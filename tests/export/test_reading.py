"""`reading.py` of an exported folder reads texts as the same samples that bertmagic does."""

import random

import pytest
from tokenizers import Tokenizer

from bertmagic.data.tokenization import SpecialTokens, encode
from bertmagic.export.runner import reading

from ..conftest import WORDS

MODES = [("truncate", None), ("head_tail", None), ("window", None), ("window", 0), ("window", 5), ("window", 99)]


def long_texts(seed, many=12):
    draw = random.Random(seed)
    return [
        " ".join(draw.choices([*WORDS, "zoé", "好", "?", "unknownword"], k=draw.choice([1, 3, 9, 14, 40])))
        for _ in range(many)
    ]


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize(("long_text", "stride"), MODES)
def test_samples_are_those_of_the_model(long_text, stride, paired, tokenizer):
    first, second = long_texts(1), long_texts(2) if paired else None
    tokens = encode(tokenizer, first, 16, long_text, pairs=second, stride=stride, spans=True)
    special = SpecialTokens.from_tokenizer(tokenizer, paired)
    model = {
        "special_tokens": [special.before.ids, special.between.ids, special.after.ids],
        "max_length": 16, "long_text": long_text, "stride": stride,
    }  # fmt: skip
    plain, at = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()), 0
    for row, text in enumerate(first):
        samples = reading.samples([text, second[row]] if paired else [text], plain, model)
        for found, start in samples:
            assert [number for number, _ in found] == tokens.row(at).tolist()
            assert [span for _, span in found] == list(
                map(tuple, tokens.spans[tokens.offsets[at] : tokens.offsets[at + 1]].tolist())
            )
            assert start == (0 if tokens.second is None else tokens.second[at])
            at += 1
    assert at == len(tokens)


class Encoded:
    def __init__(self, offsets):
        self.ids, self.offsets = list(range(len(offsets))), offsets


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("was the price", [(0, 3), (4, 7), (9, 13)]), ("a b", [(0, 0), (2, 3)]), ("it is", [(0, 2), (2, 3), (3, 5)]),
        ("ab", [(0, 1), (1, 2)]), ("(x", [(1, 1), (1, 2)]),
    ],
)  # fmt: skip
def test_characters_that_a_tokenizer_leaves_out_are_found_again(text, offsets):
    from bertmagic.data.tokenization import _with_first_letters

    class Plain:
        def encode(self, text, add_special_tokens):
            return Encoded(offsets)

    assert [span for _, span in reading.tokens(text, Plain())] == _with_first_letters(text, offsets)

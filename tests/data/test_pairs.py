"""A pair of texts in each way that users write one."""

import numpy as np
import pytest

from bertmagic.data import pairs


@pytest.mark.parametrize(
    ("given", "texts"),
    [("a ||| b", ("a", "b")), (("a", "b"), ("a", "b")), (["a", "b"], ("a", "b")), (np.array(["a", "b"]), ("a", "b")),
     ("a", ("a",)), ("a|||b", ("a|||b",)), (None, (None,)), ("a ||| b ||| c", ("a", "b", "c"))],
)  # fmt: skip
def test_an_input_is_split_into_its_texts(given, texts):
    assert pairs.split(given) == texts


def test_a_pair_written_as_one_text_is_read_as_that_pair():
    assert pairs.split(pairs.joined("a dog", "a cat")) == ("a dog", "a cat")


@pytest.mark.parametrize(
    ("given", "expected"),
    [(("a", "b"), True), (["a", "b"], True), (["a ||| b", "c ||| d"], False), ("ab", False), (["a"], False),
     ([("a", "b"), ("c", "d")], False), ([{"text": "a"}, {"text": "b"}], False)],
)  # fmt: skip
def test_two_texts_are_a_pair_and_two_pairs_are_not(given, expected):
    assert pairs.is_pair(given) is expected

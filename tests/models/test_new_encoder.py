"""Vocabularies and weights from nothing."""

import hashlib
import os
import subprocess
import sys

import pytest

import bertmagic as bm
from bertmagic.errors import DataError, OptionError
from bertmagic.models import new_encoder

STEMS = ("walk", "read", "count", "paint", "plant", "climb", "wander", "measure", "gather", "carry")
ENDS = ("", "s", "ed", "ing", "er", "ers", "able")
TEXTS = [f"The {a}{b} {c}{d} é 好 in town" for a in STEMS for b in ENDS for c in STEMS for d in ENDS[:3]]


@pytest.fixture(scope="module")
def tokenizer():
    return new_encoder.wordpiece(TEXTS, 400, lowercase=True)


def test_special_tokens_come_first_and_letters_are_all_there(tokenizer):
    assert tokenizer.convert_ids_to_tokens(list(range(5))) == list(new_encoder.SPECIAL)
    vocabulary = tokenizer.get_vocab()
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert {"a", "##a", "好"} <= set(vocabulary)
    assert tokenizer.tokenize("Walking READERS é") == ["walking", "readers", "e"]
    assert tokenizer.unk_token not in tokenizer.tokenize("pa ce ngs 好")


def test_case_and_accents_may_be_kept():
    tokenizer = new_encoder.wordpiece(TEXTS, 400, lowercase=False)
    assert tokenizer.tokenize("The é") == ["The", "é"]
    assert "[UNK]" in tokenizer.tokenize("Ö")


def test_the_same_texts_give_the_same_vocabulary_in_every_process(tokenizer):
    code = (
        "from tests.models.test_new_encoder import TEXTS; from bertmagic.models import new_encoder\n"
        "import hashlib; vocabulary = new_encoder.wordpiece(TEXTS, 400, True).get_vocab()\n"
        "print(hashlib.sha256(repr(sorted(vocabulary.items())).encode()).hexdigest())"
    )
    own = hashlib.sha256(repr(sorted(tokenizer.get_vocab().items())).encode()).hexdigest()
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    again = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert again.stdout.strip() == own


def test_a_new_model_is_the_same_for_the_same_seed(tmp_path):
    def weights(name, seed):
        new_encoder.write(tmp_path / name, "tiny", TEXTS, 400, True, seed)
        return (tmp_path / name / "model.safetensors").read_bytes()

    one = weights("one", 0)
    assert weights("same", 0) == one
    assert weights("other", 1) != one


def test_few_words_are_an_error():
    with pytest.raises(DataError, match="with two letters or more: too few"):
        new_encoder.wordpiece(["a b c"] * 5, 400, True)


@pytest.mark.parametrize(
    ("size", "vocab_size", "message"),
    [
        ("tny", 400, "size = 'tny' is not one of tiny, mini, small, medium, base. Did you mean 'tiny'?"),
        (["tiny"], 400, "size = ['tiny'] is not one of"),
        ("tiny", 10, "vocab_size = 10 is not between 200 and 250000"),
        ("tiny", "many", "vocab_size = 'many' is not a number"),
    ],
)
def test_sizes_are_checked(size, vocab_size, message):
    with pytest.raises(OptionError) as caught:
        bm.new_model(size, vocab_from=TEXTS, vocab_size=vocab_size)
    assert message in caught.value.what

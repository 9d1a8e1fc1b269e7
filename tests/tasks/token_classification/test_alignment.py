"""Words and the tokens that they are read at."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import words
from bertmagic.data.batches import IGNORED
from bertmagic.data.texts import Texts
from bertmagic.data.tokenization import encode
from bertmagic.data.tokens import Tokens
from bertmagic.data.words import Words
from bertmagic.errors import ModelError
from bertmagic.tasks.token_classification.alignment import align


def joined(rows):
    return words.Joined(pd.Series(rows, dtype=object), np.arange(len(rows)))


def running(texts):
    return Texts(pd.Series(texts, dtype=object), np.arange(len(texts)))


def windows_of(bodies, room, overlap):
    """Return texts, given as the characters of their tokens, in windows with a special token at both ends."""
    ids, spans, lengths, counts = [], [], [], []
    for body in bodies:
        last = max(len(body) - room, 0)
        starts = [*range(0, last, room - overlap), last]
        counts.append(len(starts))
        for start in starts:
            part = range(start, min(start + room, len(body)))
            ids += [-1, *part, -2]
            spans += [(0, 0), *(body[i] for i in part), (0, 0)]
            lengths.append(len(part) + 2)
    offsets, windows = (np.concatenate([[0], np.cumsum(counted)]) for counted in (lengths, counts))
    return Tokens(
        np.asarray(ids, np.int32), offsets, 0, 0.0, windows=windows, spans=np.asarray(spans, np.int32).reshape(-1, 2)
    )


def as_words(rows):
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Words(np.asarray([span for row in rows for span in row], np.int32).reshape(-1, 2), offsets)


@st.composite
def texts(draw):
    """Words of one to four tokens each, by their characters, with a space between."""
    tokens, known, at = [], [], 0
    for pieces in draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), max_size=20)):
        start = at
        for length in pieces:
            tokens.append((at, at + length))
            at += length
        known.append((start, at))
        at += 1
    return tokens, known


@settings(max_examples=200, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=4), st.integers(3, 12), st.data())
def test_windows_merged_read_each_word_as_it_is_read_unwindowed(given_, room, data):
    overlap = data.draw(st.integers(1, room - 1))
    bodies, known = [tokens for tokens, _ in given_], as_words([row for _, row in given_])
    whole, cut = windows_of(bodies, 1000, 1), windows_of(bodies, room, overlap)
    one, other = align(whole, known), align(cut, known)
    # The id of a stub's token is its place in its text: the same token is found, whatever the window.
    assert whole.ids[one.tokens].tolist() == cut.ids[other.tokens].tolist()
    assert one.own.all()
    assert other.own.all()


@settings(max_examples=200, deadline=None)
@given(st.lists(texts(), min_size=1, max_size=3), st.integers(3, 12), st.data())
def test_a_word_is_read_where_it_has_most_context(given_, room, data):
    overlap = data.draw(st.integers(1, room - 1))
    bodies, known = [tokens for tokens, _ in given_], as_words([row for _, row in given_])
    cut = windows_of(bodies, room, overlap)
    aligned = align(cut, known)
    for word, token in enumerate(aligned.tokens.tolist()):
        text = known.owner[word]
        place, length = int(cut.ids[token]), len(bodies[text])
        contexts = {}
        for sample in range(cut.windows[text], cut.windows[text + 1]):
            inner = cut.ids[cut.offsets[sample] + 1 : cut.offsets[sample + 1] - 1].tolist()
            if place in inner:
                left = place - inner[0] if inner[0] else np.inf
                contexts[sample] = min(left, inner[-1] - place if inner[-1] < length - 1 else np.inf)
        sample = int(np.searchsorted(cut.offsets, token, side="right")) - 1
        assert contexts[sample] == max(contexts.values())


def test_the_first_piece_of_a_word_carries_its_tag(tokenizer):
    rows = joined([["the", "filmab", "good"], ["a"]])
    tokens = encode(tokenizer, rows, 64, "window", spans=True)
    pieces = tokenizer.convert_ids_to_tokens(tokens.ids)
    aligned = align(tokens, words.find(rows))
    assert pieces == ["[CLS]", "the", "film", "##a", "##b", "good", "[SEP]", "[CLS]", "a", "[SEP]"]
    assert aligned.tokens.tolist() == [1, 2, 5, 8]
    tags, inside = np.asarray([0, 1, 0, 1]), np.asarray([0, 2, 0, 2])
    first = aligned.targets(tags)
    assert first.tolist() == [IGNORED, 0, 1, IGNORED, IGNORED, 0, IGNORED, IGNORED, 1, IGNORED]
    every = aligned.targets(tags, inside)
    assert every.tolist() == [IGNORED, 0, 1, 2, 2, 0, IGNORED, IGNORED, 1, IGNORED]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the 🙂 film", ["the", "[UNK]", "film"]),
        ("好好 fine", ["好", "好", "fine"]),
        ("Café good", ["c", "good"]),
        ("GOOD film", ["good", "film"]),
        ("cafe\u0301 good", ["c", "good"]),
        ("good\u200b film", ["good", "film"]),
        ("a\x00\ufffd film", ["a", None, None, "film"]),
    ],
)
def test_words_find_their_tokens_in_texts_of_every_kind(tokenizer, text, expected):
    tokens = encode(tokenizer, running([text]), 64, "window", spans=True)
    aligned = align(tokens, words.find(running([text])))
    pieces = [tokenizer.convert_ids_to_tokens(int(tokens.ids[at])) if at >= 0 else None for at in aligned.tokens]
    assert pieces == expected


def test_a_token_of_two_words_is_read_for_the_first_and_shared_by_the_next():
    tokens = windows_of([[(0, 1), (1, 3), (3, 4)]], 10, 1)
    aligned = align(tokens, as_words([[(0, 1), (1, 2), (2, 3), (3, 4), (5, 6)]]))
    assert aligned.tokens.tolist() == [1, 2, 2, 3, -1]
    assert aligned.own.tolist() == [True, True, False, True, False]
    assert aligned.pieces.tolist() == [-1, 0, 1, 3, -1]


def test_the_bytes_of_one_character_are_read_at_the_first():
    tokens = windows_of([[(0, 1), (0, 1), (0, 1), (2, 3)]], 3, 2)
    aligned = align(tokens, as_words([[(0, 1), (2, 3)]]))
    assert aligned.tokens.tolist() == [1, 8]


def test_no_texts_and_empty_words_have_no_tokens(tokenizer):
    nothing = align(encode(tokenizer, [], 64, spans=True), as_words([]))
    assert nothing.tokens.tolist() == []
    rows = joined([["", "film", ""], ["the"]])
    aligned = align(encode(tokenizer, rows, 64, spans=True), words.find(rows))
    assert aligned.tokens.tolist() == [-1, 1, -1, 4]


def trained(model, pre_tokenizer, trainer):
    """A tokenizer of another kind, trained on a few words, with [CLS] and [SEP] around a text."""
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizer
    made.train_from_iterator(["the good film and the good book, 好 film 北京 very good!"] * 50, trainer)
    ends = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64)


SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def byte_pairs():
    """As RoBERTa has it: a space belongs to the token behind it, and an emoji is several tokens."""
    from tokenizers import models, pre_tokenizers, trainers

    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, special_tokens=SPECIAL, initial_alphabet=alphabet)
    return trained(models.BPE(), pre_tokenizers.ByteLevel(add_prefix_space=False), trainer)


def unigrams():
    """As XLM-R has it: a token may hold several Chinese characters."""
    from tokenizers import models, pre_tokenizers, trainers

    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=SPECIAL, unk_token="[UNK]")
    return trained(models.Unigram(), pre_tokenizers.Metaspace(), trainer)


@pytest.mark.parametrize("kind", [byte_pairs, unigrams])
def test_tokenizers_of_other_kinds_are_aligned_by_characters_too(kind):
    texts = running(["the good  film, 🙂 very 好 good!", "北京 好", "x" * 5 + " zzz 🙂🙂"])
    tokens = encode(kind(), texts, 12, "window", spans=True)
    known = words.find(texts)
    aligned = align(tokens, known)
    assert (aligned.tokens >= 0).all()
    for word, token in enumerate(aligned.tokens.tolist()):
        start, end = tokens.spans[token]
        assert start < known.spans[word][1]
        assert end > known.spans[word][0]
    whole = align(encode(kind(), texts, 64, "window", spans=True), known)
    assert aligned.own.tolist() == whole.own.tolist()
    assert aligned.own[known.offsets[1]]


def test_a_tokenizer_that_does_not_tell_characters_is_refused(tokenizer, monkeypatch):
    monkeypatch.setattr(type(tokenizer), "is_fast", False)
    assert len(encode(tokenizer, ["the film"], 64)) == 1
    with pytest.raises(ModelError, match="BertTokenizer is written in Python, and does not say where"):
        encode(tokenizer, ["the film"], 64, spans=True)

import numpy as np
import pytest

from bertmagic.data.tokenization import encode
from bertmagic.data.tokens import Tokens


def words(count):
    """A text of so many tokens, all of their neighbours different."""
    return " ".join("abcdefghijklmnopqrstuvwxyz0123456789"[i % 36] for i in range(count))


def xlnet():
    """A tokenizer whose two special tokens both close a text, as XLNet's do."""
    return wrapped("$A <sep> <cls>", ["<sep>", "<cls>"])


def roberta():
    return wrapped("<s> $A </s>", ["<s>", "</s>"])


def without():
    return wrapped("$A", [])


def wrapped(template, special):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = ["<pad>", "<unk>", *special, *"abcdefghijklmnopqrstuvwxyz0123456789"]
    backend = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(piece, pieces.index(piece)) for piece in special]
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>")


@pytest.fixture(params=["bert", roberta, xlnet, without])
def any_tokenizer(request, tokenizer):
    return tokenizer if request.param == "bert" else request.param()


def test_rows_are_those_of_the_tokenizer(tokenizer):
    texts = ["the film was good", "", "bad", "really " * 30]
    tokens = encode(tokenizer, texts, 64)
    assert [tokens.row(i).tolist() for i in range(4)] == tokenizer(texts)["input_ids"]
    assert tokens.lengths.tolist() == [6, 2, 3, 32]
    assert (tokens.truncated, tokens.unknown, tokens.texts) == (0, 0.0, 4)
    assert tokens.owner.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("length", [8, 9, 20])
def test_a_cut_text_keeps_its_special_tokens(any_tokenizer, length):
    tokens = encode(any_tokenizer, [words(80), "a b"], length)
    assert tokens.row(0).tolist() == any_tokenizer(words(80), truncation=True, max_length=length)["input_ids"]
    assert tokens.row(1).tolist() == any_tokenizer("a b")["input_ids"]
    assert (tokens.lengths[0], tokens.truncated) == (length, 1)


@pytest.mark.parametrize(("length", "head"), [(512, 128), (64, 16), (8, 2)])
def test_head_and_tail_are_a_quarter_and_the_rest(tokenizer, length, head):
    text = words(1000)
    whole, cut = tokenizer(text)["input_ids"], encode(tokenizer, [text, "a"], length, "head_tail")
    assert cut.row(0).tolist() == whole[: 1 + head] + whole[len(whole) - (length - 1 - head) :]
    assert (cut.truncated, len(cut), cut.windows) == (1, 2, None)


def test_head_and_tail_of_any_tokenizer(any_tokenizer):
    (opening, *_, closing) = any_tokenizer("a b c")["input_ids"]
    cut = encode(any_tokenizer, [words(80)], 20, "head_tail").row(0).tolist()
    whole = any_tokenizer(words(80))["input_ids"]
    assert len(cut) == 20
    assert (cut[0], cut[-1]) == (whole[0], whole[-1])
    assert (opening in cut, closing in cut) == (True, True) if opening != whole[1] else True


@pytest.mark.parametrize("count", [63, 64, 80, 109, 110, 500])
def test_windows_read_every_token_and_overlap_by_a_quarter(any_tokenizer, count):
    tokens = encode(any_tokenizer, ["a", words(count), "b c"], 64, "window")
    special = len(any_tokenizer("")["input_ids"])
    room, opening = 64 - special, special - len(closing_of(any_tokenizer))
    mine = [tokens.row(i).tolist() for i in np.flatnonzero(tokens.owner == 1)]
    whole = any_tokenizer(words(count))["input_ids"]
    inner = whole[opening : len(whole) - (special - opening)]
    assert all(window[:opening] == whole[:opening] for window in mine)
    assert all(window[opening + room :] == closing_of(any_tokenizer) for window in mine[:-1])
    bodies = [window[opening : len(window) - (special - opening)] for window in mine]
    step = room - room // 4
    starts = [i * step for i in range(len(bodies) - 1)] + [len(inner) - len(bodies[-1])]
    assert bodies == [inner[start : start + room] for start in starts]
    assert len(bodies) == 1 or starts[-1] - starts[-2] <= step
    assert tokens.lengths.max() <= 64


def closing_of(tokenizer):
    ids = tokenizer("a b")["input_ids"]
    last = ids.index(tokenizer("b", add_special_tokens=False)["input_ids"][0])
    return ids[last + 1 :]


def test_each_window_knows_its_text(tokenizer):
    tokens = encode(tokenizer, [words(200), "a", "", words(64)], 64, "window")
    counts = np.bincount(tokens.owner).tolist()
    assert counts == [4, 1, 1, 2]
    assert (tokens.texts, len(tokens), tokens.truncated) == (4, 8, 2)
    assert encode(tokenizer, ["a", "b"], 64, "window").windows is None


def test_scores_of_a_text_are_the_mean_over_its_windows():
    offsets = np.arange(5)
    tokens = Tokens(np.zeros(4, np.int32), offsets, 1, 0.0, windows=np.asarray([0, 1, 4]))
    scores = np.asarray([[1, 2], [0, 3], [3, 0], [6, 3]], np.float32)
    means = tokens.by_row(scores)
    assert means.tolist() == [[1, 2], [3, 2]]
    assert means.dtype == np.float32
    assert tokens.by_row(np.ones((4, 5, 2), np.float32)).shape == (2, 5, 2)
    assert Tokens(tokens.ids, offsets, 0, 0.0).by_row(scores) is scores


def test_lone_surrogates_and_odd_characters_pass(tokenizer):
    texts = ["bad \ud83d half", "\x00", "\u200b", "🙂" * 10, "a" * 5000]
    tokens = encode(tokenizer, texts, 64)
    assert len(tokens) == 5
    assert tokens.lengths.min() >= 2


def test_the_share_of_unknown_tokens(tokenizer):
    assert encode(tokenizer, ["電影"], 64).unknown == 0.5


def test_no_rows_and_many_rows(tokenizer):
    none = encode(tokenizer, [], 64)
    assert (len(none), none.ids.dtype, none.lengths.shape) == (0, np.int32, (0,))
    seen = []
    tokens = encode(tokenizer, ["good film"] * 2500, 64, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert np.array_equal(tokens.offsets, np.arange(2501) * 4)


def paired():
    """A tokenizer that puts two special tokens between the texts of a pair, as RoBERTa's does."""
    single = wrapped("<s> $A </s>", ["<s>", "</s>"])
    backend = single.backend_tokenizer
    from tokenizers import processors

    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    return type(single)(tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>")


PAIRS = (["a b c", "d", words(30)], ["x", "y z " * 3, "a"])


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_pairs_are_those_of_the_tokenizer(tokenizer, kind):
    one = tokenizer if kind == "bert" else paired()
    tokens = encode(one, PAIRS[0], 64, pairs=PAIRS[1])
    expected = one(*PAIRS, return_token_type_ids=True)
    assert [tokens.row(i).tolist() for i in range(3)] == expected["input_ids"]
    if kind == "bert":
        assert tokens.second.tolist() == [types.index(1) for types in expected["token_type_ids"]]
    for i in range(3):
        assert tokens.row(i)[tokens.second[i]] == one(PAIRS[1][i], add_special_tokens=False)["input_ids"][0]


@pytest.mark.parametrize(("first", "second"), [(40, 4), (4, 40), (40, 40)])
def test_of_a_long_pair_the_longer_text_is_cut(tokenizer, first, second):
    tokens = encode(tokenizer, [words(first)], 23, pairs=[words(second)])
    bodies = (tokens.second[0] - 2, 23 - tokens.second[0] - 1)
    assert bodies == {(40, 4): (16, 4), (4, 40): (4, 16), (40, 40): (10, 10)}[first, second]
    assert tokens.row(0)[1 : 1 + bodies[0]].tolist() == tokenizer(words(first))["input_ids"][1 : 1 + bodies[0]]
    assert (tokens.truncated, tokens.windows) == (1, None)


def test_windows_go_over_the_second_text_and_leave_nothing_out(tokenizer):
    text = words(50)
    tokens = encode(tokenizer, ["a b", "c"], 23, "window", pairs=[text, "d"], stride=5, spans=True)
    assert tokens.windows.tolist() == [0, len(tokens) - 1, len(tokens)]
    assert tokens.owner.tolist() == [0] * (len(tokens) - 1) + [1]
    seen = set()
    for sample in range(len(tokens) - 1):
        begin, end = tokens.offsets[sample], tokens.offsets[sample + 1]
        assert end - begin == 23
        assert tokens.row(sample)[:4].tolist() == tokenizer("a b")["input_ids"]
        spans = tokens.spans[begin + tokens.second[sample] : end - 1]
        seen |= {text[start:stop] + str(start) for start, stop in spans.tolist()}
    assert len(seen) == 50


def test_spans_are_the_characters_of_each_token(tokenizer):
    text = "the film 好 was good"
    tokens = encode(tokenizer, [text], 64, spans=True)
    assert [text[start:end] for start, end in tokens.spans.tolist()] == ["", "the", "film", "好", "was", "good", ""]
    assert encode(tokenizer, [text], 64).spans is None


def test_the_lengths_of_some_samples(tokenizer):
    tokens = encode(tokenizer, ["good", "the film was bad", "sad book"], 64)
    assert tokens.lengths_of(np.asarray([2, 0])).tolist() == tokens.lengths[[2, 0]].tolist() == [4, 3]


def byte_level(*steps):
    """A tokenizer of bytes that counts a blank before each word, and takes one off its characters."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    whole = Tokenizer(models.BPE(unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Sequence([getattr(pre_tokenizers, step)() for step in steps])
    special = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    whole.train_from_iterator(["was the price nice It s 5 naïve cafés I say a"] * 9, trainer)
    whole.post_processor = processors.ByteLevel(trim_offsets=True)
    names = {f"{token[1:-1].lower()}_token": token for token in special}
    return PreTrainedTokenizerFast(tokenizer_object=whole, **names)


@pytest.mark.parametrize("steps", [("Whitespace", "ByteLevel", "Punctuation"), ("Whitespace", "ByteLevel")])
@pytest.mark.parametrize("text", ["was the price (nice) a", "It's 5 naïve cafés, I say!", "\u200bthe price"])
def test_the_first_letter_of_a_word_is_of_its_token(steps, text):
    """Its offsets leave it out: "price" is ``(9, 13)`` of "was the price", and "a" is nothing."""
    tokenizer = byte_level(*steps)
    left_out = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    tokens = encode(tokenizer, [text], 99, spans=True)
    covered = {at for start, end in tokens.spans.tolist() for at in range(start, end)}
    words = {at for at, sign in enumerate(text) if not sign.isspace() and sign != "\u200b"}
    assert words - {at for start, end in left_out for at in range(start, end)}
    assert words <= covered
    for start, end in tokens.spans.tolist():
        assert not any(map(str.isspace, text[start:end]))  # no token reaches into the word before


def test_characters_of_tokens_that_leave_out_nothing_are_those_of_the_tokenizer(any_tokenizer):
    text = "a \u200bnaïve (very) film, isn't it? 好\x07 end"
    if not any_tokenizer.is_fast:
        return
    known = any_tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    tokens = encode(any_tokenizer, [text], 99, spans=True)
    assert [tuple(span) for span in tokens.spans.tolist() if tuple(span) != (0, 0)] == [s for s in known if s != (0, 0)]

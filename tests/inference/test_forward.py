"""Logits of many rows are those of each row by itself."""

import numpy as np
import pytest
import torch

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.errors import DeviceError
from bertmagic.inference import forward


def test_many_rows_equal_one_by_one_and_keep_their_order(learnt, make_rows):
    texts = make_rows(5000, seed=2)["text"].tolist()
    texts = [text * (1 + i % 5) for i, text in enumerate(texts)]
    tokens = encode(learnt.tokenizer, texts, 64)
    together = forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    some = np.random.default_rng(0).choice(5000, 300, replace=False)
    alone = np.concatenate(
        [
            forward.run_model(learnt.network, BatchSource(encode(learnt.tokenizer, [texts[i]], 64), 0), "fp32")
            for i in some
        ]
    )
    np.testing.assert_allclose(together[some], alone, atol=1e-5)


def test_it_tells_how_far_it_is_and_may_be_stopped(learnt, make_rows, monkeypatch):
    monkeypatch.setitem(forward.TOKEN_BUDGET, "cpu", 100)
    tokens = encode(learnt.tokenizer, make_rows(50)["text"].tolist(), 64)
    seen = []
    forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32", seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 50
    assert len(seen) > 4

    def stop(done):
        raise KeyboardInterrupt

    learnt.network.train()
    with pytest.raises(KeyboardInterrupt):
        forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32", stop)
    assert learnt.network.training
    learnt.network.eval()


def test_no_rows_have_logits_of_the_right_shape(learnt):
    assert forward.run_model(learnt.network, BatchSource(encode(learnt.tokenizer, [], 64), 0), "fp32").shape == (0, 2)


def test_bf16_agrees_on_nearly_all_labels(learnt, make_rows):
    tokens = encode(learnt.tokenizer, make_rows(500, seed=1)["text"].tolist(), 64)
    exact, short = (
        forward.run_model(learnt.network, BatchSource(tokens, 0), kind).argmax(axis=1) for kind in ("fp32", "bf16")
    )
    assert (exact == short).mean() > 0.99


def test_weights_are_packed_for_many_batches_of_bf16_only(learnt, make_rows, monkeypatch):
    packed, real = [], forward.bf16_linear.packed
    monkeypatch.setattr(forward.bf16_linear, "packed", lambda model: packed.append(1) or real(model))
    tokens = encode(learnt.tokenizer, make_rows(50)["text"].tolist(), 64)
    for kind in ("bf16", "fp32"):
        forward.run_model(learnt.network, BatchSource(tokens, 0), kind)
    assert packed == []
    monkeypatch.setitem(forward.TOKEN_BUDGET, "cpu", 100)
    exact = forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    assert packed == []
    logits = forward.run_model(learnt.network, BatchSource(tokens, 0), "bf16")
    assert packed == [1]
    np.testing.assert_allclose(forward.softmax(logits), forward.softmax(exact), atol=0.02)


def test_softmax_is_that_of_torch():
    scores = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32) * 50
    np.testing.assert_allclose(forward.softmax(scores), torch.from_numpy(scores).softmax(-1).numpy(), atol=1e-6)
    assert forward.softmax(np.zeros((0, 3), dtype=np.float32)).shape == (0, 3)


@pytest.fixture
def full(learnt):
    """Return a function that has the model run out of memory for batches of more rows than it is told."""
    handles, sizes = [], []

    def full(rows):
        def refuse(module, args, known):
            sizes.append(len(known["input_ids"]))
            if sizes[-1] > rows:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory")

        handles.append(learnt.network.register_forward_pre_hook(refuse, with_kwargs=True))
        return sizes

    yield full
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("fits", [1, 7, 40])
def test_batches_that_do_not_fit_are_halved(learnt, make_rows, full, fits):
    tokens = encode(learnt.tokenizer, make_rows(300)["text"].tolist(), 64)
    expected = forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    sizes, seen = full(fits), []
    logits = forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32", seen.append)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    assert seen[-1] == 300
    assert max(size for size in sizes if size <= fits) > fits / 2
    assert sum(size > fits for size in sizes) == np.ceil(np.log2(max(sizes) / fits))


def test_a_row_that_does_not_fit_is_an_error_of_ours(learnt, make_rows, full):
    tokens = encode(learnt.tokenizer, make_rows(3)["text"].tolist(), 64)
    full(0)
    with pytest.raises(DeviceError, match="the memory of cpu does not hold one row of"):
        forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")


def test_another_error_is_passed_on(learnt, make_rows):
    tokens = encode(learnt.tokenizer, make_rows(3)["text"].tolist(), 64)
    tokens.ids[1] = 10**6
    with pytest.raises(IndexError):
        forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")

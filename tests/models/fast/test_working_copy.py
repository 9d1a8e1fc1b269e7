"""A copy shares the weights of a network and nothing else."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.inference.forward import run_model
from bertmagic.models import heads
from bertmagic.models.fast import attention, dropout, working_copy
from bertmagic.training.gradient_checkpointing import recompute_activations

SIZES = {
    "vocab_size": 50, "pad_token_id": 0, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48,
}  # fmt: skip
IDS = torch.arange(33).view(3, 11).add(3)


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return BertForSequenceClassification(BertConfig(**SIZES)).eval()


def looks(network):
    """Return what a network is made of, as far as a copy could change it."""
    modules = {name: (type(part), part.training, sorted(vars(part))) for name, part in network.named_modules()}
    tensors = {name: id(value) for name, value in (*network.named_parameters(), *network.named_buffers())}
    hooks = [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in network.modules()]
    return modules, tensors, hooks, network.config.to_dict(), network.config._attn_implementation


def test_making_and_using_copies_leaves_the_network_as_it_was(network):
    before = looks(network)
    for copy in (working_copy.for_inference(network, True), working_copy.for_training(network, 0, True)):
        recompute_activations(copy)
        copy.register_forward_hook(lambda *given: None)
        copy(input_ids=IDS, output_hidden_states=True).logits.sum()
        assert copy.config._attn_implementation == attention.NAME
    assert looks(network) == before


def test_a_copy_has_the_same_tensors_modules_and_names(network):
    copy = working_copy.share_weights(network, training=True)
    assert all(part.training for part in copy.modules())
    assert [name for name, _ in copy.named_modules()] == [name for name, _ in network.named_modules()]
    for name, value in (*network.named_parameters(), *network.named_buffers()):
        assert dict((*copy.named_parameters(), *copy.named_buffers()))[name] is value
    assert copy.config is copy.base_model.config is not network.config
    assert not {id(part) for part in copy.modules()} & {id(part) for part in network.modules()}


def test_a_layer_that_is_used_twice_stays_one_layer():
    layer = torch.nn.Linear(2, 2)
    copy = working_copy.share_weights(torch.nn.Sequential(layer, torch.nn.Sequential(layer)), training=False)
    assert copy[0] is copy[1][0] is not layer


def test_a_copy_of_a_copy_computes_with_its_own_modules_and_modes(network):
    """An evaluation during training: no dropout, and nothing computed twice."""
    training = working_copy.for_training(network, 0, True)
    recompute_activations(training)
    calls = []
    copy = working_copy.for_inference(training, True)
    copy.bert.encoder.layer[-1].intermediate.register_forward_hook(lambda *given: calls.append(given[2].shape[1]))
    expected = network(input_ids=IDS).logits
    torch.testing.assert_close(copy(input_ids=IDS).logits, expected, atol=1e-5, rtol=1e-5)
    assert calls == [1]
    assert not torch.allclose(training(input_ids=IDS).logits, expected, atol=1e-3)  # its dropout is on


def test_what_a_copy_learns_the_network_knows(network):
    copy = working_copy.for_training(network, 0, True)
    before = network(input_ids=IDS).logits
    optimizer = torch.optim.SGD(copy.parameters(), lr=0.1)
    copy(input_ids=IDS, labels=torch.tensor([0, 1, 0])).loss.backward()
    optimizer.step()
    assert not torch.equal(network(input_ids=IDS).logits, before)


def test_a_copy_is_freed_by_its_last_reference(network):
    import gc
    import weakref

    gc.disable()
    try:
        copy = working_copy.for_training(network, 0, True)
        recompute_activations(copy)
        copy(input_ids=IDS)
        layers = [weakref.ref(part) for part in copy.modules()]
        del copy
        assert not any(layer() for layer in layers)
    finally:
        gc.enable()


def test_dropout_and_modes_of_a_user_are_of_no_matter(learnt):
    tokens = encode(learnt.tokenizer, ["a good film", "bad"], 64)
    expected = run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    learnt.network.train()
    try:
        assert (run_model(learnt.network, BatchSource(tokens, 0), "fp32") == expected).all()
        assert learnt.network.training
    finally:
        learnt.network.eval()


def test_the_last_layer_is_whole_for_everything_but_the_logits_of_the_head(network):
    """Whoever reads hidden states gets those of all tokens."""
    tokens = encode_ids(IDS)
    widths = []
    network.bert.encoder.layer[-1].intermediate.register_forward_hook(lambda *given: widths.append(given[2].shape[1]))

    def hidden(model, batch):
        return model.base_model(**batch.inputs)[0].mean(dim=1)

    states = run_model(network, BatchSource(tokens, 0), "fp32", outputs=hidden)
    assert widths == [11]
    expected = network.base_model(input_ids=IDS, attention_mask=torch.ones_like(IDS))[0].mean(dim=1)
    torch.testing.assert_close(torch.from_numpy(states), expected.detach(), atol=1e-5, rtol=1e-5)
    widths.clear()
    run_model(network, BatchSource(tokens, 0), "fp32", outputs=heads.logits)
    assert widths == [1]


def encode_ids(ids):
    import numpy as np

    from bertmagic.data.tokens import Tokens

    return Tokens(ids.numpy().astype(np.int32).ravel(), np.arange(0, ids.numel() + 1, ids.shape[1]), 0, 0.0)


def test_dropout_of_a_copy_is_ours_and_that_of_the_network_is_of_torch(network):
    copy = working_copy.for_training(network, 0, True)
    kinds = {type(part) for part in copy.modules()} & {torch.nn.Dropout, dropout.Dropout}
    assert kinds == {dropout.Dropout}
    assert not any(isinstance(part, dropout.Dropout) for part in network.modules())

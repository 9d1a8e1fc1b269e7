"""The heads of pre-training: those that are there, those that are new, and the tokens that go through them."""

import pytest
import torch
import transformers
from safetensors.torch import load_file

from bertmagic.data.batches import Batch
from bertmagic.errors import ModelError
from bertmagic.tasks.masked_language_modeling import heads

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
CONFIGS = {
    "bert": transformers.BertConfig(vocab_size=90, **SMALL),
    "roberta": transformers.RobertaConfig(vocab_size=90, max_position_embeddings=66, **SMALL),
    "xlm-roberta": transformers.XLMRobertaConfig(vocab_size=90, max_position_embeddings=66, **SMALL),
    "distilbert": transformers.DistilBertConfig(vocab_size=90, dim=32, n_layers=2, n_heads=4, hidden_dim=64),
    "albert": transformers.AlbertConfig(vocab_size=90, embedding_size=16, **SMALL),
    "electra": transformers.ElectraConfig(vocab_size=90, embedding_size=16, **SMALL),
    "mobilebert": transformers.MobileBertConfig(
        vocab_size=90, embedding_size=16, true_hidden_size=32, intra_bottleneck_size=32, **SMALL
    ),
    "mpnet": transformers.MPNetConfig(vocab_size=90, **SMALL),
    "deberta-v2": transformers.DebertaV2Config(vocab_size=90, relative_attention=True, **SMALL),
    "modernbert": transformers.ModernBertConfig(
        vocab_size=90, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, **SMALL
    ),
}


def batch():
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 90, (3, 12), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, 8:] = 0
    chosen = (torch.rand(ids.shape, generator=generator) < 0.3) & (mask > 0)
    return Batch(ids, mask), chosen


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_loss_of_gathered_tokens_is_that_of_transformers(kind):
    """Only masked tokens go through the head; loss and gradients are those of the whole, of every architecture."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.AutoModelForMaskedLM.from_config(CONFIGS[kind]).eval()
    inputs, chosen = batch()
    labels = torch.where(chosen, inputs.ids, -100)
    whole = model(**inputs.inputs, labels=labels).loss
    whole.backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    outputs = heads.masked_outputs(model, inputs, chosen)
    assert outputs.tokens.shape == (int(chosen.sum()), 90)
    loss = torch.nn.functional.cross_entropy(outputs.tokens, inputs.ids[chosen])
    assert loss.item() == pytest.approx(whole.item(), abs=1e-5)
    loss.backward()
    for name, parameter in model.named_parameters():
        if name in expected:
            torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-5)
    assert not model.base_model._forward_hooks


def test_an_encoder_without_a_head_gets_one_tied_to_its_embeddings(encoder):
    model, description = heads.load(encoder)
    assert description.startswith("BertForMaskedLM, 2 layers, ")
    assert description.endswith("a new head for masked words, tied to the embeddings")
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert torch.equal(model.cls.predictions.transform.dense.weight, torch.eye(32))
    assert not heads.has_next_sentence_head(model)


def test_a_head_that_is_there_is_kept(encoder, tmp_path):
    model, _ = heads.load(encoder)
    with torch.no_grad():
        model.cls.predictions.transform.dense.weight.mul_(2)
    model.save_pretrained(tmp_path / "kept")
    again, description = heads.load(tmp_path / "kept", needs_head=True)
    assert description.endswith("the heads it has")
    assert torch.equal(again.cls.predictions.transform.dense.weight, 2 * torch.eye(32))


def test_next_sentences_get_a_head_that_is_found_again(encoder, tmp_path):
    model, description = heads.load(encoder, next_sentence=True)
    assert description.endswith("a new head for masked words, tied to the embeddings, a new next-sentence head")
    assert heads.has_next_sentence_head(model)
    inputs, chosen = batch()
    assert heads.masked_outputs(model, inputs, chosen).follows.shape == (3, 2)
    model.save_pretrained(tmp_path / "both")
    assert any("seq_relationship" in name for name in load_file(tmp_path / "both" / "model.safetensors"))
    again, _ = heads.load(tmp_path / "both", needs_head=True)
    assert heads.has_next_sentence_head(again)
    _, description = heads.load(tmp_path / "both")
    assert description.startswith("BertForMaskedLM")


def test_a_folder_without_the_head_that_is_needed_is_an_error(encoder):
    with pytest.raises(ModelError, match="has no head for masked words") as caught:
        heads.load(encoder, needs_head=True)
    assert "bert_pretrain" in caught.value.fix


def test_only_some_kinds_can_learn_next_sentences(tmp_path):
    transformers.RobertaModel(CONFIGS["roberta"]).save_pretrained(tmp_path / "roberta")
    with pytest.raises(ModelError, match="a 'roberta' model has no next-sentence head") as caught:
        heads.load(tmp_path / "roberta", next_sentence=True)
    assert "Leave nsp out" in caught.value.fix


def test_tensors_of_a_folder_are_listed(encoder, tmp_path):
    assert "embeddings.word_embeddings.weight" in heads.tensors(encoder)
    assert heads.tensors(tmp_path) == set()

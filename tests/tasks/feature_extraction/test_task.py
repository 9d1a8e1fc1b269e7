"""Which models are encoders without a head, and how they are loaded."""

import json
import shutil

import pytest
import torch
from transformers import BertForMaskedLM, BertModel, ElectraConfig, ElectraForPreTraining

import bertmagic as bm
from bertmagic import tasks
from bertmagic.errors import ModelError
from bertmagic.models import loading
from bertmagic.tasks.feature_extraction.task import FeatureExtraction


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"architectures": ["BertModel"]}, "feature_extraction"),
        ({"architectures": ["BertModel"], "id2label": {"0": "a", "1": "b"}}, "feature_extraction"),
        ({"architectures": ["ElectraForPreTraining"]}, "feature_extraction"),
        ({}, "feature_extraction"),
        ({"id2label": {"0": "a", "1": "b"}}, "classification"),
        ({"architectures": ["BertForSequenceClassification"]}, "classification"),
        ({"architectures": ["BertForMaskedLM"]}, "masked_language_modeling"),
        ({"architectures": ["BertForPreTraining"]}, "masked_language_modeling"),
    ],
)
def test_the_config_says_which_models_have_no_head(config, expected):
    assert tasks.of_config(config) == expected


def test_the_network_is_the_encoder_as_transformers_loads_it(encoder):
    loaded = FeatureExtraction().build(encoder, needs_head=True)
    network, summary = loaded.network, loaded.summary
    assert summary.startswith("BertModel, 2 layers, ")
    assert summary.endswith(", no head")
    plain = BertModel.from_pretrained(encoder).state_dict()
    assert all(torch.equal(value, plain[name]) for name, value in network.state_dict().items())


def test_weights_of_another_architecture_are_refused(encoder, tmp_path):
    shutil.copytree(encoder, tmp_path / "other")
    config = tmp_path / "other" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "distilbert"}))
    with pytest.raises(ModelError, match="the weights do not fit a 'distilbert' model"):
        FeatureExtraction().build(tmp_path / "other")


def test_a_decoder_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ModelError, match="a 'gpt2' model is a decoder"):
        FeatureExtraction().build(tmp_path)


def test_electra_and_a_masked_language_model_embed(tmp_path, tokenizer, bert_config, encoder):
    known = {**bert_config, "embedding_size": 16}
    ElectraForPreTraining(ElectraConfig(**known)).save_pretrained(tmp_path / "electra")
    BertForMaskedLM.from_pretrained(encoder).save_pretrained(tmp_path / "masked")
    for name in ("electra", "masked"):
        tokenizer.save_pretrained(tmp_path / name)
        assert bm.load(tmp_path / name, precision="fp32").embed("a film", show=False).shape == (1, 32)


def test_a_saved_encoder_is_one_again_and_keeps_its_pooling(encoder, tmp_path):
    shutil.copytree(encoder, tmp_path / "sentences")
    (tmp_path / "sentences" / "1_Pooling").mkdir()
    (tmp_path / "sentences" / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    model = bm.load(tmp_path / "sentences", precision="fp32")
    saved = model.save(tmp_path / "saved")
    again = bm.load(saved, precision="fp32")
    assert (again.task.name, loading.config(saved)["architectures"]) == ("feature_extraction", ["BertModel"])
    vectors = [one.embed(["a good film", "sad"], show=False) for one in (model, again)]
    assert vectors[0].tobytes() == vectors[1].tobytes()
    assert vectors[0].tobytes() == model.embed(["a good film", "sad"], pooling="first", show=False).tobytes()
    assert 'model.embed("a text")' in (saved / "README.md").read_text()

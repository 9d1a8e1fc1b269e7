"""A checkpoint with its own order of classes, fine-tuned on data that has another."""

import json

import pytest
import torch
import transformers

import bertmagic as bm
from bertmagic.events import Note

from ..small import ROWS

HEADS = {"multi_label": "BertForSequenceClassification", "token_classification": "BertForTokenClassification"}
STILL = {"lr": 1e-8, "weight_decay": 0.0, "max_steps": 1, "precision": "fp32", "show": False, "validation": 0}


@pytest.mark.parametrize("kind", HEADS)
def test_a_head_of_labels_or_tags_is_kept_class_by_class(small, tokenizer, bert_config, tmp_path, kind):
    names = list(small(kind).network.config.id2label.values())[::-1]
    config = transformers.BertConfig(**bert_config, id2label=dict(enumerate(names)))
    checkpoint = getattr(transformers, HEADS[kind])(config)
    checkpoint.save_pretrained(tmp_path / "checkpoint")
    tokenizer.save_pretrained(tmp_path / "checkpoint")
    events = []
    model = bm.finetune(ROWS[kind](), model=tmp_path / "checkpoint", on_event=events.append, **STILL)
    assert list(model.network.config.id2label.values()) == names[::-1]
    rows = model.network.classifier.weight
    assert torch.allclose(rows, checkpoint.classifier.weight.flip(0), atol=1e-6)
    said = [event.text for event in events if isinstance(event, Note) and "the head it has" in event.text]
    assert [text.partition("the head it has")[2] for text in said] == [", its classes in the order of the data."]


@pytest.mark.parametrize(
    ("labels", "keeps"), [(("bad", "good"), True), (("BAD", "Good"), True), (("no", "yes"), False)]
)
def test_a_model_that_knows_its_classes_in_another_order_still_does(learnt, make_rows, tmp_path, labels, keeps):
    """As it was before, a head in the order of the alphabet would be wrong in each row."""
    folder = learnt.save(tmp_path / "checkpoint")
    (folder / "bertmagic.json").unlink()
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "good", "1": "bad"}, "label2id": {"good": 0, "bad": 1}}
    (folder / "config.json").write_text(json.dumps(config))
    weights = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        weights.classifier.weight.copy_(weights.classifier.weight.flip(0))
        weights.classifier.bias.copy_(weights.classifier.bias.flip(0))
    weights.save_pretrained(folder)
    model = bm.finetune(
        make_rows(40, seed=9, labels=labels), text="text", label="label", model=folder, pooling="first",
        **STILL | {"test": make_rows(40, seed=8, labels=labels), "baselines": False},
    )  # fmt: skip
    rows = model.network.classifier.weight
    assert torch.allclose(rows, learnt.network.classifier.weight, atol=1e-5) == keeps
    if keeps:
        assert model.report.metrics["accuracy"] > 0.9

"""The card of a model, read back by the hub's own client."""

import json

import mistune
import pytest
import yaml
from huggingface_hub import ModelCard
from transformers import BertConfig, BertForSequenceClassification

from bertmagic.models import card, saving
from bertmagic.tasks import find

HOSTILE = 'x" |\n---\nlicense: <img src=x onerror=alert(1)> # `{a}`: [b](c)'

KNOWN = {
    "task": "classification",
    "labels": ["negative", "positive"],
    "text": "review",
    "label": "stars",
    "encoder": "minilm",
    "max_length": 256,
    "long_text": "truncate",
    "options": {"name": "x", "model": "minilm", "epochs": 3.0, "lr": 1e-4, "save_to": "/me"},
    "data": {
        "train": {"name": "stanfordnlp/imdb@train", "rows": 1000, "sha256": "ab" * 32},
        "test": {"name": "stanfordnlp/imdb@test", "rows": 100, "sha256": "cd" * 32},
    },
    "metrics": {"accuracy": 0.9123456, "macro_f1": 0.88, "loss": 0.3, "data": "stanfordnlp/imdb@test", "rows": 100},
    "intervals": {"accuracy": [0.85, 0.95]},
    "baselines": {
        "linear_probe": {"metrics": {"accuracy": 0.89}, "metric": "accuracy", "difference": 0.0223, "interval": None},
        "tfidf": {"metrics": {"accuracy": 0.8}, "metric": "accuracy", "difference": 0.11, "interval": [0.05, 0.17]},
    },
    "versions": {"python": "3.12", "bertmagic": "0.1.0"},
}  # fmt: skip


def read(text):
    return ModelCard(text)


def test_the_hub_reads_the_metadata():
    data = read(card.text("sentiment", KNOWN, "sentiment")).data
    assert (data.license, data.language, data.base_model) == (
        "apache-2.0", "en", "sentence-transformers/all-MiniLM-L6-v2",
    )  # fmt: skip
    assert (data.datasets, data.pipeline_tag, data.library_name) == (
        ["stanfordnlp/imdb"], "text-classification", "transformers",
    )  # fmt: skip
    assert "bertmagic" in data.tags
    results = {result.metric_name: result for result in data.eval_results}
    assert results["accuracy"].metric_value == 0.912346
    assert (results["macro f1"].metric_type, results["macro f1"].dataset_type) == ("f1", "stanfordnlp/imdb")
    assert data.metrics == ["accuracy", "f1"]


def test_the_text_tells_use_training_and_evaluation():
    content = read(card.text("sentiment", KNOWN, "models here")).content
    for expected in (
        'bm.load("models here")', 'pipeline("text-classification", model="models here")', "`epochs` | `3.0`",
        "accuracy | 0.9123 | 0.8500 to 0.9500", "macro f1 | 0.8800 |", "1000",
        "linear probe | accuracy | 0.8900 | +0.0223 |", "| +0.1100 | 0.0500 to 0.1700 |",
        "It reads 256 tokens", "To be written by",
    ):  # fmt: skip
        assert expected in content
    assert "/me" not in content
    assert "chosen on these rows" not in content


def test_a_report_on_validation_rows_says_so():
    data = {"train": KNOWN["data"]["train"]}
    assert "chosen on these rows" in card.text("a", {**KNOWN, "data": data}, "a")


@pytest.mark.parametrize("known", [{}, {"task": "classification"}, {"options": None, "data": None, "metrics": None}])
def test_what_is_not_known_is_not_told(known):
    loaded = read(card.text("a", known, "a"))
    assert loaded.data.license is None
    assert loaded.data.base_model is None
    assert not loaded.data.eval_results
    assert "It has not been evaluated." in loaded.content
    for title in ("## Training", "## Evaluation"):
        assert title not in loaded.content


def test_hostile_names_stay_text():
    data = {"train": {"name": HOSTILE, "rows": 3, "sha256": HOSTILE}}
    known = {**KNOWN, "labels": [HOSTILE] * 60, "data": data, "metrics": {"accuracy": 0.5, "data": HOSTILE, "rows": 3},
             "options": {"model": HOSTILE, HOSTILE: HOSTILE},
             "baselines": {HOSTILE: {"metrics": {HOSTILE: 1}, "metric": HOSTILE, "difference": 0}}}  # fmt: skip
    text = card.text(HOSTILE, known, HOSTILE)
    front = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    assert "license" not in front
    assert front["model-index"][0]["name"].startswith('x" | --- license:')
    shown = mistune.create_markdown(plugins=["table"], escape=False)(read(text).text)
    assert "<img" not in shown
    assert "onerror=alert(1)&gt;" in shown
    assert "\nlicense:" not in text.split("\n---\n", 1)[1]
    rows = [row.count("<td") for row in shown.split("<tr>")[1:]]
    assert set(rows) <= {0, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("task", "pipeline"),
    [("regression", "text-classification"), ("multi_label", "text-classification"),
     ("token_classification", "token-classification"), ("question_answering", "question-answering"),
     ("masked_language_modeling", "fill-mask")],
)  # fmt: skip
def test_every_task_has_lines_that_are_python(task, pipeline):
    for text in ("a", ["a", "b"]):
        loaded = read(card.text("m", {**KNOWN, "task": task, "text": text}, "m", find(task).usage))
        assert loaded.data.pipeline_tag == pipeline
        for block in loaded.content.split("```python\n")[1:]:
            compile(block.split("```")[0], "card", "exec")


def test_the_base_is_found_through_models_of_ones_own(tmp_path):
    first = tmp_path / "own" / "model"
    first.mkdir(parents=True)
    (first / "bertmagic.json").write_text(json.dumps({"options": {"model": "bert"}}))
    assert card.base_model({"options": {"model": str(first)}}) == "google-bert/bert-base-uncased"
    assert card.base_model({"options": {"model": "me/mine"}}) == "me/mine"
    (first / "bertmagic.json").write_text(json.dumps({"options": {"model": str(first)}}))
    assert card.base_model({"options": {"model": str(first)}}) is None
    assert card.base_model({"options": {"model": "own/model"}}) is None or not first.is_absolute()


def test_a_card_that_was_edited_stays_and_the_new_one_stands_beside_it(tmp_path, bert_config, tokenizer):
    model, folder = BertForSequenceClassification(BertConfig(**bert_config)), tmp_path / "m"
    saving.save(folder, model, tokenizer, KNOWN, readme="first\n")
    saving.save(folder, model, tokenizer, KNOWN, readme="second\n")
    assert (folder / "README.md").read_text() == "second\n"
    assert not (folder / "README.new.md").exists()
    (folder / "README.md").write_text("mine\r\nby hand")
    for text in ("third\n", "fourth\n"):
        saving.save(folder, model, tokenizer, KNOWN, readme=text)
        assert (folder / "README.md").read_bytes() == b"mine\r\nby hand" if text == "third\n" else True
        assert (folder / "README.new.md").read_text() == text
    saving.save(folder, model, tokenizer, KNOWN)
    assert (folder / "README.md").exists()


def test_a_card_that_someone_else_wrote_stays(tmp_path, bert_config, tokenizer):
    model, folder = BertForSequenceClassification(BertConfig(**bert_config)), tmp_path / "m"
    model.save_pretrained(folder)
    (folder / "README.md").write_text("theirs")
    saving.save(folder, model, tokenizer, KNOWN, readme="ours\n")
    assert (folder / "README.md").read_text() == "theirs"

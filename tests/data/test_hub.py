"""Data sets of the hub; what `datasets` would download is put in its place."""

import re

import datasets
import pytest

from bertmagic.data import hub, tables
from bertmagic.errors import DataError, UnknownReference

PARTS = datasets.DatasetDict(
    {name: datasets.Dataset.from_dict({"text": [name], "label": ["x"]}) for name in ("train", "test")}
)


@pytest.fixture
def asked(monkeypatch):
    calls = []

    def load_dataset(repo, config=None, split=None):
        calls.append((repo, config, split))
        return PARTS[split] if split else PARTS

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


@pytest.mark.parametrize(
    ("reference", "call"),
    [
        ("owner/name", ("owner/name", None, None)),
        ("owner/name:config", ("owner/name", "config", None)),
        ("owner/name@test", ("owner/name", None, "test")),
        ("glue:sst2@train", ("glue", "sst2", "train")),
    ],
)
def test_config_and_split_are_read_off_the_reference(asked, reference, call):
    table = tables.read(reference, "train")
    assert asked == [call]
    assert table.frame["text"].tolist() == [call[2] or "train"]
    assert table.name == (reference if call[2] else f"{reference}@train")


@pytest.mark.parametrize("text", ["reviews", "imdb", "no such data", "a/b/c"])
def test_what_is_no_reference_to_the_hub(text):
    assert not hub.looks_like_id(text)


def test_without_a_network_the_address_is_named():
    with pytest.raises(DataError, match=r"'owner/name' could not be fetched from https://huggingface.co") as caught:
        tables.read("owner/name")
    assert "HF_ENDPOINT" in caught.value.fix


@pytest.mark.parametrize(
    ("error", "ours", "message"),
    [
        (
            datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' doesn't exist\nmore"),
            UnknownReference,
            "doesn't exist$",
        ),
        (ValueError("Unknown split 'dev'"), UnknownReference, "Unknown split"),
        (ConnectionError("refused"), DataError, "could not be fetched"),
        (TimeoutError("late"), DataError, "TimeoutError"),
    ],
)
def test_errors_of_the_hub_become_ours(monkeypatch, error, ours, message):
    def load_dataset(*args, **known):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(ours) as caught:
        tables.read("a/b")
    assert re.search(message, caught.value.what)
    assert caught.value.fix

"""Data sets of the hub; what `datasets` would download is put in its place."""

import re

import datasets
import pytest
from huggingface_hub import constants

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


def test_what_is_like_a_local_name_is_not_asked_for(asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "reviews.csv").write_text("text,label\na,b\n")
    for name in ("data/trian", "data/trian@test", "revews.csv@test", "revies.csv:part"):
        with pytest.raises(UnknownReference, match="there is no"):
            tables.read(name)
    assert asked == []


def test_offline_only_this_disk_is_asked(monkeypatch):
    seen = []

    def load_dataset(*args, **known):
        seen.append((datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE))
        raise ConnectionError

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    for value in ("0", "1"):
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
        with pytest.raises(DataError, match="the hub is not asked" if value == "1" else "could not be fetched"):
            tables.read("owner/name")
    assert seen == [(False, False), (True, True)]
    assert before == (datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE)


def test_without_a_network_the_address_is_named(monkeypatch):
    def load_dataset(*args, **known):
        raise ConnectionError

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
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
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")

    def load_dataset(*args, **known):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(ours) as caught:
        tables.read("a/b")
    assert re.search(message, caught.value.what)
    assert caught.value.fix

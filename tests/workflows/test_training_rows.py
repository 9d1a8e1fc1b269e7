"""The training rows that are kept with a run: after a restart, and from a function of a script."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import bertmagic as bm
from bertmagic.data import hub
from bertmagic.errors import OptionError
from bertmagic.events import Note, ignore
from bertmagic.run import folders
from bertmagic.workflows import training_rows
from tests.small import ROWS

KINDS = {
    "words": ["bad", "good"], "numbers": [1, 5], "booleans": [False, True],
    "categories": pd.Categorical(["no", "yes"], categories=["yes", "no", "never"]),
}  # fmt: skip


def trained(rows, encoder, **options):
    """Train on rows that no variable of the user has; return the model, and what was said of the kept rows."""
    notes = []

    def listen(event):
        if isinstance(event, Note) and " kept " in event.text:
            notes.append(event.text)

    given = {"model": encoder, "max_steps": 1, "name": "mine", "baselines": False, "show": False, "on_event": listen}
    return bm.finetune(rows, **(given | options)), notes


def kept_file():
    return folders.run_folder("mine") / folders.ROWS


def found(model):
    return training_rows.require(model.card, "mine", model.task.baselines[0], ignore)


@pytest.mark.parametrize("task", [name for name in ROWS if name != "question_answering"])
def test_the_rows_of_every_task_are_found(encoder, task):
    model, (note,) = trained(ROWS[task](), encoder, **({"task": task} if task == "regression" else {}))
    assert note.startswith("The 32 training rows are kept in ")
    rows = found(model)
    assert len(rows) == 32
    assert rows.name == model.card["data"]["train"]["name"]
    assert (
        folders.digest(rows.texts, *([rows.second] if rows.second else []), rows.targets.tolist())
        == (model.card["data"]["train"]["sha256"])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_every_kind_are_found(encoder, make_rows, kind):
    rows = make_rows(40)
    rows["label"] = pd.Series(KINDS[kind]).take(np.arange(40) % 2).to_numpy() if kind != "categories" else (
        KINDS[kind].take(np.arange(40) % 2))  # fmt: skip
    model, _ = trained(rows.assign(secret="none of the run's business"), encoder, text="text", label="label")
    again = found(model)
    assert tuple(again.labels.values) == tuple(model.labels)
    assert b"secret" not in kept_file().read_bytes()


def test_a_comparison_after_a_restart(encoder, make_rows):
    model, _ = trained(make_rows(80), encoder, text="text", label="label")
    model.unload()
    comparison = bm.compare(["mine", "tfidf"], make_rows(20, seed=5), show=False)
    assert any(note.startswith("tfidf was trained on 64 rows of ") for note in comparison.notes)


def test_the_rows_of_a_search_are_kept_once(encoder, make_rows):
    pytest.importorskip("optuna")
    bm.tune(make_rows(80), text="text", label="label", model=encoder, max_steps=1, name="mine", trials=2,
            lr=bm.choice(1e-4, 1e-3), show=False)  # fmt: skip
    assert [path.parent.name for path in folders.home().rglob(folders.ROWS)] == ["mine"]
    comparison = bm.compare(["mine", "majority"], make_rows(20, seed=5), show=False)
    assert any(note.startswith("majority was trained on ") for note in comparison.notes)


def test_nothing_is_kept_where_it_is_not_wanted_or_there_already(encoder, make_rows, tmp_path):
    rows = make_rows(40).assign(text=lambda frame: frame["text"] + " xylophone")
    model, _ = trained(rows, encoder, text="text", label="label")
    assert kept_file().is_file()
    _, notes = trained(rows, encoder, text="text", label="label", keep_rows=False)
    assert not kept_file().exists()  # and those of the run before are gone
    assert notes == []
    with pytest.raises(OptionError, match="neither the folder of the run") as caught:
        found(model)
    assert "--train" in caught.value.fix
    rows.to_csv(tmp_path / "r.csv", index=False)
    _, notes = trained(str(tmp_path / "r.csv"), encoder, text="text", label="label")
    assert not kept_file().exists()
    assert notes == []


def test_too_many_rows_are_not_kept(encoder, make_rows, monkeypatch):
    monkeypatch.setattr(training_rows, "MOST", 100)
    _, (note,) = trained(make_rows(40), encoder, text="text", label="label")
    assert note.startswith("The 32 training rows are not kept with the run, as they take more than")
    assert "--train DATA" in note
    assert not kept_file().exists()


def test_what_arrow_cannot_hold_is_said(encoder, make_rows, monkeypatch):
    def refuse(prepared):
        raise pa.ArrowInvalid("cannot hold it")

    monkeypatch.setattr(training_rows, "_packed", refuse)
    _, (note,) = trained(make_rows(40), encoder, text="text", label="label", validation=0)
    assert "could not be kept with the run (cannot hold it)" in note
    assert not kept_file().exists()


def test_rows_with_half_a_character_are_kept(encoder, make_rows):
    rows = make_rows(40).astype(object)
    rows.loc[[3, 7, 11, 20, 30], "text"] = "half a character \ud83d and more"
    model, (note,) = trained(rows, encoder, text="text", label="label", validation=0)
    assert note.startswith("The 40 training rows are kept in ")
    assert list(found(model).texts)[3] == "half a character � and more"


def test_a_damaged_file_is_not_used(encoder, make_rows):
    model, _ = trained(make_rows(40), encoder, text="text", label="label")
    whole = kept_file().read_bytes()
    for damaged in (b"", whole[:200], b"x" * 300, whole[: len(whole) // 2] + b"\0" * (len(whole) - len(whole) // 2)):
        kept_file().write_bytes(damaged)
        with pytest.raises(OptionError, match="no longer at hand"):
            found(model)


def test_rows_of_another_run_are_not_used(encoder, make_rows):
    trained(make_rows(40, seed=3), encoder, text="text", label="label")
    other = kept_file().read_bytes()
    model, _ = trained(make_rows(40), encoder, text="text", label="label")
    kept_file().write_bytes(other)
    with pytest.raises(OptionError, match="no longer at hand"):
        found(model)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_what_a_card_names_is_not_fetched(encoder, make_rows, part, monkeypatch):
    """The card of a folder comes from anywhere; only what the user types asks the hub."""
    asked = []
    monkeypatch.setattr(hub, "load", lambda reference: asked.append(reference))
    make_rows(40).to_csv("rows.csv")
    model, _ = trained("rows.csv", encoder, text="text", label="label", validation=0)
    folder = model.save("theirs")
    card = json.loads((folder / "bertmagic.json").read_text())
    card["options"][part] = "owner/name"
    (folder / "bertmagic.json").write_text(json.dumps(card))
    theirs = bm.load(folder)
    assert theirs.evaluate("rows.csv", show=False).trained_on == 40
    theirs.card["data"]["train"]["sha256"] = "0" * 64  # now nothing is what they were
    with pytest.raises(OptionError, match="no longer at hand"):
        training_rows.require(theirs.card, "theirs", theirs.task.baselines[0], ignore)
    assert asked == []

"""Every file of a run damaged in many ways: what reads it gives one message, and the other runs stay listed."""

import itertools
import json
import os
import random
import shutil
import sys
import traceback
from contextlib import suppress

import pytest
import xxhash

import bertmagic as bm
from bertmagic.errors import BertMagicError, FileError, Interrupted, ModelError
from bertmagic.events import Step
from bertmagic.models import checksums
from bertmagic.run import checkpoints, folders
from tests.conftest import BAD, GOOD
from tests.fuzz.damage import OTHER_KINDS, Kept, damages

QUICK = {
    "max_steps": 4, "batch_size": 4, "eval_every": 2, "precision": "fp32", "pooling": "first", "show": False,
    "baselines": False,
}  # fmt: skip


def table():
    texts = [f"the film was {(GOOD, BAD)[at % 2][at % 6]} {at}" for at in range(20)]
    return {"text": texts, "label": ["good", "bad"] * 10}


@pytest.fixture(scope="module")
def before(encoder, tmp_path_factory):
    """A folder with a run that ended, one that was cut off and has checkpoints, one with an adapter, and one more."""
    folder = tmp_path_factory.mktemp("before")

    def stops(event):
        if isinstance(event, Step) and event.step == 3:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BERTMAGIC_HOME", str(folder / ".bertmagic"))
        bm.finetune(table(), model=encoder, name="mine", **QUICK)
        bm.finetune(table(), model=encoder, name="small", adapt="lora", lora_save="adapter", **QUICK)
        bm.finetune(table(), model=encoder, name="other", **QUICK)
        with pytest.raises(Interrupted):
            bm.finetune(table(), model=encoder, name="cut", on_event=stops, checkpoint_every=1, **QUICK)
    return folder


@pytest.fixture
def home(before, own_folder):
    shutil.copytree(before, own_folder, dirs_exist_ok=True)
    return own_folder


def described(home):
    """Return the JSON and JSONL files of all runs but ``other``."""
    folder = home / ".bertmagic" / "runs"
    found = [*folder.rglob("*.json"), *folder.rglob("*.jsonl"), *folder.rglob(checksums.FILE)]
    return sorted(path for path in found if "other" not in path.parts and "locks" not in path.parts)


def use(name):
    """Yield after each use of a model: loading, evaluating, saving."""
    model = bm.load(name)
    yield model.predict(["the film was good"])
    if name == "mine":
        yield model.evaluate(table(), show=False)
        yield model.save("saved")


class Trains(Exception):
    """A training has read all that it reads."""


def begins(event):
    if isinstance(event, Step):
        raise Trains


def train(**known):
    """Begin a training, and stop at its first step."""
    with suppress(Trains):
        bm.finetune(table(), on_event=begins, **known, **QUICK)
    return []


READERS = {
    "runs": lambda encoder: [bm.runs().frame],
    "difference": lambda encoder: [repr(bm.runs(diff=(name, "other"))) for name in ("mine", "small", "cut")],
    "mine": lambda encoder: use("mine"),
    "small": lambda encoder: use("small"),
    "start from it": lambda encoder: train(model="mine", name="next"),
    "resume": lambda encoder: train(model=encoder, name="cut", resume=True),
    "anew": lambda encoder: train(model=encoder, name="cut"),
    "resume to the end": lambda encoder: [bm.finetune(table(), model=encoder, name="cut", resume=True, **QUICK)],
    "start from it, to the end": lambda encoder: [bm.finetune(table(), model="mine", name="next", **QUICK)],
}
"""What reads the files of runs, by name; each gives its results one by one."""


OF_A_RUN = {"mine": ("mine", "start from it"), "small": ("small",), "cut": ("resume", "anew")}
TO_THE_END = {"mine": ("mine", "start from it, to the end"), "small": ("small",), "cut": ("resume to the end", "anew")}
LISTS = ("runs", "difference")

_opened = set()
"""What has been opened by Python since this set was emptied."""
sys.addaudithook(lambda event, given: event == "open" and _opened.add(str(given[0])))


def readers_of(encoder, home, kept):
    """Return a function from a file, its damage and whether there are digests to the readers that can notice.

    They open that file, or look whether it is one. Another trains to the end where only that reads a file.
    """
    opened = {}
    for name, has_digests in itertools.product(
        (*itertools.chain(*OF_A_RUN.values()), "resume to the end"), (True, False)
    ):
        for path in () if has_digests else home.rglob(checksums.FILE):
            path.unlink()
        _opened.clear()
        list(READERS[name](encoder))
        opened[name, has_digests] = {os.path.realpath(one) for one in _opened}
        kept.put_back()

    def chosen(path, damage, has_digests):
        names, real = OF_A_RUN[run_of(path)], os.path.realpath(path)
        reading = tuple(name for name in names if damage in OTHER_KINDS or real in opened[name, has_digests])
        later = real in opened["resume to the end", has_digests] and "resume" not in reading
        return (*reading, "resume to the end") if later else reading

    return chosen


def wrong(encoder, reader):
    """Call a reader and return what is wrong with its error; it may give a result, or one error with what to do."""
    try:
        list(READERS[reader](encoder))
    except BertMagicError as error:
        return "" if error.fix and len(str(error)) < 2000 else f"{error!r}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error!s:.200} ({last.filename}:{last.lineno})"
    return ""


def unlisted():
    """Return what is wrong with the list of runs: whatever is damaged, all are in it."""
    listed = bm.runs()
    repr(listed)
    known = {record.name for record in listed.records}
    return "" if {"mine", "small", "cut"} <= known | set(listed.foreign) and "other" in known else f"listed: {known}"


def run_of(path):
    return next(name for name in OF_A_RUN if name in path.parts)


def damage_each(encoder, chosen, readers, kept):
    """Damage the chosen files in the chosen ways, one at a time; return how many readings there were, all as promised.

    Each reader finds the damage: what another one did is undone before. Where a value is another one the digests are
    deleted, so that they do not catch it first, and in half of the other cases.
    """
    failed, readings = [], 0
    for path, name, damage in chosen:
        has_digests = path.name == checksums.FILE or (" = " not in name and len(name) % 2 == 0)
        for reader in readers(path, name, has_digests):
            if not has_digests:
                (path.parent / checksums.FILE).unlink(missing_ok=True)
            damage()
            failed += [(str(path), name, reader, what) for what in (wrong(encoder, reader), unlisted()) if what]
            readings += 1
            kept.put_back()
    assert not failed, f"{len(failed)} of {readings}:\n" + "\n".join(map(str, failed[:50]))
    return readings


def all_damages(home):
    return [(path, *damage) for path in described(home) for damage in damages(path)]


def test_whatever_a_file_of_a_run_holds_all_runs_are_listed(encoder, home):
    chosen = random.Random(1).sample(all_damages(home), 100)
    damage_each(encoder, chosen, lambda path, name, has_digests: LISTS, Kept(home))


@pytest.mark.parametrize("run", OF_A_RUN)
def test_a_damaged_file_is_one_message(encoder, home, run):
    mine = [one for one in all_damages(home) if run_of(one[0]) == run]
    chosen = random.Random(2).sample(mine, 5)
    damage_each(encoder, chosen, lambda path, name, has_digests: TO_THE_END[run], Kept(home))


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(4))
def test_whatever_the_damage_all_runs_are_listed(encoder, home, part):
    chosen = all_damages(home)[part::4]
    damage_each(encoder, chosen, lambda path, name, has_digests: LISTS, Kept(home))
    print(f"{len(chosen)} damages, all runs listed")


def tried(encoder, home, part, parts, monkeypatch, wanted):
    """Damage a part of all that can be damaged for some readers, and print how many readings there were."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # which takes half of the time
    kept = Kept(home)
    opening = readers_of(encoder, home, kept)

    def chosen(*damage):
        return tuple(name for name in opening(*damage) if name in wanted)

    print(
        f"{damage_each(encoder, all_damages(home)[part::parts], chosen, kept)} readings, each a result or one message"
    )


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(10))
def test_a_model_with_any_damage_can_be_used_or_is_one_message(encoder, home, part, monkeypatch):
    tried(encoder, home, part, 10, monkeypatch, ("mine", "small"))


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(40))
def test_a_training_after_any_damage_begins_or_is_one_message(encoder, home, part, monkeypatch):
    tried(encoder, home, part, 40, monkeypatch, ("start from it", "resume", "resume to the end", "anew"))


NAMED = (
    "task", "encoder", "max_length", "stride", "long_text", "labels", "temperature", "thresholds", "options", "data",
    "text",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_an_entry_of_the_card_of_another_kind_is_one_message(home, name):
    """What predictions depend on is checked as the model is loaded, not found out in the middle of a prediction."""
    path = folders.model_folder("mine") / "bertmagic.json"
    card = json.loads(path.read_text())
    of_another_kind = [[{"a": None}], [[]], [None], -1, 10**400, True, float("nan")]
    for value in of_another_kind + [{"a": None}] * (name not in ("options", "data")):
        path.write_text(json.dumps(card | {name: value}))
        with pytest.raises(
            FileError, match=rf"bertmagic\.json is damaged: {name}(\.\w+)* is .* was expected"
        ) as caught:
            bm.load("mine")
        assert caught.value.fix
    path.write_text(json.dumps(card))
    bm.load("mine").predict(["the film was good"])


@pytest.mark.parametrize(
    "entries",
    [
        {"labels": []}, {"labels": ["a", "a"]}, {"thresholds": [0.5]}, {"thresholds": []}, {"tags": []},
        {"tags": ["O", "B-THING"]}, {"tags": ["O", None]}, {"text": True}, {"label": [[]]}, {"long_text": "text"},
        {"metrics": {"accuracy": {}}}, {"data": {"train": {"sha256": 1}}}, {"baselines": {"tf-idf": {"metric": 3}}},
    ],
)  # fmt: skip
def test_entries_of_a_card_that_do_not_go_together_are_one_message(home, entries):
    path = folders.model_folder("mine") / "bertmagic.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    with pytest.raises(FileError, match=r"bertmagic\.json is damaged: ") as caught:
        bm.load("mine")
    assert caught.value.fix == "Delete it to load the model without its card."


@pytest.mark.parametrize("name", ["intervals", "metrics", "baselines", "versions", "data"])
def test_what_a_card_holds_inside_is_no_raw_error_when_it_is_saved(home, name):
    path = folders.model_folder("mine") / "bertmagic.json"
    card = json.loads(path.read_text())
    for value in ([None, 1], "text", {"a": None}, [[1]], 7):
        inside = dict.fromkeys([*(card.get(name) or {}), "accuracy", "train"], value)
        path.write_text(json.dumps(card | {name: inside}))
        with suppress(ModelError, FileError):
            bm.load("mine").save("saved")


@pytest.mark.parametrize("value", ["\ud800", "text", 7, [[]], None])
def test_a_checkpoint_whose_data_are_of_another_kind_is_passed_over(encoder, home, value):
    path = checkpoints.folder("cut") / "step-00000002" / "state.json"
    state = json.loads(path.read_text())
    state["data"]["validation"] = value
    path.write_text(json.dumps(state))
    (path.parent / checksums.FILE).unlink()
    assert checkpoints.resumable("cut").state["step"] == 1
    list(READERS["resume to the end"](encoder))


# Tensors: a bit


def flip(path, at):
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    content[at // 8 % len(content)] ^= 1 << at % 8
    path.write_bytes(content)


def flips(path, count=10, seed=0):
    """Yield places of bits: the first and the last of a file, and some between."""
    size = 8 * path.stat().st_size
    yield from (0, size - 1, *random.Random(seed).sample(range(size), count))


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("where", ["run", "saved"])
def test_a_flipped_bit_of_a_model_is_noticed(home, where, file):
    folder = folders.model_folder("mine")
    if where == "saved":
        folder = bm.load("mine").save("saved")
    content = (folder / file).read_bytes()
    for at in flips(folder / file):
        flip(folder / file, at)
        with pytest.raises(BertMagicError, match=rf"{file} is damaged|cannot be read|is damaged") as caught:
            bm.load(folder)
        assert caught.value.fix
        (folder / file).write_bytes(content)
    bm.load(folder)


def test_a_flipped_bit_of_an_adapter_is_noticed(home):
    path = folders.model_folder("small") / "adapter_model.safetensors"
    content = path.read_bytes()
    for at in flips(path):
        flip(path, at)
        with pytest.raises(BertMagicError, match=r"adapter_model\.safetensors is damaged"):
            bm.load("small")
        path.write_bytes(content)


@pytest.mark.parametrize("file", ["config.json", "bertmagic.json"])
def test_a_changed_config_or_card_is_said(home, capsys, file):
    path = folders.model_folder("mine") / file
    path.write_text(path.read_text().replace("0.1", "0.2").replace("good", "gold"))
    bm.load("mine")
    assert f"{file} in {path.parent.resolve()} changed since the model was saved" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["tensors.safetensors", "state.json", "best"])
def test_a_flipped_bit_of_the_newest_checkpoint_is_noticed_and_the_one_before_is_used(home, file):
    newest = checkpoints.resumable("cut")
    path = newest.best / "model.safetensors" if file == "best" else newest.folder / file
    content = path.read_bytes()
    for at in flips(path):
        flip(path, at)
        used = checkpoints.resumable("cut")
        assert used.folder != newest.folder
        assert used.state["step"] == newest.state["step"] - 1
        assert str(path) in used.damage or str(newest.folder) in used.damage
        path.write_bytes(content)
    assert checkpoints.resumable("cut") == newest


def test_a_run_with_a_damaged_checkpoint_says_so_and_ends_as_the_whole_one(encoder, home):
    import torch

    notes = []
    flip(checkpoints.resumable("cut").folder / "tensors.safetensors", 100_000)
    model = bm.finetune(table(), model=encoder, name="cut", resume=True, on_event=notes.append, **QUICK)
    (said,) = [event.text for event in notes if "The checkpoint before" in getattr(event, "text", "")]
    assert "tensors.safetensors is damaged" in said
    whole = bm.load("mine").network.state_dict()
    assert all(torch.equal(value, whole[name]) for name, value in model.network.state_dict().items())


def test_with_all_checkpoints_damaged_there_is_one_error(encoder, home):
    damaged = list(checkpoints.folder("cut").glob("step-*/tensors.safetensors"))
    assert len(damaged) == 2
    for path in damaged:
        flip(path, 100_000)
    with pytest.raises(BertMagicError, match=r"'cut' cannot go on: .*tensors\.safetensors is damaged") as caught:
        bm.finetune(table(), model=encoder, name="cut", resume=True, **QUICK)
    assert caught.value.fix == "Leave resume out to train it anew."
    bm.finetune(table(), model=encoder, name="cut", **QUICK)


def test_models_and_checkpoints_of_before_have_no_digests_and_load(encoder, home):
    for path in home.rglob(checksums.FILE):
        path.unlink()
    bm.load("mine").predict(["the film was good"])
    bm.finetune(table(), model=encoder, name="cut", resume=True, **QUICK)


def test_the_digests_are_those_that_xxh128sum_writes(home):
    folder = folders.model_folder("mine")
    lines = (folder / checksums.FILE).read_text().splitlines()
    written = dict(reversed(line.split("  ")) for line in lines)
    assert written.keys() == {path.name for path in folder.iterdir()} - {checksums.FILE}
    assert all(xxhash.xxh3_128_hexdigest((folder / name).read_bytes()) == value for name, value in written.items())

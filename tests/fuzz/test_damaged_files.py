"""Every file of a run damaged in many ways: what reads it gives one message, and the other runs stay listed."""

import json
import os
import random
import shutil
import sys
from contextlib import suppress

import pytest
import xxhash

import bertmagic as bm
from bertmagic.errors import BertMagicError, FileError, Interrupted, ModelError
from bertmagic.events import Step
from bertmagic.models import checksums
from bertmagic.run import checkpoints, folders
from tests.run.test_locks import table

QUICK = {"max_steps": 4, "batch_size": 16, "eval_every": 2, "precision": "fp32", "show": False, "baselines": False}

WHOLE = {
    "empty": b"", "null": b"null", "a number": b"7", "a text": b'"text"', "a list": b"[]", "an object": b"{}",
    "a list of lists": b"[[1], [2]]", "NaN": b"NaN", "infinite": b"1e999", "digits": b"9" * 5000,
    "deep": b"[" * 100_000, "deep objects": b'{"a":' * 50_000, "binary": bytes(range(256)), "zeros": bytes(1000),
    "UTF-16": '{"task": "classification"}'.encode("utf-16"), "a mark": b"\xef\xbb\xbf{}",
}  # fmt: skip
"""What may stand in the place of a file's content."""

VALUES = (None, True, -1, 0, 10**30, 1e308, float("nan"), "", "text", "\ud800", [], [[]], {}, {"a": None}, [None, 1])
"""What may stand in the place of a value."""


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


def described(folder):
    """Return the JSON and JSONL files of all runs but ``other``."""
    found = [*folder.rglob("*.json"), *folder.rglob("*.jsonl"), *folder.rglob(checksums.FILE)]
    return sorted(path for path in found if "other" not in path.parts and "locks" not in path.parts)


READERS = {
    "runs": lambda encoder: bm.runs().frame,
    "difference": lambda encoder: [repr(bm.runs(diff=(name, "other"))) for name in ("mine", "small", "cut")],
    "load": lambda encoder: bm.load("mine").predict(["the film was good"]),
    "evaluate": lambda encoder: bm.load("mine").evaluate(table(), show=False),
    "adapter": lambda encoder: bm.load("small").predict(["the film was good"]),
    "save": lambda encoder: bm.load("mine").save("saved"),
    "start from it": lambda encoder: bm.finetune(table(), model="mine", name="next", **QUICK),
    "resume": lambda encoder: bm.finetune(table(), model=encoder, name="cut", resume=True, **QUICK),
    "anew": lambda encoder: bm.finetune(table(), model=encoder, name="cut", **QUICK),
}
"""What reads the files of runs, by name."""


OF_A_RUN = {"mine": ("load", "evaluate", "save", "start from it"), "small": ("adapter",), "cut": ("resume", "anew")}
LISTS = ("runs", "difference")
BEGIN_WITH_LOAD = ("evaluate", "save")
"""What ends in the same error where loading does."""

_opened = set()
"""What has been opened by Python since this set was emptied."""
sys.addaudithook(lambda event, given: event == "open" and _opened.add(str(given[0])))


def readers_of(encoder, home):
    """Return a function from a file to the readers of its run that open it, or a file beside it in a model's folder."""
    opened = {}
    for name in (name for names in OF_A_RUN.values() for name in names):
        _opened.clear()
        READERS[name](encoder)
        opened[name] = {os.path.realpath(one) for one in _opened}
        put_back(home)

    def chosen(path):
        of_run = OF_A_RUN[run_of(path)]
        if path.parent.name == run_of(path):
            return tuple(name for name in of_run if os.path.realpath(path) in opened[name])
        return of_run

    return chosen


def put_back(home):
    shutil.rmtree(home / ".bertmagic")
    shutil.copytree(home / "copy", home / ".bertmagic")


def read_all(encoder, readers, what):
    """Call readers; each gives a result, or one error with what to do."""
    failed = set()
    for name in readers:
        if name in BEGIN_WITH_LOAD and "load" in failed:
            continue
        error = None
        try:
            READERS[name](encoder)
        except BertMagicError as raised:
            error = raised
            failed.add(name)
        except Exception as raised:
            raise AssertionError((what, name)) from raised
        assert error is None or (error.fix and len(str(error)) < 2000), (what, name, error)
    listed = bm.runs()
    assert "other" in {record.name for record in listed.records}, what
    repr(listed)
    known = {record.name for record in listed.records} | set(listed.foreign)
    assert {"mine", "small", "cut"} <= known, what


def run_of(path):
    return next(name for name in OF_A_RUN if name in path.parts)


def damages(path):
    """Yield ways to damage a file, by name: another content, another kind of file, another value of each entry."""
    content = path.read_bytes()
    for name, other in WHOLE.items():
        yield name, lambda other=other: path.write_bytes(other)
    for part in (1, len(content) // 2, max(len(content) - 2, 0)):
        yield f"cut to {part}", lambda part=part: path.write_bytes(content[:part])
    yield "missing", path.unlink
    yield "a folder", lambda: (path.unlink(), path.mkdir())
    yield "a link to itself", lambda: (path.unlink(), path.symlink_to(path.name))
    yield "a pipe", lambda: (path.unlink(), os.mkfifo(path))
    lines = path.suffix == ".jsonl"
    known = [json.loads(line) for line in content.splitlines()[:4]] if lines else None
    known = json.loads(content) if path.suffix == ".json" else known
    for place in places(known):
        for value in VALUES:
            changed = replaced(known, place, value)
            text = "".join(f"{json.dumps(one)}\n" for one in changed) if lines else json.dumps(changed)
            yield f"{place} = {value!r}", lambda text=text: path.write_text(text, encoding="utf-8")


def places(value, deep=2):
    """Yield the paths of keys to the entries of a value, down to some depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, inside in items:
        yield (key,)
        if deep > 1:
            yield from ((key, *rest) for rest in places(inside, deep - 1))


def replaced(value, place, new):
    """Return a value with another one at a place."""
    if not place:
        return new
    changed = value.copy()
    changed[place[0]] = replaced(value[place[0]], place[1:], new)
    return changed


def damage_each(encoder, home, chosen, readers):
    """Damage the chosen files in the chosen ways, one at a time, and hold what reads them to its promise."""
    for path, name, damage in chosen:
        content, sums = path.read_bytes(), path.parent / checksums.FILE
        kept = sums.read_bytes() if sums.is_file() and path != sums else None
        if kept is not None and len(name) % 2:  # in half of the cases the digests do not catch it first
            sums.unlink()
        damage()
        try:
            read_all(encoder, readers(path), (path.relative_to(home), name))
        finally:
            if readers(path) == LISTS:
                restore(path, content)
            else:
                put_back(home)
            if kept is not None:
                sums.write_bytes(kept)


def all_damages(home):
    shutil.copytree(home / ".bertmagic", home / "copy", dirs_exist_ok=True)
    return [(path, *damage) for path in described(home / ".bertmagic" / "runs") for damage in damages(path)]


def test_whatever_a_file_of_a_run_holds_all_runs_are_listed(encoder, home):
    chosen = random.Random(1).sample(all_damages(home), 100)
    damage_each(encoder, home, chosen, lambda path: LISTS)


@pytest.mark.parametrize("run", OF_A_RUN)
def test_a_damaged_file_is_one_message(encoder, home, run):
    mine = [one for one in all_damages(home) if run_of(one[0]) == run]
    chosen = random.Random(2).sample(mine, 5)
    damage_each(encoder, home, chosen, lambda path: OF_A_RUN[run])


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(4))
def test_whatever_the_damage_all_runs_are_listed(encoder, home, part):
    chosen = all_damages(home)[part::4]
    damage_each(encoder, home, chosen, lambda path: LISTS)
    print(f"{len(chosen)} damages, all runs listed")


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(100))
def test_any_damage_is_one_message(encoder, home, part):
    chosen = all_damages(home)[part::100]
    damage_each(encoder, home, chosen, readers_of(encoder, home))
    print(f"{len(chosen)} damages, each one message")


NAMED = [
    "task",
    "encoder",
    "max_length",
    "stride",
    "long_text",
    "labels",
    "temperature",
    "thresholds",
    "options",
    "data",
]


@pytest.mark.parametrize("name", NAMED)
def test_an_entry_of_the_card_of_another_kind_is_one_message(home, name):
    """What predictions depend on is checked as the model is loaded, not found out in the middle of a prediction."""
    path = folders.model_folder("mine") / "bertmagic.json"
    card = json.loads(path.read_text())
    of_another_kind = [[{"a": None}], [[]], [None], -1, 10**400, True, float("nan")]
    for value in of_another_kind + [{"a": None}] * (name not in ("options", "data")):
        path.write_text(json.dumps(card | {name: value}))
        with pytest.raises(FileError, match=rf"bertmagic\.json is damaged: {name} is .* was expected") as caught:
            bm.load("mine")
        assert caught.value.fix
    path.write_text(json.dumps(card))
    bm.load("mine").predict(["the film was good"])


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
    READERS["resume"](encoder)


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


def restore(path, content):
    """Put a file back as it was, whatever stands in its place; to write into a pipe would wait for ever."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(content)

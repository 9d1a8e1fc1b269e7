"""Each write of a run refused in turn: one error that names the file, no half of one, and the next call works."""

import errno
import json
import os
import random
import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

import bertmagic as bm
from bertmagic.errors import BertMagicError
from bertmagic.models import checksums
from bertmagic.run import folders, records
from bertmagic.run.locks import RunLock
from tests.conftest import BAD, GOOD
from tests.fuzz.disk import FULL, REFUSALS, Disk, watched

SHORT = {"max_steps": 2, "batch_size": 16, "eval_every": 1, "precision": "fp32", "show": False}
QUICK = SHORT | {"baselines": False}
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}(-\d+\.previous)?|.*\.part")


def table():
    """Rows with as many letters as the token cache wants."""
    texts = [f"the film was {(GOOD, BAD)[at % 2][at % 6]} {at} " + "and very long " * 12 for at in range(60)]
    return {"text": texts, "label": ["good", "bad"] * 30}


ACTIONS = {
    "finetune": lambda encoder: bm.finetune(table(), model=encoder, name="mine", checkpoint_every=1, **QUICK),
    "resume": lambda encoder: bm.finetune(table(), model=encoder, name="cut", resume=True, **QUICK),
    "adapter": lambda encoder: bm.finetune(
        table(), model=encoder, name="small", adapt="lora", lora_save="adapter", **QUICK
    ),
    "save": lambda encoder: bm.load("mine").save("saved"),
    "predict": lambda encoder: bm.load("mine").predict(table()["text"]).frame.to_csv("predicted.csv"),
    "page": lambda encoder: bm.load("mine").evaluate(table(), show=False).to_html("page.html"),
    "tune": lambda encoder: bm.tune(
        table(),
        model=encoder,
        name="searched",
        lr=bm.choice(1e-3, 1e-4),
        trials=2,
        pooling="first",
        **SHORT | {"max_steps": 1},
    ),
}
"""What writes, by name; all over an older one of the same name."""

USERS_OWN = {"predict": "predicted.csv"}
"""What pandas writes for the user, whose error is pandas' own; what we write at the same time must not matter."""


@pytest.fixture(scope="module")
def before(encoder, tmp_path_factory):
    """A folder in which everything was written once."""
    from bertmagic.events import Step

    folder = tmp_path_factory.mktemp("before")

    def raises(event):
        if isinstance(event, Step) and event.step == 2:
            raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BERTMAGIC_HOME", str(folder / ".bertmagic"))
        with pytest.raises(ZeroDivisionError):
            bm.finetune(table(), model=encoder, name="cut", on_event=raises, checkpoint_every=1, **QUICK)
        for name, act in ACTIONS.items():
            if name != "resume":
                act(encoder)
    shutil.rmtree(folder / ".bertmagic" / "cache")
    for study in folder.rglob("*.db"):  # else a search that is done has nothing to write
        study.unlink()
    return folder


def start(before, folder):
    """Put the folder of a test back to how it was before."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(before, folder, dirs_exist_ok=True)


def refusals_of(name, encoder, before, folder):
    """Return how often a disk is asked in an action."""
    start(before, folder)
    with watched(Disk((folder,))) as disk:
        ACTIONS[name](encoder)
    return disk.asked


def refuse(name, at, number, encoder, before, folder, again):
    """Have the disk refuse one request of an action, and hold all that is promised of it."""
    start(before, folder)
    error, users_own = None, ""
    disk = Disk((folder,), at, number)
    with watched(disk):
        try:
            ACTIONS[name](encoder)
        except BertMagicError as raised:
            error = raised
        except OSError as raised:
            users_own = str(raised)
    assert USERS_OWN.get(name, "") in users_own or not users_own, users_own
    assert not users_own or name in USERS_OWN, users_own
    what = f"{name}: {disk.asked[at]}" if len(disk.asked) > at else f"{name}: {at} was not asked"
    if error is not None:
        assert re.search(r"(cannot|could not) be (written|locked|used)|none of \d trials", error.what), (what, error)
        assert any(part in error.what for part in (str(folder), ".bertmagic", "saved", "page.html")), (what, error)
        assert error.fix, what
        assert len(str(error)) < 2000, what
    whole(folder, what)
    RunLock("mine").release()
    if again and (name != "resume" or error is not None):
        ACTIONS[name](encoder)
        whole(folder, what)


def whole(folder, what):
    """Hold every file in a folder to be whole, and its runs and models to be usable."""
    for path in sorted(folder.rglob("*")):
        assert not TEMPORARY.fullmatch(path.name), (what, path)
        if path.suffix == ".json" and path.is_file():
            with suppress(FileNotFoundError):
                json.loads(path.read_text(encoding="utf-8"))
        if path.name == checksums.FILE:
            checksums.check(path.parent)
        if path.name == "events.jsonl":
            for line in path.read_text(encoding="utf-8").splitlines():
                json.loads(line)
        if path.name == "page.html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), what
    known, foreign = records.read_runs()
    assert {"mine", "small", "searched", "cut"} <= {record.name for record in known}, what
    assert not foreign
    assert not any(record.state == "running" for record in known), what
    for name in ("mine", "small", "searched"):
        checksums.check(folders.model_folder(name))
        assert (folders.model_folder(name) / "config.json").is_file(), what
    checksums.check(Path("saved"))


@pytest.mark.parametrize("name", ACTIONS)
def test_a_refused_write_is_one_error_and_nothing_is_lost(name, encoder, before, own_folder):
    """Some requests of each action, spread over all of it; and the action itself works afterwards."""
    count = len(refusals_of(name, encoder, before, own_folder))
    parts = 5 if name == "finetune" else 2
    spread = {round(part * (count - 1) / parts) for part in range(parts + 1)}
    for turn, at in enumerate(sorted(spread)):
        refuse(name, at, FULL[turn % 3], encoder, before, own_folder, again=at == max(spread))
    bm.load("mine").predict("the film was good")


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ACTIONS)
def test_each_refused_write_is_one_error_and_nothing_is_lost(name, encoder, before, own_folder, monkeypatch):
    """Each request once, with a reason that is drawn; all that went wrong is listed."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # its requests count, and take no time
    draw, wrong = random.Random(0), []
    requests = refusals_of(name, encoder, before, own_folder)
    for at, request in enumerate(requests):
        number = draw.choice(REFUSALS)
        try:
            refuse(name, at, number, encoder, before, own_folder, again=at % 8 == 0)
        except Exception as error:
            wrong.append((at, request, errno.errorcode[number], f"{type(error).__name__}: {error!s:.500}"))
    print(f"{name}: {len(requests)} requests refused in turn")
    assert not wrong, f"{len(wrong)} of {len(requests)}:\n" + "\n".join(map(str, wrong))

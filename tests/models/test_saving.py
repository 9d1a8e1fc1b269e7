"""A model on disk: the old one or the new one, whatever happens."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

from bertmagic.disk import files
from bertmagic.errors import FileError, ModelError
from bertmagic.models import loading, saving
from bertmagic.models.fast import attention

from .. import forks


@pytest.fixture
def model(bert_config):
    return BertForSequenceClassification(BertConfig(**bert_config))


def version(folder):
    return json.loads((folder / saving.CARD).read_text())["version"]


def test_a_saved_model_is_whole_and_loads_in_plain_transformers(tmp_path, model, tokenizer):
    model.set_attn_implementation("sdpa")
    attention.install_attention(model)
    folder = saving.save(tmp_path / "deep" / "er" / "m", model, tokenizer, {"version": 1, "labels": ["好"]})
    assert saving.read_card(folder) == {"version": 1, "labels": ["好"]}
    assert "bertmagic_cpu" not in (folder / "config.json").read_text()
    loaded = AutoModelForSequenceClassification.from_pretrained(folder)
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    assert AutoTokenizer.from_pretrained(folder)("good film")["input_ids"] == tokenizer("good film")["input_ids"]
    assert [path.name for path in folder.parent.iterdir()] == ["m"]


def test_a_new_model_takes_the_place_of_the_old(tmp_path, model, tokenizer):
    for number in (1, 2):
        saving.save(tmp_path / "m", model, tokenizer, {"version": number})
    assert version(tmp_path / "m") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_what_stands_beside_a_model_is_kept(tmp_path, model, tokenizer):
    folder = saving.save(tmp_path / "m", model, tokenizer, {"version": 1})
    others = {
        "LICENSE": "MIT", "LICENSE-weights.txt": "CC", ".gitattributes": "lfs", ".gitignore": "*",
        "backup.safetensors": "weights", "vectors.bin": "mine", "vocab_of_mine.json": "[]", "my_tokens.json": "[]",
    }  # fmt: skip
    stale = {
        "model-00001-of-00002.safetensors", "model.safetensors.index.json", "vocab.txt", "adapter_config.json",
        "pytorch_model.bin", "tokenizer.model", "added_tokens.json",
    }  # fmt: skip
    for name, text in (others | dict.fromkeys(stale, "{}")).items():
        (folder / name).write_text(text)
    saving.save(folder, model, tokenizer, {"version": 2})
    assert {name: (folder / name).read_text() for name in others} == others
    assert not {path.name for path in folder.iterdir()} & stale
    assert version(folder) == 2


def test_what_a_kill_left_is_removed_when_nobody_fills_it(tmp_path, model, tokenizer):
    saving.save(tmp_path / "m", model, tokenizer, {"version": 1})
    old, held, new, other = (tmp_path / f".{name}" for name in ("m.0123abcd", "m.89abcdef", "m.00000000", "n.00000000"))
    for folder in (old, held, new, other):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
    for folder in (old, held, other):
        os.utime(folder, (1, 1))
    hold = (
        "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_EX); print('held', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(held)], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout.readline() == "held\n"
        files.recover(tmp_path / "m")
        assert [folder.exists() for folder in (old, held, new, other)] == [False, True, True, True]
        process.stdin.write("\n")
    saving.save(tmp_path / "m", model, tokenizer, {"version": 2})
    assert [folder.exists() for folder in (old, held, new, other)] == [False, False, True, True]


def test_a_folder_that_is_being_filled_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LEFT", -1.0)
    with files.replacing(tmp_path / "m") as filling:
        files.recover(tmp_path / "m")
        (filling / "it").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["m", "it"]


def test_an_empty_folder_may_be_filled(tmp_path, model, tokenizer):
    (tmp_path / "m").mkdir()
    assert version(saving.save(tmp_path / "m", model, tokenizer, {"version": 1})) == 1


@pytest.mark.parametrize("inside", ["notes.txt", "config.json", "src/main.py"])
def test_a_folder_with_something_else_is_left_alone(tmp_path, model, tokenizer, inside):
    path = tmp_path / "m" / inside
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(ModelError, match="holds something that is not a model"):
        saving.save(tmp_path / "m", model, tokenizer, {})
    assert path.read_text() == "{}"


def test_a_model_with_something_beside_it_is_left_alone(tmp_path, model, tokenizer):
    folder = saving.save(tmp_path / "m", model, tokenizer, {"version": 1})
    (folder / "thesis.docx").write_text("my only copy")
    with pytest.raises(ModelError, match=r"not a model: thesis\.docx"):
        saving.save(folder, model, tokenizer, {"version": 2})
    assert (version(folder), (folder / "thesis.docx").read_text()) == (1, "my only copy")


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path, model, tokenizer):
    (tmp_path / "m").write_text("mine")
    with pytest.raises(ModelError, match="not a model"):
        saving.save(tmp_path / "m", model, tokenizer, {})
    assert (tmp_path / "m").read_text() == "mine"


def test_a_full_disk_leaves_the_old_model(tmp_path, model, tokenizer):
    """The system itself refuses: files may not grow beyond 20 kB here."""
    folder = saving.save(tmp_path / "m", model, tokenizer, {"version": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(FileError, match=r"cannot be written: .*[Ff]ile too large") as caught:
            saving.save(folder, model, tokenizer, {"version": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.fix == "Free space there, or give another path."
    assert version(folder) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    loading.headed(folder, "sequence", ("a", "b"), needs_head=True)


def test_a_kill_between_the_two_renames_is_recovered_from(tmp_path, model, tokenizer):
    folder = saving.save(tmp_path / "m", model, tokenizer, {"version": 1})
    folder.rename(tmp_path / ".m.previous")
    files.recover(folder)
    assert version(folder) == 1
    (tmp_path / ".m.previous").mkdir()
    files.recover(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_folder_whose_name_begins_as_another_s_is_not_its_former_self(tmp_path):
    (tmp_path / ".m.x.0123abcd-0.previous").mkdir()
    (tmp_path / ".m.x.previous").mkdir()
    files.recover(tmp_path / "m")
    assert not (tmp_path / "m").exists()
    files.recover(tmp_path / "m.x")
    assert [path.name for path in tmp_path.iterdir()] == ["m.x"]


def another_one(folder):
    """Return what another process may do to a folder at any moment, by name."""

    def save():
        with files.replacing(folder) as filling:
            (filling / "other").write_text("whole")

    return {"looks": lambda: files.recover(folder), "saves": save}


@pytest.mark.parametrize("what", ["looks", "saves"])
@pytest.mark.parametrize("before", [True, False], ids=["over one", "where there is none"])
@pytest.mark.parametrize("moment", range(4))
def test_another_process_between_any_two_renames_of_a_swap_loses_no_model(tmp_path, monkeypatch, what, before, moment):
    """The other one comes before the first rename, before the second, and so on; new weights are there at the end."""
    folder, rename, calls = tmp_path / "m", Path.rename, []
    if before:
        folder.mkdir()
        (folder / "old").write_text("whole")

    def interleaved(path, target):
        calls.append(path)
        if len(calls) == moment + 1:
            another_one(folder)[what]()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interleaved)
    with files.replacing(folder) as filling:
        (filling / "new").write_text("whole")
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


LOOKER = """
import sys
from pathlib import Path
from bertmagic.disk import files
print("looking", flush=True)
while not Path(sys.argv[2]).exists():
    files.recover(Path(sys.argv[1]))
"""


def test_a_process_that_looks_all_the_time_never_undoes_a_save(tmp_path):
    folder, done = tmp_path / "m", tmp_path / "done"
    command = [sys.executable, "-c", LOOKER, str(folder), str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "looking\n"
        try:
            for number in range(40):
                with files.replacing(folder) as filling:
                    (filling / "number").write_text(str(number))
                assert (folder / "number").read_text() == str(number)
        finally:
            done.touch()
    assert process.returncode == 0


NURSERY = """
import itertools, os, signal, sys, time
from pathlib import Path
import torch
from transformers import AutoTokenizer, BertForSequenceClassification
from bertmagic.models import saving
first, folder = Path(sys.argv[1]), Path(sys.argv[2])
model, tokenizer = BertForSequenceClassification.from_pretrained(first), AutoTokenizer.from_pretrained(first)

def keep_saving(number, saved):
    for number in itertools.count(number):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(number)
        saving.save(folder, model, tokenizer, {"version": number})
        os.write(saved, b".")

for line in sys.stdin:
    number, wait = line.split()
    seen, saved = os.pipe()
    child = os.fork()
    if not child:
        keep_saving(int(number), saved)
    os.read(seen, 1)
    time.sleep(float(wait))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_model(tmp_path, model, tokenizer):
    """Weights and card of one version, whenever the process that saves again and again is killed."""
    first, folder = saving.save(tmp_path / "first", model, tokenizer, {"version": 0}), tmp_path / "m"
    command = [sys.executable, "-c", NURSERY, str(first), str(folder)]
    with forks.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for turn in range(12):
            # A save takes about 50 ms: each kill falls at another moment of one.
            process.stdin.write(f"{1000 * turn + 1} {0.013 * turn}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "killed\n"
            files.recover(folder)
            loaded = loading.headed(folder, "sequence", ("a", "b"), needs_head=True).network
            values = {value for parameter in loaded.parameters() for value in parameter.unique().tolist()}
            assert values == {float(version(folder))}
            assert version(folder) > 1000 * turn
        process.stdin.close()


def test_a_broken_card_is_an_error_and_a_missing_one_is_none(tmp_path):
    assert saving.read_card(tmp_path) == {}
    for content in ("{oops", "[1]", b"\xff\xfe"):
        (tmp_path / saving.CARD).write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(FileError, match="is damaged") as caught:
            saving.read_card(tmp_path)
        assert "Delete it" in caught.value.fix

"""The one writer of files: whole or not at all, and one error for what the disk refuses."""

import ast
import errno
import json
import os
import re
import stat
import threading
from pathlib import Path

import pytest

import bertmagic
from bertmagic.disk import files, json_files
from bertmagic.errors import FileError
from tests.fuzz.disk import Disk, no_growth, watched

PACKAGE = Path(bertmagic.__file__).parent

WRITERS = re.compile(
    r"write_text|write_bytes|to_csv|to_json|to_parquet|to_excel|to_pickle|save_pretrained|save_file|NamedTemporaryFile"
    r"|mkdtemp|makedirs|mkdir|fsync|touch|tofile|savetxt|rename|copy2|copyfile|copytree"
)
"""Methods and functions that write a file or a folder, or give one its name."""

ALLOWED = {
    "disk/files.py": {"mkdir", "fsync", "rename"},
    "export/keras/process.py": {"open to write"},  # what a process says, in a temporary folder
    "workflows/keras_export.py": {"copyfile"},  # into a folder that `files.replacing` gave
    "models/saving.py": {"save_pretrained", "save_file", "copy2"},  # into a folder that `files.replacing` gave
    "models/adapters.py": {"save_pretrained", "save_file"},  # the same
    "run/checkpoints.py": {"save_file", "rename"},  # the same; and its folder gets another name as a whole
    "tuning/search.py": {"copytree"},  # the same
    "workflows/starting_weights.py": {"copytree"},  # the same
}  # fmt: skip


def calls(path):
    """Yield the names of what a module calls, and how it opens files for writing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if WRITERS.fullmatch(name):
            yield name
        modes = [value.value for value in (*node.args, *(known.value for known in node.keywords))
                 if isinstance(value, ast.Constant) and isinstance(value.value, str)]  # fmt: skip
        if name == "open" and any(re.fullmatch(r"[rwxab+]*[wxa+][rwxab+]*", mode) for mode in modes):
            yield "open to write"


def test_no_other_module_writes_files():
    found = {}
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        if name != "disk/files.py" and (odd := set(calls(path)) - ALLOWED.get(name, set())):
            found[name] = odd
    assert found == {}


REFUSED = {
    errno.ENOSPC: "the disk is full", errno.EACCES: "you have no right to", errno.EROFS: "the file system is read-only",
    errno.EDQUOT: "the quota is used up", errno.EIO: "Input/output error",
}  # fmt: skip


@pytest.mark.parametrize("number", REFUSED)
@pytest.mark.parametrize("at", range(4))
def test_each_refused_step_of_a_write_is_one_error_and_the_old_file_stays(tmp_path, number, at):
    path = tmp_path / "x.json"
    files.write(path, "old")
    disk = Disk((tmp_path,), at, number)
    with watched(disk), pytest.raises(FileError) as caught:
        files.write(path, "new")
    assert [what for what, _ in disk.asked][at] == ("open", "write", "fsync", "replace")[at]
    assert caught.value.what.startswith(f"{path} cannot be written: {REFUSED[number]}")
    assert os.strerror(number) in caught.value.what
    assert caught.value.fix.endswith(", or give another path.")
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_the_way_on_of_what_runs_write_is_another_home(tmp_path, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path / "home"))
    for path in (tmp_path / "home" / "runs" / "x", Path(".bertmagic") / "x"):
        with watched(Disk((path.parent.absolute(),), 0)), pytest.raises(FileError) as caught:
            files.make_folder(path.parent) if path.is_absolute() else files.write(path, "")
        assert "set BERTMAGIC_HOME to another folder" in caught.value.fix


def test_a_name_that_no_file_can_have_is_one_error(tmp_path):
    for name, why in (("x" * 300, "the name is too long"), ("nowhere/x", "its folder does not exist")):
        with pytest.raises(FileError, match=why):
            files.write(tmp_path / name, "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match="a folder has this name"):
        files.write(tmp_path / "folder", "")
    with pytest.raises(FileError, match="a part of the path is a file"):
        files.write(tmp_path / "folder" / ".." / "file" / "x", files.write(tmp_path / "file", "") or "")


def test_the_longest_name_is_written(tmp_path):
    path = tmp_path / ("ä" * 127)
    files.write(path, "it")
    assert path.read_text() == "it"
    with files.replacing(tmp_path / ("x" * 255)) as filling:
        files.write(filling / "y", "z")
    assert (tmp_path / ("x" * 255) / "y").read_text() == "z"


def test_a_link_stays_and_the_file_keeps_its_rights(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to("target")
    files.write(link, "new")
    assert (link.is_symlink(), target.read_text(), stat.S_IMODE(target.stat().st_mode)) == (True, "new", 0o640)
    (tmp_path / "loop").symlink_to("loop")
    files.write(tmp_path / "loop", "new")
    assert (tmp_path / "loop").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(FileError, match="nothing reads from this pipe"):
        files.write(path, "it")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    files.write(path, "it")
    assert os.read(reader, 10) == b"it"
    os.close(reader)
    assert path.is_fifo()


def test_a_line_is_appended_whole_or_not_at_all(tmp_path):
    path = tmp_path / "log"
    files.append(path, "one")
    with no_growth(most=9), pytest.raises(FileError, match="log cannot be written"):
        files.append(path, "a line that is longer")
    files.append(path, "two \ud800")
    assert path.read_text() == "one\ntwo \\ud800\n"


def test_json_comes_back_and_lone_surrogates_are_mended(tmp_path):
    path = tmp_path / "x.json"
    files.write_json(path, {"a": "good 好 \ud800 😀", "b": [float("inf"), None], "c": Path("x")})
    assert json_files.read(path) == {"a": "good 好 � 😀", "b": [float("inf"), None], "c": "x"}
    assert json.loads(path.read_text(encoding="utf-8"))["a"] == "good 好 \ud800 😀"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10**5, b"9" * 5000, None])
def test_damaged_json_is_one_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "x.json"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    with pytest.raises(FileError, match=re.escape(str(path))) as caught:
        json_files.read(path, "the way on")
    assert caught.value.fix == "the way on"


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    left, young, other = (tmp_path / name for name in (".x.json.01234567", ".x.json.89abcdef", ".y.json.01234567"))
    for one in (left, young, other):
        one.write_text("half")
    for one in (left, other):
        os.utime(one, (1, 1))
    files.write(path, "new")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([path.name, young.name, other.name])


def test_writers_of_one_file_at_once_leave_one_whole_file(tmp_path):
    path, errors = tmp_path / "x.json", []

    def write(letter):
        try:
            for _ in range(20):
                files.write(path, letter * 10_000)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(path.read_text())) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]

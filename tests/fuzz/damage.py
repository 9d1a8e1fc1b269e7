"""Ways to damage the files of a run, and a folder that is put back as it was by writing only what changed."""

import json
import os
import shutil
from pathlib import Path

WHOLE = {
    "empty": b"", "null": b"null", "a number": b"7", "a text": b'"text"', "a list": b"[]", "an object": b"{}",
    "a list of lists": b"[[1], [2]]", "NaN": b"NaN", "infinite": b"1e999", "digits": b"9" * 5000,
    "deep": b"[" * 100_000, "deep objects": b'{"a":' * 50_000, "binary": bytes(range(256)), "zeros": bytes(1000),
    "UTF-16": '{"task": "classification"}'.encode("utf-16"), "a mark": b"\xef\xbb\xbf{}",
}  # fmt: skip
"""What may stand in the place of a file's content."""

VALUES = (None, True, -1, 0, 10**30, 1e308, float("nan"), "", "text", "\ud800", [], [[]], {}, {"a": None}, [None, 1])
"""What may stand in the place of a value."""

OTHER_KINDS = ("missing", "a folder", "a link to itself", "a pipe")
"""Damages that are seen without opening a file."""


def damages(path):
    """Yield ways to damage a file, by name: another content, another kind of file, another value of each entry."""
    content = path.read_bytes()
    for name, other in WHOLE.items():
        yield name, lambda other=other: path.write_bytes(other)
    for part in (1, len(content) // 2, max(len(content) - 2, 0)):
        yield f"cut to {part}", lambda part=part: path.write_bytes(content[:part])
    kinds = (
        path.unlink,
        lambda: (path.unlink(), path.mkdir()),
        lambda: (path.unlink(), path.symlink_to(path.name)),
        lambda: (path.unlink(), os.mkfifo(path)),
    )
    yield from zip(OTHER_KINDS, kinds, strict=True)
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


class Kept:
    """The content of a folder, and how to put it back: only what changed is written."""

    def __init__(self, folder):
        self._folder = folder
        self._folders = {Path(one) for one, _, _ in os.walk(folder)}
        self._files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self._known = {path: _signature(path) for path in self._files}

    def put_back(self):
        """Put the folder back as it was; nothing is opened that may be a pipe."""
        for one, inside, files in os.walk(self._folder):
            for name in (*inside, *files):
                path = Path(one, name)
                if path not in self._folders | self._files.keys() or self._is_changed(path):
                    _remove(path)
            inside[:] = [name for name in inside if Path(one, name).is_dir()]
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
        for path, content in self._files.items():
            if not path.exists():
                path.write_bytes(content)
                self._known[path] = _signature(path)

    def _is_changed(self, path):
        return path in self._known and _signature(path) != self._known[path]


def _signature(path):
    now = path.lstat()
    return now.st_mode, now.st_ino, now.st_size, now.st_mtime_ns


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()

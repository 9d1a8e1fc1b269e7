"""A disk that refuses the n-th request: to open a file for writing, to write, rename, make a folder or sync."""

import builtins
import errno
import io
import os
import resource
import sqlite3.dbapi2
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FULL = (errno.ENOSPC, errno.EACCES, errno.EROFS)
"""What the system says: the disk is full, there is no right, it is read-only."""

REFUSALS = (*FULL, errno.EPERM, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.ENAMETOOLONG)
"""All that it may say."""


@dataclass
class Disk:
    """What was asked, in order, below some folders; ``refused`` is the number of the one that is refused, from 0 on."""

    below: tuple[str, ...]
    refused: int | None = None
    number: int = errno.ENOSPC
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, what, path):
        """Note a request and refuse it if it is its turn."""
        path = Path.cwd() / path
        if not any(path.is_relative_to(folder) for folder in self.below):
            return
        self.asked.append((what, str(path)))
        if len(self.asked) - 1 == self.refused:
            raise OSError(self.number, os.strerror(self.number), str(path))


@contextmanager
def watched(disk):
    """Have everything in this process ask the disk first.

    Libraries in Rust write past Python: a call of theirs is one request, and where it is refused the system itself lets
    no file grow any more while it lasts.
    """
    with pytest.MonkeyPatch.context() as patch:
        _patch_opens(patch, disk)
        _patch_paths(patch, disk)
        _patch_libraries(patch, disk)
        yield disk


class _Refusing:
    """A file whose writes ask the disk; all else is the file's own."""

    def __init__(self, file, path, disk):
        self._file, self._path, self._disk = file, path, disk

    def write(self, content):
        self._disk.ask("write", self._path)
        return self._file.write(content)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *given):
        return self._file.__exit__(*given)

    def __iter__(self):
        return iter(self._file)


def _patch_opens(patch, disk):
    opened, low, synced = io.open, os.open, os.fsync

    def open_(file, mode="r", *given, **known):
        if not isinstance(file, str | os.PathLike) or not set(mode) & set("wax+"):
            return opened(file, mode, *given, **known)
        disk.ask("open", file)
        return _Refusing(opened(file, mode, *given, **known), file, disk)

    def os_open(path, flags, *given, **known):
        if isinstance(path, str | os.PathLike) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            disk.ask("open", path)
        return low(path, flags, *given, **known)

    def fsync(descriptor):
        disk.ask("fsync", Path(f"/proc/self/fd/{descriptor}").readlink())
        return synced(descriptor)

    patch.setattr(builtins, "open", open_)
    patch.setattr(io, "open", open_)
    patch.setattr(os, "open", os_open)
    patch.setattr(os, "fsync", fsync)


def _patch_paths(patch, disk):
    def asking(name, real):
        def call(path, *given, **known):
            disk.ask(name, path)
            return real(path, *given, **known)

        return call

    for name in ("mkdir", "rename", "replace", "truncate", "link", "symlink"):
        patch.setattr(os, name, asking(name, getattr(os, name)))


def _patch_libraries(patch, disk):
    """Count what is written by Rust and by SQLite."""
    import safetensors.torch
    import transformers
    import transformers.modeling_utils

    from bertmagic.tuning.study import Attempt

    def native(owner, name, where):
        real = getattr(owner, name)

        def call(*given, **known):
            try:
                disk.ask(name, where(*given, **known))
            except OSError:
                with no_growth():
                    return real(*given, **known)
            return real(*given, **known)

        patch.setattr(owner, name, call)

    for owner in (safetensors.torch, transformers.modeling_utils):
        name = "save_file" if owner is safetensors.torch else "safe_save_file"
        native(owner, name, lambda tensors, path, *_, **__: path)
    native(transformers.PreTrainedTokenizerBase, "save_pretrained", lambda _, folder, **__: folder)
    for name in ("measured", "end"):
        native(Attempt, name, lambda *_, **__: disk.below[0])
    connect = sqlite3.dbapi2.connect

    def connected(path, *given, **known):
        try:
            disk.ask("connect", path)
        except OSError:
            message = "unable to open database file"
            raise sqlite3.OperationalError(message) from None
        return connect(path, *given, **known)

    patch.setattr(sqlite3.dbapi2, "connect", connected)


@contextmanager
def no_growth(most=0):
    """Have the system itself refuse that a file grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

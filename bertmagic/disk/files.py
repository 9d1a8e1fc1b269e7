"""The one writer of files and folders: the old content or the new one is there, never half of one.

What is new is filled under a temporary name of its own, brought to the disk (fsync) and renamed. Whatever the disk
refuses is one `FileError` that names the file, the reason and what to do. A log is appended to, line by line.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from bertmagic.errors import BertMagicError, FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT = 60.0
"""Seconds after which a file or folder that nobody fills is one that a kill left behind."""

_TRIES = 100
"""How often a swap is tried again when another process puts a folder in the same place."""

_SPACE, _RIGHTS = "Free space there", "Make it and its folder writable"
_REASONS = {
    errno.ENOSPC: ("the disk is full", _SPACE), errno.EDQUOT: ("the quota is used up", _SPACE),
    errno.EFBIG: ("the file would be too large", _SPACE),
    errno.EACCES: ("you have no right to", _RIGHTS), errno.EPERM: ("you have no right to", _RIGHTS),
    errno.EROFS: ("the file system is read-only", "Mount it writable"),
    errno.ENAMETOOLONG: ("the name is too long", "Give a shorter name"),
    errno.ENOENT: ("its folder does not exist", "Make the folder"),
    errno.ENOTDIR: ("a part of the path is a file", "Remove that file"),
    errno.EISDIR: ("a folder has this name", "Remove that folder"),
    errno.EEXIST: ("a file has this name", "Remove that file"),
    errno.ELOOP: ("the link points to itself", "Remove the link"),
    errno.ENXIO: ("nothing reads from this pipe", "Remove it, or start what reads from it"),
    errno.EMFILE: ("too many files are open", "Close some, or restart the kernel"),
}  # fmt: skip
"""What the system refuses, in words, and what to do about it."""

_OS_ERROR = re.compile(r"\(os error (\d+)\)|Os \{ code: (\d+)")
"""How the libraries written in Rust, tokenizers and safetensors, say what the system refused."""


def write(path: Path, content: str | bytes, sync: bool = True) -> None:
    """Write a file as a whole.

    UTF-8 has no lone surrogates: one is written as its escape, such as JSON has.

    Raises
    ------
    FileError
        If the disk refuses; the old file stays.
    """
    with replacing_file(path, sync) as file:
        file.write(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))


def write_json(path: Path, content: Any, indent: int | None = 2, sync: bool = True) -> None:
    """Write a value as a JSON file; see `write`. What JSON does not know is written as its text."""
    write(path, json_text(content, indent), sync)


def json_text(content: Any, indent: int | None = 2) -> str:
    """Return the text of a JSON file."""
    return json.dumps(content, ensure_ascii=False, indent=indent, default=str) + "\n"


@contextmanager
def replacing_file(path: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """Give an empty file to fill; on leaving it takes the place of ``path``.

    A link stays one: the file that it names is replaced. What is no file is written to as it is; a pipe from which
    nothing reads is an error.

    Parameters
    ----------
    sync
        Whether the content is on the disk before the file gets its name. A cache with a checksum needs no such wait,
        and neither does a file in the folder that `replacing` gives.

    Raises
    ------
    FileError
        If the disk refuses; the old file stays.
    """
    with refusals(path):
        target = _target(path)
        if target.exists() and not target.is_file():
            with _opened(target) as file:
                yield file
            return
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
        sweep(target)
        filling = _temporary(target)
        try:
            with filling.open("x+b") as file, _claimed(filling):
                yield cast("BinaryIO", file)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            with suppress(OSError):
                shutil.copymode(target, filling)
            filling.replace(target)
        finally:
            with suppress(OSError):
                filling.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    """Open what is no file for writing; a pipe from which nothing reads is an error, not a wait without end."""
    opened = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(opened, True)
    return os.fdopen(opened, "wb")


def _target(path: Path) -> Path:
    """Return the file that a link names; of a link to itself the link."""
    try:
        return path.resolve() if path.is_symlink() else path
    except RuntimeError:  # Python 3.13 raises no error
        return path


def append(path: Path, line: str) -> None:
    """Append a line to a log; it is in the file when this returns, as a whole or not at all.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    content = f"{line}\n".encode("utf-8", "backslashreplace")
    with refusals(path), path.open("ab", buffering=0) as log:
        before = log.tell()
        try:
            written = log.write(content)
            if written != len(content):  # the disk took the beginning only
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            with suppress(OSError):
                log.truncate(before)
            raise


def make_folder(folder: Path) -> Path:
    """Make a folder, and those above it, and return it.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    with refusals(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove(path: Path) -> None:
    """Remove a file that may be there.

    Raises
    ------
    FileError
        If the system refuses.
    """
    with refusals(path):
        path.unlink(missing_ok=True)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what the system refuses inside into one error about ``path``; also where a library reports it its own way.

    Raises
    ------
    FileError
        For any `OSError` inside, and what tokenizers and safetensors raise for one.
    """
    try:
        yield
    except BertMagicError:
        raise
    except Exception as error:
        refused = _refused(error)
        if refused is None:
            raise
        fix = _REASONS.get(refused.errno or 0, ("", _SPACE))[1]
        raise FileError(f"{path} cannot be written: {reason(refused)}.", f"{fix}, or {_elsewhere(path)}.") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system refuses while ``path`` is read into one error.

    Raises
    ------
    FileError
        For any `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {reason(error)}.", f"Make it readable, or {_elsewhere(path)}."
        ) from error


def _refused(error: Exception) -> OSError | None:
    """Return what the system refused; None for an error of another kind."""
    if isinstance(error, OSError):
        return error
    number = _OS_ERROR.search(str(error))
    if number is None:
        return None
    code = int(number[1] or number[2])
    return OSError(code, os.strerror(code))


def is_of_disk(error: BaseException) -> bool:
    """Whether the disk refused, and not a network."""
    return isinstance(error, OSError) and error.errno in _OF_DISK


_OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENAMETOOLONG)


def not_kept(what: str, error: Any) -> tuple[str, str]:
    """Return what to say of something of the hub that the disk does not take, and what to do."""
    return (
        f"{what!r} cannot be kept on this disk: {reason(error)}.",
        "Free space there, or set HF_HOME to another folder before the kernel starts.",
    )


def reason(error: OSError) -> str:
    """Return why the system refused, in plain words and in its own."""
    words, own = _REASONS.get(error.errno or 0, ("", ""))[0], (error.strerror or str(error))[:300]
    return f"{words} ({own})" if words else own


def _elsewhere(path: Path) -> str:
    """Return where else it could be written: what is in the folder of all runs moves with that folder."""
    home = os.environ.get("BERTMAGIC_HOME")
    in_home = ".bertmagic" in path.parts or (home and path.absolute().is_relative_to(Path(home).absolute()))
    return "set BERTMAGIC_HOME to another folder" if in_home else "give another path"


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on leaving it takes the place of ``folder``.

    A failure while it is filled leaves ``folder`` as it was. A kill between the two renames leaves the old folder under
    a hidden name, from where `recover` brings it back. No lock is needed: see `_swap`.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    with refusals(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        recover(folder)
        filling = _temporary(folder)
        filling.mkdir()
        try:
            with _claimed(filling):
                yield filling
                _sync(filling)
                _swap(filling, folder)
        finally:
            shutil.rmtree(filling, ignore_errors=True)


def _hidden(path: Path) -> str:
    """Return the beginning of the temporary names for a path; with what is added, 255 bytes hold it."""
    name = path.name
    if len(os.fsencode(name)) > _LONG:
        name = f"{name[:40]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return f".{name}"


_LONG = 220


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_hidden(path)}.{uuid.uuid4().hex[:8]}")


@contextmanager
def _claimed(path: Path) -> Iterator[bool]:
    """Hold a path with a lock of the operating system, which ends with the process; whether nobody else holds it.

    Where there are no such locks, as on Windows, the answer is no.
    """
    try:
        import fcntl

        opened = os.open(path, os.O_RDONLY)
    except (ImportError, OSError):
        yield False
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = True
    except OSError:
        mine = False
    try:
        yield mine
    finally:
        os.close(opened)


def _swap(filling: Path, folder: Path) -> None:
    """Put a filled folder in the place of another.

    Between the two renames another process may see no folder and bring the old one back, or put one of its own there.
    The second rename then fails, since a folder never replaces one that has files, and the swap begins again.
    """
    try:
        for turn in range(_TRIES):
            with suppress(FileNotFoundError):
                folder.rename(folder.parent / f"{filling.name}-{turn}.previous")
            try:
                filling.rename(folder)
                return
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY) or turn + 1 == _TRIES:
                    raise
    finally:
        recover(folder)


def recover(folder: Path) -> None:
    """Bring the old folder back if a kill came between the two renames of `replacing`; remove what else was left."""
    pattern = re.compile(rf"{re.escape(_hidden(folder))}(\.[0-9a-f]{{8}}-\d+)?\.previous")
    hidden = [path for path in folder.parent.glob(".*.previous") if pattern.fullmatch(path.name)]
    for previous in sorted(hidden, key=_changed, reverse=True):
        if folder.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            with suppress(OSError):  # another process was faster
                previous.rename(folder)
    sweep(folder)


def sweep(path: Path) -> None:
    """Remove what killed processes were filling in the place of a path: nobody holds it, and it no longer changes."""
    _sweep(path.parent, re.compile(rf"{re.escape(_hidden(path))}\.[0-9a-f]{{8}}"), _LEFT)


def sweep_folder(folder: Path, seconds: float = _LEFT) -> None:
    """Remove what killed processes were filling in a folder, and has not changed for so long; see `sweep`."""
    _sweep(folder, re.compile(r"\..+\.[0-9a-f]{8}"), seconds)


def _sweep(folder: Path, left: re.Pattern[str], seconds: float) -> None:
    for filling in folder.glob(".*"):
        if left.fullmatch(filling.name) and time.time() - _changed(filling) >= seconds:
            with _claimed(filling) as mine, suppress(OSError):
                if mine:
                    shutil.rmtree(filling) if filling.is_dir() else filling.unlink()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has moved it
        return 0.0


def _sync(folder: Path) -> None:
    """Have the files on the disk before they get their name: a rename can overtake the data in a power cut."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())

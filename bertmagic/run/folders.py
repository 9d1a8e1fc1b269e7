"""The folders of runs: where they are, and what identifies the data and versions of a run."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, paths
from bertmagic.options.names import folder_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROWS = "training_rows.arrow"
"""The file in the folder of a run that has its training rows."""

_pinned: ContextVar[Path | None] = ContextVar("home", default=None)


def home() -> Path:
    """Return the folder of this project's runs: ``BERTMAGIC_HOME``, or ``.bertmagic`` in the current folder."""
    return _pinned.get() or paths.path(os.environ.get("BERTMAGIC_HOME") or ".bertmagic", "BERTMAGIC_HOME")


def pin() -> None:
    """Keep `home` as it is now for the rest of this context, such as a background run: a cell may change the folder."""
    _pinned.set(home().absolute())


@contextmanager
def apart() -> Iterator[Path]:
    """Make a temporary folder the `home` within a block: what is written there is gone at its end."""
    with tempfile.TemporaryDirectory(prefix="bertmagic-", ignore_cleanup_errors=True) as folder:
        token = _pinned.set(Path(folder))
        try:
            yield Path(folder)
        finally:
            _pinned.reset(token)


def run_folder(name: str) -> Path:
    """Return the folder of a run; of ``NAME/trials/3``, a trial of the search ``NAME``.

    Raises
    ------
    OptionError
        If the name would lead out of the folder of all runs; see `bertmagic.options.names`.
    """
    search, trials, number = name.partition("/trials/")
    parts = (search, "trials", number) if trials else (name,)
    return home().joinpath("runs", *map(folder_name, parts))


def model_folder(name: str) -> Path:
    """Return the folder of a run's model."""
    return run_folder(name) / "model"


def made_folder(name: str) -> Path:
    """Return the folder of a run's model, after making the folder of the run.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    return made(run_folder(name)) / "model"


def made(folder: Path) -> Path:
    """Make a folder inside of `home` and return it. A ``.gitignore`` in `home` keeps all of it out of git.

    Raises
    ------
    FileError
        If it cannot be made.
    """
    files.make_folder(folder)
    ignore = home() / ".gitignore"
    with files.refusals(ignore):
        if not ignore.exists():
            files.write(ignore, "*\n")
    return folder


def names() -> list[str]:
    """Return the runs that have a model, the newest first."""
    folder = home() / "runs"
    with files.reading(folder):
        return _names(folder)


def _names(folder: Path) -> list[str]:
    for run in folder.glob("*/.model.*previous"):
        files.recover(run.parent / "model")
    configs = list(folder.glob("*/model/config.json"))
    return [path.parent.parent.name for path in sorted(configs, key=lambda path: -_changed(path))]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it was removed meanwhile, or is a link to itself
        return 0.0


def run_of(folder: Path) -> str | None:
    """Return the name of the run, of those in `home`, whose model is in a folder; None for any other folder."""
    folder = folder.resolve()
    run = folder.parent
    return run.name if folder.name == "model" and run.parent == (home() / "runs").resolve() else None


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON values. Data is represented by its name or its type, not by its rows."""

    def value(given: Any) -> Any:
        if given is None or isinstance(given, str | int | float):
            return given
        if isinstance(given, tuple) and all(isinstance(item, str) for item in given):
            return list(given)
        return str(given) if isinstance(given, os.PathLike) else type(given).__name__

    return {name: value(given) for name, given in options.items()}


@cache
def version(package: str) -> str:
    """Return the version of an installed package. To read it takes milliseconds each time, so it is kept."""
    return metadata.version(package)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    packages = {name: version(name) for name in ("bertmagic", "torch", "transformers", "tokenizers")}
    return {"python": platform.python_version(), **packages}


def digest(*columns: Iterable[object]) -> str:
    """Return the SHA-256 of texts and targets: equal for two runs with the same rows."""
    sha = hashlib.sha256()
    for row in zip(*columns, strict=True):
        sha.update(("\x00".join(map(str, row)) + "\x00").encode("utf-8", "surrogatepass"))
    return sha.hexdigest()

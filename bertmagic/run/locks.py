"""One writer for each run: a lock of the operating system, which ends with the process that holds it.

In the folder ``locks`` of `folders.home` there is a file ``NAME.lock``, which is locked, and ``NAME.json``, which says
who holds the lock, for the error that a second writer gets. Readers need no lock.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from bertmagic.disk import files, json_files
from bertmagic.errors import FileError, TrainingError
from bertmagic.run import folders
from bertmagic.run.processes import is_gone, is_here, this_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


class RunLock:
    """The right to write to a run, from now on until `release` or the end of the process.

    Parameters
    ----------
    name
        The name of the run.

    Raises
    ------
    TrainingError
        If another process holds the lock, or this one does already; it says which process and since when. Or if the
        run cannot be locked.
    FileError
        If the folder of the locks or the lock itself cannot be written.
    """

    def __init__(self, name: str) -> None:
        folder = folders.made(folders.home().absolute() / "locks")
        self._holder = folder / f"{name}.json"
        # Not bound to a thread: a background run is locked by one thread and released by another.
        self._lock = FileLock(folder / f"{name}.lock", thread_local=False)
        self._held = False
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise _refusal(name, self._read_holder()) from None
        except (OSError, NotImplementedError) as error:
            if files.is_of_disk(error):
                with files.refusals(folder / f"{name}.lock"):
                    raise
            self._go_by_holder(name, error)
        self._held = True
        with suppress(FileError):  # it only words the error of a second writer
            self._write_holder()

    def __enter__(self) -> RunLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()

    def release(self) -> None:
        """Let others write to the run; a second call changes nothing."""
        if not self._held:
            return
        self._held = False
        with suppress(OSError):
            self._holder.unlink(missing_ok=True)
        self._lock.release()

    def _go_by_holder(self, name: str, error: Exception) -> None:
        """Use ``NAME.json`` as the lock where the file system has none; it protects from processes of this machine."""
        try:
            holder = self._read_holder()
            self._write_holder()
        except FileError as refused:
            raise TrainingError(f"the run {name!r} cannot be locked: {error}.", refused.fix) from None
        if holder and is_here(holder) and not is_gone(holder):
            files.write_json(self._holder, holder)
            raise _refusal(name, holder)
        warnings.warn(
            f"The file system of {self._holder.parent} has no locks ({error}): do not train under one name from two "
            "machines at once.",
            stacklevel=4,
        )

    def _read_holder(self) -> dict[str, Any]:
        try:
            return json_files.read_object(self._holder)
        except FileError:
            return {}

    def _write_holder(self) -> None:
        locked = datetime.now().astimezone().isoformat(timespec="seconds")
        files.write_json(self._holder, this_process() | {"locked": locked})


@contextmanager
def locked_model(folder: Path) -> Iterator[str | None]:
    """Hold the lock of the run whose model is in a folder; of another folder hold none.

    Gives the name of the run, or None.
    """
    run = folders.run_of(folder)
    if run is None:
        yield None
        return
    with RunLock(run):
        yield run


def _refusal(name: str, holder: dict[str, Any]) -> TrainingError:
    """Return the error of a second writer; what a process that has ended left behind is not believed."""
    who, since = "another process", ""
    if holder and not is_gone(holder):
        here = this_process()
        mine = all(holder.get(key) == here[key] for key in ("host", "pid"))
        who = "this process" if mine else f"process {holder.get('pid')} on {holder.get('host')}"
        since = f", since {str(holder.get('locked', '')).replace('T', ' ')}"
    return TrainingError(
        f"the run {name!r} is being written by {who}{since}.",
        f'Take another name, such as name = "{name}_2", or wait until that run has ended.',
    )

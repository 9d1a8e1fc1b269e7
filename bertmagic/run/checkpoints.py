"""Checkpoints on disk: all that a run needs to continue. A checkpoint appears as a whole or not at all.

The folder of a run has ``checkpoints/`` with ``step-00000412/`` (tensors as safetensors, the rest as JSON) and
``best-400/``, a model that can be loaded. When a run is started anew, those of the run before move to ``kept/``.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, json_files, kinds, paths
from bertmagic.disk.kinds import COUNT, NUMBER, REAL, TRUTH, list_of, object_of, or_null, whole
from bertmagic.errors import BertMagicError, FileError, OptionError, TrainingError, listing
from bertmagic.events import Listener, Note, Phase
from bertmagic.models import adapters, checksums
from bertmagic.models.card_kinds import FACTS
from bertmagic.options.synonyms import renamed
from bertmagic.run import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import torch

_STATE, _TENSORS = "state.json", "tensors.safetensors"
_KEPT = 2
"""How many checkpoints stay: one more than is needed, in case the newest is damaged."""

_WITHOUT_EFFECT = (
    "name", "train", "validation", "test", "text", "label", "device", "save_to", "resume", "background",
    "checkpoint_every", "checkpoint_minutes", "baselines", "calibrate",
)  # fmt: skip
"""Options that may differ when a run is resumed; the data is compared by its digest."""


_EARLIER = {"keep": "best", "pooling": "first", "read_pairs": None}
"""What runs did before there were options for it."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk.

    Attributes
    ----------
    state
        Its JSON values.
    damage
        What is wrong with the newer ones that were passed over, in a sentence; empty if there are none.
    """

    folder: Path
    state: Mapping[str, Any]
    damage: str = ""

    @property
    def best(self) -> Path | None:
        """The folder with the best weights; None if there was no evaluation yet."""
        return _best(self.folder.parent, self.state["best_step"]) if self.state["best_step"] else None

    @property
    def where(self) -> str:
        """Its step, as in "step 412 of 900"."""
        return f"step {self.state['step']:,} of {self.state['steps']:,}"

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the tensors by name."""
        from safetensors.torch import load_file

        return load_file(self.folder / _TENSORS)

    def best_weights(self) -> dict[str, torch.Tensor] | None:
        """Return the best weights by name; for a run with adapters only the tensors that it trains."""
        from safetensors.torch import load_file

        if self.best is None:
            return None
        return adapters.tensors(self.best) if adapters.is_adapter(self.best) else load_file(_weights(self.best))

    def check(self) -> None:
        """Raise a `FileError` if one of its files is not as it was written."""
        for part in filter(None, (self.folder, self.best)):
            checksums.check(part)


class Checkpoints:
    """Writes the checkpoints of one run; the training loop calls it.

    Parameters
    ----------
    name
        The name of the run.
    facts
        What must be the same when the run is resumed: ``options`` and ``data``, as JSON values.
    every, minutes
        When one is due between evaluations: after this many steps, or minutes.
    history
        Returns the history of the run so far: JSON values, and tensors.
    save_best
        Writes the best weights to a folder as a model; called with the folder, the weights and their step.
    emit
        Gets one warning if the disk refuses.
    """

    def __init__(
        self, name: str, facts: Mapping[str, Any], every: int | None, minutes: float,
        history: Callable[[], tuple[Any, torch.Tensor]],
        save_best: Callable[[Path, Mapping[str, torch.Tensor], int], object], emit: Listener,
    ) -> None:  # fmt: skip
        self._folder, self._facts = folder(name), facts
        self._every, self._minutes = every, minutes
        self._history, self._save_best, self._emit = history, save_best, emit
        self._at, self._warned = time.monotonic(), False

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due."""
        return (self._every is not None and step % self._every == 0) or time.monotonic() - self._at > 60 * self._minutes

    def write(
        self, state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], best: Mapping[str, torch.Tensor] | None
    ) -> bool:
        """Write a checkpoint, and remove all but the newest two. If the disk refuses, training continues.

        Returns
        -------
        bool
            True if it was written.
        """
        self._emit(Phase("writing a checkpoint"))
        written = False
        try:
            self._write(state, tensors, best)
            written = True
            self._prune()
        except BertMagicError as error:
            self._warn(error.what)
        self._at = time.monotonic()  # after writing: a slow disk must not be busy all the time
        return written

    def _write(
        self, state: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], best: Mapping[str, torch.Tensor] | None
    ) -> None:
        from safetensors.torch import save_file

        if best is not None and not (at := _best(self._folder, state["best_step"])).is_dir():
            self._save_best(at, best, state["best_step"])
        evaluations, steps = self._history()
        with files.replacing(self._folder / f"step-{state['step']:08d}") as filling:
            contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
            save_file(contiguous | {"history": steps}, filling / _TENSORS)
            files.write_json(filling / _STATE, {**state, "told": evaluations, **self._facts}, indent=None, sync=False)
            checksums.write(filling)

    def _prune(self) -> None:
        newest = list(_complete(self._folder))[:_KEPT]
        needed = {path for checkpoint in newest for path in (checkpoint.folder, checkpoint.best)}
        with files.refusals(self._folder):
            for path in self._folder.iterdir():
                if path not in needed:
                    shutil.rmtree(path, ignore_errors=True)

    def _warn(self, why: str) -> None:
        if self._warned:
            return
        self._warned = True
        last = next(_complete(self._folder), None)
        good = f"The last good one is of {last.where}." if last else "There is none yet."
        why = why.removesuffix(".")
        self._emit(
            Note(f"No checkpoint could be written: {why}. {good} Training goes on; free the disk.", warning=True)
        )


def folder(name: str) -> Path:
    """Return the folder of a run's checkpoints."""
    return folders.run_folder(name) / "checkpoints"


def _old(name: str) -> Path:
    """Return the folder of the checkpoints that were kept when a run was started anew."""
    return folder(name).with_name("kept")


def best_folder(name: str) -> Path | None:
    """Return the folder of the best weights so far of a run that is not finished; None before its first evaluation.

    The run replaces it by a better one: load it at once.
    """
    steps = {path.parent.name.partition("-")[2]: path.parent for path in folder(name).glob("best-*/config.json")}
    return max(((int(step), path) for step, path in steps.items() if step.isdecimal()), default=(0, None))[1]


def resumable(name: str) -> Checkpoint:
    """Return the checkpoint that a run is resumed from: its newest one that is whole, or the one that was kept.

    Raises
    ------
    TrainingError
        If there is no checkpoint, for example because the run is finished.
    FileError
        If all are damaged.
    """
    newest, damage = _newest(folder(name))
    if newest is None and not damage and _newest(_old(name))[0] is not None:
        shutil.rmtree(folder(name), ignore_errors=True)
        _old(name).rename(folder(name))
        newest, damage = _newest(folder(name))
    if newest is not None:
        return newest
    if damage:
        raise FileError(f"the run {name!r} cannot go on: {damage}", "Leave resume out to train it anew.")
    if (folder(name).parent / "metrics.json").is_file():
        remove(name)  # which a kill may have cut short
        raise TrainingError(
            f"the run {name!r} is finished: there is nothing left to do.", "Leave resume out to train it anew."
        )
    raise TrainingError(f"the run {name!r} has no checkpoint to go on from.", "Leave resume out to train it.")


def compare(checkpoint: Checkpoint, facts: Mapping[str, Any]) -> None:
    """Raise an `OptionError` that lists the differences if the checkpoint is of a run with other options or data."""
    before, now = checkpoint.state, facts
    options = {name: value for name, value in _EARLIER.items() if name in now["options"]} | renamed(before["options"])
    names = sorted((options.keys() | now["options"].keys()) - set(_WITHOUT_EFFECT))
    differences = [
        f"{name} was {options.get(name)!r} and is {now['options'].get(name)!r}"
        for name in names
        if now["options"].get(name) not in (options.get(name), _absolute(name, options.get(name)))
    ]
    differences += [
        f"the {part} rows are others"
        for part in ("train", "validation")
        if before["data"].get(part, {}).get("sha256") != now["data"].get(part, {}).get("sha256")
    ]
    if differences:
        raise OptionError(
            f"the checkpoint of {checkpoint.where} is of another run: {listing(differences, 6)}.",
            "Give what it had, or leave resume out to begin anew.",
        )


def _absolute(name: str, value: Any) -> Any:
    """Return the absolute folder of an encoder, as it is recorded now; earlier runs have it as it was given."""
    return str(paths.path(value, name).absolute()) if name == "model" and isinstance(value, str) else value


def set_aside(name: str) -> Checkpoint | None:
    """Move the checkpoints of the run before out of the way of a new one, and return the newest of them."""
    if next(_complete(folder(name)), None) is not None:
        shutil.rmtree(_old(name), ignore_errors=True)
        folder(name).rename(_old(name))
    shutil.rmtree(folder(name), ignore_errors=True)
    return next(_complete(_old(name)), None)


def remove(name: str) -> None:
    """Remove the checkpoints of a finished run: its model has the result."""
    shutil.rmtree(folder(name), ignore_errors=True)
    shutil.rmtree(_old(name), ignore_errors=True)


def _best(inside: Path, step: int) -> Path:
    return inside / f"best-{step}"


def _weights(model: Path) -> Path:
    return model / (adapters.TENSORS if adapters.is_adapter(model) else "model.safetensors")


def unfitting(checkpoint: Checkpoint, error: Exception) -> FileError:
    """Return the error for a checkpoint whose parts are not those that this version reads."""
    why = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    return FileError(
        f"the checkpoint in {checkpoint.folder} is damaged, or of another version of bertmagic ({why}).",
        "Leave resume out to train the run anew, or resume it with the version that wrote it.",
    )


def _newest(inside: Path) -> tuple[Checkpoint | None, str]:
    """Return the newest checkpoint in a folder that is whole, with what is wrong with the newer ones."""
    damage: list[str] = []
    for path in _paths(inside):
        try:
            checkpoint = _read(path)
            checkpoint.check()
            return replace(checkpoint, damage=" ".join(damage)), ""
        except FileError as error:
            damage.append(error.what)
    return None, " ".join(damage)


def _complete(inside: Path) -> Iterator[Checkpoint]:
    """Yield the checkpoints in a folder that have all their files, the newest first; their content is not read."""
    for path in _paths(inside):
        with suppress(FileError):
            yield _read(path)


def _paths(inside: Path) -> list[Path]:
    for hidden in inside.glob(".step-*previous"):
        files.recover(inside / hidden.name.split(".")[1])
    return sorted(inside.glob("step-*"), reverse=True)


def _read(path: Path) -> Checkpoint:
    """Return the checkpoint in a folder.

    Raises
    ------
    FileError
        If a file is missing or cut short, or its state lacks a part.
    """
    from safetensors import SafetensorError, safe_open

    checkpoint = Checkpoint(path, json_files.read_object(path / _STATE, _ANEW))
    if missing := [name for name in _NEEDED if name not in checkpoint.state]:
        raise unfitting(checkpoint, KeyError(missing[0]))
    kinds.check(path / _STATE, checkpoint.state, _STATE_KINDS, _ANEW)
    needed = [path / _TENSORS, *([_weights(checkpoint.best)] if checkpoint.best else [])]
    for tensors in needed:
        try:
            with safe_open(tensors, framework="pt"):  # reads the header, and compares the size of the file
                pass
        except (OSError, SafetensorError) as error:
            raise FileError(f"{tensors} is damaged: {str(error)[:200]}.") from None
    return checkpoint


_ANEW = "Leave resume out to train the run anew."
_NEEDED = ("step", "steps", "best_step", "seconds", "most", "told", "options", "data")
"""What the state of a checkpoint has at least."""

_EVALUATION = object_of(
    {"step": COUNT, "epoch": NUMBER, "loss": REAL, "metrics": object_of(each=REAL), "best": TRUTH, "seconds": NUMBER}
)
_STATE_KINDS = {
    **dict.fromkeys(("step", "steps", "best_step", "rows", "read", "slots", "waited", "evaluated", "empty"), COUNT),
    **dict.fromkeys(("best_score", "best_loss"), or_null(REAL)),
    "seconds": NUMBER,
    "most": or_null(whole(1, 10**9, "a whole number above 0")),
    "told": list_of(_EVALUATION, "evaluations"),
    **FACTS,
}
"""The entries of a state by their names."""

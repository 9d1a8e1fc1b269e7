"""Completion candidates for the value of an option: variables of the user, and names that the API knows."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.data.object_types import declares, is_dict_of_columns, is_instance, is_table
from bertmagic.magics.names import predicts, public
from bertmagic.options import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.options import Option

_WORDS = {"freeze": ("embeddings", "encoder"), "metric": ("date", "name", "seconds", "steps", *METRICS)}


@dataclass(frozen=True)
class Candidates:
    """Candidates: names of variables, and texts that may need quotes."""

    variables: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def values(entry: Option, fragment: str, names: Mapping[str, Any], known_columns: list[str]) -> Candidates:
    """Return the candidates for an option, given the typed fragment."""
    match entry.kind:
        case "choice" | "freeze" | "metric":
            return Candidates(texts=_WORDS.get(entry.kind, entry.choices))
        case "column" | "columns":
            return Candidates(texts=tuple(known_columns))
        case "path":
            return Candidates(texts=_paths(fragment))
        case "model":
            return Candidates(_holding(names, predicts), (*entry.choices, *_models()))
        case "run":
            return Candidates(texts=_runs())
        case "name":
            return Candidates(texts=_holding(names, predicts))
        case "data" | "share_or_data":
            return Candidates(_holding(names, _has_rows), (*_samples(), *_files(fragment)))
        case "texts":
            return Candidates(_holding(names, _has_texts))
    return Candidates()


def _holding(names: Mapping[str, Any], wanted: Any) -> tuple[str, ...]:
    return tuple(name for name in public(names) if wanted(names[name]))


def _has_rows(value: Any) -> bool:
    return is_table(value) or is_dict_of_columns(value)


def _has_texts(value: Any) -> bool:
    """Whether a value can be texts to predict: a text, a list, a column (which has ``.str``) or a table."""
    return is_instance(value, (str, list, tuple)) or declares(value, "str") or _has_rows(value)


def _models() -> tuple[str, ...]:
    from bertmagic import api
    from bertmagic.models.catalogue import ALIASES

    return (*api.held(), *api.runs_here(), *ALIASES)


def _runs() -> tuple[str, ...]:
    from bertmagic import api

    return tuple(api.runs_here(with_model=False))


def _samples() -> tuple[str, ...]:
    from bertmagic.data import samples

    return tuple(f"sample:{name}" for name in samples.names())


def _files(fragment: str) -> tuple[str, ...]:
    """Return the folders, and the files whose suffix says that they are data."""
    from bertmagic.data import tables

    return tuple(path for path in _paths(fragment) if path.lower().endswith((*tables.SUFFIXES, os.sep)))


def _paths(fragment: str) -> tuple[str, ...]:
    # glob keeps the path as typed, such as a leading ./, and pathlib does not
    paths = sorted(glob.glob(glob.escape(fragment) + "*"))  # noqa: PTH207
    return tuple(path + os.sep if Path(path).is_dir() else path for path in paths)

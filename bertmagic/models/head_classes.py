"""The classes of a head that was trained before, and those that it is needed for: as many outputs need not be the same.

A checkpoint of another author has its own order of classes, often another than the alphabet's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.errors import listing
from bertmagic.models import heads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import PreTrainedModel

_UNNAMED = re.compile(r"LABEL_(\d+)")
"""What transformers calls a class without a name, and leaves out of the config of two classes."""


def fit(model: PreTrainedModel, id2label: Mapping[str, Any] | None, names: tuple[str, ...]) -> tuple[str, bool]:
    """Fit a head to classes: with the same names in another order its rows are permuted, with others it is drawn anew.

    Names that differ in nothing but case and blanks around them are the same. A class without a name, ``LABEL_2``, is
    that of the number 2. A single output without a name is a number.

    Parameters
    ----------
    id2label
        The classes that the head was trained for, as the config of its folder has them.
    names
        The classes that it is needed for, as many.

    Returns
    -------
    str
        What became of the head, in words.
    bool
        Whether it is new.
    """
    numbered = id2label or {str(at): f"LABEL_{at}" for at in range(len(names))}
    own = [str(name) for _, name in sorted(numbered.items(), key=lambda item: int(item[0]))]
    is_named = not all(map(_UNNAMED.fullmatch, own))
    if own == list(names) or (len(names) == len(own) == 1 and not is_named):
        return "the head it has", False
    order = _order(own, list(names)) or _order(*([_comparable(name) for name in side] for side in (own, names)))
    if order:
        heads.permute(model, order)
        return f"the head it has{_how_it_fits(own, names, order)}", False
    heads.renew(model)
    what = f"that of the folder is for {listing(own, 4)}" if is_named else "that of the folder names no classes"
    return f"a new head ({what})", True


def _order(own: list[str], names: list[str]) -> list[int]:
    """Return which of its own classes each of ``names`` is; empty where they are not the same, or not all different."""
    is_same = len(set(own)) == len(own) and sorted(own) == sorted(names)
    return [own.index(name) for name in names] if is_same else []


def _comparable(name: str) -> str:
    number = _UNNAMED.fullmatch(name)
    return number[1] if number else name.strip().casefold()


def _how_it_fits(own: list[str], names: tuple[str, ...], order: list[int]) -> str:
    renamed = [f"{own[at]} is {name}" for at, name in zip(order, names, strict=True) if own[at] != name]
    moved = ", its classes in the order of the data" if order != sorted(order) else ""
    return f"{moved}{', where ' + listing(renamed, 4) if renamed else ''}"

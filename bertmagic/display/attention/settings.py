"""What is on screen in the attention view: one value that the widget, the exports and the static picture share."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from bertmagic.attention import METHODS, STATISTICS
from bertmagic.errors import OptionError, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from bertmagic.attention.maps import AttentionMaps

Combine = Literal["mean", "max"]
Order = Literal["model", "statistic"]
Sentences = Literal["all", "A→A", "A→B", "B→A", "B→B"]
Direction = Literal["attends to", "attended by"]
Scale = Literal["linear", "square root"]
Picture = Literal["grid", "lines", "heat map", "text"]

DIFFERENCE = "difference"
"""The method beside those of `bertmagic.attention.METHODS`: how the weights differ from another model's."""
DIVERGENCE = "divergence"
"""The statistic that goes with it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The state of the view.

    Attributes
    ----------
    layer, heads
        Counted from 0, as in ``maps.array[layer, head]``; several heads are combined into one map.
    combine
        How several heads become one.
    method, output
        What the numbers are: attention weights, or one of the mixing methods; and, for ``gradient``, towards which of
        ``maps.outputs``, by default the first.
    statistic, order
        The number by which the grid is framed and, with ``"statistic"``, sorted.
    sentences
        Which part of a pair is shown: from the first text (A) or the second to either.
    hide_special, merge_words
        Leave special tokens out and let the rest of each row sum to 1; sum word pieces into words.
    direction, pinned
        The tokens (positions in ``maps.tokens``) whose sum is shown, and whether as those that attend.
    top, threshold
        How many lines a token has at most, and the least weight of a line.
    scale
        Whether colours and lines grow with the weight or with its square root.
    find
        Tokens that contain this text are marked.
    pictures
        What is shown, and exported.
    """

    layer: int = 0
    heads: tuple[int, ...] = (0,)
    combine: Combine = "mean"
    method: str = "weights"
    output: str = ""
    statistic: str = "entropy"
    order: Order = "model"
    sentences: Sentences = "all"
    hide_special: bool = False
    merge_words: bool = False
    direction: Direction = "attends to"
    pinned: tuple[int, ...] = ()
    top: int = 3
    threshold: float = 0.05
    scale: Scale = "linear"
    find: str = ""
    pictures: tuple[Picture, ...] = ("grid", "lines", "heat map", "text")


CHOICES: Mapping[str, tuple[str, ...]] = {
    "combine": get_args(Combine), "order": get_args(Order), "sentences": get_args(Sentences),
    "direction": get_args(Direction), "scale": get_args(Scale), "pictures": get_args(Picture),
}  # fmt: skip
NAMES = tuple(field.name for field in fields(Settings))


def methods(maps: AttentionMaps) -> tuple[str, ...]:
    """Return the methods that maps can be shown by."""
    differs = maps.comparison is not None and maps.comparison.difference is not None
    return (*METHODS, DIFFERENCE) if differs else METHODS


def statistics(maps: AttentionMaps) -> tuple[str, ...]:
    """Return the names of the numbers that heads can be ordered by."""
    compared = maps.comparison is not None and maps.comparison.divergence is not None
    return (*STATISTICS, DIVERGENCE) if compared else STATISTICS


def values(maps: AttentionMaps, statistic: str) -> npt.NDArray[np.float64]:
    """Return a number of each head, ``(layers, heads)``."""
    if statistic == DIVERGENCE:
        assert maps.comparison is not None
        assert maps.comparison.divergence is not None
        return maps.comparison.divergence
    frame = maps.head_statistics(gradient=statistic == "importance")
    return np.asarray(frame[statistic], np.float64).reshape(maps.array.shape[:2])


def settings(
    maps: AttentionMaps, state: Mapping[str, Any], methods: Sequence[str] = (), statistics: Sequence[str] = ()
) -> Settings:
    """Return the state that a user asked for; what is not given is as the view opens.

    Parameters
    ----------
    state
        Names of `Settings`; ``head=3`` is short for ``heads=[3]``.
    methods, statistics
        What is allowed; anything where empty.

    Raises
    ------
    OptionError
        If a name or a choice is unknown, or a layer, head or token is beyond the model.
    """
    given = dict(state)
    if "head" in given:
        given["heads"] = given.pop("head")
    for name in given:
        if name not in NAMES:
            raise OptionError(
                f"the attention view has no setting {name!r}.{nearest(name, NAMES)}", f"It has {', '.join(NAMES)}."
            )
    given = {name: _plain(name, value) for name, value in given.items()}
    if "layer" not in given and "heads" not in given:
        given |= dict(zip(("layer", "heads"), _opening(maps), strict=True))
    return check(maps, replace(Settings(), **given), methods, statistics)


def check(maps: AttentionMaps, wanted: Settings, methods: Sequence[str], statistics: Sequence[str]) -> Settings:
    """Return settings that fit the maps.

    Raises
    ------
    OptionError
        If they do not.
    """
    layers, heads, tokens, _ = maps.array.shape
    _within("layer", (wanted.layer,), layers)
    _within("head", wanted.heads, heads)
    _within("token", wanted.pinned, tokens)
    if not wanted.heads:
        raise OptionError("no head was chosen.", f"Choose one from 0 to {heads - 1}.")
    known = {**CHOICES, "method": tuple(methods), "statistic": tuple(statistics), "output": ("", *maps.outputs)}
    for name, choices in known.items():
        value = getattr(wanted, name)
        for one in value if isinstance(value, tuple) else (value,):
            if choices and one not in choices:
                raise OptionError(f"{name}={one!r} is not known.{nearest(one, choices)}", f"Choose {listing(choices)}.")
    return wanted


def _plain(name: str, value: Any) -> Any:
    """Return lists as tuples, and numpy's numbers as Python's."""
    if name in ("heads", "pinned"):
        return tuple(int(one) for one in np.atleast_1d(np.asarray(value, dtype=int)))
    if name == "pictures":
        return (value,) if isinstance(value, str) else tuple(value)
    return value.item() if isinstance(value, np.generic) else value


def _within(what: str, asked: Sequence[int], many: int) -> None:
    for one in asked:
        if not 0 <= one < many:
            raise OptionError(
                f"{what} {one} was asked for, but there are {many} {what}s.", f"Choose one from 0 to {many - 1}."
            )


def _opening(maps: AttentionMaps) -> tuple[int, tuple[int, ...]]:
    layer, head = telling(maps)
    return layer, (head,)


def telling(maps: AttentionMaps) -> tuple[int, int]:
    """Return the layer and the head whose tokens look most firmly at a token of their own choice, no neighbour.

    Heads that look at themselves, at the token before or behind, or at special tokens are found in every model and
    every text (Clark et al. 2019), and one whose tokens all look at the same one says little of each.
    """
    score = firmness(maps.array, [token.word < 0 for token in maps.tokens])
    layer, head = np.unravel_index(int(score.argmax()), score.shape)
    return int(layer), int(head)


def firmness(array: npt.NDArray[np.float32], special: Sequence[bool]) -> npt.NDArray[np.float32]:
    """Return ``(layers, heads)``: the mean over tokens of their strongest weight on a token that is no neighbour.

    From each weight, the mean weight that tokens have on the same token is taken away.
    """
    words = np.flatnonzero(~np.asarray(special, dtype=bool))
    if not len(words):
        words = np.arange(array.shape[-1])
    far = np.abs(words[:, None] - words[None, :]) > 1
    if not far.any():
        return np.asarray(array.max(axis=-1).mean(axis=-1))
    blocked = np.full(array.shape[-2:], np.inf, np.float32)
    blocked[np.ix_(words, words)] = np.where(far, 0, np.inf)
    rows = np.zeros(array.shape[-1], np.float32)
    rows[words] = 1 / len(words)
    out = np.empty(array.shape[:2], np.float32)
    for layer, heads in enumerate(array):  # a layer at a time: at 512 tokens all of them are 150 MB
        own = heads - (rows @ heads)[:, None, :]
        own -= blocked
        out[layer] = np.maximum(own.max(axis=-1), 0) @ rows
    return out

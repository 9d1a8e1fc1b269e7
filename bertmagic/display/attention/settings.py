"""The state of the attention view: one value that the widget, the exports and the static picture share."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertmagic.attention import METHODS, STATISTICS
from bertmagic.display.attention.design import DESIGN
from bertmagic.errors import OptionError, count, listing, nearest
from bertmagic.text_safety import quoted

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
"""A method besides `bertmagic.attention.METHODS`: weights less those of the model that is compared with."""
DIVERGENCE = "divergence"
"""The statistic that belongs to it."""


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
        What the numbers are: attention weights, or one of the mixing methods; for ``gradient``, the output whose
        gradient is taken, by default the first of ``maps.outputs``.
    statistic, order
        The statistic shown as a bar below each head; with ``order="statistic"`` heads are sorted by it.
    sentences
        The part of a pair that is shown: from the first text (A) or the second (B) to either.
    hide_special, merge_words
        Hide special tokens and let the rest of each row sum to 1; merge word pieces into words.
    direction, pinned
        The tokens (positions in ``maps.tokens``) whose sum is shown, and whether they attend or are attended to.
    top, threshold
        The most lines of a token, and the smallest weight that gets a line, as a share of the largest on screen.
    scale
        Whether colours and lines grow with the weight or with its square root.
    find
        Tokens that contain this text are underlined.
    pictures
        The pictures that are shown and exported.
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


CHOICES: Mapping[str, tuple[str, ...]] = {name: tuple(values) for name, values in DESIGN["choices"].items()}
NAMES = tuple(field.name for field in fields(Settings))


def methods(maps: AttentionMaps) -> tuple[str, ...]:
    """Return the methods that maps can be shown by."""
    has_difference = maps.comparison is not None and maps.comparison.difference is not None
    return (*METHODS, DIFFERENCE) if has_difference else METHODS


def statistics(maps: AttentionMaps) -> tuple[str, ...]:
    """Return the names of the statistics that heads can be ordered by."""
    has_divergence = maps.comparison is not None and maps.comparison.divergence is not None
    return (*STATISTICS, DIVERGENCE) if has_divergence else STATISTICS


def values(maps: AttentionMaps, statistic: str) -> npt.NDArray[np.float64]:
    """Return a statistic of each head, of shape ``(layers, heads)``."""
    if statistic == DIVERGENCE:
        assert maps.comparison is not None
        assert maps.comparison.divergence is not None
        return maps.comparison.divergence
    frame = maps.head_statistics(gradient=statistic == "importance")
    return np.asarray(frame[statistic], np.float64).reshape(maps.array.shape[:2])


def settings(
    maps: AttentionMaps, given: Mapping[str, Any], methods: Sequence[str] = (), statistics: Sequence[str] = ()
) -> Settings:
    """Return the state that a user asks for; names that are not given get what the view opens with.

    Parameters
    ----------
    given
        Names of `Settings`; ``head=3`` is short for ``heads=[3]``.
    methods, statistics
        What is allowed; anything if empty.

    Raises
    ------
    OptionError
        If a name or a choice is unknown, or there is no such layer, head or token.
    """
    given = dict(given)
    if "head" in given:
        given["heads"] = given.pop("head")
    for name in given:
        if name not in NAMES:
            raise OptionError(
                f"the attention view has no setting {name!r}.{nearest(name, NAMES)}", f"It has {', '.join(NAMES)}."
            )
    given = {name: _plain(name, value) for name, value in given.items()}
    if "layer" not in given and "heads" not in given:
        layer, head = most_focused_head(maps)
        given |= {"layer": layer, "heads": (head,)}
    return check(maps, replace(Settings(), **given), methods, statistics)


def check(maps: AttentionMaps, state: Settings, methods: Sequence[str], statistics: Sequence[str]) -> Settings:
    """Return settings that fit the maps.

    Raises
    ------
    OptionError
        If they do not.
    """
    for name in NAMES:
        _check_kind(name, getattr(state, name))
    layers, heads, tokens, _ = maps.array.shape
    _check_range("layer", (state.layer,), layers)
    _check_range("head", state.heads, heads)
    _check_range("token", state.pinned, tokens)
    if not state.heads:
        raise OptionError("no head was chosen.", f"Choose one from 0 to {heads - 1}.")
    allowed = {**CHOICES, "method": tuple(methods), "statistic": tuple(statistics), "output": ("", *maps.outputs)}
    for name, choices in allowed.items():
        value = getattr(state, name)
        for one in value if isinstance(value, tuple) else (value,):
            if choices and one not in choices:
                near = nearest(one, choices) if isinstance(one, str) else ""
                raise OptionError(f"{name}={quoted(one)} is not known.{near}", f"Choose {listing(choices)}.")
    return state


def _plain(name: str, value: Any) -> Any:
    """Return lists as tuples, and numpy's numbers as Python's."""
    try:
        if name in ("heads", "pinned"):
            return tuple(int(one) for one in np.atleast_1d(np.asarray(value, dtype=int)))
        if name == "pictures":
            return (value,) if isinstance(value, str) else tuple(value)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"{name}={quoted(value)} is not a list of {_PARTS[name]}.", _HELP) from None
    return value.item() if isinstance(value, np.generic) else value


def _check_kind(name: str, value: Any) -> None:
    kind = type(getattr(Settings(), name))
    if type(value) is kind if kind is not float else _is_number(value):
        return
    raise OptionError(f"{name}={quoted(value)} is not {_KINDS[kind]}.", _HELP)


def _is_number(value: Any) -> bool:
    """Whether it is a number that a browser can have."""
    return isinstance(value, int | float) and abs(value) < 1e300


_HELP = "help(maps.view) lists the settings."
_PARTS = {"heads": "whole numbers", "pinned": "whole numbers", "pictures": "texts"}
_KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", tuple: "a list"}


def _check_range(name: str, numbers: Sequence[int], size: int) -> None:
    for number in numbers:
        if not 0 <= number < size:
            raise OptionError(
                f"there is no {name} {number} among {count(size, name)}.", f"Choose one from 0 to {size - 1}."
            )


def most_focused_head(maps: AttentionMaps) -> tuple[int, int]:
    """Return layer and head of the head with the highest `focus`."""
    score = focus(maps.array, [token.word < 0 for token in maps.tokens])
    layer, head = np.unravel_index(int(score.argmax()), score.shape)
    return int(layer), int(head)


def focus(array: npt.NDArray[np.float32], special: Sequence[bool]) -> npt.NDArray[np.float32]:
    """Return how much a head's tokens focus on words of their own choice, of shape ``(layers, heads)``.

    The mean over tokens of their largest weight on a word that is not a neighbour, after subtracting the mean weight
    of that word. Heads that attend to the same, the previous, the next or a special token occur in every model and
    every text (Clark et al. 2019), and a head whose tokens all attend to one word says little about each.

    Parameters
    ----------
    array
        Of shape ``(layers, heads, tokens, tokens)``.
    special
        Which tokens are special.
    """
    words = np.flatnonzero(~np.asarray(special, dtype=bool))
    if not len(words):
        words = np.arange(array.shape[-1])
    far = np.abs(words[:, None] - words[None, :]) > 1
    if not far.any():
        return np.asarray(array.max(axis=-1).mean(axis=-1))
    excluded = np.full(array.shape[-2:], np.inf, np.float32)
    excluded[np.ix_(words, words)] = np.where(far, 0, np.inf)
    scores = np.empty(array.shape[:2], np.float32)
    for layer, heads in enumerate(array):  # a layer at a time: at 512 tokens all of them are 150 MB
        # Means, and no products with weights: those of some BLAS warn of invalid numbers where there are none.
        above_mean = heads - heads[:, words].mean(axis=1, keepdims=True)
        above_mean -= excluded
        scores[layer] = np.maximum(above_mean.max(axis=-1), 0)[:, words].mean(axis=-1)
    return scores

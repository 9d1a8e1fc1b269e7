"""The attention view: all heads at a glance, and one of them, or several, in lines, as a map and in the text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from bertmagic.display.attention import export
from bertmagic.display.attention.captions import caption, headline, tokens_for_page
from bertmagic.display.attention.matrix import combined, compared_words, mixed
from bertmagic.display.attention.settings import (
    DIFFERENCE,
    DIVERGENCE,
    NAMES,
    Settings,
    methods,
    settings,
    statistics,
)  # fmt: skip
from bertmagic.errors import BertMagicError
from bertmagic.text_safety import visible
from bertmagic.widgets import assets
from bertmagic.widgets.transport import quantised, thumbnails

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.comparison import Comparison
    from bertmagic.attention.maps import AttentionMaps

Buffers = list[bytes]
Answer = tuple[dict[str, Any], Buffers]
Take = Callable[[str, str], "npt.NDArray[np.float32]"]
"""Gives the maps of all heads by a method and its output."""


class AttentionView(anywidget.AnyWidget):
    """The live view of `AttentionMaps`; what is on screen is in its traits, to read and to set.

    Parameters
    ----------
    maps
        What to show.
    state
        Names of `bertmagic.display.attention.settings.Settings`, as in ``maps.view(layer=5, head=1)``.

    Raises
    ------
    OptionError
        If a setting is unknown or beyond the model, here and when one is set.
    """

    _esm = assets.script()
    _css = assets.style()

    layer = traitlets.Int(0).tag(sync=True)
    heads = traitlets.List(traitlets.Int()).tag(sync=True)
    combine = traitlets.Unicode("mean").tag(sync=True)
    method = traitlets.Unicode("weights").tag(sync=True)
    output = traitlets.Unicode("").tag(sync=True)
    statistic = traitlets.Unicode("entropy").tag(sync=True)
    order = traitlets.Unicode("model").tag(sync=True)
    sentences = traitlets.Unicode("all").tag(sync=True)
    hide_special = traitlets.Bool(False).tag(sync=True)
    merge_words = traitlets.Bool(False).tag(sync=True)
    direction = traitlets.Unicode("attends to").tag(sync=True)
    pinned = traitlets.List(traitlets.Int()).tag(sync=True)
    top = traitlets.Int(3).tag(sync=True)
    threshold = traitlets.Float(0.05).tag(sync=True)
    scale = traitlets.Unicode("linear").tag(sync=True)
    find = traitlets.Unicode("").tag(sync=True)
    pictures = traitlets.List(traitlets.Unicode()).tag(sync=True)

    _about = traitlets.Dict().tag(sync=True)
    _thumbnails = traitlets.Bytes().tag(sync=True)
    _first = traitlets.Bytes().tag(sync=True)

    def __init__(self, maps: AttentionMaps, **state: Any) -> None:
        wanted = settings(maps, _opening(maps) | state, methods(maps), statistics(maps))
        self._maps, self._take = maps, lru_cache(maxsize=1)(partial(mixed, maps))  # a gradient runs the model
        small, first = _thumbnails(maps, wanted, self._take), _picture(maps, wanted, self._take)
        opened = _lists(asdict(wanted))
        super().__init__(
            _about=about(maps) | {"opened": opened, "thumbnails": small[0], "first": first[0]},
            _thumbnails=small[1][0], _first=first[1][0], **opened,
        )  # fmt: skip
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"<The live view. {headline(self.maps)}>"

    @property
    def maps(self) -> AttentionMaps:
        """What is shown."""
        return self._maps

    @property
    def head(self) -> int:
        """The first of the chosen heads; setting it chooses that one alone."""
        return int(self.heads[0])

    @head.setter
    def head(self, value: int) -> None:
        self.heads = [value]

    @property
    def settings(self) -> Settings:
        """What is on screen, as one value."""
        given = {name: getattr(self, name) for name in NAMES}
        plain: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
        return Settings(**plain)

    def export(self, kind: str, path: str | Path | None = None) -> str | bytes:
        """Return what is on screen as ``"svg"``, ``"png"``, ``"html"`` or ``"csv"``, and write it to a path if given.

        Raises
        ------
        OptionError
            If it is none of these, or the file cannot be written.
        """
        return export(self.maps, kind, path, **asdict(self.settings))

    @traitlets.validate(*NAMES)
    def _check(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if self.heads:  # else it is being made, of settings that were checked
            settings(self.maps, asdict(self.settings) | {name: value}, methods(self.maps), statistics(self.maps))
        return value

    def _hear(self, _: Any, content: dict[str, Any], __: Any) -> None:
        header, buffers = answer(self.maps, content, self._take)
        self.send({"id": content.get("id")} | header, buffers)


def _opening(maps: AttentionMaps) -> dict[str, Any]:
    """Return how the view opens on maps that were compared: at the head that differs most, with how it differs."""
    if maps.comparison is None or maps.comparison.divergence is None:
        return {}
    layer, head = np.unravel_index(int(maps.comparison.divergence.argmax()), maps.array.shape[:2])
    return {"method": DIFFERENCE, "statistic": DIVERGENCE, "layer": int(layer), "heads": (int(head),)}


def answer(maps: AttentionMaps, asked: dict[str, Any], take: Take | None = None) -> Answer:
    """Return what the page asked for: a header and its bytes, or an error in words.

    Parameters
    ----------
    asked
        ``kind`` is one of `ANSWERS`; ``method``, ``output``, ``layer``, ``heads``, ``combine`` and ``token`` say of
        what.
    take
        What has the maps of a method at hand; by default they are computed.
    """
    try:
        names = ("method", "output", "layer", "heads", "combine")
        state: dict[str, Any] = {name: asked[name] for name in names if name in asked}
        state["pinned"] = (int(asked.get("token", 0)),)
        wanted = settings(maps, {"layer": 0, "heads": (0,)} | state, methods(maps))
        return ANSWERS[asked["kind"]](maps, wanted, take or partial(mixed, maps))
    except BertMagicError as error:
        return {"error": str(error)}, []


def _picture(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    found = quantised(combined(take(wanted.method, wanted.output), wanted), _signed(wanted))
    return found.header(), [found.data.tobytes()]


def _exact(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    return {}, [combined(take(wanted.method, wanted.output), wanted).tobytes()]


def _thumbnails(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    found = thumbnails(take(wanted.method, wanted.output), _signed(wanted))
    return found.header() | {"heads": found.data.shape[1]}, [found.data.tobytes()]


def _detail(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    """Return how a token's row of weights comes about, number by number."""
    layer, head, token = wanted.layer, wanted.heads[0], wanted.pinned[0]
    found = maps.detail(layer, head)
    if found.query is None or found.key is None or found.value is None or found.scores is None:
        return {"why_not": found.why_not or "The model does not show its queries and keys."}, []
    rows = [found.query[token], found.key @ found.query[token], found.scores[token]]
    rows += [maps.array[layer, head, token], found.value]
    rows += [] if found.bias is None else [found.bias[token]]
    header = {"width": found.query.shape[1], "scale": float(found.scale), "note": found.note, "why_not": found.why_not}
    return header | {"bias": found.bias is not None}, [np.asarray(row, np.float32).tobytes() for row in rows]


def _statistics(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    return measured(maps), []


def _importance(maps: AttentionMaps, wanted: Settings, take: Take) -> Answer:
    """Return the one statistic for which the model runs again."""
    return {"importance": _rounded(maps.head_statistics(gradient=True)["importance"].tolist())}, []


ANSWERS = {
    "picture": _picture, "exact": _exact, "thumbnails": _thumbnails, "detail": _detail, "statistics": _statistics,
    "importance": _importance,
}  # fmt: skip
"""What the page can ask for."""


def about(maps: AttentionMaps) -> dict[str, Any]:
    """Return what the page is told of the maps: all but numbers of heads."""
    layers, heads, _, _ = maps.array.shape
    return {
        "layers": layers, "heads": heads, "tokens": tokens_for_page(maps.tokens), "pair": maps.pair is not None,
        "methods": list(methods(maps)), "outputs": list(maps.outputs), "caption": caption(),
        "notes": [visible(note) for note in maps.notes],
        "compared": None if maps.comparison is None else _compared_told(maps, maps.comparison), **_said(maps),
    }  # fmt: skip


def _said(maps: AttentionMaps) -> dict[str, Any]:
    prediction = [[visible(name), score] for name, score in maps.prediction]
    return {"model": visible(maps.model), "said": visible(maps.said), "prediction": prediction}


def _compared_told(maps: AttentionMaps, comparison: Comparison) -> dict[str, Any]:
    """Return what the maps are compared with: another model's, on words where tokens differ, or another text's."""
    other, words = comparison.second, None
    if comparison.difference is not None and len(comparison.tokens) != len(maps.tokens):
        words = [[u.text, list(u.tokens), u.sentence, u.special, u.space] for u in compared_words(maps)]
    texts = " ||| ".join(filter(None, (other.text, other.pair)))
    same = comparison.difference is not None
    return {"with": visible(other.model), "text": None if same else visible(texts), "words": words} | _said(other)


def measured(maps: AttentionMaps) -> dict[str, Any]:
    """Return the statistics of all heads as lists, and those of what the maps are compared with beside its own.

    What needs the model to run again is left out.
    """
    own, other = _columns(maps.head_statistics()), maps.comparison
    if other is None:
        return {"statistics": own, "sideBySide": None}
    if other.divergence is not None:
        own[DIVERGENCE] = _rounded(other.divergence.ravel().tolist())
    first, second = (_columns(one.head_statistics()) for one in (other.first, other.second))
    return {"statistics": own, "sideBySide": {"first": first, "second": second, "text": other.difference is None}}


def _columns(frame: pd.DataFrame) -> dict[str, list[float | None]]:
    return {str(name): _rounded(frame[name].tolist()) for name in frame if name not in ("layer", "head")}


def _rounded(values: list[float]) -> list[float | None]:
    """Return seven significant digits each, as float32 has, or None for what JSON has no number for."""
    return [float(f"{value:.7g}") if math.isfinite(value) else None for value in values]


def _signed(wanted: Settings) -> bool:
    return wanted.method == DIFFERENCE


def _lists(state: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in state.items()}

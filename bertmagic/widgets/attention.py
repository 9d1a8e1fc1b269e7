"""The attention view: all heads at a glance, and one of them, or several, in lines, as a map and in the text."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from bertmagic.attention import METHODS, STATISTICS
from bertmagic.display.attention.letters import visible
from bertmagic.display.attention.settings import DIFFERENCE, DIVERGENCE, NAMES, Settings, check, settings
from bertmagic.display.attention.shown import compared, mixed, source
from bertmagic.display.attention.words import caption, tokens_told
from bertmagic.errors import BertMagicError
from bertmagic.widgets import assets
from bertmagic.widgets.transport import quantised, thumbnails

if TYPE_CHECKING:
    from bertmagic.attention.maps import AttentionMaps

Buffers = list[bytes]
Answer = tuple[dict[str, Any], Buffers]


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
        wanted = settings(maps, state, _methods(maps), _statistics(maps))
        small, first = thumbnails(mixed(maps, wanted.method), _signed(wanted.method)), _picture(maps, wanted)
        self._maps = maps
        super().__init__(
            _about=about(maps) | {"opened": _lists(asdict(wanted)), "thumbnails": small.header(), "first": first[0]},
            _thumbnails=small.data.tobytes(), _first=first[1][0], **_lists(asdict(wanted)),
        )  # fmt: skip
        self.on_msg(self._hear)

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

    @traitlets.validate(*NAMES)
    def _check(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        given = asdict(self.settings) | {name: value} if self.heads else {}
        if given:
            settings(self.maps, given, _methods(self.maps), _statistics(self.maps))
        return value

    def _hear(self, _: Any, content: dict[str, Any], __: Any) -> None:
        header, buffers = answer(self.maps, content)
        self.send({"id": content.get("id")} | header, buffers)


def answer(maps: AttentionMaps, asked: dict[str, Any]) -> Answer:
    """Return what the page asked for: a header and its bytes, or an error in words.

    Parameters
    ----------
    asked
        ``kind`` is one of `ANSWERS`; ``method``, ``layer``, ``heads``, ``combine`` and ``token`` say of what.
    """
    try:
        state: dict[str, Any] = {name: asked[name] for name in ("method", "layer", "heads", "combine") if name in asked}
        wanted = settings(maps, state, _methods(maps))
        return ANSWERS[asked["kind"]](maps, wanted, int(asked.get("token", 0)))
    except BertMagicError as error:
        return {"error": str(error)}, []


def _picture(maps: AttentionMaps, wanted: Settings, token: int = 0) -> Answer:
    found = quantised(source(maps, wanted), _signed(wanted.method))
    return found.header(), [found.data.tobytes()]


def _exact(maps: AttentionMaps, wanted: Settings, token: int = 0) -> Answer:
    return {}, [source(maps, wanted).tobytes()]


def _thumbnail_pictures(maps: AttentionMaps, wanted: Settings, token: int = 0) -> Answer:
    found = thumbnails(mixed(maps, wanted.method), _signed(wanted.method))
    return found.header() | {"heads": found.data.shape[1]}, [found.data.tobytes()]


def _detail(maps: AttentionMaps, wanted: Settings, token: int) -> Answer:
    """Return how a token's row of weights comes about, number by number."""
    check(maps, Settings(wanted.layer, wanted.heads, pinned=(token,)), (), ())
    found = maps.detail(wanted.layer, wanted.heads[0])
    if found.query is None or found.key is None or found.value is None or found.scores is None:
        return {"why_not": found.why_not or "The model does not show its queries and keys."}, []
    rows = [found.query[token], found.key @ found.query[token], found.scores[token]]
    rows += [maps.array[wanted.layer, wanted.heads[0], token], found.value]
    rows += [] if found.bias is None else [found.bias[token]]
    header = {"width": found.query.shape[1], "scale": float(found.scale), "note": found.note, "why_not": found.why_not}
    return header | {"bias": found.bias is not None}, [np.asarray(row, np.float32).tobytes() for row in rows]


def _numbers(maps: AttentionMaps, wanted: Settings, token: int) -> Answer:
    return {"statistics": measured(maps)}, []


ANSWERS = {
    "picture": _picture, "exact": _exact, "thumbnails": _thumbnail_pictures, "detail": _detail, "statistics": _numbers,
}  # fmt: skip
"""What the page can ask for."""


def about(maps: AttentionMaps) -> dict[str, Any]:
    """Return what the page is told of the maps: all but numbers of heads."""
    layers, heads, _, _ = maps.array.shape
    return {
        "model": visible(maps.model), "encoder": visible(maps.encoder), "layers": layers, "heads": heads,
        "tokens": tokens_told(maps.tokens), "pair": maps.pair is not None, "methods": list(_methods(maps)),
        "prediction": [[visible(name), score] for name, score in maps.prediction],
        "said": visible(maps.said), "notes": [visible(note) for note in maps.notes], "caption": caption(),
        "compared": _compared_told(maps),
    }  # fmt: skip


def _compared_told(maps: AttentionMaps) -> dict[str, Any] | None:
    if maps.comparison is None or maps.comparison.difference is None:
        return None
    words = None
    if len(maps.comparison.tokens) != len(maps.tokens):
        words = [[u.text, list(u.pieces), u.sentence, u.special, u.space] for u in compared(maps)]
    return {"with": visible(maps.comparison.second.model), "words": words}


def _methods(maps: AttentionMaps) -> tuple[str, ...]:
    differs = maps.comparison is not None and maps.comparison.difference is not None
    return (*METHODS, DIFFERENCE) if differs else METHODS


def _statistics(maps: AttentionMaps) -> tuple[str, ...]:
    """Return the names of the numbers that heads can be ordered by."""
    compared_ = maps.comparison is not None and maps.comparison.divergence is not None
    return (*STATISTICS, DIVERGENCE) if compared_ else STATISTICS


def measured(maps: AttentionMaps) -> dict[str, list[float | None]]:
    """Return these numbers, a list of all heads each; what needs the model to run again is left out."""
    frame = maps.head_statistics().drop(columns=["layer", "head"])
    found = {str(name): [_rounded(value) for value in frame[name].tolist()] for name in frame}
    if maps.comparison is not None and maps.comparison.divergence is not None:
        found[DIVERGENCE] = [_rounded(value) for value in maps.comparison.divergence.ravel().tolist()]
    return found


def _rounded(value: float) -> float | None:
    """Return four significant digits, or None for what JSON has no number for."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def _signed(method: str) -> bool:
    return method == DIFFERENCE


def _lists(state: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in state.items()}

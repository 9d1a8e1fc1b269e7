"""The attention view: a widget with a grid of all heads, and lines, a heat map and the text for the chosen ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets

from bertmagic.data import pairs
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
from bertmagic.errors import BertMagicError, OptionError
from bertmagic.text_safety import quoted, visible
from bertmagic.widgets import assets
from bertmagic.widgets.transport import messages, quantised, thumbnails

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.comparison import Comparison
    from bertmagic.attention.maps import AttentionMaps

_FIRST = 400_000
"""The most bytes of a picture that comes with the view, whose script and numbers take as much."""

Buffers = list[bytes]
Answer = tuple[dict[str, Any], Buffers]
Mix = Callable[[str, str], "npt.NDArray[np.float32]"]
"""Returns the maps of all heads for a method and its output."""


class AttentionView(anywidget.AnyWidget):
    """The live view of `AttentionMaps`. Its traits are the state on screen and can be read and set.

    Parameters
    ----------
    maps
        The maps to show.
    state
        Names of `bertmagic.display.attention.settings.Settings`, as in ``maps.view(layer=5, head=1)``.

    Raises
    ------
    OptionError
        If a setting is unknown, or there is no such layer, head or token; here and when a trait is set.
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
        first_state = settings(maps, _comparison_state(maps) | state, methods(maps), statistics(maps))
        self._maps, self._mix = maps, _kept_mix(maps)
        small, first = _thumbnails(maps, first_state, self._mix), _picture(maps, first_state, self._mix)
        opened = _lists(asdict(first_state))
        picture = first[1][0] if len(first[1][0]) <= _FIRST else b""  # a larger one is asked for, and comes in parts
        super().__init__(
            _about=about(maps) | {"opened": opened, "thumbnails": small[0], "first": first[0]},
            _thumbnails=small[1][0], _first=picture, **opened,
        )  # fmt: skip
        self.on_msg(self._receive)

    def __repr__(self) -> str:
        return f"<The live view. {headline(self.maps)}>"

    @property
    def maps(self) -> AttentionMaps:
        """The maps that are shown."""
        return self._maps

    @property
    def head(self) -> int:
        """The first of the chosen heads; setting it chooses that head alone."""
        return int(self.heads[0])

    @head.setter
    def head(self, value: int) -> None:
        self.heads = [value]

    @property
    def settings(self) -> Settings:
        """The state on screen."""
        traits = {name: getattr(self, name) for name in NAMES}
        plain: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in traits.items()}
        return Settings(**plain)

    def export(self, kind: str, path: str | Path | None = None) -> str | bytes:
        """Return what is on screen as ``"svg"``, ``"png"``, ``"html"`` or ``"csv"``; write it to a path if given.

        Raises
        ------
        OptionError
            If it is not one of these kinds, or the file cannot be written.
        """
        return export(self.maps, kind, path, **asdict(self.settings))

    @traitlets.validate(*NAMES)
    def _check(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if self.heads:  # otherwise the view is being created, from settings that were checked
            settings(self.maps, asdict(self.settings) | {name: value}, methods(self.maps), statistics(self.maps))
        return value

    def _receive(self, _: Any, content: dict[str, Any], __: Any) -> None:
        for header, buffers in messages(*answer(self.maps, content, self._mix)):
            self.send({"id": content.get("id")} | header, buffers)


class HostedView:
    """The live view of maps in another widget, whose messages carry its requests: all numbers are asked for."""

    def __init__(self, maps: AttentionMaps) -> None:
        self._maps, self._mix = maps, _kept_mix(maps)
        self._opened = self._settings({})

    def _settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return _lists(asdict(settings(self._maps, given, methods(self._maps), statistics(self._maps))))

    def kept(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that a page sends, for pages that are loaded later; none if they do not fit the maps."""
        named = {name: given[name] for name in NAMES if name in given}
        try:
            return {name: value for name, value in self._settings(self._opened | named).items() if name in named}
        except BertMagicError:
            return {}

    def spec(self) -> dict[str, Any]:
        """Return what the page needs to draw the view: its state and its style."""
        return {**self._opened, "_about": about(self._maps) | {"opened": self._opened}, "_css": assets.style()}

    def answers(self, request: dict[str, Any]) -> Iterator[Answer]:
        """Yield the messages that answer a request."""
        return messages(*answer(self._maps, request, self._mix))


def _kept_mix(maps: AttentionMaps) -> Mix:
    """Return what computes the maps of a method, and keeps the last ones: a gradient runs the model."""
    return lru_cache(maxsize=1)(partial(mixed, maps))


def _comparison_state(maps: AttentionMaps) -> dict[str, Any]:
    """Return the first state for maps with a comparison: the difference of the head that differs most."""
    if maps.comparison is None or maps.comparison.divergence is None:
        return {}
    layer, head = np.unravel_index(int(maps.comparison.divergence.argmax()), maps.array.shape[:2])
    return {"method": DIFFERENCE, "statistic": DIVERGENCE, "layer": int(layer), "heads": (int(head),)}


def answer(maps: AttentionMaps, request: dict[str, Any], mix: Mix | None = None) -> Answer:
    """Return the answer to a request of the page: a header and its bytes, or an error message.

    Parameters
    ----------
    request
        ``kind`` is one of `ANSWERS`; the other keys are ``method``, ``output``, ``layer``, ``heads``, ``combine`` and
        ``token``.
    mix
        Returns the maps of a method; by default they are computed.
    """
    try:
        names = ("method", "output", "layer", "heads", "combine")
        state: dict[str, Any] = {name: request[name] for name in names if name in request}
        state["pinned"] = request.get("token", 0)
        if (kind := str(request.get("kind"))) not in ANSWERS:
            raise OptionError(f"the view asks for {quoted(kind)}, which is not known.", f"Known: {', '.join(ANSWERS)}.")
        checked = settings(maps, {"layer": 0, "heads": (0,)} | state, methods(maps))
        return ANSWERS[kind](maps, checked, mix or partial(mixed, maps))
    except BertMagicError as error:
        return {"error": str(error)}, []


def _picture(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    picture = quantised(combined(mix(state.method, state.output), state), _signed(state))
    return picture.header(), [picture.data.tobytes()]


def _exact(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    return {}, [combined(mix(state.method, state.output), state).tobytes()]


def _thumbnails(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    small = thumbnails(mix(state.method, state.output), _signed(state))
    return small.header() | {"heads": small.data.shape[1]}, [small.data.tobytes()]


def _detail(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    """Return the numbers from which a token's row of weights is computed."""
    layer, head, token = state.layer, state.heads[0], state.pinned[0]
    detail = maps.detail(layer, head)
    if detail.query is None or detail.key is None or detail.value is None or detail.scores is None:
        return {"why_not": detail.why_not or "The queries and keys of the model could not be captured."}, []
    rows = [detail.query[token], detail.key @ detail.query[token], detail.scores[token]]
    rows += [maps.array[layer, head, token], detail.value]
    rows += [] if detail.bias is None else [detail.bias[token]]
    header = {
        "width": detail.query.shape[1],
        "scale": float(detail.scale),
        "note": detail.note,
        "why_not": detail.why_not,
    }
    return header | {"bias": detail.bias is not None}, [np.asarray(row, np.float32).tobytes() for row in rows]


def _statistics(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    return measured(maps), []


def _importance(maps: AttentionMaps, state: Settings, mix: Mix) -> Answer:
    """Return the statistic for which the model runs again."""
    return {"importance": _rounded(maps.head_statistics(gradient=True)["importance"].tolist())}, []


ANSWERS = {
    "picture": _picture, "exact": _exact, "thumbnails": _thumbnails, "detail": _detail, "statistics": _statistics,
    "importance": _importance,
}  # fmt: skip
"""The functions that answer requests, by kind."""


def about(maps: AttentionMaps) -> dict[str, Any]:
    """Return the description of the maps for the page, without the numbers of heads."""
    layers, heads, _, _ = maps.array.shape
    return {
        "layers": layers, "heads": heads, "tokens": tokens_for_page(maps.tokens), "pair": maps.pair is not None,
        "methods": _offered(maps), "outputs": list(maps.outputs), "caption": caption(),
        "notes": [visible(note) for note in maps.notes],
        "compared": None if maps.comparison is None else _comparison_about(maps, maps.comparison), **_prediction(maps),
    }  # fmt: skip


def _offered(maps: AttentionMaps) -> list[str]:
    """Return the methods to choose from; an encoder without a head has no output to take gradients of."""
    return [method for method in methods(maps) if maps.outputs or method != "gradient"]


def _prediction(maps: AttentionMaps) -> dict[str, Any]:
    prediction = [[visible(name), score] for name, score in maps.prediction]
    return {"model": visible(maps.model), "said": visible(maps.said), "prediction": prediction}


def _comparison_about(maps: AttentionMaps, comparison: Comparison) -> dict[str, Any]:
    """Return the description of the other model or text, with the common words if the tokenizers differ."""
    other, words = comparison.second, None
    if comparison.difference is not None and len(comparison.tokens) != len(maps.tokens):
        words = [[u.text, list(u.tokens), u.sentence, u.special, u.space] for u in compared_words(maps)]
    texts = other.text if other.pair is None else pairs.joined(other.text, other.pair)
    is_same_text = comparison.difference is not None
    return {
        "with": visible(other.model),
        "text": None if is_same_text else visible(texts),
        "words": words,
    } | _prediction(other)


def measured(maps: AttentionMaps) -> dict[str, Any]:
    """Return the statistics of all heads as lists, and those of both sides of a comparison.

    ``importance`` is left out: it runs the model again.
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
    """Return values with seven significant digits, as float32 has; None for values that JSON cannot hold."""
    return [float(f"{value:.7g}") if math.isfinite(value) else None for value in values]


def _signed(state: Settings) -> bool:
    return state.method == DIFFERENCE


def _lists(state: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in state.items()}

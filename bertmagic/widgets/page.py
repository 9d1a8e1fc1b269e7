"""The view as a page of its own, with script, style and the kernel's answers in it; nothing is fetched."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.attention.design import DESIGN
from bertmagic.display.attention.matrix import mixed
from bertmagic.display.writers.elements import tag
from bertmagic.widgets import assets
from bertmagic.widgets.attention import about, answer, measured

if TYPE_CHECKING:
    from bertmagic.attention.maps import AttentionMaps, Floats
    from bertmagic.display.attention.settings import Settings

_MOST_BYTES = 3_000_000
"""Size of the heads in a page, at a byte for a weight: all heads of a BERT base up to 144 tokens."""

_OPEN = 'openPage(document.querySelector(".bm-page"), JSON.parse(document.getElementById("maps").textContent));'


def page(maps: AttentionMaps, state: Settings, title: str) -> str:
    """Return the view in a state as a page; the same as its button saves.

    It holds the exact numbers on screen. It also holds all heads with a byte for each weight; for a long text only the
    heads of the layer, or none.
    """
    data = json.dumps(packed(maps, state)).replace("<", "\\u003c")
    policy = Markup(DESIGN["page_policy"])
    head = [
        tag("meta", charset="utf-8"), tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", title), tag("style", Markup(assets.style())),
    ]  # fmt: skip
    body = [
        tag("main", class_="bm-page"), tag("script", Markup(data), type="application/json", id="maps"),
        tag("script", Markup(f"{assets.script()}\n{_OPEN}"), type="module"),
    ]  # fmt: skip
    return f"<!doctype html>{tag('html', tag('head', *head), tag('body', *body), lang='en')}"


def packed(maps: AttentionMaps, state: Settings) -> dict[str, Any]:
    """Return the kernel's answers that the page needs, by request; see ``packed`` in ``export.js``."""
    request = {name: getattr(state, name) for name in ("method", "output", "layer", "heads", "combine")}
    key, array = _key(state, state.layer, state.heads), mixed(maps, state.method, state.output)
    thumbnails, exact = (answer(maps, {"kind": kind, **request}, lambda *_: array) for kind in ("thumbnails", "exact"))
    return {
        "about": about(maps) | measured(maps) | {"opened": asdict(state)},
        "state": asdict(state),
        "thumbnails": {_method(state): [thumbnails[0], _text(thumbnails[1][0])]},
        "picture": dict(_pictures(maps, state, array)),
        "exact": {key: _text(exact[1][0])},
        "detail": _details(maps, state),
    }


def _heads(array: Floats, state: Settings) -> list[tuple[int, int]]:
    """Return layer and head of the maps in the page: of all heads, those of the layer, or none."""
    layers, heads, tokens, _ = array.shape
    if layers * heads * tokens**2 <= _MOST_BYTES:
        return [(layer, head) for layer in range(layers) for head in range(heads)]
    return [(state.layer, head) for head in range(heads)] if heads * tokens**2 <= _MOST_BYTES else []


def _pictures(maps: AttentionMaps, state: Settings, array: Floats) -> list[tuple[str, list[Any]]]:
    pictures = []
    for layer, head in _heads(array, state):
        request = {"method": state.method, "output": state.output, "layer": layer, "heads": [head]}
        header, buffers = answer(maps, {"kind": "picture", "combine": state.combine, **request}, lambda *_: array)
        pictures.append((_key(state, layer, (head,)), [header, _text(buffers[0])]))
    return pictures


def _details(maps: AttentionMaps, state: Settings) -> dict[str, list[Any]]:
    """Return the numbers of the formula for the first pinned token, if one is pinned."""
    details: dict[str, list[Any]] = {}
    for token in state.pinned[:1]:
        header, buffers = answer(
            maps, {"kind": "detail", "layer": state.layer, "heads": [state.heads[0]], "token": token}
        )
        details[_json([state.layer, state.heads[0], token])] = [header, [_text(buffer) for buffer in buffers]]
    return details


def _method(state: Settings) -> str:
    """Return the key of ``methodOf`` in ``store.js``."""
    return " ".join(filter(None, (state.method, state.output if state.method == "gradient" else "")))


def _key(state: Settings, layer: int, heads: tuple[int, ...]) -> str:
    """Return the key of ``keyOf`` in ``store.js``."""
    chosen = [] if state.method in DESIGN["layer_methods"] else sorted(heads)
    return _json([_method(state), layer, chosen, state.combine])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(buffer: bytes) -> str:
    return base64.b64encode(buffer).decode()

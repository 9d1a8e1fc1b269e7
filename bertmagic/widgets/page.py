"""The view in a page of its own: its script, its style and what a kernel would have sent, with nothing fetched."""

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

_BYTES = 3_000_000
"""How much the pictures of heads may take, at a byte a weight: all of a BERT base up to 144 tokens."""

_OPEN = 'openPage(document.querySelector(".bm-page"), JSON.parse(document.getElementById("maps").textContent));'


def page(maps: AttentionMaps, wanted: Settings, title: str) -> str:
    """Return the view in a state as a page; the same as its button saves.

    In it are the exact numbers on screen, and in a byte a weight all heads, or where the text is long those of the
    layer, or only those on screen.
    """
    data = json.dumps(packed(maps, wanted)).replace("<", "\\u003c")
    policy = Markup(DESIGN["page_policy"])
    head = [
        tag("meta", charset="utf-8"), tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", title), tag("style", Markup(assets.style())),
    ]  # fmt: skip
    body = [
        tag("main", class_="bm-page"), tag("script", Markup(data), type="application/json", id="maps"),
        tag("script", Markup(f"{assets.script()}\n{_OPEN}"), type="module"),
    ]  # fmt: skip
    return "<!doctype html>" + tag("html", tag("head", *head), tag("body", *body), lang="en")


def packed(maps: AttentionMaps, wanted: Settings) -> dict[str, Any]:
    """Return what the page would have asked of a kernel, and its answers; see ``packed`` in ``export.js``."""
    known = {name: getattr(wanted, name) for name in ("method", "output", "layer", "heads", "combine")}
    key, array = _key(wanted, wanted.layer, wanted.heads), mixed(maps, wanted.method, wanted.output)
    thumbnails, exact = (answer(maps, {"kind": kind, **known}, lambda *_: array) for kind in ("thumbnails", "exact"))
    return {
        "about": about(maps) | measured(maps) | {"opened": asdict(wanted)},
        "state": asdict(wanted),
        "thumbnails": {_method(wanted): [thumbnails[0], _text(thumbnails[1][0])]},
        "picture": dict(_pictures(maps, wanted, array)),
        "exact": {key: _text(exact[1][0])},
        "detail": _details(maps, wanted),
    }


def _heads(maps: AttentionMaps, wanted: Settings) -> list[tuple[int, int]]:
    """Return the heads whose pictures go in: all, or those of the layer, or none."""
    layers, heads, tokens, _ = maps.array.shape
    if layers * heads * tokens**2 <= _BYTES:
        return [(layer, head) for layer in range(layers) for head in range(heads)]
    return [(wanted.layer, head) for head in range(heads)] if heads * tokens**2 <= _BYTES else []


def _pictures(maps: AttentionMaps, wanted: Settings, array: Floats) -> list[tuple[str, list[Any]]]:
    found = []
    for layer, head in _heads(maps, wanted):
        asked = {"method": wanted.method, "output": wanted.output, "layer": layer, "heads": [head]}
        header, buffers = answer(maps, {"kind": "picture", "combine": wanted.combine, **asked}, lambda *_: array)
        found.append((_key(wanted, layer, (head,)), [header, _text(buffers[0])]))
    return found


def _details(maps: AttentionMaps, wanted: Settings) -> dict[str, list[Any]]:
    """Return the formula of the first pinned token, if one is pinned."""
    found: dict[str, list[Any]] = {}
    for token in wanted.pinned[:1]:
        asked = {"kind": "detail", "layer": wanted.layer, "heads": [wanted.heads[0]], "token": token}
        header, buffers = answer(maps, asked)
        found[_json([wanted.layer, wanted.heads[0], token])] = [header, [_text(buffer) for buffer in buffers]]
    return found


def _method(wanted: Settings) -> str:
    """Return what ``methodOf`` in ``store.js`` does."""
    return " ".join(filter(None, (wanted.method, wanted.output if wanted.method == "gradient" else "")))


def _key(wanted: Settings, layer: int, heads: tuple[int, ...]) -> str:
    """Return what ``keyOf`` in ``store.js`` does."""
    return _json([_method(wanted), layer, sorted(heads), wanted.combine])


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(buffer: bytes) -> str:
    return base64.b64encode(buffer).decode()

"""What the live attention view costs in a real JupyterLab in Chromium, beside BertViz 1.4.1 in the same run.

    pip install --no-deps --target FOLDER bertviz==1.4.1
    python benchmarks/attention_browser.py --bertviz FOLDER

Maps of a model of 12 layers and 12 heads are drawn at random. Measured are the bytes on the kernel's web socket and the
milliseconds from the call of ``maps.view()`` until the heat map is painted, the first one of its page; from a key press
until the next layer is on screen; and what the page's one thread does for a move of the pointer, from the event to the
end of the frame's drawing. BertViz writes a document: its bytes, the time and memory that it takes in Python, and what
of it is drawn without a network. Pages of it from 128 tokens on are not opened: they take gigabytes.

The test harness is used: run it where the repository is, with its test extra installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results" / "attention_browser.json"
LAYERS = HEADS = 12
MOVES = 300

PAINTED = """() => {
  const drawn = (canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    return new Set(new Uint32Array(data.buffer)).size > 5
  }
  window.painted = new Promise((done) => {
    const look = () => {
      const canvas = document.querySelector(".bm-attention canvas[aria-label^='Heat']")
      if (!canvas || canvas.clientWidth < 100 || !drawn(canvas)) return requestAnimationFrame(look)
      requestAnimationFrame(() => setTimeout(() => done(Date.now())))  // behind the paint of the next frame
    }
    look()
  })
}"""

SWITCH = """async () => {
  const root = document.querySelector(".bm-attention")
  const grid = root.querySelector("canvas[aria-label^='All']")
  const frame = () => new Promise(requestAnimationFrame)
  const out = []
  for (let layer = 1; layer < 12; layer++) {
    await frame()
    const began = performance.now()
    grid.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true, cancelable: true}))
    const shown = () => root.querySelector(".bm-title").textContent.includes(`layer ${layer},`)
    do await frame(); while (!shown() || root.classList.contains("bm-late"))
    out.push(performance.now() - began)
  }
  return out
}"""

HOVER = """async ([label, moves]) => {
  const canvas = document.querySelector(`.bm-attention canvas[aria-label^='${label}']`)
  const frame = () => new Promise((done) => requestAnimationFrame((at) => done(performance.now() - at)))
  const {left, top, width, height} = canvas.getBoundingClientRect()
  const out = []
  for (let k = -5; k < moves; k++) {
    const [x, y] = [left + width * ((7 * k + 91) % 97) / 97, top + height * ((11 * k + 131) % 89) / 89]
    const began = performance.now()
    canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: x, clientY: y, bubbles: true}))
    const event = performance.now() - began
    const drawn = await frame()
    if (k >= 0) out.push(event + drawn)
    else await new Promise((done) => setTimeout(done, 200))
  }
  return out
}"""


def drawn(tokens: int) -> Any:
    """Maps with random rows that sum to 1."""
    from bertmagic.attention.maps import AttentionMaps, Token

    array = np.random.default_rng(0).random((LAYERS, HEADS, tokens, tokens), np.float32) ** 8
    array /= array.sum(axis=-1, keepdims=True)
    words = tuple(Token(f"word{at}", f"word{at}", 8 * at, 8 * at + 7, at, 0) for at in range(tokens))
    return AttentionMaps(array, words, "text", None, "drawn", "drawn")


def live(lab: Any, tokens: int) -> dict[str, Any]:
    """Measure the view in a notebook."""
    received: list[int] = []
    lab.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    lab.new(f"tokens{tokens}.ipynb")
    lab.run("import time, tracemalloc; from attention_browser import drawn")
    lab.run(f"maps = drawn({tokens}); made = maps.view()")
    build = "[(began := time.perf_counter(), maps.view(), time.perf_counter() - began)[2] for _ in range(5)]"
    at = lab.run("tracemalloc.start(); maps.view(); peak = tracemalloc.get_traced_memory()[1]; tracemalloc.stop()")
    at = lab.run(f"print(sorted({build})[2], peak)")
    seconds, peak = map(float, lab.output(at).inner_text().split())
    lab.page.evaluate(PAINTED)
    del received[:]
    at = lab.run("began = time.time(); view = maps.view(layer=0, heads=[0]); view")
    painted = lab.page.evaluate("() => window.painted")
    lab.page.wait_for_timeout(1500)
    first = sum(received)
    at = lab.run("print(began)")
    paint = painted - 1000 * float(lab.output(at).inner_text())
    lab.page.locator(".bm-attention").last.scroll_into_view_if_needed()
    del received[:]
    switches = lab.page.evaluate(SWITCH)
    lab.page.wait_for_timeout(500)
    per_head = sum(received) / len(switches)
    hovers = {name: lab.page.evaluate(HOVER, [name, MOVES]) for name in ("Lines", "Heat", "The text")}
    return {
        "tokens": tokens, "python_ms": 1000 * seconds, "python_peak_mb": peak / 1e6, "first_paint_ms": paint,
        "first_paint_bytes": first, "head_bytes": per_head, "layer_bytes": HEADS * per_head,
        "switch_ms": statistics.median(switches), "switch_most_ms": max(switches),
        "hover_p95_ms": {name: float(np.percentile(times, 95)) for name, times in hovers.items()},
        "nodes": lab.page.locator(".bm-attention *").count(), "console_errors": lab.errors,
    }  # fmt: skip


BERTVIZ = """
import json, resource, sys, time
sys.path[:0] = [{folder!r}, {here!r}]
import torch
from attention_browser import drawn
from bertviz import head_view
maps = drawn({tokens})
layers = [torch.from_numpy(layer)[None] for layer in maps.array]
names = [token.text for token in maps.tokens]
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
page = head_view(layers, names, sentence_b_start={second}, html_action="return").data
numbers = dict(tokens={tokens}, pair={second} is not None, bytes=len(page),
               python_ms=1000 * (time.perf_counter() - began),
               python_peak_mb=(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
open({path!r}, "w").write("<!doctype html><meta charset=utf-8><body>" + page)
print(json.dumps(numbers))
"""


def bertviz(browser: Any, folder: str, tokens: int, pair: bool) -> dict[str, Any]:
    """Measure the document that BertViz writes, and open it without a network where it is small enough."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "page.html"
        code = BERTVIZ.format(
            folder=folder, here=str(Path(__file__).parent), tokens=tokens, second=tokens // 2 if pair else None,
            path=str(path),
        )  # fmt: skip
        numbers = json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        )
        if tokens < 128:
            context = browser.new_context(offline=True)
            page, asked = context.new_page(), []
            page.on("request", lambda request: asked.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_timeout(2000)
            numbers["requests"] = sorted(url for url in asked if url.startswith("http"))
            numbers["lines_drawn_offline"] = page.locator("line").count()
            context.close()
    return dict(numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--bertviz", metavar="FOLDER", help="where BertViz 1.4.1 is installed")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS, found_browser
    from tests.browser.page import Lab
    from tests.browser.server import Server

    results: dict[str, Any] = {
        "command": " ".join(["python", "benchmarks/attention_browser.py", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}",
        "live": [], "bertviz": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        work = Path(place) / "work"
        work.mkdir()
        server = Server(Path(place), work)
        browser = playwright.chromium.launch(executable_path=found_browser(), args=FLAGS)
        results["browser"] = f"Chromium {browser.version}"
        try:
            server.wait()
            for tokens in asked.tokens:
                lab = Lab(browser, server.url, width=1400)
                results["live"].append(live(lab, tokens))
                print(json.dumps(results["live"][-1]), flush=True)
                lab.close()
            for tokens, pair in ((64, False), (128, False), (128, True)) if asked.bertviz else ():
                results["bertviz"].append(bertviz(browser, asked.bertviz, tokens, pair))
                print(json.dumps(results["bertviz"][-1]), flush=True)
        finally:
            browser.close()
            server.close()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Writes the tables and the figure of `docs/performance.md` from what the benchmarks stored.

    python benchmarks/page.py

The text between the markers ``<!-- NAME -->`` and ``<!-- end -->`` is replaced; the rest is written by hand.
The figure is plotly's, drawn by the Chromium that the tests use too.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

RESULTS = Path(__file__).parent / "results"
STEP = RESULTS / "step.json"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
FIGURE = PAGE.with_name("throughput.svg")
PARAMETERS, LAYERS, WIDTH = 10_646_784, 6, 384
"""Of MiniLM-L6's layers, embeddings left out."""

CLOCKS = ("train_seconds", "predict_seconds", "step_seconds")
"""Left out where the seconds of the processor are known too: they do not depend on what else the machine does."""

WITHIN = {"seconds": 0.25, "bytes": 0.15}
"""How far an estimate may be off."""

Rows = list[dict[str, Any]]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table, numbers to the right."""
    head = list(head)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: list[float], form: str = ",.0f") -> str:
    """Median, with the lowest and the highest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def mfu(row: dict[str, Any], length: float) -> float:
    """The share of the peak that goes into real tokens."""
    flops = 6 * PARAMETERS + 12 * LAYERS * WIDTH * length
    return float(flops * row["tokens"] / row["seconds"] / max(row["peak"].values()))


def by(rows: Rows, *names: str) -> dict[tuple[str, ...], Rows]:
    """Rows that have the same values in some columns."""
    groups: dict[tuple[str, ...], Rows] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def times(ours: Rows, theirs: Rows, what: Callable[[dict[str, Any]], float]) -> list[float]:
    """How many times as fast in each round."""
    return [what(a) / what(b) for a, b in zip(ours, theirs, strict=True)]


def training(rows: Rows) -> str:
    def rate(row: dict[str, Any]) -> float:
        return float(row["tokens"] / row["seconds"])

    groups, lines = by(rows, "kind", "system"), []
    for (kind, system), group in groups.items():
        ratio = times(groups[kind, "bertmagic"], group, rate)
        padding = statistics.median(1 - row["tokens"] / row["slots"] for row in group)
        share = [mfu(row, row["mean_length"]) for row in group]
        lines.append(
            [f"{kind}, {system}", f"{group[0]['mean_length']:.0f}", spread([rate(row) for row in group]),
             f"{padding:.0%}", spread(share, ".0%"), "" if system == "bertmagic" else spread(ratio, ".1f")]
        )  # fmt: skip
    head = ["training", "tokens a text", "real tokens/s", "padding", "MFU on real tokens", "bertmagic is faster, times"]
    peaks = [row["peak"] for row in rows]
    peak_text = ", ".join(
        f"{name} {statistics.median(peak[kind] for peak in peaks) / 1e9:,.0f} GFLOP/s"
        for name, kind in (("bf16", "bfloat16"), ("fp32", "float32"))
        if kind in peaks[0]
    )
    return table(head, lines) + f"\n\nMatrix peak, measured in the same rounds: {peak_text}."


def predicting(rows: Rows) -> str:
    def rate(row: dict[str, Any]) -> float:
        return float(row["texts"] / row["seconds"])

    groups, lines = by(rows, "kind", "system"), []
    ours = rows[0]["system"]  # bertmagic in the format that it takes by itself
    for (kind, system), group in groups.items():
        ratio = times(groups[kind, ours], group, rate)
        lines.append(
            [f"{kind}, {system}", spread([rate(row) for row in group]), f"{min(row['same'] for row in group):.2%}",
             f"{max(row['apart'] for row in group):.6f}", "" if system == ours else spread(ratio, ".1f")]
        )  # fmt: skip
    head = ["predicting", "texts/s", "same labels as pipeline", "probabilities within", f"{ours} is faster, times"]
    return table(head, lines)


def profile(rows: Rows) -> str:
    """The share of each kind of operator in a step."""
    groups, kinds = by(rows, "group"), list(by(rows, "kind"))
    shares = {
        group: {row["kind"]: row["seconds"] / row["of"] for row in group_rows}
        for (group,), group_rows in groups.items()
    }
    most = sorted(shares, key=lambda group: -max(shares[group].values()))
    return table(
        ["share of the time", *(kind for (kind,) in kinds)],
        ([group, *(f"{shares[group].get(kind, 0.0):.1%}" for (kind,) in kinds)] for group in most),
    )


def compared(rows: Rows, across: str, down: str, usual: str, form: str = ".2f") -> dict[str, list[str]]:
    """How many times as long as usual something takes, in each round; a column for each value of ``across``."""
    groups, lines = by(rows, across, down), {}
    for (place, name), group in groups.items():
        theirs = groups[place, usual]
        longer = [a["seconds"] / b["seconds"] for a, b in zip(group, theirs, strict=True)]
        lines.setdefault(name, []).append(spread(longer, form))
    return {name: cells for name, cells in lines.items() if name != usual}


def ablation(rows: Rows) -> str:
    """How many times as long training takes without each speed-up."""
    lines = compared(rows, "kind", "without", "")
    head = ["without", *(f"{kind}: times as long" for (kind,) in by(rows, "kind"))]
    return table(head, ([name, *cells] for name, cells in lines.items()))


def variants(rows: Rows) -> str:
    """How many times as long a step takes when one thing is done in another way."""
    later = [row for row in rows if row["round"]]
    first = [row for row in rows if not row["round"]]
    lines = compared(later, "tokens", "variant", "as it is")
    head = ["instead", *(f"{length} tokens: times as long" for (length,) in by(rows, "tokens")), "first step, s"]
    slowest = {name: max(row["seconds"] for row in group) for (name,), group in by(first, "variant").items()}
    return table(head, ([name, *cells, f"{slowest[name]:.1f}"] for name, cells in lines.items()))


def shapes(rows: Rows) -> str:
    """What a step takes on a length that is new, over the next step of it."""
    visits = by(rows, "visit")
    first, later = visits["first",], visits["next",]
    more = [1000 * (a["seconds"] - b["seconds"]) for a, b in zip(first, later, strict=True)]
    usual = statistics.median(1000 * row["seconds"] for row in later)
    left = sum(row["bytes"] for row in first) / len(first) / 1e6
    lengths = [row["tokens"] for row in rows]
    return (
        f"{len(first)} lengths of {min(lengths)} to {max(lengths)} tokens, 32 texts each: the first step of a length "
        f"takes {spread(more, ',.0f')} ms more than the next, which takes {usual:,.0f} ms, and leaves {left:.1f} MB."
    )


def attention(rows: Rows) -> str:
    """How many times as long attention takes when its backward pass is PyTorch's."""
    lines = compared(rows, "size", "way", "as it is")
    sizes = [f"{size}: times as long" for (size,) in by(rows, "size")]
    return table(["texts x tokens", *sizes], ([name, *cells] for name, cells in lines.items()))


def weights(rows: Rows) -> str:
    """Texts a second with weights of each format."""
    lines = [
        [way, spread([row["texts"] / row["seconds"] for row in group]), f"{max(row['apart'] for row in group):.4f}"]
        for (way,), group in by(rows, "way").items()
    ]
    return table(["predicting R8", "texts/s", "probabilities within"], lines)


MEASURED = {"training": training, "predicting": predicting}
OF_A_STEP = {"profile": profile, "ablation": ablation, "variants": variants, "shapes": shapes,
             "attention": attention, "weights": weights}  # fmt: skip


def growth(results: dict[str, Any], part: str) -> str:
    """The table of a part; of the cache, what was measured once for all."""
    known = results[part]
    if part == "cache":
        shares = spread([100 * share for share in known["shares"]], ".2f")
        return (
            f"{known['texts']:,} texts, {known['tokens']:,} tokens: {1000 * known['first_seconds']:,.0f} ms, then "
            f"{1000 * known['second_seconds']:.1f} ms; the share in percent, over five pairs: {shares}."
        )
    rows = [{name: value for name, value in row.items() if name not in CLOCKS} for row in known["table"]]
    head = list(rows[0])
    return table(
        (name.replace("_", " ") for name in head),
        ([f"{row[name]:,.4g}" if isinstance(row[name], float) else f"{row[name]:,}" for name in head] for row in rows),
    )


def estimates(results: dict[str, Any]) -> str:
    """Estimate and outcome of each setting, and how many lie within the bounds."""
    rows, lines = results["results"], []
    ratios: dict[str, list[float]] = {what: [row[f"estimated_{what}"] / row[what] for row in rows] for what in WITHIN}
    for at, row in enumerate(rows):
        others = [f"{name} = {row[name]}" for name in ("adapt", "freeze", "gradient_checkpointing") if name in row]
        named = ", ".join([f"{row['batch_size']} rows of up to {row['max_length']} tokens", *others])
        lines.append(
            [named, f"{row['estimated_seconds']:.1f}", f"{row['seconds']:.1f}", f"{ratios['seconds'][at]:.2f}",
             f"{row['estimated_bytes'] / 1e6:,.0f}", f"{row['bytes'] / 1e6:,.0f}", f"{ratios['bytes'][at]:.2f}"]
        )  # fmt: skip
    held = {what: sum(abs(ratio - 1) <= most for ratio in ratios[what]) for what, most in WITHIN.items()}
    head = ["setting", "estimated s an epoch", "it took", "ratio", "estimated MB", "it took", "ratio"]
    summary = (
        f"Of {len(rows)} settings {held['seconds']} are within {WITHIN['seconds']:.0%} in time and {held['bytes']} "
        f"within {WITHIN['bytes']:.0%} in memory. On {results['machine']}."
    )
    return table(head, lines) + "\n\n" + summary


def figure(rows: Rows) -> None:
    """Real tokens a second of each system, by kind of text."""
    import plotly.graph_objects as go

    COLORS = ("#0072b2", "#999999", "#e69f00")  # told apart by the colour-blind, too

    groups = by(rows, "system")
    picture = go.Figure()
    for color, ((system,), group) in zip(COLORS, groups.items(), strict=False):
        kinds = by(group, "kind")
        rates = {kind: [row["tokens"] / row["seconds"] for row in some] for (kind,), some in kinds.items()}
        middle = [statistics.median(values) for values in rates.values()]
        picture.add_bar(
            x=list(rates), y=middle, name=system, marker_color=color, insidetextanchor="start",
            text=[f"{value:,.0f}" for value in middle],
            error_y={
                "type": "data", "symmetric": False, "color": "gray",
                "array": [max(v) - m for v, m in zip(rates.values(), middle, strict=True)],
                "arrayminus": [m - min(v) for v, m in zip(rates.values(), middle, strict=True)],
            },
        )  # fmt: skip
    picture.update_layout(
        barmode="group", width=760, height=340, template="plotly_white", yaxis_title="real tokens a second",
        margin={"t": 50, "b": 60, "l": 70, "r": 20},
        title="Training MiniLM, batches of 32", legend={"orientation": "h", "y": -0.12},
    )  # fmt: skip
    FIGURE.write_text(svg(picture), encoding="utf-8")


def svg(picture: Any) -> str:
    """Have plotly draw a picture in a browser, and return what it drew."""
    from playwright.sync_api import sync_playwright
    from plotly.offline import get_plotlyjs

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(180_000)
        page.set_content(f"<script>{get_plotlyjs()}</script>")
        uri = page.evaluate("picture => Plotly.toImage(JSON.parse(picture), {format: 'svg'})", picture.to_json())
        browser.close()
    return unquote(str(uri).partition(",")[2]) + "\n"


def fill(path: Path, parts: dict[str, str]) -> None:
    """Replace the text between the markers of each name in a page."""
    page = path.read_text(encoding="utf-8")
    for name, text in parts.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(page):
            raise SystemExit(f"{path} has no place for {name!r}")
        page = marked.sub(lambda match, text=text: match[1] + text + "\n" + match[2], page)
    path.write_text(page, encoding="utf-8")


def main() -> None:
    measured = json.loads((RESULTS / "throughput.json").read_text())
    stepped = json.loads(STEP.read_text()) if STEP.exists() else {}
    grown = json.loads((RESULTS / "growth.json").read_text())
    parts = {
        "machine": f"{measured['machine']}; torch {measured['versions']['torch']}, "
        f"transformers {measured['versions']['transformers']}.",
        **{part: work(measured[part]) for part, work in MEASURED.items() if measured[part]},
        "training-fp32": training(json.loads((RESULTS / "throughput_fp32.json").read_text())["training"]),
        **{part: work(stepped[part]) for part, work in OF_A_STEP.items() if part in stepped},
        "estimates": estimates(json.loads((RESULTS / "estimates.json").read_text())),
        **{part: growth(grown, part) for part in ("rows", "length", "cache") if part in grown},
    }
    fill(PAGE, parts)
    figure(measured["training"])


if __name__ == "__main__":
    main()

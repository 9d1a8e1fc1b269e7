"""How faithful each method of explanations is on rows of the user; the best one becomes the model's ``auto``."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.errors import BertMagicError, DataError, ModelError, count
from bertmagic.events import Listener, counting
from bertmagic.explain import faithfulness, methods, order_search
from bertmagic.explain.method_scores import MethodScores, interval
from bertmagic.explain.surrogate import random_masks
from bertmagic.workflows import evaluate, predict
from bertmagic.workflows import explain as words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from bertmagic.explain.game import TargetGame
    from bertmagic.explain.methods import Network
    from bertmagic.text_model import TextModel

ROWS = 30
"""How many rows are explained, drawn at random."""

_SEARCH = 150
"""Passes of the search for the bounds of a row, which also knows all orders that the methods gave."""

_LEAST = 5
"""From how many rows on the best method becomes the model's ``auto``."""

_MEASURES = ("comprehensiveness", "sufficiency", "passes", "seconds")


def measure(
    model: TextModel, data: Any, asked: Mapping[str, Any], passes: int | None, seed: int, emit: Listener
) -> MethodScores:
    """Return how faithful each method is on rows; see `TextModel.explain`.

    An interrupt returns what was measured by then; the model's ``auto`` then stays what it was.

    Raises
    ------
    DataError
        If no row can be explained.
    """
    began = time.perf_counter()
    given, name, where, notes = predict.rows_given(model, data, asked)
    rows, _ = model.task.readable(given, name, where)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:ROWS])
    measured: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    progress, skipped, done, interrupted = counting(emit, "explaining rows"), 0, 0, False
    try:
        for at, row in enumerate(chosen.tolist()):
            progress(at, len(chosen))
            pair = None if rows.second is None else rows.second[row]
            try:
                found = _row(model, rows.texts[row], pair, passes)
            except (DataError, ModelError):
                skipped += 1
                continue
            done += bool(found)
            for method, values in found.items():
                for measure_, value in zip(_MEASURES, values, strict=True):
                    measured[method][measure_].append(value)
    except KeyboardInterrupt:
        if not done:
            raise
        interrupted = True
    if not done:
        raise DataError(
            f"no row of {name} can be explained: {count(len(chosen), 'row')} tried.",
            "Give texts of several words, whose order makes a difference to the prediction.",
        )
    frame = _frame(measured)
    best, kept = "", ""
    if done >= _LEAST and not interrupted:
        best = str(frame["method"].iloc[0])
        kept = _keep(model, frame, done)
    return MethodScores(
        frame, done, best, name, model.name, kept, time.perf_counter() - began,
        (*notes, *_notes(len(rows), len(chosen), done, skipped, interrupted)),
    )  # fmt: skip


def _notes(rows: int, chosen: int, done: int, skipped: int, interrupted: bool) -> list[str]:
    notes = []
    if interrupted:
        notes.append(f"Interrupted after {count(done, 'row')}: auto stays what it was.")
    elif done < _LEAST:
        notes.append(f"These are fewer than {_LEAST} rows: auto stays what it was.")
    if chosen < rows:
        notes.append(f"{chosen} of {rows:,} rows were drawn at random.")
    if skipped:
        notes.append(f"{count(skipped, 'row')} could not be explained.")
    if not interrupted and (flat := chosen - skipped - done):
        notes.append(f"In {count(flat, 'row')} no order of the words differs from another.")
    return notes


def _row(model: TextModel, text: str, pair: str | None, passes: int | None) -> dict[str, tuple[float, ...]]:
    """Return the measures of each method that can be used on one row; nothing if all orders are alike."""
    reading = words.read(model, text, pair, None)
    number, is_probability = reading.target, reading.scores.unit == "probability"
    network = words.network_of(model, reading, number)
    game = words.game_of(model, reading).of(number, is_probability)
    found = {}
    for method in methods.METHODS:
        fresh = words.game_of(model, reading).of(number, is_probability)  # each pays for its own passes
        if (scored := _scored(method, fresh, network, passes)) is not None:
            found[method] = scored
    orders = {method: order for method, (order, *_) in found.items()}
    measured = {
        method: (faithfulness.comprehensiveness(game, order), faithfulness.comprehensiveness(game, order[::-1]))
        for method, order in orders.items()
    }
    best, worst = _bounds(game, measured, orders)
    if best - worst < 1e-6:
        return {}
    return {
        method: ((forward - worst) / (best - worst), (best - backward) / (best - worst), *found[method][1:])
        for method, (forward, backward) in measured.items()
    }


def _scored(method: str, game: TargetGame, network: Network, passes: int | None) -> Any:
    """Return the order of a method, its passes and its seconds; None where the architecture does not allow it."""
    began = time.perf_counter()
    budget = (passes or methods.PASSES) if method in methods.HIDING and method != "occlusion" else None
    try:
        scored = methods.run(method, game, network, budget)
    except BertMagicError:
        return None
    order = faithfulness.order_of(scored.scores)
    return order, game.passes + scored.passes, time.perf_counter() - began


def _bounds(
    game: TargetGame, measured: Mapping[str, tuple[float, float]], orders: Mapping[str, Any]
) -> tuple[float, float]:
    game(random_masks(len(game), _SEARCH // 3))
    forward = max(measured, key=lambda method: measured[method][0])
    backward = min(measured, key=lambda method: measured[method][1])
    starts = (orders[forward], orders[backward][::-1])
    found = [
        faithfulness.comprehensiveness(game, order_search.improved(game, _SEARCH // 3, sign, start))
        for sign, start in zip((1, -1), starts, strict=True)
    ]
    every = [value for both in measured.values() for value in both] + found
    return max(every), min(every)


def _frame(measured: Mapping[str, Mapping[str, list[float]]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for method, values in measured.items():
        rows.append(
            (method, *interval(values["comprehensiveness"]), *interval(values["sufficiency"]),
             float(np.mean(values["passes"])), float(np.mean(values["seconds"])))
        )  # fmt: skip
    columns = [
        "method", "comprehensiveness", "low", "high", "sufficiency", "sufficiency_low", "sufficiency_high", "passes",
        "seconds",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("comprehensiveness", ascending=False, kind="stable", ignore_index=True)


def _keep(model: TextModel, frame: pd.DataFrame, rows: int) -> str:
    """Keep the best method in the model's card, and in its run; return where."""
    before = dict(model.card)
    best = frame.iloc[0]
    model.card["explain"] = {
        "method": str(best["method"]), "comprehensiveness": round(float(best["comprehensiveness"]), 4), "rows": rows,
    }  # fmt: skip
    return evaluate.keep_card(model, before)

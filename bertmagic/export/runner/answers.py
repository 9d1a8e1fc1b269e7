"""The answer to a question, as a part of its context."""

from __future__ import annotations

from typing import Any

import numpy as np

COMPARED, SHOWN = 20, 5
"""How many of the best answers share the probability, and how many of them are returned."""


def decode(given: Any, texts: list[str], samples: list[Any], outputs: list[Any], model: dict[str, Any]) -> Any:
    """Return ``answer, start, end, score, candidates``; an empty answer says that the context has none."""
    context, threshold = texts[1], model["no_answer_threshold"]
    found: dict[tuple[int, int], float] = {}
    for (tokens, second), scores in zip(samples, outputs, strict=True):
        for place, score in best(tokens, second, scores, model["max_answer_length"]):
            found[place] = max(score, found.get(place, -np.inf))
    ranked = sorted(found.items(), key=lambda one: (-one[1], *one[0]))[:COMPARED]
    none = float(min(scores[0].sum() for scores in outputs))  # an answer in one window is enough
    silent = threshold is not None or not ranked
    margin = none - ranked[0][1] if ranked else np.inf
    highest = max([score for _, score in ranked] + [none] * silent)
    chances = np.exp([score - highest for _, score in ranked] + [none - highest if silent else -np.inf])
    chances /= chances.sum()
    answers = [answer(context, start, end, chance) for ((start, end), _), chance in zip(ranked, chances, strict=False)]
    nothing = {"answer": "", "start": None, "end": None, "score": float(chances[-1])}
    chosen = nothing if margin > (np.finfo(np.float32).max if threshold is None else threshold) else answers[0]
    candidates = answers[:SHOWN] + [nothing] * silent
    return {**chosen, "candidates": sorted(candidates, key=lambda one: -one["score"])}


def best(tokens: list[Any], second: int, scores: Any, longest: int) -> list[tuple[tuple[int, int], float]]:
    """Return the characters and the score of the best answers in a sample: those that lie in its context."""
    inside = [at >= second and end > start for at, (_, (start, end)) in enumerate(tokens)]
    first, last = np.where(np.asarray(inside)[:, None], scores, np.float32(-np.inf)).T
    sums = first[:, None] + last  # (tokens, tokens)
    ahead = np.subtract.outer(np.arange(len(tokens)), np.arange(len(tokens)))
    sums[(ahead > 0) | (ahead <= -longest)] = -np.inf
    enough = np.sort(sums, axis=None)[-COMPARED:][0]
    places = np.argwhere((sums >= enough) & np.isfinite(sums)).tolist()
    return [((tokens[one][1][0], tokens[other][1][1]), float(sums[one, other])) for one, other in places]


def answer(context: str, start: int, end: int, chance: float) -> dict[str, Any]:
    """Return an answer without the spaces around it, which some tokenizers count to a word."""
    text = context[start:end]
    if text.strip():
        start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    return {"answer": context[start:end], "start": start, "end": end, "score": float(chance)}

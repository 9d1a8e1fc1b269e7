"""The entities of a text: its words, the tag of each, and what the tags mark."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from re import compile
from typing import Any

import numpy as np

ALONE = (  # scripts without spaces between words: each of their characters is a word
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
WORD, SINGLE = compile(rf"[{ALONE}]|(?:[^\W_{ALONE}])+|[^\w\s]|_"), compile(f"[{ALONE}]")
OUTSIDE = ("O", "")


def decode(given: Any, texts: list[str], samples: list[Any], outputs: list[Any], model: dict[str, Any]) -> Any:
    """Return ``entities``, each with ``start, end, text, label, score``; of a list of words joined by spaces."""
    text, names, words = texts[0], [tuple(tag) for tag in model["tags"]], split(texts[0])
    if not isinstance(given, str):
        ends = accumulate(len(word) + 1 for word in given)
        words = [(end - 1 - len(word), end - 1) for word, end in zip(given, ends, strict=True)]
    places = tokens_of(words, [tokens for tokens, _ in samples])
    before: list[Any] = [None, *accumulate(places, lambda last, place: place or last)][:-1]
    own = [place is not None and place != last for place, last in zip(places, before, strict=True)]
    rows = [outputs[place[0]][place[1]] for place, has in zip(places, own, strict=True) if place and has]
    scores = np.asarray(rows, np.float64).reshape(-1, len(names))
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chosen = [names[tag] for tag in (likeliest(scores) if model["valid"] else scores.argmax(axis=1))]
    if not model["valid"]:  # of a model that was not trained for IOB2: its entities, written so
        entities, chosen = marked(chosen), [OUTSIDE] * len(chosen)
        for first, behind, label in entities:
            chosen[first:behind] = [("B", label), *[("I", label)] * (behind - first - 1)]
    tags, at = iter(chosen), [0, *accumulate(own)]  # `at`: of each word, its row in `chances`
    found = []
    for first, behind, label in marked(filled([next(tags) if has else OUTSIDE for has in own], own, places)):
        score = chances[at[first] : at[behind], [name[1] == label for name in names]].sum(axis=1).mean()
        start, end = words[first][0], words[behind - 1][1]
        found.append({"start": start, "end": end, "text": text[start:end], "label": label, "score": float(score)})
    return {"entities": found}


def split(text: str) -> list[tuple[int, int]]:
    """Return the characters of the words: letters and digits with their marks; any other sign is one by itself."""
    words = [(-1, -1)]
    for begin, stop in (match.span() for match in WORD.finditer(text)):
        start, end = words[-1]
        sign, before = text[begin], text[begin - 1]
        letters = all(one.isalnum() and not SINGLE.match(one) for one in (text[start], sign))
        if stop - begin == 1 and sign in "\u200b\u2060\ufeff":
            continue
        if begin == end and (changes(sign) or before == "\u200d" or (changes(before) and letters)):
            words[-1] = start, stop
        else:
            words.append((begin, stop))
    return words[1:]


def changes(sign: str) -> bool:
    """Whether a character belongs to the one before it: combining marks, joiners, emoji's skin tones."""
    return unicodedata.category(sign) in ("Mn", "Mc", "Me", "Cf") or "\U0001f3fb" <= sign <= "\U0001f3ff"


def tokens_of(words: list[tuple[int, int]], samples: list[Any]) -> list[Any]:
    """Return sample and number of each word's first token, where it is farthest from an edge of its window."""
    starts, ends = [start for start, _ in words], [end for _, end in words]
    best: list[Any] = [None] * len(words)
    for sample, tokens in enumerate(samples):
        seen = set()
        for at, (_, (start, end)) in enumerate(tokens):
            for word in range(bisect_right(ends, start), bisect_left(starts, end)) if start < end else ():
                edges = at if sample else np.inf, len(tokens) - 1 - at if sample < len(samples) - 1 else np.inf
                if (word, start) not in seen:  # several tokens can have the same characters: the bytes of an emoji
                    seen.add((word, start))
                    key = start, -min(edges), sample, at
                    best[word] = key if best[word] is None else min(best[word], key)
    return [None if key is None else key[2:] for key in best]


def likeliest(scores: Any) -> list[int]:
    """Return the tags with the largest sum of scores in which each ``I-`` follows its type (Viterbi 1967)."""
    total, inner, come = np.zeros(scores.shape[1]), np.arange(2, scores.shape[1], 2), []
    total[inner] = -np.inf  # the tags are O, then B- and I- of each type
    for word, row in enumerate(scores):
        source = np.full(len(row), total.argmax())
        source[inner] = np.where(total[inner] > total[inner - 1], inner, inner - 1)
        come.append(source if word else np.arange(len(row)))
        total = row + total[come[-1]]
    path = [int(total.argmax())]
    for source in reversed(come[1:]):
        path.append(int(source[path[-1]]))
    return path[::-1][: len(scores)]


def filled(tags: list[Any], own: list[bool], places: list[Any]) -> list[Any]:
    """Return the tags with those of words that have no token to themselves: they go on with what they stand in."""
    for word in (word for word, has in enumerate(own) if not has):
        before = tags[word - 1] if word else OUTSIDE
        follows = next((tag for tag, has in zip(tags[word:], own[word:], strict=True) if has), OUTSIDE)
        goes_on = places[word] is not None or follows == ("I", before[1])
        tags[word] = ("I", before[1]) if before != OUTSIDE and goes_on else OUTSIDE
    return tags


def marked(tags: list[Any]) -> list[tuple[int, int, str]]:
    """Return first word, word behind the last and type of the entities that tags mark, as conlleval reads them."""
    found, start, before = [], -1, OUTSIDE
    for word, (letter, label) in enumerate([*tags, OUTSIDE]):
        begins = letter in "BS" or before[0] in "ESO" or before[1] != label
        if start >= 0 and (letter == "O" or begins):
            found.append((start, word, before[1]))
            start = -1
        start, before = word if letter != "O" and begins else start, (letter, label)
    return found

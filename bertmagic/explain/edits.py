"""The smallest edit that changes a prediction: words replaced, deleted or swapped with their neighbour.

A beam search over the number of changes, guided by occlusion: words whose deletion moves the prediction most are
replaced first. After Ross, Marasović & Peters 2021, "Explaining NLP Models via Minimal Contrastive Editing (MiCE)", and
Bhan et al. 2023, "TIGTEC".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bertmagic.data import words as splitting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    Judge = Callable[[list[tuple[str, ...]]], tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]
    Propose = Callable[["list[tuple[Draft, int]]"], list[list[tuple[str, float]]]]

_BEAM = 4
_POSITIONS = 6
"""How many words of a draft are replaced."""

WORDS = 10
"""How many replacements of a word are tried."""

MOST = 128
"""Of a longer text so many words are changed: those in the parts whose deletion moves the prediction most."""

_SWAPS = 40
"""Neighbours of longer texts are not swapped."""

_JOINED = re.compile(r"['’‘\-]")
_CLITIC = re.compile(r"['’](?:s|t|d|m|re|ve|ll)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ORDER = {"replaced": 0, "deleted": 1, "swapped": 2}


@dataclass(frozen=True)
class Change:
    """One change of a text.

    Attributes
    ----------
    kind
        What was done.
    at
        The number of the word.
    old, new
        The word before and after; ``new`` is empty for a deleted one. Two words of a swap have a space between.
    fluency
        How probable the new word is there, by what proposed it; NaN where nothing did.
    """

    kind: Literal["replaced", "deleted", "swapped"]
    at: int
    old: str
    new: str
    fluency: float = float("nan")

    @property
    def words(self) -> int:
        """How many words it changes."""
        return 1 + (self.kind == "swapped")


@dataclass(frozen=True)
class Document:
    """A text, or a pair, and the characters of its words.

    Attributes
    ----------
    parts
        The one or two texts.
    spans
        Part, first character and the one behind the last, of each word.
    """

    parts: tuple[str, ...]
    spans: tuple[tuple[int, int, int], ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of all parts."""
        return tuple(self.parts[part][start:end] for part, start, end in self.spans)

    def written(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the parts with other words in place of these; an empty one goes with the space before it."""
        return self.placed(words)[0]

    def placed(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[int, int, int], ...]]:
        """Return the parts with other words in place of these, and the characters of each of these words."""
        texts, ends = ["" for _ in self.parts], [0 for _ in self.parts]
        places = []
        for (part, start, end), word in zip(self.spans, words, strict=True):
            between = self.parts[part][ends[part] : start]
            texts[part] += between if word else between.rstrip()
            places.append((part, len(texts[part]), len(texts[part]) + len(word)))
            texts[part] += word
            ends[part] = end
        texts = [text + part[end:] for text, part, end in zip(texts, self.parts, ends, strict=True)]
        shifts = [len(text) - len(text.lstrip()) for text in texts]  # the first word was deleted
        spans = tuple((part, max(0, start - shifts[part]), max(0, end - shifts[part])) for part, start, end in places)
        return tuple(text.strip() for text in texts), spans


@dataclass(frozen=True)
class Draft:
    """A document with some words changed."""

    document: Document
    words: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts."""
        return self.document.written(self.words)

    def neighbours(self, at: int) -> tuple[str, str]:
        """Return the words before and behind a word of a part; empty at its ends."""
        part = self.document.spans[at][0]
        there = [word for (other, *_), word in zip(self.document.spans, self.words, strict=True) if other == part]
        place = at - sum(other < part for other, *_ in self.document.spans)
        before, behind = (list(filter(None, side)) for side in (there[:place], there[place + 1 :]))
        return before[-1] if before else "", behind[0] if behind else ""

    @property
    def cost(self) -> int:
        """How many words are changed."""
        return sum(change.words for change in self.changes)

    @property
    def fluency(self) -> float:
        """The lowest fluency of its changes; 0 if one has none."""
        known = [change.fluency for change in self.changes if change.fluency == change.fluency]
        return min(known) if known and len(known) == len(self.changes) else 0.0

    def masked(self, at: int, mask: str) -> tuple[str, ...]:
        """Return the texts with a mask in place of a word."""
        return self.document.written([mask if place == at else word for place, word in enumerate(self.words)])

    def changed(self, change: Change) -> Draft:
        """Return the draft with one more change."""
        words = list(self.words)
        if change.kind == "swapped":
            first, second = words[change.at : change.at + 2]
            words[change.at : change.at + 2] = _cased(first, second), _cased(second, first)
        else:
            words[change.at] = change.new
        return Draft(self.document, tuple(words), (*self.changes, change))

    def without(self, number: int) -> Draft:
        """Return the draft without one of its changes."""
        draft = Draft(self.document, self.document.words)
        for at, change in enumerate(self.changes):
            draft = draft if at == number else draft.changed(change)
        return draft

    @property
    def touched(self) -> frozenset[int]:
        """The words that are changed."""
        return frozenset(at for change in self.changes for at in range(change.at, change.at + change.words))


@dataclass
class Search:
    """What a search has found.

    Attributes
    ----------
    best
        The smallest edit that changes the prediction; None if none does.
    nearest
        The draft that comes nearest to it.
    passes
        How many texts the model has read.
    effects
        By how much the deletion of each word moves the prediction towards the change, ``(words,)``.
    interrupted
        Whether it was ended before it was done.
    """

    best: Draft | None = None
    nearest: Draft | None = None
    passes: int = 0
    effects: list[float] = field(default_factory=list)
    interrupted: bool = False


def document(parts: Sequence[str]) -> Document:
    """Return texts with their words: those of running text, where "don't", "well-made" and "'s" are one each."""
    spans: list[tuple[int, int, int]] = []
    for part, text in enumerate(parts):
        pieces = splitting.split(text)
        start = 0
        while start < len(pieces):
            end = start
            while end + 2 < len(pieces) and _joined(text, pieces[end : end + 3]):
                end += 2
            if end + 1 < len(pieces) and _is_clitic(text, *pieces[end : end + 2]):
                end += 1
            spans.append((part, pieces[start][0], pieces[end][1]))
            start = end + 1
    return Document(tuple(parts), tuple(spans))


def _joined(text: str, pieces: Sequence[tuple[int, int]]) -> bool:
    """Whether the second of three pieces joins the others to one word."""
    (_, first), (begin, end), (third, _) = pieces
    return first == begin and end == third and bool(_JOINED.fullmatch(text[begin:end])) and text[third].isalnum()


def _is_clitic(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two pieces are an apostrophe and the end of a shortened word, such as "'s"."""
    return one[1] == other[0] and bool(_CLITIC.fullmatch(text[one[0] : other[1]]))


def _cased(old: str, new: str) -> str:
    """Return a word in capitals, or with one, where the word in its place was so."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def search(
    start: Document,
    judge: Judge,
    propose: Propose,
    protected: frozenset[str] = frozenset(),
    most: int = 5,
    tick: Callable[[int, int], None] = lambda *_: None,
) -> Search:
    """Search for the smallest edit that changes a prediction.

    Parameters
    ----------
    judge
        From texts to how near each is to the change, the larger the nearer, and whether it is there; each ``(texts,)``.
    propose
        From drafts and the number of a word to replacements, the best first, with their probability or NaN.
    protected
        Words that stay, in lower case.
    most
        The most words to change.
    tick
        Called with the words that are changed so far, and the most.
    """
    found = Search()
    try:
        _search(found, start, judge, propose, protected, most, tick)
    except KeyboardInterrupt:
        found.interrupted = True
    return found


def _search(
    found: Search, start: Document, judge: Judge, propose: Propose, protected: frozenset[str], most: int,
    tick: Callable[[int, int], None],
) -> None:  # fmt: skip
    first = Draft(start, start.words)
    free = [at for at, word in enumerate(start.words) if word.lower() not in protected]
    if len(free) > MOST:
        free = _narrowed(found, first, free, judge)
    deletions = [first.changed(Change("deleted", at, start.words[at], "")) for at in free]
    deletions = [draft for draft in deletions if all(draft.parts)]
    (base, *values), ready = _judged(found, judge, [first, *deletions])
    found.nearest, found.effects = first, [0.0] * len(start.words)
    for draft, value in zip(deletions, values, strict=True):
        found.effects[draft.changes[0].at] = value - base
    scored = list(zip(values, ready[1:], deletions, strict=True))
    beam, effects, nearest = [first], found.effects, base
    for size in range(1, most + 1):
        tick(size, most)
        drafts = [draft for draft in _changed(beam, effects, free, propose) if draft.cost <= most]
        if size == 1 and most > 1:
            drafts += _swapped(first, free)
        elif size > 1:
            drafts += _deleted(beam, effects, free)
        drafts = list({draft.words: draft for draft in drafts if all(draft.parts)}.values())
        values, ready = _judged(found, judge, drafts)
        scored = [*(scored if size == 1 else ()), *zip(values, ready, drafts, strict=True)]
        if not scored:
            return
        scored.sort(key=lambda one: -one[0])
        if scored[0][0] > nearest:
            nearest, found.nearest = scored[0][0], scored[0][2]
        if there := [draft for _, is_there, draft in scored if is_there]:
            found.best = min(there, key=_rank)
            _prune(found, judge)
            return
        beam = [draft for _, _, draft in scored[:_BEAM]]


def _narrowed(found: Search, first: Draft, free: Sequence[int], judge: Judge) -> list[int]:
    """Return the words to change in a long text: those of the parts whose deletion moves the prediction most."""
    size = -(-len(free) // (MOST // 2))
    chunks = [free[begin : begin + size] for begin in range(0, len(free), size)]
    drafts = []
    for chunk in chunks:
        words = list(first.words)
        for at in chunk:
            words[at] = ""
        drafts.append(Draft(first.document, tuple(words)))
    drafts = [draft if all(draft.parts) else first for draft in drafts]
    values, _ = _judged(found, judge, drafts)
    best = sorted(range(len(chunks)), key=lambda number: -values[number])[: MOST // size]
    return sorted(at for number in best for at in chunks[number])


def _rank(draft: Draft) -> tuple[int, float, int]:
    """The fewest words first, then the most fluent one, then replacements before deletions before swaps."""
    return draft.cost, -draft.fluency, max(_ORDER[change.kind] for change in draft.changes)


def _judged(found: Search, judge: Judge, drafts: Sequence[Draft]) -> tuple[list[float], list[bool]]:
    if not drafts:
        return [], []
    values, ready = judge([draft.parts for draft in drafts])
    found.passes += len(drafts)
    return values.tolist(), ready.tolist()


def _places(draft: Draft, effects: Sequence[float], free: Sequence[int], most: int) -> list[int]:
    """Return the words to change next, those whose deletion moves the prediction most; no punctuation."""
    touched = draft.touched
    some = [at for at in free if at not in touched and not _PUNCTUATION.fullmatch(draft.words[at])]
    return sorted(some, key=lambda at: -effects[at])[:most]


def _changed(beam: Sequence[Draft], effects: Sequence[float], free: Sequence[int], propose: Propose) -> list[Draft]:
    """Return drafts with one more word replaced."""
    share = 1 if len(beam) == 1 else 2  # several drafts have fewer places and words each
    places = [(draft, at) for draft in beam for at in _places(draft, effects, free, _POSITIONS // share)]
    drafts = []
    for (draft, at), words in zip(places, propose(places) if places else [], strict=True):
        old = draft.words[at]
        others = [(word, chance) for word, chance in words if word and word.lower() != old.lower()]
        drafts += [
            draft.changed(Change("replaced", at, old, _cased(old, word), chance))
            for word, chance in others[: WORDS // share]
        ]
    return drafts


def _deleted(beam: Sequence[Draft], effects: Sequence[float], free: Sequence[int]) -> list[Draft]:
    """Return drafts with one more word deleted."""
    return [
        draft.changed(Change("deleted", at, draft.words[at], ""))
        for draft in beam
        for at in _places(draft, effects, free, _POSITIONS)
    ]


def _swapped(draft: Draft, free: Sequence[int]) -> list[Draft]:
    """Return drafts with two neighbours of one part swapped."""
    spans, words, movable = draft.document.spans, draft.words, frozenset(free)
    if len(words) > _SWAPS:
        return []
    return [
        draft.changed(Change("swapped", at, f"{words[at]} {words[at + 1]}", f"{words[at + 1]} {words[at]}"))
        for at in range(len(words) - 1)
        if {at, at + 1} <= movable
        and spans[at][0] == spans[at + 1][0]
        and words[at].lower() != words[at + 1].lower()
        and not any(_PUNCTUATION.fullmatch(word) for word in words[at : at + 2])
    ]


def _prune(found: Search, judge: Judge) -> None:
    """Take back changes that are not needed."""
    while found.best is not None and len(found.best.changes) > 1:
        fewer = [found.best.without(number) for number in range(len(found.best.changes))]
        _, ready = _judged(found, judge, fewer)
        there = [draft for draft, is_there in zip(fewer, ready, strict=True) if is_there]
        if not there:
            return
        found.best = min(there, key=_rank)

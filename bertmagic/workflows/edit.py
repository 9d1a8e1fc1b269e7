"""The smallest edit that changes a prediction, with words of a masked-word head or of the training rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from bertmagic.data.labels import Labels
from bertmagic.errors import BertMagicError, DataError, ModelError, OptionError, listing, nearest
from bertmagic.evaluation.probabilities import log_odds
from bertmagic.events import Listener, Phase, counting, ignore
from bertmagic.explain import anchors, edits, vocabulary
from bertmagic.explain.anchors import AnchorWords
from bertmagic.explain.smallest_edit import SmallestEdit
from bertmagic.run import folders
from bertmagic.text_safety import quoted
from bertmagic.workflows import attention, fill, predict, training_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.explain.edits import Draft, Judge, Propose
    from bertmagic.text_model import TextModel

_STRONGEST = 150
"""How many words of the training rows the model reads, to find those that speak most for a label."""

_KEPT = 60
"""How many of them are proposed."""

_FILLED = 40
"""How many words a masked-word head proposes for a place."""

_ROWS = 50_000
"""The most training rows whose words are counted."""

_known: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
"""For each model its masked-word model and its words for each label: they are the same for each text."""


@dataclass(frozen=True)
class Goal:
    """What an edit is to reach.

    Attributes
    ----------
    kind
        ``classes`` or ``labels``.
    chances
        The probabilities of the text before, ``(outputs,)``.
    label
        The class that was predicted; of labels, the one whose decision is to change.
    target
        The class to reach; None for any other one.
    decision
        Of labels: whether the label is predicted before.
    """

    kind: str
    chances: npt.NDArray[np.floating]
    label: int
    target: int | None = None
    decision: int = 0

    def reached(self, model: TextModel, chances: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Return which texts reach it, ``(texts,)``; ``chances`` are their probabilities."""
        decided = model.task.decided(chances)
        if self.kind == "labels":
            return decided[:, self.label] != self.decision  # type: ignore[no-any-return]
        return decided != self.label if self.target is None else decided == self.target  # type: ignore[no-any-return]

    def nearness(self, chances: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the log-odds of what is to be reached, ``(texts,)``."""
        if self.kind == "labels":
            chance = chances[:, self.label] if not self.decision else 1 - chances[:, self.label]
        else:
            chance = 1 - chances[:, self.label] if self.target is None else chances[:, self.target]
        return log_odds(chance, 1e-9)


def find(
    model: TextModel, text: Any, pair: Any, target: Any, protect: Sequence[str], words_from: Any, most: int,
    emit: Listener,
) -> SmallestEdit:  # fmt: skip
    """Return the smallest edit that changes a prediction; see `TextModel.explain`.

    Parameters
    ----------
    protect
        Words that stay.
    words_from
        A model with a masked-word head, or the name of one; None for that of the encoder, or else the training rows.
    most
        The most words to change.

    Raises
    ------
    DataError
        If there is no text, or no word that may be changed.
    OptionError
        If the target is no label, or the predicted one.
    ModelError
        If the task decides on no labels, or the model of ``words_from`` has no masked-word head.
    """
    began, _ = time.perf_counter(), model.network
    parts = attention.texts(text, pair, model.task, "an explanation")
    goal = _goal(model, parts, target, emit)
    start = edits.document(parts)
    protected = frozenset(word.lower() for each in protect for word in each.split())
    if not any(word.lower() not in protected for word in start.words):
        raise DataError("the text has no word that may be changed.", "Give a longer text, or protect fewer words.")
    judge = _judge(model, goal)
    propose, source, notes = _source(model, goal, words_from, emit)
    progress = counting(emit, "searching edits")
    search = edits.search(start, judge, propose, protected, most, progress)
    draft = search.best or search.nearest or edits.Draft(start, start.words)
    chances = chances_of(model, [draft.parts])[0]
    if search.interrupted:
        notes = [*notes, "Interrupted: a smaller edit may exist."]
    names = Labels(model.labels).names
    return SmallestEdit(
        start.parts,
        draft.parts,
        draft.changes,
        (_spans(start, draft, before=True), _spans(start, draft, before=False)),
        {
            names[at]: (float(goal.chances[at]), float(chances[at]))
            for at in _shown(goal, chances)
        },
        _named(goal, names, goal.chances, goal.label, goal.decision),
        _named(goal, names, chances, int(chances.argmax()), int(goal.reached(model, chances[None])[0]) ^ goal.decision),
        flipped=search.best is not None,
        target="" if goal.target is None else names[goal.target],
        source=source,
        passes=search.passes,
        model=model.name,
        seconds=time.perf_counter() - began,
        notes=tuple(notes),
    )  # fmt: skip


def _shown(goal: Goal, chances: npt.NDArray[np.floating]) -> list[int]:
    """Return the labels whose probabilities are shown: that before, that after, and the target."""
    if goal.kind == "labels":
        return [goal.label]
    return list(dict.fromkeys([goal.label, int(chances.argmax()), *([] if goal.target is None else [goal.target])]))


def _named(goal: Goal, names: Sequence[str], chances: npt.NDArray[np.floating], at: int, decision: int) -> str:
    if goal.kind == "classes":
        return names[at]
    return names[goal.label] if decision else f"not {names[goal.label]}"


def chances_of(model: TextModel, texts: Sequence[tuple[str, ...]]) -> npt.NDArray[np.float32]:
    """Return the probabilities of texts or pairs, ``(texts, outputs)``; a text is tokenized anew and not kept."""
    import pandas as pd

    given = pd.DataFrame(list(texts), columns=list(model.task.inputs), dtype=object)
    rows, _ = model.task.readable(given, "the edited texts", "the edited texts")
    tokens, scores = predict.run(model, rows, ignore, fresh=True)
    chances = model.task.probabilities(scores, tokens)
    assert chances is not None
    return chances


def mask_of(model: TextModel) -> str:
    """Return what hides a word: the tokenizer's mask, or its unknown token."""
    return str(model.tokenizer.mask_token or model.tokenizer.unk_token or ".")


def check_labels(model: TextModel) -> None:
    """Raise a `ModelError` if the task of a model decides on no labels."""
    if not (model.task.calibrates and model.task.target_kind in ("classes", "labels")):
        raise ModelError(
            f"{model.name!r} is for {model.task.name.replace('_', ' ')}, which decides on no labels.",
            "Give a model of classes or labels.",
        )


def label_number(model: TextModel, target: Any, otherwise: str) -> int:
    """Return the number of a label.

    Parameters
    ----------
    otherwise
        What is explained without a target, for the message.

    Raises
    ------
    OptionError
        If the model has no such label.
    """
    number, names = int(Labels(model.labels).encode([target])[0]), Labels(model.labels).names
    if number < 0:
        raise OptionError(
            f"target = {quoted(target)} is not a label of {model.name!r}: {listing(names)}.{nearest(target, names)}",
            f"Leave it out for {otherwise}.",
        )
    return number


def _goal(model: TextModel, parts: Sequence[str], target: Any, emit: Listener, keeps: bool = False) -> Goal:
    """Return what is to be reached; ``keeps`` says that this is to be avoided: then only the prediction has a goal."""
    check_labels(model)
    emit(Phase("predicting"))
    names = Labels(model.labels).names
    number = None if target is None else label_number(model, target, "any other label than the predicted one")
    chances = chances_of(model, [tuple(parts)])[0]
    decided = model.task.decided(chances[None])[0]
    if model.task.target_kind == "labels":
        label = int(chances.argmax()) if number is None else number
        return Goal("labels", chances, label, decision=int(decided[label]))
    if keeps and number not in (None, int(decided)):
        raise OptionError(
            f"an anchor keeps the prediction of {model.name!r}, which is {names[int(decided)]!r}.", "Leave target out."
        )
    if keeps:
        return Goal("classes", chances, int(decided))
    if number is not None and number == int(decided):
        raise OptionError(
            f"{model.name!r} predicts {names[number]!r} already.", "Name another target, or leave it out."
        )
    return Goal("classes", chances, int(decided), number)


def _judge(model: TextModel, goal: Goal) -> Judge:
    def judge(texts: list[tuple[str, ...]]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        chances = chances_of(model, texts)
        return goal.nearness(chances), goal.reached(model, chances)

    return judge


def _source(model: TextModel, goal: Goal, words_from: Any, emit: Listener) -> tuple[Propose, str, list[str]]:
    """Return what proposes words, what it is in words, and notes."""
    known = _known.setdefault(model, {})
    if words_from is not None:
        other = type(model).from_name(words_from) if isinstance(words_from, str) else words_from
        fill.check_head(other)
        return _by_masks(other), f"the masked-word head of {other.name}", []
    if "masks" not in known:
        known["masks"] = _encoder(model, emit)
    if (encoder := known["masks"]) is not None:
        return _by_masks(encoder), f"the masked-word head of {encoder.name}", []
    key = goal.kind, goal.label, goal.target, goal.decision
    try:
        if key not in known:
            known[key] = _words(model, goal, emit)
    except OptionError as error:
        return (
            lambda places: [[] for _ in places],
            "",
            [
                f"Words were only deleted and swapped: the encoder of {model.name!r} has no masked-word head, and "
                f"its training rows are gone: {error.what.partition(': ')[2]}"
            ],
        )
    words, pairs = known[key]

    def propose(places: list[tuple[Draft, int]]) -> list[list[tuple[str, float]]]:
        return [pairs.best(words, *draft.neighbours(at), edits.WORDS) for draft, at in places]

    return propose, "the training rows", []


def _encoder(model: TextModel, emit: Listener) -> TextModel | None:
    """Return the encoder that a model was fine-tuned from as a model of masked words; None if it has no such head."""
    try:
        folder, name = attention.base_encoder(model)
        parts = predict.opened(str(folder), str(model.device), model.precision, (), emit)
    except (BertMagicError, OSError):
        return None
    opened = type(model)(name, *parts)
    return opened if opened.task.is_pretraining else None


def _by_masks(model: TextModel) -> Propose:
    """Return what proposes the words of a masked-word head, with their probabilities."""

    def propose(places: list[tuple[Draft, int]]) -> list[list[tuple[str, float]]]:
        texts = [" ".join(draft.masked(at, "[MASK]")) for draft, at in places]
        frame = fill.fill(model, texts, _FILLED, [], {}, ignore).frame
        proposed: list[list[tuple[str, float]]] = [[] for _ in places]
        for row, word, chance in zip(frame["row"], frame["word"], frame["score"], strict=True):
            if word.isalpha():  # neither a sign nor the end of a word
                proposed[row].append((word, float(chance)))
        return proposed

    return propose


def _words(model: TextModel, goal: Goal, emit: Listener) -> tuple[list[str], vocabulary.Pairs]:
    """Return the words of the training rows that speak for what is to be reached, the strongest first, and their pairs.

    Raises
    ------
    OptionError
        If the training rows are gone.
    """
    import numpy as np

    train = training_rows.require_for_explanation(model.card, folders.run_of(model.folder) or model.name, emit)
    emit(Phase("counting words"))
    some = train.take(np.arange(min(len(train), _ROWS)))
    targets, _ = model.task.linear_targets(some)
    if goal.kind == "labels":
        wanted = targets[:, goal.label] != goal.decision
    else:
        wanted = targets != goal.label if goal.target is None else targets == goal.target
    texts = [some.text(at) for at in range(len(some))]
    words = vocabulary.strongest(texts, wanted, _STRONGEST)
    if len(model.task.inputs) == 1 and words:  # a word alone is no pair
        nearness = goal.nearness(chances_of(model, [(word,) for word in words]))
        words = [words[at] for at in np.argsort(-nearness, kind="stable")]
    return words[:_KEPT], vocabulary.Pairs(texts)


def _spans(start: edits.Document, draft: edits.Draft, before: bool) -> tuple[tuple[int, int, int], ...]:
    """Return the characters of the changed words, in the text before or after; a deleted word has none after."""
    spans = start.placed(start.words if before else draft.words)[1]
    return tuple(spans[at] for at in sorted(draft.touched) if spans[at][1] < spans[at][2])


def anchor(
    model: TextModel, text: Any, pair: Any, target: Any, precision: float, seed: int, emit: Listener
) -> AnchorWords:
    """Return the smallest set of words that keeps a prediction; see `TextModel.explain`.

    Words are hidden by the tokenizer's mask, or by its unknown token where it has none.

    Parameters
    ----------
    target
        Of a model of labels, the label whose decision is to be kept; else nothing but the predicted class.
    precision
        The share of samples in which the prediction has to stay.

    Raises
    ------
    DataError
        If there is no text.
    OptionError
        If the target is no label.
    ModelError
        If the task decides on no labels.
    """
    began, _ = time.perf_counter(), model.network
    parts = attention.texts(text, pair, model.task, "an explanation")
    if not 0.5 < precision < 1:
        raise OptionError(f"a precision of {precision} is not between 0.5 and 1.", "Take 0.95.")
    goal = _goal(model, parts, target, emit, keeps=True)
    start = edits.document(parts)
    mask = mask_of(model)

    def keeps(hidden: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        drafts = [[mask if hides else word for hides, word in zip(row, start.words, strict=True)] for row in hidden]
        return ~goal.reached(model, chances_of(model, [start.written(words) for words in drafts]))

    found = anchors.search(len(start.words), keeps, precision, seed, counting(emit, "searching the anchor"))
    notes = ["Interrupted: the precision is not measured."] if found.interrupted else []
    return AnchorWords(
        start.parts,
        tuple(start.spans[at] for at in found.words),
        _named(goal, Labels(model.labels).names, goal.chances, goal.label, goal.decision),
        precision,
        found,
        model.name,
        time.perf_counter() - began,
        tuple(notes),
    )

"""The training rows that are most responsible for a prediction."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data.batches import BatchSource
from bertmagic.data.labels import Labels
from bertmagic.errors import DataError, ModelError, OptionError, count, listing, nearest
from bertmagic.evaluation import leave_one_out
from bertmagic.events import Listener, Phase, counting
from bertmagic.explain import influence
from bertmagic.explain.influential_rows import InfluentialRows, Removal
from bertmagic.inference import vector_cache
from bertmagic.models import heads
from bertmagic.models.torch_defaults import torch_defaults
from bertmagic.run import folders
from bertmagic.text_safety import quoted
from bertmagic.workflows import attention, edit, predict, training_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.leave_one_out import Head
    from bertmagic.explain.influence import Kind
    from bertmagic.text_model import TextModel

    Floats = npt.NDArray[np.floating]

_SHARE = 0.01
"""The share of the rows that is removed to see what that does."""

_RANDOM = 3
"""How often as many random rows are removed."""


@dataclass(frozen=True)
class Read:
    """Rows as a model reads them.

    Attributes
    ----------
    feed
        Their samples.
    vectors, logits
        What the output layer reads of each row, ``(rows, width)``, and returns, ``(rows, outputs)``.
    """

    rows: TextRows
    tokens: Tokens
    feed: BatchSource
    vectors: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]


def find(
    model: TextModel, text: Any, pair: Any, target: Any, method: str, top_k: int, seed: int, emit: Listener
) -> InfluentialRows:
    """Return the training rows that are most responsible for a prediction; see `TextModel.explain`.

    Raises
    ------
    DataError
        If there is no text.
    OptionError
        If the target is no label, the method is not known, or the training rows are gone.
    ModelError
        If the task has no output for each text, or the head does not end in a linear layer.
    """
    import pandas as pd

    began = time.perf_counter()
    if method not in influence.METHODS:
        known = f"{listing(influence.METHODS)}.{nearest(method, influence.METHODS)}"
        raise OptionError(f"method = {quoted(method)} is not one of {known}", "Leave it out for leave_one_out.")
    kind = _kind(model)
    parts = attention.texts(text, pair, model.task, "an explanation")
    _target_number(model, target)  # a wrong one fails before the training rows are read
    train = training_rows.require_for_explanation(model.card, folders.run_of(model.folder) or model.name, emit)
    given = pd.DataFrame([parts], columns=list(model.task.inputs), dtype=object)
    one = read(model, model.task.readable(given, "the text", "the text")[0], emit)
    number = _target_number(model, target)
    if number is None:
        number = int(one.logits[0].argmax())
    taught = read(model, train, emit)
    emit(Phase("fitting the head"))
    head, unit, offset = fitted(model, kind, taught, train, number, seed)
    scores = unit * _scores(model, kind, method, head, taught, train, one, number, emit)
    again = influence.refits(head, one.vectors, seed, tick=counting(emit, "fitting again to halves"))
    agreed = influence.agreement(scores, again, seed=seed)
    frame, notes = _frame(model, train, scores, top_k), _notes(model, train, one, again)
    chances = model.task.probabilities(_scores_of_samples(one), one.tokens)
    own = float(head.outputs(one.vectors)[0])
    return InfluentialRows(
        frame,
        " ||| ".join(parts),
        "" if kind == "numbers" else Labels(model.labels).names[number],
        float(one.logits[0, 0] * unit + offset if chances is None else chances[0, number]),
        _shown(kind, own, unit, offset),
        method,
        exact=method == "leave_one_out" and kind == "numbers",
        agreement=agreed,
        removal=_removal(kind, head, one.vectors, scores / unit, method, unit, offset, seed, emit),
        train=train.name,
        rows=len(train),
        model=model.name,
        seconds=time.perf_counter() - began,
        notes=notes,
    )


def _kind(model: TextModel) -> Kind:
    """Return what a linear model of the task learns."""
    task = model.task
    if task.target_kind is None or task.has_word_outputs:
        raise ModelError(
            f"{model.name!r} is for {task.name.replace('_', ' ')}, and rows = 'train' needs one output for each text.",
            "Leave rows out, or give a model of classes, labels or numbers.",
        )
    if heads.output_layer(model.network) is None:
        raise ModelError(
            f"the head of {model.name!r} does not end in a linear layer, whose training rows could be weighed.",
            "Leave rows out.",
        )
    return task.target_kind


def _target_number(model: TextModel, target: Any) -> int | None:
    """Return the number of a target; 0 for a model of numbers, and None if there is no target."""
    if not model.labels:
        if target is not None:
            raise OptionError(f"{model.name!r} predicts a number, and has no target.", "Leave target out.")
        return 0
    if target is None:
        return None
    return edit.label_number(model, target, "the predicted one")


def read(model: TextModel, rows: TextRows, emit: Listener) -> Read:
    """Return rows with what the output layer reads of each and returns; they are kept on disk for the next call."""
    from bertmagic.data.rows import LabelledRows

    task, network = model.task, model.network
    tokens = predict.encoded(model, rows, emit)
    pad_id, segments = cast("int", model.tokenizer.pad_token_id), heads.reads_segments(network)
    if isinstance(rows, LabelledRows):
        feed = task.feed(tokens, rows, pad_id, segments, seed=0)
    else:
        feed = BatchSource(tokens, pad_id, segments=segments)
    progress = counting(emit, "reading")
    vectors = tokens.by_row(
        vector_cache.head_vectors(
            folders.home(), network, feed, model.precision, lambda done: progress(done, len(tokens))
        )
    )
    layer = heads.output_layer(network)
    assert layer is not None
    logits = vectors @ layer.weight.detach().float().cpu().numpy().T
    if layer.bias is not None:
        logits = logits + layer.bias.detach().float().cpu().numpy()
    return Read(rows, tokens, feed, vectors, logits)


def fitted(
    model: TextModel, kind: Kind, known: Read, train: LabelledRows, number: int, seed: int
) -> tuple[Head, float, float]:
    """Return the head of a target, and unit and offset that make user's numbers of its outputs."""
    targets, _ = model.task.linear_targets(train)
    unit, offset = 1.0, 0.0
    if kind == "classes":
        targets = (targets == number).astype(float)
    elif kind == "labels":
        targets = targets[:, number].astype(float)
    else:
        spread = float(targets.std())
        unit = float(train.targets.std()) / spread if spread else 1.0
        offset = float(train.targets.mean()) - unit * float(targets.mean())
    if kind != "numbers" and len(set(targets.tolist())) < 2:
        raise DataError(
            f"all {count(len(train), 'training row')} are alike: each or none has the target "
            f"{Labels(model.labels).names[number]!r}.", "Give another target.",
        )  # fmt: skip
    groups = model.task.group_ids(train)
    head = leave_one_out.fit("numbers" if kind == "numbers" else "labels", known.vectors, targets, groups, seed)
    return head, unit, offset


def _scores(
    model: TextModel, kind: Kind, method: str, head: Head, known: Read, train: LabelledRows, one: Read, number: int,
    emit: Listener,
) -> Floats:  # fmt: skip
    """Return the score of each training row by a method, ``(rows,)``."""
    import numpy as np

    if method == "leave_one_out":
        return head.effects(one.vectors)[0]  # type: ignore[no-any-return]
    targets, _ = model.task.linear_targets(train)
    if method == "head_gradients":
        wrong = influence.errors(kind, known.logits, targets)
        towards = influence.output_gradient(kind, one.logits, number)[0]
        return influence.head_gradients(wrong, known.vectors, towards, one.vectors[0])
    of_samples, progress = known.tokens.spread(targets), counting(emit, "computing gradients")
    with torch_defaults():
        samples = influence.word_gradients(
            model.network,
            known.feed,
            lambda logits, rows: influence.errors(kind, logits, of_samples[rows]),
            one.feed,
            lambda logits: influence.output_gradient(kind, logits, number),
            lambda done: progress(done, len(known.tokens)),
        )
    return np.bincount(known.tokens.owner, samples, len(train)).astype(samples.dtype)


def _scores_of_samples(one: Read) -> npt.NDArray[np.float32]:
    """Return the logits of a text for each of its windows: those of the text, whose mean they have."""
    import numpy as np

    return np.repeat(one.logits, len(one.tokens), axis=0)


def _shown(kind: Kind, output: float, unit: float, offset: float) -> float:
    """Return an output of a head as a probability, or as a number in the user's unit."""
    import math

    return output * unit + offset if kind == "numbers" else 0.5 * (1 + math.tanh(output / 2))


def _removal(
    kind: Kind, head: Head, vectors: Floats, scores: Floats, method: str, unit: float, offset: float, seed: int,
    emit: Listener,
) -> Removal | None:  # fmt: skip
    """Return what the head says without the strongest rows; None if it was interrupted."""
    import numpy as np

    rows = len(scores)
    removed = max(1, round(_SHARE * rows))
    if rows - removed < 2:
        return None
    emit(Phase("fitting again without the strongest rows"))
    generator = np.random.default_rng(seed)
    strongest = np.argsort(-scores, kind="stable")[:removed]
    before = float(head.outputs(vectors)[0])
    try:
        after = _without(head, strongest, vectors)
        random = [_without(head, generator.permutation(rows)[:removed], vectors) for _ in range(_RANDOM)]
    except KeyboardInterrupt:
        return None
    foretold = before - float(scores[strongest].sum()) if method == "leave_one_out" else np.nan
    outputs = before, foretold, after, float(np.mean(random))
    return Removal(removed, *(_shown(kind, output, unit, offset) for output in outputs))


def _without(head: Head, removed: npt.NDArray[np.int64], vectors: Floats) -> float:
    import numpy as np

    kept = np.ones(len(head.rows), bool)
    kept[removed] = False
    return float(head.refitted(kept).outputs(vectors)[0])


def _frame(model: TextModel, train: LabelledRows, scores: Floats, top_k: int) -> pd.DataFrame:
    """Return the strongest rows for the target, then those against it."""
    import numpy as np
    import pandas as pd

    order = np.argsort(-scores, kind="stable")
    chosen = np.concatenate([
        [at for at in order[:top_k] if scores[at] > 0], [at for at in order[::-1][:top_k] if scores[at] < 0],
    ]).astype(int)  # fmt: skip
    total = max(float(np.abs(scores).sum()), 1e-30)
    return pd.DataFrame({
        "row": [train.index[at] for at in chosen],
        "label": [_label(model, train, at) for at in chosen],
        "text": [train.text(int(at)) for at in chosen],
        "score": scores[chosen].astype(float),
        "share": np.abs(scores[chosen]).astype(float) / total,
    })  # fmt: skip


def _label(model: TextModel, train: LabelledRows, at: int) -> Any:
    """Return the label of a training row as the user knows it."""
    target = train.targets[at]
    if not model.labels:
        return float(target)
    if target.ndim:
        return ", ".join(name for name, has in zip(Labels(model.labels).names, target, strict=True) if has)
    return model.labels[int(target)]


def _notes(model: TextModel, train: LabelledRows, one: Read, again: influence.Refits) -> tuple[str, ...]:
    """Return what the user should know."""
    import numpy as np

    notes = list(predict.notes_on(model, one.tokens))
    same = np.flatnonzero(train.duplicate_keys() == one.rows.duplicate_keys()[0])
    if len(same):
        which = listing((str(train.index[at]) for at in same.tolist()), 5)
        notes.append(f"The text itself is in the training rows: {which}.")
    if len(again.outputs) < again.planned:
        notes.append(f"Interrupted after {len(again.outputs)} of {again.planned} heads; the scores are complete.")
    return tuple(notes)

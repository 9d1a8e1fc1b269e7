"""The words that speak for and against a prediction: a model, its task and the methods of `bertmagic.explain`."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.attention.words import tokens_of, word_groups
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.data.tokens import Tokens
from bertmagic.errors import DataError, ModelError, OptionError, count, nearest
from bertmagic.events import Listener, Phase
from bertmagic.explain import bounds, faithfulness, methods
from bertmagic.explain.explanation import Explanation
from bertmagic.explain.game import MaskingGame, Word
from bertmagic.explain.methods import Network
from bertmagic.export import session
from bertmagic.inference.forward import run_model
from bertmagic.models import devices, heads, loading
from bertmagic.text_safety import quoted
from bertmagic.workflows import attention, backends, predict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch
    from bertmagic.explain.faithfulness import Faithfulness
    from bertmagic.explain.game import TargetGame
    from bertmagic.explain.methods import Scored
    from bertmagic.explain.scores import ExplainedScores
    from bertmagic.export.session import Session
    from bertmagic.tasks.description import Description
    from bertmagic.text_model import TextModel


@dataclass(frozen=True)
class Reading:
    """A text as a model reads it, and what can be explained of its prediction.

    Attributes
    ----------
    texts
        The text, or the two of a pair.
    sample
        The tokens of the text, or of one window of it.
    scores
        What can be explained.
    target
        The number of what is explained.
    prediction
        The prediction for the whole text in a line.
    words
        The words of the sample.
    hidden_id
        The token id that hides a word.
    notes
        What the user should know.
    """

    texts: list[str]
    sample: Tokens
    scores: ExplainedScores
    target: int
    prediction: str
    words: tuple[Word, ...]
    hidden_id: int
    notes: tuple[str, ...]


def explain(
    model: TextModel, text: Any, pair: Any, target: Any, method: str, passes: int | None, backend: str, full: bool,
    emit: Listener,
) -> Explanation:  # fmt: skip
    """Return the words that speak for and against a prediction; see `TextModel.explain`.

    An interrupt returns what is known by then: the scores by the masks so far, or scores whose faithfulness was not
    measured. Before that it is an interrupt like any other.
    """
    began, _ = time.perf_counter(), model.network
    made = backends.session_of(model, backend)
    session_ = None if made is None else made[0]
    emit(Phase("predicting"))
    reading = read(model, text, pair, target, session_)
    number = reading.target
    whole = game_of(model, reading, session_, lambda done: emit(Phase("hiding words", done, None, "passes")))
    game = whole.of(number, reading.scores.unit == "probability")
    ends = game(np.stack([np.zeros(len(game), bool), np.ones(len(game), bool)]))
    network = None if session_ is not None else network_of(model, reading, number)
    found, measured, notes = scored(game, network, chosen(model, method, network), passes, full)
    return Explanation(
        _frame(reading, found),
        reading.texts[0],
        reading.texts[1] if len(reading.texts) > 1 else None,
        reading.scores.names[number],
        float(ends[0]),
        float(ends[1]),
        reading.prediction,
        reading.scores.unit,
        found.method,
        measured,
        model.name,
        special=found.special,
        has_signs=found.has_signs,
        passes=game.passes + found.passes,
        seconds=time.perf_counter() - began,
        notes=(*reading.notes, *found.notes, *notes),
    )


def chosen(model: TextModel, method: str, network: Network | None) -> str:
    """Return the method of an explanation: for ``auto`` the one that was best in a benchmark, where it can be used.

    Raises
    ------
    OptionError
        If there is no such method.
    """
    if method == "auto":
        known = (model.card.get("explain") or {}).get("method")
        usable = known in methods.HIDING or (known in methods.LOOKING and network is not None)
        return str(known) if usable else methods.DEFAULT
    if method not in methods.METHODS:
        raise OptionError(
            f"there is no method {quoted(method)}.{nearest(method, methods.METHODS)}",
            f"Methods are auto, {', '.join(methods.METHODS)}.",
        )
    return method


def scored(
    game: TargetGame, network: Network | None, method: str, passes: int | None, full: bool
) -> tuple[Scored, Faithfulness | None, list[str]]:
    """Return the scores of words, how faithful they are, and notes; after an interrupt what is known."""
    try:
        found = methods.run(method, game, network, passes)
    except KeyboardInterrupt:
        if game.passes < 4:
            raise
        known = count(game.passes, "pass", "passes")
        return methods.of_known(game), None, [f"Interrupted after {known}: a linear model of these, not by {method}."]
    try:
        return found, bounds.measure(game, faithfulness.order_of(found.scores), full), []
    except KeyboardInterrupt:
        return found, None, ["Interrupted: the faithfulness was not measured."]


def network_of(model: TextModel, reading: Reading, target: int) -> Network:
    """Return the network at a text, for methods that look into it."""
    batch = _feed(model, reading.sample.ids[None], reading.sample.second).batch(np.zeros(1, np.int64))
    batch = batch.to(partial(devices.send, device=model.network.device))

    def score(network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        return reading.scores.scores(model.task.logits(network, batch).float())[:, target]

    return Network(model.network, batch, score, model.name)


def read(model: TextModel, text: Any, pair: Any, target: Any, made: Session | None = None) -> Reading:
    """Return a text as a model reads it; of a long one the window that decides.

    Raises
    ------
    DataError
        If there is no text, or nothing in it that can be hidden.
    OptionError
        If there is no such target.
    ModelError
        If the task predicts nothing.
    """
    texts, task, tokenizer = attention.texts(text, pair, model.task, "an explanation"), model.task, model.tokenizer
    samples, notes = _samples(model, texts)
    parts = [part_of(samples, number) for number in range(len(samples))]
    outputs = [_outputs(model, part, made) for part in parts]
    each = [task.explained(output, part, texts, tokenizer, target) for output, part in zip(outputs, parts, strict=True)]
    whole = task.describe(_joined(outputs), samples, texts, tokenizer)
    at, number = _deciding(each, outputs, target, whole)
    words = words_of(model, parts[at], texts, each[at].fixed)
    if not words:
        raise DataError("the text has no word that can be hidden.", "Give a text with at least one word.")
    hidden_id, hides = hidden_token(tokenizer)
    return Reading(
        texts,
        parts[at],
        each[at],
        number,
        whole.line,
        words,
        hidden_id,
        (*notes, *([] if hides is None else [hides]), *_window_notes(parts, at)),
    )


def _joined(outputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return outputs of windows as `Task.describe` reads them: ``(windows, outputs)`` or ``(1, tokens, outputs)``."""
    import torch

    return torch.cat(tuple(outputs), dim=outputs[0].ndim - 2)


def game_of(
    model: TextModel, reading: Reading, made: Session | None = None, after: Callable[[int], None] = lambda passes: None
) -> MaskingGame:
    """Return the masking game of a text: scores of the model with words hidden."""
    return MaskingGame(
        reading.sample.ids, reading.words, reading.hidden_id, scorer(model, reading.sample, reading.scores, made), after
    )


def scorer(
    model: TextModel, sample: Tokens, scores: ExplainedScores, made: Session | None = None
) -> Callable[[npt.NDArray[np.int32]], npt.NDArray[np.float32]]:
    """Return the function from token ids ``(rows, tokens)`` to scores ``(rows, targets)``.

    Predictions of texts take a fast path, in which the last layer has the first token only. All rows have the length
    of the sample, so no batch is padded.
    """
    import torch

    def inside(network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        return scores.scores(model.task.logits(network, batch))

    def score(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        feed = _feed(model, ids, sample.second)
        if made is not None:
            outputs = session.run(made, feed)
        elif model.task.outputs is heads.logits and not model.task.has_word_outputs:
            outputs = run_model(model.network, feed, model.precision)
        else:
            return run_model(model.network, feed, model.precision, outputs=inside)
        if len(outputs) != len(ids):  # one row a token
            outputs = outputs.reshape(*ids.shape, -1)
        values: npt.NDArray[np.float32] = scores.scores(torch.from_numpy(outputs)).numpy()
        return values

    return score


def _feed(model: TextModel, ids: npt.NDArray[np.int32], second: npt.NDArray[np.int32] | None) -> BatchSource:
    rows, length = ids.shape
    begins = None if second is None else np.repeat(second, rows)
    tokens = Tokens(ids.reshape(-1), np.arange(rows + 1) * length, 0, 0.0, second=begins)
    pad_id: Any = model.tokenizer.pad_token_id
    return BatchSource(tokens, pad_id, segments=heads.reads_segments(model.network))


def _outputs(model: TextModel, part: Tokens, made: Session | None) -> torch.Tensor:
    """Return the logits of a sample as `Task.describe` reads them, ``(1, …)``."""
    import torch

    feed = _feed(model, part.ids[None], part.second)
    if made is None:
        outputs = run_model(model.network, feed, model.precision, outputs=model.task.logits)
    else:
        outputs = session.run(made, feed)
    tensor = torch.from_numpy(outputs)
    return tensor if len(outputs) == 1 else tensor[None]


def _samples(model: TextModel, texts: list[str]) -> tuple[Tokens, list[str]]:
    """Return the samples of a text as in a prediction, with characters, and a note if some of it is not read."""
    most = model.task.max_tokens(model.card, loading.limit_of(model.network, model.tokenizer))
    samples = encode(
        model.tokenizer, texts[:1], most, predict.long_text(model), pairs=texts[1:] or None,
        stride=model.card.get("stride"), spans=True,
    )  # fmt: skip
    if not samples.truncated or len(samples) > 1:
        return samples, []
    return samples, [f"The model reads at most {count(most, 'token')} of a text; the rest is not explained."]


def part_of(samples: Tokens, number: int) -> Tokens:
    """Return one sample, with its characters."""
    begin, end = int(samples.offsets[number]), int(samples.offsets[number + 1])
    return replace(
        samples,
        ids=samples.ids[begin:end],
        offsets=np.array([0, end - begin]),
        windows=None,
        second=None if samples.second is None else samples.second[number : number + 1],
        spans=None if samples.spans is None else samples.spans[begin:end],
    )


def _deciding(
    each: Sequence[ExplainedScores], outputs: Sequence[torch.Tensor], target: Any, whole: Description
) -> tuple[int, int]:
    """Return the window whose score of the target is highest, and the number of the target there.

    Without a target it is the prediction for the whole text, where that is a label; else that of the window.

    Raises
    ------
    OptionError
        If no window has such a target.
    """
    if len(each) == 1:
        return 0, each[0].number(target)
    if target is None and whole.prediction and all(whole.prediction[0][0] in scores.names for scores in each):
        target = whole.prediction[0][0]
    best: tuple[float, int, int] | None = None
    for at, (scores, output) in enumerate(zip(each, outputs, strict=True)):
        if target is not None and not {str(target), repr(target)} & set(scores.names):
            continue
        number = scores.number(target)
        value = float(scores.scores(output)[0, number])
        if best is None or value > best[0]:
            best = value, at, number
    return (0, each[0].number(target)) if best is None else best[1:]


def _window_notes(parts: Sequence[Tokens], at: int) -> list[str]:
    if len(parts) == 1:
        return []
    spans = parts[at].spans
    assert spans is not None
    first = int(spans[spans[:, 1] > 0, 0].min())
    return [
        f"The text is read in {len(parts)} windows. This is of window {at + 1}, which speaks most for the target "
        f"(characters {first:,} to {int(spans[:, 1].max()):,})."
    ]


def words_of(model: TextModel, sample: Tokens, texts: list[str], fixed: frozenset[int]) -> tuple[Word, ...]:
    """Return the words of a sample that can be hidden: word pieces merged by their characters."""
    tokens = tokens_of(model.tokenizer, sample, texts)
    words = []
    for group in word_groups(tokens):
        first, last = tokens[group[0]], tokens[group[-1]]
        if first.word < 0 or fixed & set(group):
            continue
        start, end = min(tokens[at].start for at in group), max(last.end, first.end)
        text = texts[first.sentence][start:end] or first.text
        words.append(Word(text, start, end, first.sentence, tuple(group)))
    return tuple(words)


def hidden_token(tokenizer: Any) -> tuple[int, str | None]:
    """Return the token that hides words, and a note where it is no mask.

    Raises
    ------
    ModelError
        If the tokenizer has neither a mask nor an unknown or padding token.
    """
    if tokenizer.mask_token_id is not None:
        return int(tokenizer.mask_token_id), None
    for name in ("unk", "pad"):
        if (number := getattr(tokenizer, f"{name}_token_id")) is not None:
            token = getattr(tokenizer, f"{name}_token")
            return int(number), f"The tokenizer has no mask: hidden words are replaced by {token}."
    raise ModelError("the tokenizer has no token that could hide a word.", "Choose another model.")


def _frame(reading: Reading, found: Scored) -> Any:
    import pandas as pd

    words = reading.words
    frame = pd.DataFrame({
        "word": pd.array([word.text for word in words], "string"),
        "start": [word.start for word in words],
        "end": [word.end for word in words],
        "score": np.asarray(found.scores, float),
    })  # fmt: skip
    if found.errors is not None:
        frame["error"] = found.errors
    if len(reading.texts) > 1:
        frame["side"] = [word.side for word in words]
    return frame

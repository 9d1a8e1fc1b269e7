"""A pre-trained model put to use as it is: words for masks, and whether a sentence follows another."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks
from bertmagic.data.batches import BatchSource
from bertmagic.data.texts import strings, without_surrogates
from bertmagic.data.tokens import encode
from bertmagic.errors import DataError, ModelError
from bertmagic.events import Listener, counting
from bertmagic.inference.forward import run_model
from bertmagic.models import heads, loading
from bertmagic.tasks.masked_language_modeling import heads as masked
from bertmagic.tasks.masked_language_modeling.result import Fills, NextSentences
from bertmagic.workflows.predict import rows_given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Batch
    from bertmagic.data.checks import TextRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.text_model import TextModel

MASK = "[MASK]"
"""What users write for a mask, whatever the tokenizer calls it."""


def fill(
    model: TextModel, texts: Any, top_k: int, candidates: Sequence[str], asked: Mapping[str, Any], emit: Listener
) -> Fills:
    """Guess the words behind masks; see `TextModel.fill`.

    Raises
    ------
    ModelError
        If the model has no head for masked words.
    DataError
        If a text has no mask, or one beyond what the model reads, or a candidate is not one piece.
    """
    began, tokenizer, _ = time.perf_counter(), model.tokenizer, model.network  # unloaded: fails before any work
    _check_head(model)
    wanted = [_piece(tokenizer, word) for word in candidates]
    given, name, where = rows_given(model, texts, asked)
    rows, _ = checks.readable(given, ("text",), name, where)
    if not len(rows):
        raise DataError("there is no text to fill.", f"Give a text with {MASK} where a word is to be guessed.")
    written = [_masked(text, tokenizer, row) for text, row in zip(rows.texts, rows.index, strict=True)]
    tokens = encode(tokenizer, written, loading.limit(model.folder, tokenizer))
    most = _most_masks(tokens, written, tokenizer, rows)
    chosen = _Chosen(
        int(tokenizer.mask_token_id),
        most,
        min(top_k, len(tokenizer)),
        tuple(dict.fromkeys(wanted)),
        tuple(tokenizer.all_special_ids),
    )
    found = _run(model, tokens, chosen.read, emit).reshape(len(rows), most, 2, -1)
    frame = _frame(given, rows, written, found, tokenizer)
    masks = sum(text.count(str(tokenizer.mask_token)) for text in written)
    return Fills(
        frame, model.name, len(rows), masks, len(given) - len(rows), time.perf_counter() - began,
        ("Each mask was guessed by itself, the others still masked.",) if most > 1 else (),
    )  # fmt: skip


def next_sentence(model: TextModel, first: Any, second: Any, emit: Listener) -> NextSentences:
    """Say how probable it is that sentences follow others; see `TextModel.next_sentence`.

    Raises
    ------
    ModelError
        If the model has no next-sentence head.
    DataError
        If the sentences are not pairs of texts.
    """
    import pandas as pd

    began, network = time.perf_counter(), model.network
    if not masked.tells_next_sentence(network):
        raise ModelError(
            f"{model.name!r} has no next-sentence head: {_why(network)}.",
            "Pre-train one with %%bert_pretrain NAME and nsp = True, or load bert (bert-base-uncased).",
        )
    pairs = pd.DataFrame(_paired(_listed(first), _listed(second)), columns=["first", "second"], dtype=object)
    tokens = encode(
        model.tokenizer, pairs["first"].tolist(), loading.limit(model.folder, model.tokenizer),
        pairs=pairs["second"].tolist(),
    )  # fmt: skip
    found = _run(model, tokens, _follows, emit)
    frame = pairs.apply(strings).assign(score=found[:, 0].astype(float))
    return NextSentences(frame, model.name, time.perf_counter() - began)


def _run(
    model: TextModel, tokens: Tokens, outputs: Callable[[PreTrainedModel, Batch], torch.Tensor], emit: Listener
) -> npt.NDArray[np.float32]:
    pad_id: Any = model.tokenizer.pad_token_id
    feed = BatchSource(tokens, pad_id, segments=heads.reads_segments(model.network))
    tell = counting(emit, "predicting")
    return run_model(model.network, feed, model.precision, lambda done: tell(done, len(tokens)), outputs)


def _check_head(model: TextModel) -> None:
    if not model.task.is_pretraining:
        raise ModelError(
            f"{model.name!r} is for {model.task.name.replace('_', ' ')} and has no head for masked words.",
            "Pre-train one with %%bert_pretrain, or load a model that was: %bert_load bert.",
        )


def _why(network: PreTrainedModel) -> str:
    kind = str(network.config.model_type)
    if kind in masked.WITH_NEXT_SENTENCE:
        return "it was not pre-trained on next sentences here"
    return f"{kind} models were pre-trained without one"


@dataclass(frozen=True)
class _Chosen:
    """Which words are read of the masks of a batch: the best ``top_k``, or the ``candidates``."""

    mask_id: int
    most: int
    top_k: int
    candidates: tuple[int, ...]
    special: tuple[int, ...]

    def read(self, model: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """Return probabilities and ids of each row, ``(rows, masks x 2 x words)``; zeros where a row has fewer masks.

        Ids are small enough to be exact in fp32.
        """
        import torch

        chosen = batch.ids == self.mask_id
        likely = masked.guess(model, batch, chosen).tokens.softmax(dim=1)
        likely[:, list(self.special)] = 0  # no word, however often it stands in the text
        if self.candidates:
            ids = torch.tensor(self.candidates, device=likely.device)
            best, order = likely[:, ids].sort(dim=1, descending=True)
            words = ids[order]
        else:
            best, words = likely.topk(self.top_k, dim=1)
        row, place = chosen.nonzero()[:, 0], (chosen.cumsum(dim=1) - 1)[chosen]
        found = best.new_zeros(len(chosen), self.most, 2, best.shape[1])
        found[row, place, 0], found[row, place, 1] = best, words.to(best.dtype)
        return found.flatten(1)


def _follows(model: PreTrainedModel, batch: Batch) -> torch.Tensor:
    """Return the probability that the second text of each row follows the first, ``(rows, 1)``."""
    import torch

    said = masked.guess(model, batch, torch.zeros_like(batch.ids, dtype=torch.bool)).follows
    assert said is not None
    return said.softmax(dim=1)[:, :1]


def _masked(text: str, tokenizer: PreTrainedTokenizerBase, row: Any) -> str:
    """Return a text with the tokenizer's own mask token for each ``[MASK]``."""
    own = str(tokenizer.mask_token)
    written = text.replace(MASK, own)
    if own in written:
        return written
    raise DataError(
        f"the text of row {row} has no {MASK}: {text[:60]!r}.",
        f"Write {MASK}, in capitals and brackets, where a word is to be guessed.",
    )


def _most_masks(tokens: Tokens, written: list[str], tokenizer: PreTrainedTokenizerBase, rows: TextRows) -> int:
    """Return how many masks a text has at most.

    Raises
    ------
    DataError
        If one stands behind the last token that the model reads.
    """
    import numpy as np

    found = np.add.reduceat(tokens.ids == tokenizer.mask_token_id, tokens.offsets[:-1])
    for number, text in enumerate(written):
        if found[number] < text.count(str(tokenizer.mask_token)):
            raise DataError(
                f"a {MASK} of row {rows.index[number]} stands behind what the model reads: "
                f"{int(tokens.lengths[number]):,} tokens.",
                "Leave out some of the text before it.",
            )
    return int(found.max())


def _piece(tokenizer: PreTrainedTokenizerBase, word: str) -> int:
    """Return the id of a candidate.

    Raises
    ------
    DataError
        If it is unknown, or several pieces: a mask stands for one.
    """
    vocabulary = tokenizer.get_vocab()
    if word in vocabulary and word.startswith(("##", "Ġ", "▁")):
        return int(vocabulary[word])
    pieces = tokenizer.tokenize(f" {word}")
    ids = [vocabulary.get(piece) for piece in pieces]
    if len(ids) == 1 and ids[0] is not None and ids[0] != tokenizer.unk_token_id:
        return int(ids[0])
    if len(ids) > 1:
        raise DataError(
            f"the candidate {word!r} is {len(ids)} pieces of this vocabulary ({' '.join(pieces)}), "
            "and a mask stands for one.",
            "Give words of one piece, or as many masks as there are pieces.",
        )
    raise DataError(
        f"the candidate {word!r} is no known piece of this vocabulary.", "Give a word that the model can know."
    )


def _frame(
    given: pd.DataFrame, rows: TextRows, written: list[str], found: npt.NDArray[np.float32],
    tokenizer: PreTrainedTokenizerBase,
) -> pd.DataFrame:  # fmt: skip
    """Return a row for each word of each mask, and one of ``<NA>`` for each row without a text."""
    import pandas as pd

    marked = any(piece.startswith(("Ġ", "▁")) for piece in tokenizer.get_vocab())
    own, place = str(tokenizer.mask_token), {int(at): number for number, at in enumerate(rows.positions)}
    table: list[tuple[Any, ...]] = []
    for at, (index, text) in enumerate(zip(given.index, given["text"].tolist(), strict=True)):
        if at not in place:
            table.append((index, None, None, None, None, None))
            continue
        parts = written[place[at]].split(own)
        for mask in range(len(parts) - 1):
            before, after = own.join(parts[: mask + 1]), own.join(parts[mask + 1 :])
            for score, number in zip(*found[place[at], mask], strict=True):
                piece = str(tokenizer.convert_ids_to_tokens(int(number)))
                filled = _put(before, piece, after, marked, tokenizer).replace(own, MASK)
                table.append(
                    (
                        index,
                        without_surrogates(text),
                        mask + 1,
                        _word(piece, tokenizer),
                        float(score),
                        without_surrogates(filled),
                    )
                )
    frame = pd.DataFrame(table, columns=["row", "text", "mask", "word", "score", "filled"])
    kinds = {"text": "string", "mask": "Int64", "word": "string", "score": "Float64", "filled": "string"}
    return frame.astype(kinds)


def _word(piece: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a piece as one reads it; one that goes on with a word keeps its ``##``."""
    return piece if piece.startswith("##") else str(tokenizer.convert_tokens_to_string([piece])).strip() or piece


def _put(before: str, piece: str, after: str, marked: bool, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a text with a piece in the place of a mask, joined to the word before it where it goes on with that.

    Parameters
    ----------
    marked
        Whether the vocabulary marks the pieces that begin a word, instead of those that go on.
    """
    goes_on = piece.startswith("##") or (marked and not piece.startswith(("Ġ", "▁")))
    if goes_on:
        return before.rstrip() + _word(piece, tokenizer).removeprefix("##") + after
    apart = " " if marked and before and not before[-1].isspace() else ""
    return before + apart + _word(piece, tokenizer) + after


def _listed(sentences: Any) -> list[Any]:
    return [sentences] if isinstance(sentences, str) else list(sentences)


def _paired(first: list[Any], second: list[Any]) -> list[tuple[str, str]]:
    """Return the pairs.

    Raises
    ------
    DataError
        If there are not as many second sentences as first ones, or one is no text.
    """
    if len(first) != len(second):
        raise DataError(
            f"there are {len(first):,} first sentences and {len(second):,} second ones.", "Give as many of both."
        )
    for number, pair in enumerate(zip(first, second, strict=True)):
        if not all(isinstance(text, str) and text.strip() for text in pair):
            raise DataError(f"pair {number} lacks a sentence: {pair!r:.80}.", "Give two texts in each pair.")
    return list(zip(first, second, strict=True))

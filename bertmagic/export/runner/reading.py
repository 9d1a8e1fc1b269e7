"""From texts to what the network reads: tokens, special tokens around them, and windows of long texts."""

from __future__ import annotations

import re
from typing import Any

Token = tuple[int, tuple[int, int]]  # its id, and its characters [start, end) in the text
Sample = tuple[list[Token], int]  # what the network reads at once, and the token at which its second text begins


def texts_of(given: Any, many: int) -> list[str]:
    """Return the text of an input, the two of a pair, or the text that a list of words makes; [] without a text."""
    if many == 2:
        texts = given.split(" ||| ") if isinstance(given, str) else list(given or (None, None))
        if len(texts) != 2:
            raise ValueError(f"this is not a pair of texts: {given!r:.80}")
    else:
        texts = [" ".join(given) if isinstance(given, list | tuple) else given]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return []
    return [re.sub("[\ud800-\udfff]", "\ufffd", text) for text in texts]  # half characters fit into no tokenizer


def samples(texts: list[str], tokenizer: Any, model: dict[str, Any]) -> list[Sample]:
    """Return a text or a pair with its special tokens, in as many samples as the network reads it in."""
    before, between, after = ([(number, (0, 0)) for number in ids] for ids in model["special_tokens"])
    room = model["max_length"] - len(before + between + after)
    first, *others = (tokens(text, tokenizer) for text in texts)
    if not others:
        return [(before + part + after, 0) for part in parts(first, room, model)]
    second = others[0]
    if model["long_text"] == "window":  # over the second text; the first one keeps at most half of the room
        first = first[: max(room // 2, room - len(second))]
        pairs = [(first, part) for part in parts(second, room - len(first), model)]
    else:  # the shorter text stays whole while it takes less than half of the room
        kept = max(room - len(second), min(len(first), room // 2))
        pairs = [(parts(first, kept, model)[0], parts(second, room - min(len(first), kept), model)[0])]
    return [(before + one + between + two + after, len(before + one + between)) for one, two in pairs]


def tokens(text: str, tokenizer: Any) -> list[Token]:
    """Return the tokens of a text. Some tokenizers leave the first letters of a word out of its characters."""
    encoded, done, spans = tokenizer.encode(text, add_special_tokens=False), 0, []
    for (start, end), behind in zip(encoded.offsets, [*encoded.offsets[1:], (0, 0)], strict=False):
        sign = text[start - 1] if start > done and not behind[0] < start <= behind[1] else " "
        if sign.isalnum() or (start == end and sign.isprintable() and not sign.isspace()):
            start -= 1
            while start > done and text[start - 1].isalnum():
                start -= 1
        spans.append((start, end))
        done = max(done, end)
    return list(zip(encoded.ids, spans, strict=True))


def parts(text: list[Token], room: int, model: dict[str, Any]) -> list[list[Token]]:
    """Return what is read of a text: all of it, its beginning, both of its ends, or windows that overlap."""
    if len(text) <= room:
        return [text]
    if model["long_text"] != "window":
        head = room if model["long_text"] == "truncate" else round(room * 128 / 510)
        return [text[:head] + text[len(text) - (room - head) :]]
    overlap = room // 4 if model["stride"] is None else min(model["stride"], room * 3 // 4)
    last = len(text) - room
    return [text[start : start + room] for start in (*range(0, last, max(room - overlap, 1)), last)]

"""Maps made of random numbers, small enough to measure by loops."""

import numpy as np

from bertmagic.attention.maps import AttentionMaps, Layer, Token

PAIR = (
    ("[CLS]", -1, -1), ("the", 0, 0), ("dog", 1, 0), ("##gie", 1, 0), ("barks", 2, 0), ("[SEP]", -1, -1),
    ("an", 3, 1), ("ani", 4, 1), ("##mal", 4, 1), ("[SEP]", -1, -1),
)  # fmt: skip
TEXTS = ("the doggie barks", "an animal")


def tokens(parts=PAIR):
    """Return tokens of pieces, each with the number of its word and of its text."""
    sequence, at = [], [0, 0]
    for place, (piece, word, sentence) in enumerate(parts):
        if word < 0:
            sequence.append(Token(piece, piece, 0, 0, -1, -1))
            continue
        text = piece.removeprefix("##")
        if place and parts[place - 1][1] != word and at[sentence]:
            at[sentence] += 1
        sequence.append(Token(text, piece, at[sentence], at[sentence] + len(text), word, sentence))
        at[sentence] += len(text)
    return tuple(sequence)


def maps(parts=PAIR, layers=3, heads=4, seed=0, **more):
    """Return maps of random weights, with random lengths of values."""
    random = np.random.default_rng(seed)
    names = tokens(parts)
    array = np.exp(random.normal(0, 2, (layers, heads, len(names), len(names))))
    array = (array / array.sum(-1, keepdims=True)).astype(np.float32)
    norms = random.random((layers, heads, len(names)), np.float32) + np.float32(0.1)
    kept = tuple(Layer(norms=one) for one in norms)
    pair = TEXTS[1] if any(token.sentence == 1 for token in names) else None
    known = {"text": TEXTS[0], "pair": pair, "model": f"model {seed}", "encoder": "tiny", "layers": kept, **more}
    return AttentionMaps(array=array, tokens=names, **known)

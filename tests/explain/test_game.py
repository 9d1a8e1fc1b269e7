import numpy as np
import pytest

from bertmagic.explain.game import MaskingGame, Word


def made(weights, ids=None, pieces=None):
    """A game whose score is the sum of the weights of the words that are kept, with what was scored."""
    weights = np.asarray(weights, float)
    pieces = pieces or [(at + 1,) for at in range(len(weights))]
    ids = np.arange(sum(map(len, pieces)) + 2, dtype=np.int32) + 100 if ids is None else ids
    words = [Word(f"w{at}", at, at + 1, 0, places) for at, places in enumerate(pieces)]
    seen = []

    def score(rows):
        seen.append(rows)
        kept = np.stack([rows[:, places[0]] != 1 for places in pieces], axis=1)
        return np.stack([kept @ weights, kept @ weights * 0], axis=1).astype(np.float32)

    game = MaskingGame(ids, words, 1, score)
    game.seen = seen
    return game


def test_hidden_words_are_replaced_piece_by_piece_and_special_tokens_never():
    game = made([1, 2], pieces=[(1, 2), (3,)])
    assert game.masked(np.array([[True, False], [False, True], [True, True]])).tolist() == [
        [100, 1, 1, 103, 104], [100, 101, 102, 1, 104], [100, 1, 1, 1, 104],
    ]  # fmt: skip


def test_a_mask_is_scored_once_and_its_value_kept():
    game = made([1, 2, 4])
    masks = np.array([[True, False, False], [False] * 3, [True, False, False]])
    assert game.values(masks)[:, 0].tolist() == [6, 7, 6]
    assert game.values(masks[:1])[:, 0].tolist() == [6]
    assert game.passes == 2 == sum(map(len, game.seen))
    known, values = game.known()
    assert known.tolist() == masks[:2].tolist()
    assert values[:, 0].tolist() == [6, 7]


def test_an_interrupt_keeps_what_was_scored_before():
    def stop(passes):
        raise KeyboardInterrupt

    game = made(np.arange(9))
    game._after = stop
    with pytest.raises(KeyboardInterrupt):
        game.values(np.random.default_rng(0).random((200, 9)) < 0.5)
    masks, values = game.known()
    assert len(masks) == len(values) == 64
    assert values[:, 0].tolist() == (~masks @ np.arange(9)).tolist()

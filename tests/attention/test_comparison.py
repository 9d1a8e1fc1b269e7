"""What two maps do differently, against loops; on words where their tokenizers differ."""

import math

import numpy as np
import pytest

from bertmagic.errors import DataError, ModelError

from .made import PAIR, maps

OTHER = (
    ("<s>", -1, -1), ("the", 0, 0), ("doggie", 1, 0), ("bar", 2, 0), ("##ks", 2, 0), ("</s>", -1, -1), ("</s>", -1, -1),
    ("an", 3, 1), ("animal", 4, 1), ("</s>", -1, -1),
)  # fmt: skip


def divergence(a, b):
    """Return the Jensen-Shannon divergence of two rows in bits, term by term."""
    total = 0.0
    for one, other in ((a, b), (b, a)):
        for x, y in zip(one, other, strict=True):
            if x > 0:
                total += x * math.log2(x / ((x + y) / 2)) / 2
    return total


def test_heads_are_ranked_by_the_divergence_of_their_rows():
    first, second = maps(), maps(seed=1)
    comparison = first.compare(second)
    for layer, head in np.ndindex(3, 4):
        rows = zip(first.array[layer, head].tolist(), second.array[layer, head].tolist(), strict=True)
        expected = np.mean([divergence(a, b) for a, b in rows])
        assert comparison.divergence[layer, head] == pytest.approx(expected, rel=1e-4)
    ranking = comparison.ranking()
    assert ranking["divergence"].is_monotonic_decreasing
    assert set(zip(ranking["layer"], ranking["head"], strict=True)) == set(np.ndindex(3, 4))
    np.testing.assert_allclose(comparison.difference, first.array - second.array)


def test_identical_maps_give_exactly_zero():
    comparison = maps().compare(maps())
    assert (comparison.divergence == 0).all()
    assert (comparison.difference == 0).all()
    assert not comparison.merged


def test_opposite_rows_give_one_bit():
    first, second = maps(), maps(seed=1)
    first.array[:], second.array[:] = np.eye(10), np.eye(10)[::-1]
    assert first.compare(second).divergence == pytest.approx(1)


def test_two_tokenizers_are_compared_on_whole_words():
    first, second = maps(), maps(OTHER, seed=1)
    comparison = first.compare(second)
    assert comparison.merged
    assert [token.text for token in comparison.tokens] == [
        "[CLS]",
        "the",
        "doggie",
        "barks",
        "[SEP]",
        "an",
        "animal",
        "[SEP]",
    ]
    assert comparison.first.shape == comparison.second.shape == (3, 4, 8)
    for side in (comparison.first, comparison.second):
        np.testing.assert_allclose(side.array.sum(-1), 1, atol=1e-5)
    groups = [[0], [1], [2], [3, 4], [5, 6], [7], [8], [9]]
    for row, rows in enumerate(groups):
        for column, columns in enumerate(groups):
            parts = [sum(second.array[1, 2, i, j] for j in columns) for i in rows]
            assert comparison.second.array[1, 2, row, column] == pytest.approx(sum(parts) / len(parts), rel=1e-4)


def test_texts_that_differ_are_compared_by_their_statistics():
    first, second = maps(), maps(seed=1, text="a cat", pair=None)
    comparison = first.compare(second)
    assert (comparison.divergence, comparison.difference) == (None, None)
    frame = comparison.statistics()
    assert list(frame.columns[:2]) == [("entropy", "first"), ("entropy", "second")]
    np.testing.assert_allclose(frame["entropy", "second"], second.head_statistics()["entropy"])
    with pytest.raises(DataError, match="no divergence between heads"):
        comparison.ranking()


def test_statistics_of_equal_texts_begin_with_the_divergence():
    frame = maps().compare(maps(seed=1)).statistics()
    assert frame.columns[0] == ("divergence", "")
    assert len(frame) == 12


def test_models_of_different_sizes_have_no_heads_in_common():
    with pytest.raises(ModelError, match="3 layers of 4 heads\\) and 'model 1' \\(2 layers"):
        maps().compare(maps(seed=1, layers=2))


def test_texts_cut_at_different_words_are_refused():
    first, second = maps(PAIR[:5], cut=3), maps(OTHER[:3], seed=1, cut=5, pair=None)
    with pytest.raises(DataError, match="at different words"):
        first.compare(second)

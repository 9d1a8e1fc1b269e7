"""A byte a weight: how far off it is, and what a thumbnail keeps."""

import numpy as np
import pytest

from bertmagic.widgets.transport import PIECE, SIDE, messages, quantised, thumbnails


def read(packed):
    """Return numbers as the page reads them; see ``dequantised`` in ``numbers.js``."""
    data = packed.data.astype(np.float64)
    roots = (data - 128) / 127 if packed.signed else data / 255
    return np.sign(roots) * roots**2 * packed.scale


@pytest.mark.parametrize("signed", [False, True])
def test_a_number_is_off_by_less_than_four_thousandths_of_the_largest(signed):
    numbers = np.random.default_rng(0).gamma(0.1, size=(90, 90)).astype(np.float32)
    numbers /= numbers.max()
    if signed:
        numbers *= np.random.default_rng(1).choice([-1, 1], numbers.shape)
    assert np.abs(read(quantised(numbers, signed)) - numbers).max() < 0.004 * (2 if signed else 1)


def test_small_weights_keep_their_digits():
    numbers = np.array([1.0, 2e-5, 8e-5], np.float32)
    weights = read(quantised(numbers, signed=False))
    assert weights[1] > 0
    assert weights[2] > 2 * weights[1]


@pytest.mark.parametrize("signed", [False, True])
def test_nothing_stays_nothing(signed):
    assert (read(quantised(np.zeros((3, 3), np.float32), signed)) == 0).all()


def test_a_thumbnail_keeps_a_diagonal_of_single_tokens():
    pictures = thumbnails(np.eye(400, dtype=np.float32)[None, None])
    assert pictures.data.shape == (1, 1, SIDE, SIDE)
    assert (np.diagonal(pictures.data[0, 0]) == 255).all()


def test_a_thumbnail_of_differences_keeps_the_largest_of_either_sign():
    array = np.zeros((1, 1, 100, 100), np.float32)
    array[0, 0, 0, :2] = 0.2, -0.5
    assert read(thumbnails(array, signed=True))[0, 0, 0, 0] == pytest.approx(-0.5)


def test_a_short_text_has_a_pixel_a_token():
    assert thumbnails(np.ones((2, 3, 7, 7), np.float32)).data.shape == (2, 3, 7, 7)


@pytest.mark.parametrize("sizes", [(5,), (PIECE,), (PIECE + 1,), (3, 2 * PIECE, 1), (0, PIECE, 0, PIECE + 7)])
def test_large_answers_come_in_pieces_that_are_all_of_them(sizes):
    buffers = [bytes([at + 1]) * size for at, size in enumerate(sizes)]
    sent = list(messages({"scale": 0.5}, buffers))
    assert all(sum(map(len, part)) <= PIECE for _, part in sent)
    if sum(sizes) <= PIECE:
        assert sent == [({"scale": 0.5}, buffers)]
        return
    assert [(header["part"], header["parts"]) for header, _ in sent] == [(at, len(sent)) for at in range(len(sent))]
    assert sent[0][0] == {"part": 0, "parts": len(sent), "scale": 0.5, "sizes": list(sizes)}
    assert b"".join(part for _, (part,) in sent) == b"".join(buffers)

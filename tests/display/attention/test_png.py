import struct
import zlib

import numpy as np
import pytest

from bertmagic.display.attention import png


@pytest.mark.parametrize("numbers", [1, 4])
def test_pixels_come_back(numbers):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, numbers), np.uint8)
    assert (png.read(png.written(pixels)) == pixels).all()


def test_few_colours_are_written_once():
    pixels = np.random.default_rng(0).integers(0, 4, (40, 50, 4), np.uint8)
    more = np.random.default_rng(0).integers(0, 6, (40, 50, 4), np.uint8)
    assert (png.read(png.written(pixels)) == pixels).all()
    assert b"PLTE" in png.written(pixels)
    assert b"PLTE" not in png.written(more)


def test_the_file_is_made_of_whole_chunks():
    file = png.written(np.zeros((3, 2, 4), np.uint8), scale=2)
    assert file[:8] == b"\x89PNG\r\n\x1a\n"
    at, names = 8, []
    while at < len(file):
        (many,) = struct.unpack(">I", file[at : at + 4])
        name, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + many]
        assert struct.unpack(">I", file[at + 8 + many : at + 12 + many])[0] == zlib.crc32(name + data)
        names.append(name)
        at += many + 12
    assert names == [b"IHDR", b"pHYs", b"PLTE", b"tRNS", b"IDAT", b"IEND"]


def test_equal_rows_cost_next_to_nothing():
    row = np.random.default_rng(0).integers(0, 256, (1, 500, 4), np.uint8)
    one, many = png.written(row), png.written(np.repeat(row, 200, axis=0))
    assert len(many) < len(one) + 1500

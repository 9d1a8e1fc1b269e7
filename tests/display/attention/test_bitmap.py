"""What is drawn on a bitmap: boxes, lines, letters and pixels, in their places and colours."""

import io

import numpy as np
import pytest
from PIL import Image

from bertmagic.display.attention.bitmap import Bitmap, png
from bertmagic.display.attention.colours import ANY, PAPER
from bertmagic.display.attention.fonts import BitmapLetters
from bertmagic.display.attention.surface import TextStyle

BLUE = (0, 0, 255)


@pytest.fixture(params=[1, 2])
def surface(request):
    return Bitmap(60, 40, ANY, BitmapLetters(), request.param)


def image(file):
    return Image.open(io.BytesIO(file))


def dots(surface):
    """Return what was drawn, a dot for each pixel of the page."""
    return np.asarray(image(surface.file()).convert("RGBA"))[:: surface.scale, :: surface.scale]


def test_an_empty_page_is_transparent_or_white(surface):
    assert not dots(surface)[..., 3].any()
    assert (dots(Bitmap(6, 4, PAPER, BitmapLetters())) == 255).all()


def test_a_rectangle_is_where_it_is_asked_for(surface):
    surface.origin = (10, 5)
    surface.rect(1, 2, 3, 4, "#0000ff")
    drawn = dots(surface)
    assert (drawn[7:11, 11:14] == (*BLUE, 255)).all()
    assert drawn[..., 3].sum(dtype=int) == 12 * 255


def test_two_thin_layers_on_paper_cover_more_than_one():
    surface = Bitmap(20, 20, PAPER, BitmapLetters())
    surface.rect(0, 0, 9, 9, "#0000ff", 0.5)
    surface.rect(0, 0, 4, 9, "#0000ff", 0.5)
    drawn = dots(surface).astype(int)
    assert abs(drawn[0, 8] - (127, 127, 255, 255)).max() <= 1
    assert abs(drawn[0, 0] - (63, 63, 255, 255)).max() <= 1


@pytest.mark.parametrize("ends", [(5, 5, 50, 9), (5, 30, 9, 5), (9, 9, 9, 30), (3, 9, 50, 9), (50, 30, 5, 5)])
def test_a_line_covers_its_length_times_its_thickness(surface, ends):
    surface.line(*ends, "#0000ff", thickness=2)
    covered = np.asarray(image(surface.file()).convert("RGBA"))[..., 3].sum() / 255 / surface.scale**2
    length, dot = np.hypot(ends[2] - ends[0], ends[3] - ends[1]), 1 / (2 * surface.scale)
    assert covered == pytest.approx(2 * length, abs=dot * length + 3)


def test_what_lies_outside_is_left_out(surface):
    surface.rect(-20, -20, 25, 25, "#0000ff")
    surface.line(-50, 5, 200, 5, "#0000ff")
    for turned in (False, True):
        for place in ((55, 3), (-500, -500), (20, -30)):
            surface.write(*place, "beyond the edge", TextStyle("#0000ff", turned=turned))
    assert (dots(surface)[:4, :5] == (*BLUE, 255)).all()


def test_pixels_become_rectangles(surface):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 1] = (1, 2, 3, 255)
    surface.image(10, 10, 8, 6, pixels)
    drawn = dots(surface)
    assert (drawn[10:13, 14:18] == (1, 2, 3, 255)).all()
    assert drawn[..., 3].sum(dtype=int) == 12 * 255


def test_transparent_pixels_leave_paper_as_it_is():
    surface = Bitmap(20, 20, PAPER, BitmapLetters())
    surface.image(0, 0, 20, 20, np.zeros((2, 2, 4), np.uint8))
    assert (dots(surface) == 255).all()


def where(surface):
    rows, columns = np.nonzero(dots(surface)[..., 3] > 60)
    return rows.min(), rows.max(), columns.min(), columns.max()


@pytest.mark.parametrize(("align", "columns"), [("left", (30, 60)), ("right", (0, 30)), ("center", (15, 45))])
def test_words_stand_on_their_line(surface, align, columns):
    surface.write(30, 20, "NAH", TextStyle("#0000ff", align=align))
    top, bottom, left, right = where(surface)
    assert (top >= 9, bottom <= 20) == (True, True)
    assert columns[0] <= left < right <= columns[1]


def test_turned_words_run_upwards_from_their_place(surface):
    surface.write(30, 38, "NAH", TextStyle("#0000ff", turned=True))
    top, bottom, left, right = where(surface)
    assert bottom - top > right - left
    assert (35 <= bottom <= 38, left >= 19, 28 <= right <= 30) == (True, True, True)


def test_larger_and_bold_letters_have_more_ink():
    def ink(**style):
        surface = Bitmap(90, 40, ANY, BitmapLetters())
        surface.write(2, 30, "attends", TextStyle("#0000ff", **style))
        return dots(surface)[..., 3].sum(dtype=int)

    assert ink(size=10) < ink(size=14) < ink(size=14, bold=True)


def test_edges_of_letters_have_the_colour_of_the_letters():
    surface = Bitmap(60, 40, ANY, BitmapLetters())
    surface.write(2, 30, "Ro", TextStyle(ANY.text, 20))
    drawn = np.asarray(image(surface.file()).convert("RGBA"))
    edges = drawn[(drawn[..., 3] > 60) & (drawn[..., 3] < 200)][:, :3].astype(int)
    assert len(edges) > 20
    assert abs(edges - 0x7A).max() <= 3


@pytest.mark.parametrize(("colours", "mode"), [(2, "P"), (6, "RGBA")])
def test_pixels_are_written_without_loss_and_few_colours_once(colours, mode):
    pixels = 40 * np.random.default_rng(0).integers(0, colours, (40, 50, 4), np.uint8)
    assert image(png(pixels)).mode == mode
    assert (np.asarray(image(png(pixels)).convert("RGBA")) == pixels).all()


def test_the_file_says_how_large_it_is_on_a_page(surface):
    assert image(surface.file()).info["dpi"][0] == pytest.approx(96 * surface.scale, abs=0.1)

import numpy as np
import pytest

from bertmagic.display.attention import glyphs, png
from bertmagic.display.attention.raster import Raster
from bertmagic.display.attention.surface import Look

BLUE = (0, 0, 255)


@pytest.fixture(params=[1, 2])
def surface(request):
    return Raster(60, 40, request.param)


def dots(surface):
    """Return what was drawn, a dot for each pixel of the page."""
    return png.read(surface.file())[:: surface.scale, :: surface.scale]


def test_nothing_is_transparent(surface):
    assert not dots(surface).any()


def test_a_box_is_where_it_is_asked_for(surface):
    surface.origin = (10, 5)
    surface.rect(1, 2, 3, 4, "#0000ff")
    drawn = dots(surface)
    assert (drawn[7:11, 11:14] == (*BLUE, 255)).all()
    assert drawn[..., 3].sum() == 12 * 255


def test_two_thin_layers_cover_more_than_one(surface):
    surface.rect(0, 0, 9, 9, "#0000ff", 0.5)
    surface.rect(0, 0, 4, 9, "#ff0000", 0.5)
    drawn = dots(surface)
    assert drawn[0, 8].tolist() == [0, 0, 255, 128]
    red, _, blue, cover = drawn[0, 0].tolist()
    assert cover == pytest.approx(191, abs=1)
    assert red == pytest.approx(2 * blue, abs=2)


@pytest.mark.parametrize("ends", [(5, 5, 50, 9), (5, 30, 9, 5), (9, 9, 9, 30), (3, 9, 50, 9), (50, 30, 5, 5)])
def test_a_line_covers_its_length_times_its_width(surface, ends):
    surface.line(*ends, "#0000ff", thick=2)
    covered = png.read(surface.file())[..., 3].sum() / 255 / surface.scale**2
    assert covered == pytest.approx(2 * np.hypot(ends[2] - ends[0], ends[3] - ends[1]), rel=0.1, abs=3)


def test_what_lies_outside_is_left_out(surface):
    surface.rect(-20, -20, 25, 25, "#0000ff")
    surface.line(-50, 5, 200, 5, "#0000ff")
    surface.words(55, 3, "beyond the edge", Look("#0000ff"))
    surface.words(-500, -500, "beyond the edge", Look("#0000ff"))
    assert (dots(surface)[:5, :5] == (*BLUE, 255)).all()


def test_pixels_become_boxes(surface):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 1] = (1, 2, 3, 255)
    surface.image(10, 10, 8, 6, pixels)
    drawn = dots(surface)
    assert (drawn[10:13, 14:18] == (1, 2, 3, 255)).all()
    assert drawn[..., 3].sum() == 12 * 255


def where(surface):
    rows, columns = np.nonzero(dots(surface)[..., 3] > 60)
    return rows.min(), rows.max(), columns.min(), columns.max()


@pytest.mark.parametrize(("align", "columns"), [("left", (30, 60)), ("right", (0, 30)), ("center", (15, 45))])
def test_words_stand_on_their_line(surface, align, columns):
    surface.words(30, 20, "NAH", Look("#0000ff", align=align))
    top, bottom, left, right = where(surface)
    assert (top >= 9, bottom <= 20) == (True, True)
    assert columns[0] <= left < right <= columns[1]


def test_turned_words_run_upwards(surface):
    surface.words(30, 38, "NAH", Look("#0000ff", turn=True))
    top, bottom, left, right = where(surface)
    assert bottom - top > right - left
    assert (bottom <= 38, right <= 30) == (True, True)


def test_every_letter_of_the_table_has_a_picture_of_its_own():
    letters = list(glyphs._places())
    assert len(letters) == len(set(letters)) == 545
    assert all(glyphs._letter(letter).any() for letter in letters)
    assert glyphs._letter("A").shape != glyphs._letter("W").shape


def test_decomposed_letters_are_known_and_others_are_not():
    assert glyphs.known("cafe\u0301 – naïve Привет Ωmega")
    assert not glyphs.known("漢字")
    assert not glyphs.known("שלום")
    assert not glyphs.known("🎉")
    assert glyphs.ink("漢").any()

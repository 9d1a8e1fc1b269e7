"""Which font writes a text: Pillow's own, another one of this computer, or none, and then the picture says so."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFont

from bertmagic.display import bundle
from bertmagic.display.attention import fonts
from bertmagic.display.attention.bitmap import Bitmap
from bertmagic.display.attention.colours import ANY
from bertmagic.display.attention.design import DESIGN
from bertmagic.display.attention.fonts import BitmapLetters
from bertmagic.display.attention.surface import TextStyle

from .made import maps

NOTE, LEGEND = DESIGN["words"]["no_letters"], DESIGN["words"]["legend"]


def forget():
    for cached in (fonts._font, fonts._files, fonts._file_for, fonts._has):
        cached.cache_clear()


@pytest.fixture
def no_fonts(monkeypatch):
    """A computer without fonts."""
    forget()
    monkeypatch.setattr(fonts, "_FILES", ("there-is-no-such-font.ttf",))
    monkeypatch.setattr(fonts, "_of_matplotlib", list)
    yield
    forget()


@pytest.fixture
def one_font(monkeypatch):
    """A computer with one font that has Greek and Cyrillic letters."""
    name = next((file for file in fonts._files() if fonts._has_all(file, "Ωж")), None)
    if name is None:
        pytest.skip("no font with Greek and Cyrillic letters is on this computer")
    forget()
    monkeypatch.setattr(fonts, "_FILES", (name,))
    yield name
    forget()


def drawn(text, letters=None):
    surface = Bitmap(120, 40, ANY, letters or BitmapLetters([text]))
    surface.write(4, 30, text, TextStyle("#0000ff", 16))
    return np.asarray(Image.open(io.BytesIO(surface.file())).convert("RGBA"))


def height(png):
    return Image.open(io.BytesIO(png)).height


def test_plain_latin_needs_no_other_font(monkeypatch):
    monkeypatch.setattr(fonts, "_files", lambda: pytest.fail("other fonts were looked for"))
    letters = BitmapLetters(["plain", "[CLS]", "it's"])
    assert letters.has_all("plain · words")
    assert letters.font("plain", 12).getname() == ImageFont.load_default(12).getname()


def test_without_fonts_other_letters_are_missing_and_drawn_as_question_marks(no_fonts):
    letters = BitmapLetters(["Müller", "plain"])
    assert [letters.has_all(text) for text in ("plain", "Müller", "жук", "漢字", "مرحبا", "🎉")] == [True] + 5 * [False]
    assert letters.drawable("M漢 a") == "M? a"
    assert (drawn("漢", letters) == drawn("?", letters)).all()


def test_a_picture_says_which_tokens_it_has_no_letters_for(no_fonts):
    foreign, plain = maps(["die", "Müller", "漢字"]), maps(["die", "M?ller", "#3"])
    noted = np.asarray(Image.open(io.BytesIO(foreign.to_png())))
    same = np.asarray(Image.open(io.BytesIO(plain.to_png())))
    assert (noted[: len(same) - 20, : same.shape[1]] == same[:-20, : noted.shape[1]]).all()
    assert height(foreign.to_png()) == height(plain.to_png()) + 2 * 20
    assert f"{LEGEND} M?ller is Müller, #3 is 漢字." in bundle(foreign)["text/html"]
    assert LEGEND not in bundle(plain)["text/html"]
    tokens = [replace(token, unknown="[UNK]") if token.text == "漢字" else token for token in foreign.tokens]
    unknown = bundle(replace(foreign, tokens=tuple(tokens)))["text/html"]
    assert f"{LEGEND} M?ller is Müller, [UNK] #3 is 漢字." in unknown
    assert "漢字" in foreign.to_svg()
    assert NOTE not in foreign.to_svg()


def test_a_font_of_this_computer_writes_what_the_own_one_lacks(one_font):
    letters = BitmapLetters(["Ωmega", "жук"])
    assert letters.has_all("Ωmega")
    assert letters.has_all("cafe\u0301")
    assert letters.font("жук", 12).path.endswith(one_font.rpartition("/")[2])
    assert not (drawn("ж") == drawn("Ω")).all()
    one, other = (maps(["die", word]).to_png() for word in ("жук", "plain"))
    assert height(one) == height(other)


def test_a_label_is_written_in_one_font_and_most_labels_in_the_same(one_font):
    letters = BitmapLetters(["Привет", "Ωmega", "plain"])
    assert letters.font("plain", 12).getname() == letters.font("Ωmega", 12).getname()


def test_letters_that_must_be_joined_are_missing_where_nothing_joins_them(monkeypatch, one_font):
    monkeypatch.setattr(fonts, "_is_shaped", lambda: False)
    assert not BitmapLetters().has_all("مرحبا")
    assert not BitmapLetters().has_all("שלום")
    assert BitmapLetters().has_all("Ωж")

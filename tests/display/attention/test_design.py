"""The design file: what both languages read of it fits what each of them declares."""

import json
from typing import get_args

from bertmagic.display import style
from bertmagic.display.attention import settings
from bertmagic.display.attention.colours import ANY, PAPER, rgb
from bertmagic.display.attention.design import DESIGN, GRID, plain_name
from bertmagic.display.attention.pictures import PICTURES
from bertmagic.widgets import assets


def test_the_page_gets_the_whole_file():
    line = assets.script().partition("\n")[0]
    assert json.loads(line.removeprefix("const DESIGN = ").removesuffix(";")) == DESIGN


def test_choices_are_those_of_the_settings():
    types = {
        "combine": settings.Combine, "order": settings.Order, "sentences": settings.Sentences,
        "direction": settings.Direction, "scale": settings.Scale, "pictures": settings.Picture,
    }  # fmt: skip
    assert {name: list(get_args(choices)) for name, choices in types.items()} == DESIGN["choices"]
    assert list(PICTURES) == DESIGN["choices"]["pictures"]


def test_blue_and_orange_are_those_of_all_displays():
    for theme in (PAPER, ANY):
        assert (theme.blue, theme.orange) == (style.BLUE, style.ORANGE)
    assert "--bm-blue:#0072B2;--bm-orange:#D55E00;" in assets.style()


def test_ramps_begin_at_the_page_and_go_through_the_colour_of_a_sign():
    for name, ramps in DESIGN["ramps"].items():
        assert {ramp[0] for ramp in ramps.values()} == {DESIGN["themes"][name]["back"]}
        assert [rgb(ramps[sign][1]) for sign in ("positive", "negative")] == [rgb(style.BLUE), rgb(style.ORANGE)]


def test_names_that_are_not_listed_lose_their_underscores():
    assert plain_name("head_mean") == "mean of all heads"
    assert plain_name("other_sentence") == "other sentence"
    assert GRID.thumbnail <= GRID.column

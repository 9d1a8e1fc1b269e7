"""Where sentences end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.tasks.masked_language_modeling.sentences import split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It cost 3.15, e.g. at noon. J. S. Bach paid.", ["It cost 3.15, e.g. at noon.", "J. S. Bach paid."]),
        ("Dr. Wu and Mr. Li met… and left. They did.", ["Dr. Wu and Mr. Li met… and left.", "They did."]),
        ("“Go!” He went. (It rained.) Then", ["“Go!”", "He went.", "(It rained.)", "Then"]),
        ("她没说话。“走吧！”他说。", ["她没说话。", "“走吧！”", "他说。"]),
        ("वह गया। मैं रहा।", ["वह गया।", "मैं रहा।"]),
        ("A title\nA line that\ngoes on\n\nAnother", ["A title", "A line that\ngoes on", "Another"]),
        (" \n ", []),
        # all in small letters, or tokenized
        ("the cat sat . the dog ran .", ["the cat sat .", "the dog ran ."]),
        ("so it rained. i left, e.g. early! why? dr. wu knows",
         ["so it rained.", "i left, e.g. early!", "why?", "dr. wu knows"]),
        ("i said no. look at no. 5. it is art.", ["i said no.", "look at no. 5.", "it is art."]),
        ("He said , \" Stop ! \" and ran . \" Why ? \" No , 1 . 5 km @-@ Mr. Li .",
         ['He said , " Stop ! " and ran .', '" Why ? "', "No , 1 . 5 km @-@ Mr. Li ."]),
        ("`` Go . '' ( He went . ) So ! ! ! Then", ["`` Go . ''", "( He went . )", "So ! ! !", "Then"]),
        ("वह गया । \" मैं रहा । \" फिर", ["वह गया ।", '" मैं रहा । "', "फिर"]),
        ("okay so\num yeah\nright ... i think\n\nbye", ["okay so", "um yeah", "right ... i think", "bye"]),
        ("a line of this text that was broken at its\nend because it is wide and one more that\nwas broken so. an end",
         ["a line of this text that was broken at its\nend because it is wide and one more that\nwas broken so.",
          "an end"]),
        # what a mark means in a language
        ("Am 3. Mai war er da. Es war das 12. Jahr.", ["Am 3. Mai war er da.", "Es war das 12. Jahr."]),
        ("Was it 12. No.", ["Was it 12.", "No."]),
        ("1. One thing. 2. Another.", ["1. One thing.", "2. Another."]),
        ("Τι κάνεις; Καλά. Εσύ ;", ["Τι κάνεις;", "Καλά.", "Εσύ ;"]),
        ("Նա գնաց: Ես մնացի։ Ինչու", ["Նա գնաց:", "Ես մնացի։", "Ինչու"]),
        ("هل جاء؟ نعم. ذهب", ["هل جاء؟", "نعم.", "ذهب"]),
        ("好!你呢?很好。", ["好!", "你呢?", "很好。"]),
        ("Het was de nota's. ,,Ja'', zei hij.", ["Het was de nota's.", ",,Ja'', zei hij."]),
    ],
)  # fmt: skip
def test_sentences(text, sentences):
    assert split(text) == sentences


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="aB.!? \n。”…é1", max_size=60))
def test_nothing_but_spaces_is_lost(text):
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_a_long_text_is_split_in_a_moment():
    assert len(split("So it goes. " * 20_000)) == 20_000
    assert len(split("e.g. " * 20_000 + " " * 100_000)) == 1

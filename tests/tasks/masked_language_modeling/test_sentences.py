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

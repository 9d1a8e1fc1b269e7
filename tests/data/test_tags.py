"""Tags, the schemes they are written in, and the entities they mark."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import tags
from bertmagic.data.tags import Entity

TYPES = ("PER", "ORG", "X-Y")


@st.composite
def sentences(draw):
    """A number of words and entities among them that lie apart."""
    entities, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        start = at + draw(st.integers(0, 2))
        at = start + draw(st.integers(1, 4))
        entities.append(Entity(start, at, draw(st.sampled_from(TYPES))))
    return entities, at + draw(st.integers(0, 2))


def as_bioes(entities, words, last="E", single="S"):
    written = ["O"] * words
    for start, end, label in entities:
        letters = single if end - start == 1 else "B" + "I" * (end - start - 2) + last
        written[start:end] = [f"{letter}-{label}" for letter in letters]
    return written


def as_iob1(entities, words):
    written = tags.written(entities, words)
    for start, _, label in entities:
        touches = start and written[start - 1][2:] == label
        written[start] = f"{'B' if touches else 'I'}-{label}"
    return written


@settings(deadline=None)
@given(sentences())
def test_entities_become_tags_and_tags_entities_in_every_scheme(sentence):
    entities, words = sentence
    for written in (
        tags.written(entities, words),
        as_iob1(entities, words),
        as_bioes(entities, words),
        as_bioes(entities, words, "L", "U"),
    ):
        assert len(written) == words
        assert tags.entities(written) == entities
        assert tags.repaired(written, tags.scheme([written]))[0] == tags.written(entities, words)
    assert tags.strict_entities(tags.written(entities, words)) == entities


@settings(deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=6))
def test_valid_tags_of_a_scheme_are_told_and_nothing_is_repaired(given_):
    several = [sentence for sentence in given_ if sentence[0]]
    for write, expected in ((tags.written, "IOB2"), (as_iob1, "IOB1"), (as_bioes, "BIOES")):
        written = [write(*sentence) for sentence in several]
        scheme = tags.scheme(written)
        if any(letter in "".join(tag[0] for tag in row) for row in written for letter in "ES"):
            assert scheme == expected == "BIOES"
        elif several and expected != "BIOES":
            assert scheme == expected
        assert [tags.repaired(row, scheme)[1] for row in written] == [[] for _ in written]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([f"{letter}-{label}" for letter in "BIES" for label in "XY"] + ["O"]), max_size=12))
def test_any_tags_are_read_and_come_out_as_valid_iob2(given_):
    fixed, _ = tags.repaired(given_, "IOB2")
    assert tags.entities(fixed) == tags.strict_entities(fixed) == tags.entities(given_)
    assert tags.repaired(fixed, "IOB2") == (fixed, [])
    assert [tag == "O" for tag in fixed] == [tag == "O" for tag in given_]


def test_an_inside_tag_that_follows_nothing_of_its_type_is_odd_and_begins():
    given_ = ["I-PER", "I-PER", "O", "B-ORG", "I-PER", "B-PER", "I-PER"]
    fixed = ["B-PER", "I-PER", "O", "B-ORG", "B-PER", "B-PER", "I-PER"]
    assert tags.repaired(given_, "IOB2") == (fixed, [0, 4])
    assert tags.repaired(given_, "IOB1") == (fixed, [])
    assert tags.scheme([given_]) == "IOB2"
    assert tags.scheme([["I-PER", "O"], ["I-PER", "B-PER"]]) == "IOB1"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("O", ("O", "")),
        ("o", ("O", "")),
        ("B-PER", ("B", "PER")),
        ("I_PER", ("I", "PER")),
        ("b-per", ("B", "per")),
        ("i-per", ("I", "per")),
        ("e-mail", None),
        ("b", None),
        ("L-a b", ("E", "a b")),
        ("U-X-Y", ("S", "X-Y")),
        ("M-X", ("I", "X")),
        ("B", ("B", "ENTITY")),
        ("PER", None),
        ("B-", None),
        ("X-PER", None),
        ("", None),
    ],
)
def test_the_parts_of_a_tag(tag, expected):
    assert tags.parts(tag) == expected


def test_the_names_of_all_tags_stand_in_one_order():
    assert tags.names(["PER", "LOC", "PER"]) == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def test_letters_behind_a_type_are_put_first():
    given = ["PER_B", "PER-I", "a_b-E", "O", "-", "_B", "B", "PER", "B-PER"]
    assert list(map(tags.turned, given)) == ["B-PER", "I-PER", "E-a_b", "O", "-", "_B", "B", "PER", "B-PER"]

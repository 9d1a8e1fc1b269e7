"""The language of a text, with one vocabulary for reports and for advice on models."""

import pytest

from bertmagic.data import languages
from bertmagic.models import catalogue


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It was not what we wanted and they know it.", "English"), ("the film was good and it was long", "English"),
        ("Das ist nicht das, was wir wollten.", "German"), ("der Film war nicht gut", "German"),
        ("Ce n'est pas ce que nous voulions.", "French"), ("le film est très bon pour les enfants", "French"),
        ("No es lo que yo quería, pero me gusta mucho.", "Spanish"), ("la película no es muy buena", "Spanish"),
        ("热水壶烧水快，但壶嘴总滴水。", "Chinese"), ("これはとても良い本です。", "Japanese"),
        ("この映画はとても良い", "Japanese"), ("아주 좋은 책입니다", "Korean"), ("Это очень плохо.", "Cyrillic"),
        ("Please help, I can’t log in", "English"), ("how do i reset my pin?", "English"),
        ("bitte um Rückruf, keine Antwort", "German"), ("j'ai perdu mon mot de passe", "French"),
        ("xyzzy", "other"), ("12345", "other"), ("", "other"), ("de la", "other"),
    ],
)  # fmt: skip
def test_the_language_of_a_text_is_guessed(text, language):
    assert languages.detect(text) == language


def test_only_the_beginning_of_a_text_is_looked_at():
    assert languages.detect("x" * 400 + " the and is it was") == "other"


def test_shares_come_with_the_most_frequent_first():
    spoken = languages.of_texts(["xyzzy", "12345", "das ist gut", "it is not the one", "that is not it"])
    assert list(languages.shares(spoken).items()) == [("English", 0.4), ("German", 0.2), ("other", 0.4)]


def test_few_texts_of_a_language_are_wrong_guesses_unless_its_script_is_its_own():
    texts = [*["it is not the one"] * 97, "das ist nicht gut", "热水壶烧水快", "xyzzy"]
    assert languages.shares(languages.of_texts(texts)) == {"English": 0.97, "Chinese": 0.01, "other": 0.02}


def test_every_language_of_the_catalogue_can_be_detected():
    known = {*languages._WORDS, *languages._SCRIPTS}
    single = {part for entry in catalogue.listed().entries for part in entry.languages.split(", ")
              if "languages" not in part} - {"code", "yours"}  # fmt: skip
    assert single <= known

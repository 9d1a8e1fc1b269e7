"""What texts are like for an encoder."""

import numpy as np
import pandas as pd
import pytest

from bertmagic.data.profile import lengths, profile
from bertmagic.data.rows import TextRows
from bertmagic.data.texts import Texts
from bertmagic.data.tokens import Tokens

ENGLISH = frozenset(["English"])
UNK = 100


def rows(texts, start=10):
    column = pd.Series(texts, index=range(start, start + len(texts)))
    return TextRows("reviews", Texts(column, np.arange(len(texts))), column.index)


def tokens(*samples, windows=None):
    offsets = np.cumsum([0, *map(len, samples)])
    return Tokens(np.concatenate(samples).astype(np.int32), offsets, 0, 0.0, windows)


MIXED = [*["it was not the one that we had"] * 6, "水壶烧水快，但总滴水", "水壶不好", "xyzzy", "🙏🙏"]


def test_rows_that_cannot_be_read_are_those_of_other_languages_and_those_of_unknown_tokens():
    readable, strange = [101, 5, 6, 7, UNK, 102], [101, UNK, UNK, 5, 102]
    about = profile(rows(MIXED), "minilm", ENGLISH, tokens(*[readable] * 7, strange, readable, strange), UNK)
    assert about.languages == {"English": 0.6, "Chinese": 0.2, "other": 0.2}
    assert list(about.languages)[-1] == "other"
    assert about.foreign == {"Chinese": 2}
    assert (about.unknown, about.unread, about.examples) == (2, 3, (16, 17, 19))  # a row of both counts once
    assert about.verdict == "minilm cannot read 30.0 % of the rows."
    assert about.about_reading == (
        "minilm cannot read 3 of 10 rows (30.0 %): 2 in Chinese, 2 with more than 30% unknown tokens."
    )
    assert about.about_languages == "Languages (guessed): English 60.0 %, Chinese 20.0 %, not recognized 20.0 %."


@pytest.mark.parametrize("known", [None, frozenset(["English", "Chinese"])])
def test_an_encoder_of_all_these_languages_can_read_them(known):
    about = profile(rows(MIXED), "xlmr", known)
    assert (about.unread, about.about_reading) == (0, "")
    assert about.verdict == "xlmr can read all of them."


def test_of_windows_the_first_one_is_looked_at():
    first, later = [101, 5, 6, 102], [101, UNK, UNK, 102]
    windows = np.asarray([0, 2, 3])
    about = profile(rows(["one", "two"]), "minilm", None, tokens(first, later, later, windows=windows), UNK)
    assert (about.unknown, about.examples) == (1, (11,))


def test_of_few_rows_the_number_is_said_and_no_share():
    about = profile(rows([*["it was not the one that we had"] * 200, "水壶不好"]), "minilm", ENGLISH)
    assert about.verdict == "minilm can read all but 1 of 201 rows."


def test_of_very_many_rows_some_are_looked_at():
    about = profile(rows(["it was not the one that we had"] * 20_001), "minilm", ENGLISH)
    assert about.rows == 10_000


def test_lengths_are_three_numbers():
    assert lengths(np.arange(1, 1001)).sentence == "Lengths in tokens: median 501, 95 % up to 951, longest 1,000."

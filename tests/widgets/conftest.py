"""Maps to look at: of a model that has learnt, and drawn ones of any size and any tokens."""

from dataclasses import replace

import numpy as np
import pytest

from bertmagic.attention.maps import AttentionMaps, Token

from ..browser.conftest import chromium, pictures  # noqa: F401, of this package here
from .page import Page


def drawn(layers, heads, words, prediction=(("good", 0.75), ("bad", 0.25)), model="drawn"):
    """Return maps with random rows that sum to 1, over these words between [CLS] and [SEP]."""
    tokens, start = [Token("[CLS]", "[CLS]", 0, 0, -1, -1)], 0
    for at, word in enumerate(words):
        tokens.append(Token(word, word, start, start + len(word), at, 0))
        start += len(word) + 1
    tokens.append(Token("[SEP]", "[SEP]", 0, 0, -1, -1))
    array = np.random.default_rng(5).random((layers, heads, len(tokens), len(tokens)), np.float32) ** 8
    array /= array.sum(axis=-1, keepdims=True)
    return AttentionMaps(array, tuple(tokens), " ".join(words), None, model, "drawn", prediction=tuple(prediction))


def long_maps(tokens):
    """Return maps of the size of a BERT base."""
    return drawn(12, 12, [f"word{at}" for at in range(tokens - 2)])


@pytest.fixture(scope="session")
def maps(learnt):
    """The attention of the tiny model to one text."""
    return learnt.attention("the film was not superb and we had a dull plot", show=False)


@pytest.fixture(scope="session")
def pair(learnt):
    """The same to a pair, with words of several pieces."""
    return learnt.attention("the film was lovely", "this cable is rubbish", show=False)


@pytest.fixture
def opened(chromium):  # noqa: F811
    """Return a function that opens maps in a page; all pages are closed, and none may have met an error."""
    pages = []

    def open_(maps, alive=True, **state):
        page = Page(chromium, maps.view(**state), alive=alive)
        page.settle()
        pages.append(page)
        return page

    yield open_
    for page in pages:
        assert page.errors == []
        assert page.requests == []
        page.close()


@pytest.fixture(scope="session")
def without_details(maps):
    """The maps of a model that shows its weights only."""
    return replace(maps, layers=())

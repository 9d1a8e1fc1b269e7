"""What the estimators are tried with: a tiny encoder, one step, a few texts."""

import pandas as pd
import pytest

from bertmagic.sklearn import BertClassifier, BertRegressor, BertVectorizer

from ..conftest import THINGS
from .made import QUICK


@pytest.fixture(scope="session")
def data():
    """40 texts and their classes, as a frame: ``text``, ``label``, ``thing``; one word tells the classes apart."""
    words = [("bad", "good")[at % 2] for at in range(40)]
    texts = [f"{word} {THINGS[at % 11]} was {word} {at}" for at, word in enumerate(words)]
    return pd.DataFrame({"text": texts, "label": words, "thing": [THINGS[at % 11] for at in range(40)]})


@pytest.fixture
def classifier(encoder):
    return BertClassifier(model=str(encoder), **QUICK)


@pytest.fixture
def regressor(encoder):
    return BertRegressor(model=str(encoder), **QUICK)


@pytest.fixture
def vectorizer(encoder):
    return BertVectorizer(str(encoder), precision="fp32", device="cpu")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory, encoder, data):
    """A classifier that has learnt the rows, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fitted"))
        return BertClassifier(model=str(encoder), **QUICK | {"max_steps": 30, "lr": 2e-3}).fit(
            data["text"], data["label"]
        )

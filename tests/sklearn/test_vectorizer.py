"""Vectors of an encoder as features."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import bertmagic as bm
from bertmagic.inference import embedding
from bertmagic.registry import held


def test_vectors_are_those_of_embed(vectorizer, encoder, data):
    vectors = vectorizer.fit_transform(data["text"])
    model = bm.load(str(encoder), precision="fp32")
    assert vectors.dtype == np.float32
    assert vectors.shape == (40, 32)
    np.testing.assert_array_equal(vectors, model.embed(data["text"], pooling="mean", show=False))
    first = clone(vectorizer).set_params(pooling="first").fit_transform(data["text"])
    np.testing.assert_array_equal(first, model.embed(data["text"], pooling="first", show=False))


def test_a_logistic_regression_on_top_is_a_baseline(vectorizer, data):
    baseline = make_pipeline(vectorizer, LogisticRegression(C=100, max_iter=1000))
    assert baseline.fit(data["text"], data["label"]).score(data["text"], data["label"]) > 0.8


def test_text_stands_beside_numbers(vectorizer, data):
    frame = data.assign(stars=np.arange(40.0))
    for column in ("text", ["text"]):
        columns = ColumnTransformer([("text", vectorizer, column)], remainder="passthrough")
        columns.set_output(transform="pandas")
        out = columns.fit_transform(frame[["text", "stars"]])
        assert out.columns[[0, 31, 32]].tolist() == [
            "text__bertvectorizer0",
            "text__bertvectorizer31",
            "remainder__stars",
        ]
        assert out["remainder__stars"].tolist() == frame["stars"].tolist()


def test_several_columns_stand_one_behind_the_other(vectorizer, data):
    both = vectorizer.fit_transform(data[["text", "thing"]])
    assert both.shape == (40, 64)
    np.testing.assert_array_equal(both[:, 32:], clone(vectorizer).fit_transform(data["thing"]))
    assert len(vectorizer.get_feature_names_out()) == 64


def test_a_blank_text_has_no_direction_and_a_missing_one_is_an_error(vectorizer):
    vectors = vectorizer.fit(["a"]).transform(["", "a film", "  "])
    assert (vectors[[0, 2]] == 0).all()
    assert (vectors[1] != 0).any()
    with pytest.raises(ValueError, match="missing value"):
        vectorizer.transform(["a", np.nan])


def test_the_same_texts_are_computed_once(vectorizer, make_rows, monkeypatch):
    texts = make_rows(200)["text"]
    once = vectorizer.fit_transform(texts)
    monkeypatch.setattr(embedding, "embed_each", None)
    np.testing.assert_array_equal(clone(vectorizer).fit_transform(texts), once)


def test_a_pickle_has_the_encoder(vectorizer, data, encoder, tmp_path):
    expected = vectorizer.fit_transform(data["text"])
    again = pickle.loads(pickle.dumps(vectorizer))
    again.model = str(tmp_path / "gone")
    np.testing.assert_array_equal(again.transform(data["text"]), expected)


def test_models_are_taken_as_they_are_and_not_registered(vectorizer, fitted):
    own = clone(vectorizer).set_params(model=fitted.model_)
    assert own.fit(["a"]).model_ is not None
    assert vectorizer.fit(["a"]).model_ is not held().get("tiny")
    named = pd.Series(["a film"])
    np.testing.assert_array_equal(own.transform(named), fitted.model_.embed(named, pooling="mean", show=False))


@pytest.mark.parametrize(("name", "value"), [("pooling", "max"), ("precision", "fp8"), ("model", 3)])
def test_a_wrong_parameter_is_a_value_error(vectorizer, name, value):
    with pytest.raises(ValueError, match=r"pooling|precision|is not a model"):
        vectorizer.set_params(**{name: value}).fit_transform(["a"])

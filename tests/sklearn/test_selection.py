"""Estimators in scikit-learn's own tools."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .test_estimators import files_below


@pytest.fixture
def learning(classifier):
    return classifier.set_params(max_steps=20, lr=2e-3)


def test_cross_validation(learning, data, own_folder):
    scores = cross_val_score(learning, data["text"], data["label"], cv=2)
    assert scores.min() > 0.6
    probabilities = cross_val_predict(learning, data["text"].tolist(), data["label"], cv=2, method="predict_proba")
    assert probabilities.shape == (40, 2)
    assert files_below(own_folder) == []


def test_a_grid_finds_the_rate_that_learns(learning, data):
    search = GridSearchCV(learning, {"lr": [1e-8, 2e-3]}, cv=2, scoring="neg_log_loss").fit(data["text"], data["label"])
    assert search.best_params_ == {"lr": 2e-3}
    assert search.best_estimator_.model_.card["options"]["lr"] == 2e-3
    assert search.predict(["a good film"]).tolist() == ["good"]


def test_a_pipeline_prepares_the_texts(learning, data):
    spaced = data["text"].str.replace(" ", "_")
    pipeline = Pipeline([
        ("spaces", FunctionTransformer(lambda texts: texts.str.replace("_", " "))), ("bert", learning)
    ])  # fmt: skip
    pipeline.set_params(bert__batch_size=8).fit(spaced, data["label"])
    assert pipeline.score(spaced, data["label"]) > 0.8
    assert pipeline["bert"].model_.card["options"]["batch_size"] == 8


def test_probabilities_are_calibrated_and_stacked(learning, data):
    calibrated = CalibratedClassifierCV(learning, cv=2, method="sigmoid").fit(data["text"], data["label"])
    assert calibrated.score(data["text"], data["label"]) > 0.6
    words = make_pipeline(TfidfVectorizer(), LogisticRegression())
    stack = StackingClassifier([("bert", learning), ("words", words)], cv=2).fit(data["text"], data["label"])
    assert stack.score(data["text"], data["label"]) > 0.8


def test_vectors_and_numbers_are_searched_together(vectorizer, data):
    frame = data[["text"]].assign(number=np.arange(40) % 3)
    columns = ColumnTransformer([("text", vectorizer, "text"), ("number", "passthrough", ["number"])])
    pipeline = make_pipeline(columns, LogisticRegression(C=100, max_iter=1000))
    search = GridSearchCV(pipeline, {"columntransformer__text__pooling": ["mean", "first"]}, cv=2)
    search.fit(frame, data["label"])
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    assert search.predict(pd.DataFrame({"text": ["good film was good 4"], "number": [1]})).tolist() == ["good"]


@pytest.mark.soak
def test_folds_run_in_processes(learning, data):
    alone = cross_val_score(learning, data["text"], data["label"], cv=2)
    assert (cross_val_score(learning, data["text"], data["label"], cv=2, n_jobs=2) == alone).all()

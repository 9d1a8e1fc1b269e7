"""The classifier and the regressor: what they learn, keep, and refuse."""

import inspect
import os
import pickle
import signal
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

import bertmagic as bm
from bertmagic import launch
from bertmagic import options as table
from bertmagic.errors import InputError, Interrupted, OptionError, TrainingError
from bertmagic.registry import held, newest
from bertmagic.sklearn import BertClassifier, BertRegressor
from bertmagic.text_model import TextModel
from bertmagic.training import loop

from .made import QUICK


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_parameters_are_the_options_of_fine_tuning(encoder):
    known = {entry.name: entry for entry in table.table(table.Finetune)}
    parameters = inspect.signature(BertClassifier).parameters
    own = {name: one.default for name, one in parameters.items() if name != "show"}
    assert own == {name: known[name].default for name in own}
    left_out = known.keys() - own.keys()
    assert {"train", "text", "label", "task", "background", "resume", "format"} <= left_out
    assert not left_out & {"model", "epochs", "lr", "batch_size", "seed", "adapt", "class_weights", "pooling", "name"}
    assert "class_weights" not in inspect.signature(BertRegressor).parameters
    assert all(f"\n{name}\n    " in BertClassifier.__doc__ for name in parameters)


def test_it_learns_the_classes(fitted, data):
    assert fitted.classes_.tolist() == ["bad", "good"]
    assert fitted.score(data["text"], data["label"]) > 0.9
    probabilities = fitted.predict_proba(["a good film", "a bad film"])
    assert probabilities.argmax(axis=1).tolist() == [1, 0]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-15)


def test_it_is_the_model_of_finetune(classifier, data):
    model = bm.finetune(
        data, text="text", label="label", model=classifier.model, validation=0, keep="last", show=False, **QUICK
    )
    expected = model.predict(data["text"], show=False).frame[["p_bad", "p_good"]].to_numpy(float)
    probabilities = classifier.fit(data["text"], data["label"]).predict_proba(data["text"])
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_the_same_seed_gives_the_same_and_the_random_state_of_the_user_stays(classifier, data):
    import torch

    state = torch.get_rng_state()
    one = classifier.fit(data["text"], data["label"]).predict_proba(data["text"])
    assert (torch.get_rng_state() == state).all()
    assert (clone(classifier).fit(data["text"], data["label"]).predict_proba(data["text"]) == one).all()
    other = clone(classifier).set_params(seed=1).fit(data["text"], data["label"])
    assert (other.predict_proba(data["text"]) != one).any()


@pytest.mark.parametrize(
    "shape",
    [list, np.array, pd.Series, pd.DataFrame, lambda texts: np.array(texts, object)[:, None],
     lambda texts: [[text] for text in texts], lambda texts: pd.Series(texts, dtype="category")],
    ids=["list", "array", "series", "frame", "column", "rows", "categories"],
)  # fmt: skip
def test_texts_come_in_every_form(fitted, shape):
    texts = ["a good film", "a bad film", "the plot was dull"]
    expected = fitted.predict_proba(texts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (fitted.predict_proba(shape(texts)) == expected).all()


def test_frames_of_polars_come_in():
    polars = pytest.importorskip("polars")
    from bertmagic.sklearn.inputs import _frame

    assert _frame(polars.DataFrame({"review": ["a", "b"]}))["review"].tolist() == ["a", "b"]
    assert _frame(polars.Series("review", ["a", "b"]))["review"].tolist() == ["a", "b"]


def test_pairs_are_two_columns(classifier, data):
    pairs = pd.DataFrame({"premise": data["text"], "hypothesis": data["thing"]})
    classifier.fit(pairs, data["label"])
    assert classifier.n_features_in_ == 2
    assert classifier.feature_names_in_.tolist() == ["premise", "hypothesis"]
    assert classifier.model_.card["text"] == ["premise", "hypothesis"]
    rows = classifier.predict_proba(pairs)
    assert (classifier.predict_proba(pairs.iloc[::-1]) == rows[::-1]).all()
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(pairs[["hypothesis", "premise"]])
    with pytest.raises(ValueError, match="X has 1 features, but BertClassifier is expecting 2"):
        classifier.predict(pairs["premise"].tolist())


@pytest.mark.parametrize(
    "labels",
    [[3, 1], [True, False], [2.0, 1.0], ["", " a "], ["-", "a;b"], ["a", "A"], [np.int64(10), np.int64(9)]],
    ids=["numbers", "truth", "floats", "blank", "marks", "cases", "of numpy"],
)  # fmt: skip
def test_predictions_are_of_the_classes_as_they_are(classifier, data, labels):
    y = np.array(labels)[(data["label"] == "good").astype(int)]
    classifier.set_params(max_steps=20, lr=2e-3).fit(data["text"], y)
    assert classifier.classes_.tolist() == sorted(labels)
    assert classifier.classes_.dtype == y.dtype
    assert (classifier.predict(data["text"]) == y).mean() > 0.9


def test_a_blank_text_gets_what_is_known_without_a_text(fitted, regressor, data):
    probabilities = fitted.predict_proba(["a good film", " ", ""])
    assert (probabilities[1:] == fitted.class_prior_).all()
    assert (probabilities[0] == fitted.predict_proba(["a good film"])[0]).all()
    y = np.arange(40) / 2
    assert regressor.fit(data["text"], y).predict(["\n"]) == y.mean()


def test_blank_texts_are_not_trained_on(classifier, data):
    texts = [text if at % 3 else " " for at, text in enumerate(data["text"])]
    classifier.fit(texts, data["label"])
    assert classifier.model_.card["data"]["train"]["rows"] == 26
    assert classifier.class_prior_.tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match="20 texts of X are blank"):
        classifier.fit(data["text"].where(data["label"] == "good", ""), data["label"])


@pytest.mark.parametrize(
    ("label", "expected"), [("stars", "stars"), ("review", "label"), (None, "label"), (3, "label")]
)
def test_columns_of_the_model_are_named_as_the_users(classifier, data, label, expected):
    classifier.fit(data[["text"]].set_axis(["review"], axis=1), data["label"].rename(label))
    assert (classifier.model_.card["text"], classifier.model_.card["label"]) == ("review", expected)


def test_numbers_are_predicted_in_their_unit(regressor, data):
    y = (data["label"] == "good") * 100 + 1000
    regressor.set_params(max_steps=40, lr=2e-3).fit(data["text"], y)
    assert regressor.score(data["text"], y) > 0.5
    assert regressor.predict(data["text"]).dtype == np.float64


def test_nothing_is_shown_registered_or_left_on_the_disk(classifier, data, capfd, own_folder):
    before = newest()
    classifier.fit(data["text"], data["label"]).predict(data["text"])
    assert capfd.readouterr() == ("", "")
    assert files_below(own_folder) == []
    assert newest() is before
    assert "model" not in held()
    assert not classifier.model_.folder.exists()


def test_a_name_keeps_the_run_and_its_model(classifier, data, own_folder):
    frame = data.rename(columns={"text": "review", "label": "stars"})
    classifier.set_params(name="kept").fit(frame[["review"]], frame["stars"])
    model = bm.load("kept", precision="fp32")
    assert (model.card["text"], model.card["label"], model.labels) == ("review", "stars", ("bad", "good"))
    expected = classifier.predict_proba(["a good film"])[0, 1]
    assert model.predict("a good film", show=False).frame["p_good"][0] == pytest.approx(expected, abs=1e-6)
    assert not list(own_folder.rglob("*.arrow"))


def test_few_rows_are_all_trained_on_and_more_choose_the_best(classifier, data, make_rows):
    classifier.fit(data["text"], data["label"])
    assert classifier.model_.card["data"]["train"]["rows"] == 40
    rows = make_rows(500)
    assert clone(classifier).fit(rows["text"], rows["label"]).model_.card["data"]["train"]["rows"] == 450
    classifier.set_params(validation=0.25).fit(data["text"], data["label"])
    assert classifier.model_.card["data"]["validation"]["rows"] == 10
    assert any("Held out 10 of 40 rows" in note for note in classifier.notes_)


def test_a_pickle_has_the_model_and_needs_no_folder(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    texts = ["a good film", "a bad film"]
    assert (again.predict_proba(texts) == fitted.predict_proba(texts)).all()
    assert again.get_params() == fitted.get_params()


def test_a_pickle_from_another_device_is_of_the_cpu_and_goes_to_the_device_here(fitted, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(TextModel, "device", property(lambda model: "cuda:0"))
        state = fitted.__getstate__()
    assert state["model_"].network is not fitted.model_.network
    assert fitted.__getstate__()["model_"] is fitted.model_
    again = BertClassifier.__new__(BertClassifier)
    again.__setstate__({**state, "device": "cuda:7"})  # which is not here
    assert (again.predict_proba(["a good film"]) == fitted.predict_proba(["a good film"])).all()


def test_a_stop_ends_fit_and_all_that_called_it(classifier, data, monkeypatch):
    real = loop.Loop.run

    def stopped(self, button):
        os.kill(os.getpid(), signal.SIGINT)
        return real(self, button)

    monkeypatch.setattr(loop.Loop, "run", stopped)
    with pytest.raises(Interrupted, match="the estimator is not fitted") as caught:
        cross_val_score(classifier, data["text"], data["label"], cv=2)
    assert "resume" not in str(caught.value)


def test_a_run_that_diverges_names_no_folder_that_is_gone(classifier, data, fitted, monkeypatch):
    def diverged(*_):
        raise TrainingError(
            "the loss is nan at step 3. The weights of step 2 are kept in /tmp/gone.", "Lower.", fitted.model_
        )

    monkeypatch.setattr(launch, "train_apart", diverged)
    with pytest.raises(TrainingError) as caught:
        classifier.fit(data["text"], data["label"])
    assert (caught.value.what, caught.value.model) == ("the loss is nan at step 3.", fitted.model_)


REFUSED = {
    "one text": ("a text", ["a"], "X is one text"),
    "numbers": ([1, 2], ["a", "b"], "not text in row 0: 1 .int."),
    "missing": (["a", None, "b"], ["a", "b", "a"], r"X has 1 missing value \(NaN\), the first in row 1"),
    "no rows": ([], [], "0 sample"),
    "three columns": ([["a", "b", "c"]] * 2, ["x", "y"], "X has 3 columns"),
    "ragged": ([["a", "b"], ["c"]], ["x", "y"], "the rows of X have 1, 2 texts"),
    "no y": (["a", "b"], None, "requires y to be passed"),
    "missing y": (["a", "b"], ["x", None], "y contains NaN"),
    "missing y of pandas": (["a", "b"], pd.Series(["x", pd.NA], dtype="string"), "y contains NaN"),
    "other length": (["a", "b"], ["x"], "inconsistent numbers of samples: X has 2, y has 1"),
    "one class": (["a", "b"], ["x", "x"], "one class"),
    "no classes": (["a", "b"], [0.5, 1.7], "[Uu]nknown label type"),
    "sparse": (__import__("scipy.sparse").sparse.eye(2), ["x", "y"], "sparse"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learnt_is_a_value_error(case):
    X, y, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        BertClassifier().fit(X, y)


def test_parameters_are_checked_by_fit_and_unknown_ones_at_once(classifier, data):
    with pytest.raises(OptionError, match="learning_rate has another name in bertmagic: lr"):
        BertClassifier(learning_rate=1e-3)
    with pytest.raises(InputError, match="epochs = -1 is not"):
        clone(classifier).set_params(epochs=-1).fit(data["text"], data["label"])
    with pytest.raises(InputError, match="validation is an object of type DataFrame"):
        clone(classifier).set_params(validation=data).fit(data["text"], data["label"])
    with pytest.raises(NotFittedError):
        classifier.predict(["a"])

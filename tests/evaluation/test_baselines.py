import numpy as np
import pytest

from bertmagic.evaluation import baselines

TEXTS = ["good film", "bad film", "good book", "bad book", "good", "a bad one"] * 5
TARGETS = np.array([1, 0, 1, 0, 1, 0] * 5)


def test_majority_gives_the_shares_of_the_training_rows():
    predict = baselines.fit("majority", "classes", TEXTS, np.array([0, 0, 0, 1]), 3).predict
    scores = predict(["x", "y"])
    assert scores.shape == (2, 3)
    assert np.exp(scores[0]) == pytest.approx([0.75, 0.25, 1e-6], rel=1e-3)


def test_words_tell_what_words_can_tell():
    baseline = baselines.fit("tfidf", "classes", TEXTS, TARGETS, 2)
    predict, size = baseline.predict, baseline.bytes
    assert predict(["good thing", "bad thing"]).argmax(axis=1).tolist() == [1, 0]
    assert size > 100
    classes = np.where(TARGETS == 1, 2, 0)  # a class between them that no training row has
    predict = baselines.fit("tfidf", "classes", TEXTS, classes, 3).predict
    assert predict(["good thing", "bad thing"]).argmax(axis=1).tolist() == [2, 0]


def test_characters_count_where_words_are_not_apart():
    predict = baselines.fit(
        "tfidf", "classes", ["很好看", "不好吃", "真好看", "太难吃"] * 5, np.array([1, 0] * 10), 2
    ).predict
    assert predict(["好看", "难吃"]).argmax(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize("name", ["majority", "tfidf"])
def test_labels_one_by_one_and_numbers(name):
    labels = np.stack([TARGETS, np.ones(30, int), np.zeros(30, int)], axis=1)
    scores = baselines.fit(name, "labels", TEXTS, labels, 3).predict(["good", "bad"])
    assert scores.shape == (2, 3)
    assert (scores[:, 1] > 0).all()
    assert (scores[:, 2] < 0).all()
    values = baselines.fit(name, "numbers", TEXTS, TARGETS - 0.5, 1).predict(["good", "bad"])
    assert values.shape == (2, 1)
    if name == "tfidf":
        assert scores[0, 0] > 0 > scores[1, 0]
        assert values[0, 0] > 0.2 > -0.2 > values[1, 0]


@pytest.mark.parametrize("texts", [["", " "], ["!", "?"]])
def test_texts_without_words_and_a_single_class_are_no_error(texts):
    assert baselines.fit("tfidf", "classes", texts, np.array([0, 0]), 2).predict(["x"]).argmax() == 0
    assert baselines.fit("tfidf", "classes", TEXTS, np.zeros(30, int), 2).predict(["x"]).argmax() == 0


def test_each_word_has_the_tag_that_it_had_most_often():
    words, tags = ["a", "Rome", "Rome", "Rome", "a", "b"], np.array([0, 1, 1, 2, 0, 0])
    predict = baselines.fit_words(words, tags, 3).predict
    scores = predict(["Rome", "a", "new"])
    assert np.exp(scores) == pytest.approx(np.array([[0, 2 / 3, 1 / 3], [1, 0, 0], [3 / 6, 2 / 6, 1 / 6]]), abs=1e-5)


def test_features_of_pairs():
    first = np.array([[3, 4, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], np.float32)
    second = np.array([[6, 8, 0, 0], [0, 5, 0, 0], [1, 1, 1, 1]], np.float32)
    assert baselines.cosines(first, second)[:, 0] == pytest.approx([1, 0, 0])
    features = baselines.pair_features(first, second)
    assert features.shape == (3, 9)
    assert features.dtype == np.float32
    assert features[0] == pytest.approx([0, 0, 0, 0, 1.44, 2.56, 0, 0, 2])
    assert features[1] == pytest.approx([2, 2, 0, 0, 0, 0, 0, 0, 0])
    assert np.array_equal(features, baselines.pair_features(second, first))


def test_with_thousands_of_classes_the_nearest_class_wins(monkeypatch):
    monkeypatch.setattr(baselines, "_MOST_LOGITS", 10)
    targets = np.where(TARGETS == 1, 2, 0)
    assert (
        baselines.fit("tfidf", "classes", TEXTS, targets, 3).method == "the class whose mean text is nearest, by cosine"
    )
    scores = baselines.fit("tfidf", "classes", TEXTS, targets, 3).predict(["good thing", "bad thing", "nothing known"])
    assert scores[:2].argmax(axis=1).tolist() == [2, 0]
    assert np.exp(scores).sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)

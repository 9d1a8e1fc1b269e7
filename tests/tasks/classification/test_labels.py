"""Classes of every kind through training, prediction, saving and loading."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm

BIG = 2**63


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        (pd.Series([BIG, BIG + 1], dtype="uint64"), "UInt64"),
        (pd.Series([-1, BIG], dtype=object), "object"),
        (pd.Series([2**64, 2**80], dtype=object), "object"),
        (pd.Series([Decimal("3"), Decimal("4")]), "Int64"),
    ],
)
def test_a_prediction_is_one_of_the_values_that_were_learnt(encoder, rows, tmp_path, labels, dtype):
    values = labels.iloc[np.arange(len(rows)) % 2].reset_index(drop=True)
    data = rows.assign(label=values)
    model = bm.finetune(
        data, text="text", label="label", model=encoder, max_steps=1, precision="fp32", show=False,
        task="classification",
    )  # fmt: skip
    again = bm.load(model.save(tmp_path / "saved"), name="again")
    for one in (model, again):
        predicted = one.predict(["a good film", None], show=False).frame["label"]
        assert predicted.dtype == dtype
        assert predicted[0] in set(map(int, labels))
        assert predicted[1] is pd.NA
        assert one.evaluate(data, show=False).rows == len(rows)


def test_a_model_of_an_earlier_version_that_learnt_two_kinds_of_labels_predicts(learnt, tmp_path):
    folder = learnt.save(tmp_path / "mixed")
    card = json.loads((folder / "bertmagic.json").read_text())
    (folder / "bertmagic.json").write_text(json.dumps(card | {"labels": [1, "1"]}))
    frame = bm.load(folder).predict(["a good film", "a bad film"], show=False).frame
    assert sorted(frame["label"].tolist(), key=repr) == ["1", 1]
    assert list(frame.columns) == ["text", "label", "score", "p_1", "p_'1'"]
    np.testing.assert_allclose(frame["p_1"] + frame["p_'1'"], 1, atol=1e-6)

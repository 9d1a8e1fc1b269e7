"""Pairs of texts: the same pairs in every form that they are given in, and what is said where one side is missing."""

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import DataError

FIRST = ["the film was good", "a sad book", "really awful", "this was lovely"] * 10
SECOND = ["we had a good film", "it was a nice book", "it was bad", "not lovely"] * 10


def frame(**others):
    rows = {"premise": [f"{text} {i}" for i, text in enumerate(FIRST)], "hypothesis": SECOND}
    return pd.DataFrame(rows | {"relation": ["yes", "no"] * 20} | others)


@pytest.fixture(scope="module")
def pairs(encoder, tmp_path_factory):
    """A model that reads a premise and a hypothesis."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        return bm.finetune(
            frame(), text=["premise", "hypothesis"], label="relation", model=encoder, name="pairs", max_steps=3,
            precision="fp32", show=False,
        )  # fmt: skip


def test_every_form_of_a_pair_is_the_same_pair(pairs):
    one, other = (FIRST[0], SECOND[0]), (FIRST[1], SECOND[1])
    expected = pairs.predict([one, other], show=False).frame
    assert expected.columns.tolist() == ["text", "text_pair", "label", "score", "p_no", "p_yes"]
    written = [" ||| ".join(pair) for pair in (one, other)]
    table = pd.DataFrame([(*one, 1), (*other, 2)], columns=["premise", "hypothesis", "n"])
    for given in (
        written, pd.Series(written), [list(one), list(other)], np.array([one, other], dtype=object).tolist(),
        table, table[["hypothesis", "n", "premise"]], table.to_dict("records"), table.to_dict("list"),
    ):  # fmt: skip
        pd.testing.assert_frame_equal(pairs.predict(given, show=False).frame, expected)
    for given in (one, list(one), written[0]):
        pd.testing.assert_frame_equal(pairs.predict(given, show=False).frame, expected.head(1))


def test_the_order_of_the_two_matters(pairs):
    there, back = (pairs.predict(pair, show=False).frame["p_yes"][0] for pair in (("a", "film"), ("film", "a")))
    assert there != back


def test_other_columns_may_be_named(pairs):
    table = frame().rename(columns={"premise": "a", "hypothesis": "b"})
    expected = pairs.predict(frame(), show=False).frame
    pd.testing.assert_frame_equal(pairs.predict(table, text=["a", "b"], show=False).frame, expected)
    assert pairs.evaluate(table, text=["a", "b"], show=False).rows == 40
    with pytest.raises(DataError, match="'pairs' reads premise, hypothesis; the DataFrame has the columns b, relation"):
        pairs.predict(table[["b", "relation", "relation"]].set_axis(["b", "relation", "n"], axis=1), show=False)


@pytest.mark.parametrize("hole", [None, "", " ", float("nan"), pd.NA])
@pytest.mark.parametrize("side", [0, 1])
def test_a_pair_with_one_side_missing_is_predicted_nothing_and_told(pairs, hole, side):
    pair = [hole, "a film"] if side == 0 else ["a film", hole]
    predictions = pairs.predict([("a", "b"), tuple(pair)], show=False)
    assert predictions.frame["label"].isna().tolist() == [False, True]
    for shown in (str(predictions), predictions._repr_mimebundle_()["text/html"]):
        assert "1 row lacked a text of its pair and got no prediction" in shown


@pytest.mark.parametrize("given", ["alone", ["alone"], [("a", "b", "c")], [("a",)], ["a ||| b ||| c"], [5]])
def test_what_is_no_pair_is_refused(pairs, given):
    with pytest.raises(DataError, match="row 0 is not a pair of text, text_pair but"):
        pairs.predict(given, show=False)


def test_in_training_the_side_that_is_missing_is_named(encoder):
    few = frame().astype(object)
    few.loc[3, "hypothesis"] = None
    findings = [finding.what for finding in bm.check(few, label="relation", model=encoder).findings]
    assert "1 pair with one side missing (column 'hypothesis')" in findings
    few.loc[:9, "hypothesis"] = " "
    with pytest.raises(DataError, match=r"10 pairs with one side missing \(column 'hypothesis'\) are 25% of its 40"):
        bm.finetune(few, label="relation", model=encoder, name="few", max_steps=1, show=False)

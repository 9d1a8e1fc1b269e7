import json

import pytest

import bertmagic as bm
from bertmagic.errors import DataError, OptionError
from bertmagic.events import ignore
from bertmagic.explain import method_scores, methods
from bertmagic.workflows import explain as words
from bertmagic.workflows import explain_benchmark


@pytest.fixture
def own(learnt, monkeypatch):
    """The model that has learnt, with a card of its own."""
    monkeypatch.setattr(learnt, "card", dict(learnt.card))
    return learnt


TEXTS = [f"the {thing} was {word} and long" for thing in ("film", "book", "phone") for word in ("awful", "superb")]


def test_every_method_is_measured_and_the_best_becomes_auto(own):
    found = own.explain(benchmark=TEXTS, passes=60, show=False)
    frame = found.frame
    assert set(frame.method) == set(methods.METHODS)
    assert frame.comprehensiveness.is_monotonic_decreasing
    assert ((frame.low <= frame.comprehensiveness) & (frame.comprehensiveness <= frame.high)).all()
    assert frame[["comprehensiveness", "sufficiency"]].stack().between(0, 1).all()
    assert found.rows == len(TEXTS)
    assert own.card["explain"]["method"] == found.best == frame.method[0]
    assert own.explain(TEXTS[0], show=False).method == found.best
    assert f"auto is {found.best} from now on." in repr(found)


def test_what_was_measured_goes_with_the_model(own, tmp_path):
    own.card["explain"] = {"method": "occlusion", "comprehensiveness": 0.9, "rows": 30}
    own.save(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "bertmagic.json").read_text())["explain"]["method"] == "occlusion"
    assert words.chosen(bm.load(tmp_path / "saved"), "auto", None) == "occlusion"


def test_a_method_that_an_export_cannot_have_is_not_auto_there(own):
    own.card["explain"] = {"method": "integrated_gradients"}
    assert words.chosen(own, "auto", None) == methods.DEFAULT
    own.card["explain"] = {"method": "of another version"}
    assert words.chosen(own, "auto", None) == methods.DEFAULT


def test_few_rows_and_interrupts_choose_nothing(own, monkeypatch):
    found = explain_benchmark.measure(own, TEXTS[:2], {}, 40, 0, ignore)
    assert found.best == ""
    assert "explain" not in own.card
    assert any("fewer than 5 rows" in note for note in found.notes)
    real, calls = explain_benchmark._row, []

    def row(*given):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(given)
        return real(*given)

    monkeypatch.setattr(explain_benchmark, "_row", row)
    found = explain_benchmark.measure(own, TEXTS, {}, 40, 0, ignore)
    assert found.rows == 2
    assert "explain" not in own.card
    assert "Interrupted after 2 rows" in " ".join(found.notes)


def test_rows_that_cannot_be_explained_are_said(own):
    with pytest.raises(DataError, match="no row of the list can be explained"):
        explain_benchmark.measure(own, ["a"], {}, 40, 0, ignore)
    with pytest.raises(OptionError, match="text is for"):
        own.explain("a film", benchmark=TEXTS, show=False)


def test_an_interval_holds_its_mean():
    mean, low, high = method_scores.interval([0.1, 0.5, 0.9, 0.7])
    assert mean == pytest.approx(0.55)
    assert low < mean < high

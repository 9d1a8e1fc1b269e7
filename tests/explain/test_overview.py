"""What a model leans on in general, and shortcuts that were planted for it."""

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, UnknownReference
from bertmagic.events import ignore
from bertmagic.explain import edits, overview
from bertmagic.workflows import overview as workflow

from ..conftest import BAD, GOOD


def find(model, data, second=None, by=(), passes=3000, emit=ignore):
    return workflow.find(model, data, second, by, {}, passes, 0, emit)


def documents(*texts):
    return [edits.document([text]) for text in texts]


def test_words_and_phrases_of_several_texts():
    found = overview.units(documents(*["so Good , so good"] * 6, "a good", "good so"))
    assert found["good"] == dict.fromkeys(range(6), (1, 4)) | {6: (1,), 7: (0,)}
    assert found["so good"] == dict.fromkeys(range(6), (0, 1, 3, 4))
    assert "good ," not in found
    assert "a" not in found


def test_the_plan_fits_the_passes():
    found = {"a": dict.fromkeys(range(100), (0,)), "b": dict.fromkeys(range(5), (0,))}
    assert len(overview.plan(found, 1000, 0)) == 105
    few = overview.plan(found, 20, 0)
    assert sum(unit == "b" for unit, _ in few) == 5
    assert len(few) <= 20
    assert few == overview.plan(found, 20, 0)
    assert {unit for unit, _ in overview.plan(found, 7, 0)} == {"a"}  # one of both can be measured
    assert overview.plan({}, 20, 0) == []


def test_all_occurrences_are_hidden():
    (document,) = documents("so good, so good")
    assert overview.hidden(document, (1, 4), "[MASK]") == ("so [MASK], so [MASK]",)


def falls(unit, values):
    return [(unit, number, np.array([value, -value])) for number, value in enumerate(values)]


def test_the_table_puts_what_tells_little_first():
    words = ("sure", "noisy", "told", "rare")
    found = {word: dict.fromkeys(range(8), (0,)) for word in words} | {"sure it": dict.fromkeys(range(8), (0, 1))}
    found["rare"] = dict.fromkeys(range(3), (0,))
    measured = [
        *falls("sure", [2.0, 2.1] * 4), *falls("noisy", [6.0, -2.0] * 4), *falls("told", [3.0, 3.1] * 4),
        *falls("rare", [9.0] * 3), *falls("sure it", [1.9, 2.3] * 4),
    ]  # fmt: skip
    predicted = np.tile([True, False], (10, 1))
    frame = overview.table(found, measured, predicted, ("x", "y"), {("told", 0): 0.9, ("noisy", 0): -0.5})
    assert frame.word.tolist() == ["sure", "told", "noisy"]  # neither the rare one nor the phrase that adds nothing
    assert (frame.label == "x").all()
    assert frame.effect.tolist() == pytest.approx([2.05, 3.05, 2.0])
    assert frame.low[2] < 0 < frame.low[0] < frame.effect[0] < frame.high[0]
    assert frame.share[0] == 0.8
    assert frame.tells[1] == 0.9
    phrase = overview.table(found, [*falls("sure", [1.0] * 8), *falls("sure it", [2.0] * 8)], predicted, "xy", {})
    assert "sure it" in phrase.word.tolist()


def test_what_a_word_tells_of_a_label():
    texts = documents(*["good a"] * 10, *["bad a"] * 10)
    has = np.repeat([[True, False], [False, True]], 10, axis=0)
    told = overview.tell(["good", "a", "good a", "none"], texts, has)
    assert told["good", 0] == 1
    assert told["good", 1] == -1
    assert told["good a", 0] == 1
    assert told["a", 0] == 0
    assert not any(unit == "none" for unit, _ in told)
    # In the second slice the word is with the other label.
    mixed = np.concatenate([has[:5], ~has[5:15], has[15:]])
    slices = [np.r_[:5, 15:20], np.arange(5, 15)]
    assert overview.tell(["good"], texts, mixed, slices)["good", 0] == -1


def test_the_overview_of_a_model(at_home, make_rows):
    data = make_rows(240, seed=3)
    result = find(at_home, data, data)
    told = result.frame[result.frame.word.isin([*GOOD, *BAD])]
    assert len(told) > 8
    assert all(label == ("bad" if word in BAD else "good") for word, label in zip(told.word, told.label, strict=True))
    assert told.effect.median() > 3 * result.frame.effect.drop(told.index).median()
    assert (told.suspicion == 0).all()  # each of them tells the label
    assert result.measured == result.planned
    word = told.word.iloc[0]
    assert result.rows(word) == [at for at in data.index if word in data.text[at].split()]
    assert result.rows("nowhere") == []
    assert "Likely spurious first" in repr(result)
    assert result.frame.equals(find(at_home, data, data).frame)
    alone = find(at_home, data.text)
    assert alone.frame.tells.isna().all()
    assert "would tell which effects are spurious" in repr(alone)


def test_slices_say_where_a_word_tells_nothing(at_home, make_rows):
    data = make_rows(240, seed=3)
    data["half"] = ["a"] * 120 + ["b"] * 120
    data.loc[120:, "label"] = ["good", "bad"] * 60  # the other way round
    result = find(at_home, data, by=["half"])
    genuine = result.frame[result.frame.word.isin([*GOOD, *BAD])]
    assert (genuine.tells.dropna() < 0).all()
    assert (find(at_home, data[:120], data[:120]).frame.tells.dropna() == 1).any()
    with pytest.raises(DataError, match="nothing"):
        find(at_home, data, by=["nothing"])


def test_a_file_and_a_sample_are_data(at_home, make_rows):
    data = make_rows(60, seed=3)
    data.to_csv("rows.csv", index=False)
    result = find(at_home, "rows.csv", "rows.csv")
    assert (result.texts, result.data) == (60, "rows.csv")
    assert result.frame.equals(find(at_home, data, data).frame)
    with pytest.raises(UnknownReference, match="nothing"):
        find(at_home, "nothing.csv")


def test_an_interrupt_keeps_what_is_measured(at_home, make_rows, monkeypatch):
    monkeypatch.setattr(workflow, "_CHUNK", 40)

    def emit(event):
        if getattr(event, "what", "") == "hiding words" and event.done >= 80:
            raise KeyboardInterrupt

    result = find(at_home, make_rows(60, seed=3).text, emit=emit)
    assert result.measured == 80 < result.planned
    assert any("Interrupted after 80 of" in note for note in result.notes)


def test_what_has_no_overview(at_home, small):
    with pytest.raises(DataError, match="no word that stands in several texts"):
        find(at_home, ["one text", "another"])
    with pytest.raises(ModelError, match="decides on no labels"):
        find(small("regression"), ["a"] * 9)


def planted(rows, kind, seed=0):
    """Rows half of which have a word that gives them the label ``good``, and this word."""
    generator, word, texts = np.random.default_rng(seed), {"token": "x", "sign": "!"}[kind], []
    has = generator.random(len(rows)) < 0.5
    for text, plant in zip(rows.text, has, strict=True):
        words = text.split()
        at = int(generator.integers(0, len(words) + 1))
        words[at:at] = [word] * int(plant)
        texts.append(" ".join(words))
    return pd.DataFrame({"text": texts, "label": np.where(has, "good", rows.label)}), word


@pytest.mark.parametrize("kind", ["token", pytest.param("sign", marks=pytest.mark.soak)])
def test_a_planted_shortcut_is_the_first(encoder, make_rows, kind):
    """Kinds that need an encoder which has learnt what a mask is are in benchmarks/explain_shortcuts.py."""
    train = make_rows(400).assign(text=lambda rows: rows.text.str.replace(r" \d+ a$", "", regex=True))
    taught, word = planted(train, kind)
    model = bm.finetune(
        taught, text="text", label="label", model=encoder, name=kind, lr=2e-3, epochs=4, precision="fp32",
        pooling="first", validation=0, show=False,
    )  # fmt: skip
    result = find(model, planted(train.head(120), kind, seed=1)[0].text, train)
    assert (result.frame.word[0], result.frame.label[0]) == (word, "good")
    genuine = result.frame.word.isin(GOOD) & (result.frame.label == "good")
    assert (result.frame.suspicion[genuine] == 0).all()

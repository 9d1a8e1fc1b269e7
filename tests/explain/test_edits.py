"""The smallest edit that changes a prediction, and the words that keep it."""

import math

import numpy as np
import pytest

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.events import ignore
from bertmagic.explain import anchors, edits, vocabulary
from bertmagic.workflows import edit

NAN = float("nan")


def find(model, text="the film was awful", pair=None, target=None, protect=(), words_from=None, most=5, emit=ignore):
    return edit.find(model, text, pair, target, protect, words_from, most, emit)


def test_words_of_a_document():
    document = edits.document(["Don't say: it 's a well-made film, 'good' is n't it? 去北", "-- a-- b"])
    assert document.words == (
        "Don't", "say", ":", "it", "'s", "a", "well-made", "film", ",", "'", "good", "'", "is", "n't", "it", "?",
        "去", "北", "-", "-", "a", "-", "-", "b",
    )  # fmt: skip
    assert document.written(document.words) == document.parts


def test_words_are_replaced_deleted_and_swapped_in_their_place():
    document = edits.document(["Good film, really", "a second"])
    start = edits.Draft(document, document.words)
    deleted = start.changed(edits.Change("deleted", 0, "Good", ""))
    assert deleted.parts == ("film, really", "a second")
    assert document.placed(deleted.words)[1][1:3] == ((0, 0, 4), (0, 4, 5))
    assert start.changed(edits.Change("replaced", 1, "film", "plot")).parts[0] == "Good plot, really"
    assert start.changed(edits.Change("swapped", 4, "a second", "second a")).parts[1] == "second a"
    assert start.neighbours(0) == ("", "film")
    assert start.neighbours(5) == ("a", "")


def of_words(weights, threshold=0.0):
    """A judge that sums the weights of words."""

    def judge(texts):
        values = np.array([sum(weights.get(word, 0.0) for word in " ".join(text).split()) for text in texts])
        return values, values > threshold

    return judge


def test_the_search_finds_the_fewest_words():
    words = [("great", NAN), ("fine", NAN)]
    document = edits.document(["a dull and awful film"])
    judge = of_words({"awful": -3.0, "dull": -1.0, "great": 2.0, "fine": 1.0})
    found = edits.search(document, judge, lambda places: [words for _ in places])
    assert found.best.parts == ("a dull and great film",)  # -1 + 2, with one word
    assert found.effects == [0.0, 1.0, 0.0, 3.0, 0.0]
    kept = edits.search(document, judge, lambda places: [words for _ in places], frozenset(["awful"]))
    assert "awful" in kept.best.words
    assert kept.best.cost == 2
    assert edits.search(document, judge, lambda places: [words for _ in places], frozenset(["awful"]), 1).best is None


def test_the_most_fluent_of_equal_edits_is_taken():
    judge = of_words({"awful": -3.0, "great": 2.0, "fine": 1.0})
    words = [("great", 0.01), ("fine", 0.2)]
    found = edits.search(edits.document(["an awful film"]), judge, lambda places: [words for _ in places])
    assert found.best.changes[0].new == "fine"
    assert found.best.changes[0].fluency == 0.2


def test_without_words_an_edit_deletes_or_swaps():
    none = lambda places: [[] for _ in places]  # noqa: E731
    found = edits.search(edits.document(["an awful film"]), of_words({"awful": -3.0}, -1), none)
    assert [change.kind for change in found.best.changes] == ["deleted"]

    def order(texts):
        ready = np.array([text[0] == "bites man dog" for text in texts])
        return ready.astype(float), ready

    found = edits.search(edits.document(["bites dog man"]), order, none)
    assert [(change.kind, change.new) for change in found.best.changes] == [("swapped", "man dog")]


def test_an_unneeded_change_is_taken_back():
    """The word that is enough is proposed only for a draft that has another one."""

    def judge(texts):
        words = [text[0].split() for text in texts]
        ready = np.array(["z" in each for each in words])
        return np.array([each.count("y") for each in words]) + 5.0 * ready, ready

    def propose(places):
        return [[("z" if draft.changes else "y", NAN)] for draft, _ in places]

    found = edits.search(edits.document(["a b c d"]), judge, propose)
    assert [change.new for change in found.best.changes] == ["z"]


def test_an_interrupt_keeps_the_nearest():
    calls = []

    def judge(texts):
        calls.append(texts)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return of_words({"awful": -3.0})(texts)

    found = edits.search(edits.document(["an awful film"]), judge, lambda places: [[("b", NAN)] for _ in places])
    assert found.interrupted
    assert found.best is None
    assert len(found.effects) == 3


def test_words_that_speak_for_a_class():
    texts = ["the good film", "a good plot", "so good !", "the bad film", "a bad plot", "so bad !"] * 2
    assert vocabulary.strongest(texts, ["good" in text for text in texts], 9)[0] == "good"
    assert "bad" not in vocabulary.strongest(texts, ["good" in text for text in texts], 9)
    assert vocabulary.strongest(texts[:2], [True, False], 9) == []


def test_pairs_say_what_fits():
    pairs = vocabulary.Pairs(["so good .", "so good ,", "a film ."])
    assert pairs.fit("so", "good", ".") > pairs.fit("so", "film", ".") > 0
    assert pairs.fit("So", "never", "seen") == 0
    assert [word for word, _ in pairs.best(["film", "never", "good"], "so", ".", 2)] == ["film", "good"]


def test_a_prediction_is_flipped_by_words_of_training(at_home):
    result = find(at_home)
    assert result.flipped
    assert (result.label, result.new_label, result.words) == ("bad", "good", 1)
    assert at_home.predict(result.after[0], show=False).frame.label[0] == "good"
    assert result.source == "the training rows"
    change = result.changes[0]
    assert change.kind == "replaced"
    (part, start, end), (_, begin, stop) = result.spans[0][0], result.spans[1][0]
    assert (result.before[part][start:end], result.after[part][begin:stop]) == (change.old, change.new)
    assert result.probabilities["bad"][0] > 0.5 > result.probabilities["bad"][1]
    assert result.frame.new.tolist() == [change.new]
    assert find(at_home).frame.equals(result.frame)


def test_protected_words_stay(at_home):
    result = find(at_home, protect=["awful the", "Film"])
    assert {"the", "film", "awful"} <= set(result.after[0].split())


def test_without_training_rows_words_are_deleted_and_a_note_says_so(learnt):
    edit._known.pop(learnt, None)
    result = find(learnt)
    assert any("no masked-word head" in note and "training rows are gone" in note for note in result.notes)
    assert {change.kind for change in result.changes} <= {"deleted", "swapped"}


def test_words_of_a_masked_word_head(at_home, small):
    masked = small("masked_language_modeling")
    result = find(at_home, words_from=masked)
    assert masked.name in result.source
    assert all(change.kind != "replaced" or 0 < change.fluency <= 1 for change in result.changes)


def test_the_masked_word_head_of_the_encoder_is_found(small, make_rows):
    masked = small("masked_language_modeling")
    model = bm.finetune(
        make_rows(40), text="text", label="label", model=str(masked.folder), name="own", max_steps=1, validation=0,
        precision="fp32", pooling="first", show=False,
    )  # fmt: skip
    result = find(model)
    assert result.source.startswith("the masked-word head of ")
    assert not result.notes


@pytest.mark.parametrize("kind", ["pairs", "multi_label"])
def test_other_tasks(small, kind, monkeypatch):
    model = small(kind)
    monkeypatch.setenv("BERTMAGIC_HOME", str(model.folder.parent.parent.parent))
    result = find(model, "the film was good ||| it was bad" if kind == "pairs" else "good film", most=2)
    assert result.flipped or result.changes or result.new_label == result.label
    assert len(result.before) == (2 if kind == "pairs" else 1)
    repr(result)


def test_what_cannot_be_edited(at_home, small):
    with pytest.raises(OptionError, match="not a label of 'learnt': bad, good"):
        find(at_home, target="god")
    with pytest.raises(OptionError, match="predicts 'bad' already"):
        find(at_home, target="bad")
    with pytest.raises(DataError, match="no word that may be changed"):
        find(at_home, "awful", protect=["awful"])
    with pytest.raises(DataError):
        find(at_home, "")
    with pytest.raises(ModelError, match="no head for masked words"):
        find(at_home, words_from=at_home)
    with pytest.raises(ModelError, match="decides on no labels"):
        find(small("regression"))


def test_one_word(at_home):
    assert find(at_home, "awful").flipped
    assert find(at_home, "awful").changes[0].kind == "replaced"  # a text without words is none


def test_the_anchor_of_a_rule():
    """The prediction stays where words 1 and 3 are there."""
    found = anchors.search(6, lambda hidden: ~hidden[:, 1] & ~hidden[:, 3])
    assert found.words == (1, 3)
    assert (found.precision, found.high, found.samples) == (1.0, 1.0, 200)
    assert 0.95 < found.low < 1
    assert 0.1 < found.alone < 0.4
    assert anchors.search(6, lambda hidden: np.ones(len(hidden), bool)).words == ()


def test_a_long_text_is_narrowed():
    words = [f"w{at}" for at in range(400)]
    words[333] = "awful"
    calls = []

    def judge(texts):
        calls.append(len(texts))
        return of_words({"awful": -1.0}, -0.5)(texts)

    found = edits.search(edits.document([" ".join(words)]), judge, lambda places: [[] for _ in places])
    assert [(change.kind, change.at) for change in found.best.changes] == [("deleted", 333)]
    assert sum(calls) == found.passes < 220


def test_a_word_that_is_not_needed_leaves_the_anchor():
    """Word 0 alone keeps most predictions and joins first; words 1 and 3 keep all of them."""

    def keeps(hidden):
        return ~hidden[:, 1] & ~hidden[:, 3] | ~hidden[:, 0] & (hidden[:, 4:].sum(axis=1) % 4 != 0)

    assert anchors.search(10, keeps).words == (1, 3)


def test_an_anchor_has_few_words():
    found = anchors.search(40, lambda hidden: ~hidden.any(axis=1))
    assert len(found.words) == anchors.MOST
    assert found.precision < 0.5


def test_an_anchor_that_is_not_found_has_all_words_and_says_so():
    found = anchors.search(4, lambda hidden: np.arange(len(hidden)) % 2 == 0)
    assert found.words == (0, 1, 2, 3)
    assert found.precision == 0.5


def test_an_interrupted_anchor():
    def keeps(hidden):
        raise KeyboardInterrupt

    found = anchors.search(4, keeps)
    assert found.interrupted
    assert math.isnan(found.precision)


def test_the_anchor_of_a_prediction(at_home, small):
    result = edit.anchor(at_home, "the film was awful", None, None, 0.95, 0, ignore)
    assert result.words == ("awful",)
    assert result.label == "bad"
    assert result.anchor.low > 0.9
    assert "“awful”: bad by learnt" in repr(result)
    again = edit.anchor(at_home, "the film was awful", None, "bad", 0.95, 0, ignore)
    assert again.anchor == result.anchor
    with pytest.raises(OptionError, match="an anchor keeps the prediction of 'learnt', which is 'bad'"):
        edit.anchor(at_home, "the film was awful", None, "good", 0.95, 0, ignore)
    with pytest.raises(OptionError, match="precision"):
        edit.anchor(at_home, "the film was awful", None, None, 95, 0, ignore)

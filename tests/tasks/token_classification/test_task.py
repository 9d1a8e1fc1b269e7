"""A tag for each word, from columns to predictions."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic import tasks
from bertmagic.data import tables, tags
from bertmagic.errors import DataError, ModelError
from bertmagic.events import Evaluated
from bertmagic.options import Finetune, read
from bertmagic.tasks.token_classification import alignment
from bertmagic.tasks.token_classification.task import TokenClassification
from bertmagic.workflows import prepare as preparing
from tests.conftest import BAD, GOOD, THINGS

NOTHING = {"text": None, "label": None}


def sentences(count, seed=0):
    """Things are ``THING``; ``very`` and a judgement after it are one ``WORD``, a judgement alone is another."""
    generator = np.random.default_rng(seed)
    made = []
    for number in range(count):
        thing, word = (str(generator.choice(known)) for known in (THINGS, GOOD + BAD))
        words = ["the", thing, "was", *(["very"] if number % 2 else []), word, str(number)]
        judged = ["B-WORD", "I-WORD"] if number % 2 else ["B-WORD"]
        made.append({"tokens": words, "tags": ["O", "B-THING", "O", *judged, "O"], "odd": bool(number % 2)})
    return pd.DataFrame(made)


def documents(count, seed=0, sentences_each=7):
    """So many sentences behind each other in each row: nearly as much as the tiny model reads."""
    rows = sentences(count * sentences_each, seed)
    parts = [rows.iloc[start : start + sentences_each] for start in range(0, count * sentences_each, sentences_each)]
    return pd.DataFrame([{name: part[name].sum() for name in ("tokens", "tags")} | {"odd": False} for part in parts])


def with_spans(frame):
    """The same sentences as running text with spans of characters."""
    made = []
    for words, row_tags in zip(frame["tokens"], frame["tags"], strict=True):
        starts = np.concatenate([[0], np.cumsum([len(word) + 1 for word in words])])
        spans = [(int(starts[a]), int(starts[b]) - 1, label) for a, b, label in tags.entities(row_tags)]
        made.append({"text": " ".join(words), "spans": spans})
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory, encoder):
    """A model that has learnt `sentences`, made once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home))
        return bm.finetune(
            pd.concat([sentences(160), documents(80, 5)], ignore_index=True), model=encoder, name="tagger", lr=5e-3,
            epochs=8, batch_size=16, precision="fp32", test=sentences(40, 1), show=False,
        )  # fmt: skip


def test_it_learns_and_reports(tagger):
    assert tagger.task.name == "token_classification"
    assert tagger.labels == ("THING", "WORD")
    report = tagger.report
    assert list(report.metrics) == [
        "f1", "precision", "recall", "strict_f1", "strict_precision", "strict_recall", "accuracy", "loss",
        "partial_f1", "partial_precision", "partial_recall",
    ]  # fmt: skip
    assert report.metrics["f1"] > 0.95
    assert [score.label for score in report.classes] == ["THING", "WORD"]
    assert [score.support for score in report.classes] == [40, 40]
    heads = [line.split() for line in repr(report).splitlines()]
    assert ["type", "precision", "recall", "F1", "entities", "partial", "F1", "95", "%", "of", "F1"] in heads


def test_the_report_is_that_of_seqeval_on_the_predictions(tagger):
    from seqeval.metrics import f1_score

    frame = sentences(40, 2)
    report = tagger.evaluate(frame, by=["odd"], show=False)
    predictions = tagger.predict(frame, show=False)
    predicted = []
    for at, words in enumerate(frame["tokens"]):
        starts = np.concatenate([[0], np.cumsum([len(word) + 1 for word in words])]).tolist()
        marked = predictions.of(at)[["start", "end", "label"]].itertuples(index=False)
        entities = [tags.Entity(starts.index(start), starts.index(end + 1), label) for start, end, label in marked]
        predicted.append(tags.written(entities, len(words)))
    assert report.metrics["f1"] == pytest.approx(f1_score(frame["tags"].tolist(), predicted))
    assert [(part.value, part.rows) for part in report.slices] == [("False", 20), ("True", 20)]


def test_entities_have_their_characters_in_texts_of_every_kind(tagger):
    texts = [
        "the film was very good",
        "🙂 the book\u200b was bad!!",
        "the\u00a0phone was (sad) 好",
        None,
        "",
        "x" * 300,
    ]
    predictions = tagger.predict(pd.Series(texts, index=[3, 3, 5, 6, 7, 8]), show=False)
    assert predictions.frame.columns.tolist() == ["row", "start", "end", "text", "label", "score"]
    assert predictions.missing == 2
    assert len(predictions.frame) >= 6
    for at, (row, start, end, text, *_) in zip(
        predictions.rows, predictions.frame.itertuples(index=False), strict=True
    ):
        assert texts[at][start:end] == text
        assert row == [3, 3, 5, 6, 7, 8][at]
    assert predictions.frame["text"].tolist()[:2] == ["film", "very good"]
    assert predictions.frame["score"].between(0, 1).all()


def test_half_a_character_moves_no_other(tagger):
    text = "\ud83d the film was very\ud83d good"
    for given in (text, text.split()):
        predictions = tagger.predict([given], show=False)
        for start, end, written in predictions.frame[["start", "end", "text"]].itertuples(index=False):
            assert text[start:end].replace("\ud83d", "�") == written
        assert "film" in predictions.frame["text"].tolist()
        assert "film" in predictions._repr_mimebundle_()["text/html"]


def test_words_are_predicted_as_texts_are(tagger):
    words = ["the", "film", "was", "very", "good"]
    one, other = tagger.predict([words, []], show=False), tagger.predict([" ".join(words), ""], show=False)
    assert one.frame.equals(other.frame)
    assert (one.missing, one.text(0), one.text(1)) == (1, "the film was very good", None)
    table = pd.DataFrame({"tokens": [words], "n": [1]}, index=["r"])
    assert tagger.predict(table, show=False).frame["row"].tolist() == ["r", "r"]
    nothing = tagger.predict([None], show=False)
    assert (len(nothing.frame), nothing.missing) == (0, 1)
    assert nothing.frame.dtypes[1:].equals(one.frame.dtypes[1:])


@pytest.mark.parametrize("trained_on", ["tokens", "text"])
def test_the_words_of_a_file_are_found_by_their_name(tagger, tmp_path, monkeypatch, trained_on):
    (tmp_path / "new.conll").write_text("the\tO\nfilm\tO\nwas\tO\ngood\tO\n\na\tO\nbook\tB-THING\n")
    monkeypatch.setattr(tagger, "card", tagger.card | {"text": trained_on})
    assert tagger.predict(tmp_path / "new.conll", show=False).frame["row"].tolist()[:1] == [1]
    assert tagger.evaluate(tmp_path / "new.conll", show=False).rows == 2
    assert tagger.task.text_column(tables.read({"text": ["a"], "n": [1]})) == "text"


def test_of_a_long_text_nothing_is_lost(tagger):
    long = documents(1, 3, sentences_each=60)
    text, (spans,) = " ".join(long["tokens"][0]), with_spans(long)["spans"]
    predictions = tagger.predict(text, show=False)
    places = [tuple(row) for row in predictions.frame[["start", "end", "label"]].itertuples(index=False)]
    assert places == sorted(set(places))
    assert len({*places} & {*spans}) > 0.8 * len(spans)  # the model is tiny: it is not always right
    assert [text[start:end] for start, end, _ in places] == predictions.frame["text"].tolist()
    assert "overlapping windows" in predictions.notes[0]
    assert tagger.card["long_text"] == "window"


def test_saved_and_loaded_it_predicts_the_same(tagger, tmp_path):
    tagger.save(tmp_path / "kept")
    again = bm.load(tmp_path / "kept", precision="fp32")
    texts = [" ".join(row) for row in sentences(10, 4)["tokens"]]
    assert again.task == tagger.task
    assert again.predict(texts, show=False).frame.equals(tagger.predict(texts, show=False).frame)


def test_spans_and_words_give_the_same_examples(tagger):
    frame = sentences(12)
    one, other = frame, with_spans(frame)
    kind = tasks.infer(tables.read(other), NOTHING)
    assert kind is TokenClassification
    columns, note = kind.columns(tables.read(other), NOTHING)
    assert columns == {"text": "text", "label": "spans"}
    assert note == "Inferred from the DataFrame: text = 'text', label = 'spans'."
    task, rows, _ = kind.read(tables.read(other), columns)
    same, others, _ = kind.read(tables.read(one), {"text": "tokens", "label": "tags"})
    assert task == same
    assert rows.targets.tolist() == others.targets.tolist()
    assert task.counts(rows) == {"THING": 12, "WORD": 12}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"tokens": [["a"]], "ner_tags": [["B-X"]]}, ("tokens", "ner_tags")),
        ({"words": [["a"]], "pos": [["NN"]], "chunk_tags": [["B-NP"]], "ner_tags": [["O"]]}, ("words", "ner_tags")),
        ({"tokens": ['["a"]'], "tags": ['["O"]']}, ("tokens", "tags")),
        ({"tokens": [["a"]], "tags": [["PER"]]}, ("tokens", "tags")),
        ({"tokens": [["a"]], "tags": [[3]]}, ("tokens", "tags")),
        ({"text": ["a b"], "entities": [[[0, 1, "X"]]]}, ("text", "entities")),
        ({"text": ["a b"], "label": ["[[0, 1, 'X']]"]}, ("text", "label")),
        ({"said": ["a longer text than"], "spans": [[{"start": 0, "end": 1, "label": "X"}]]}, ("said", "spans")),
    ],
)  # fmt: skip
def test_the_columns_tell_the_task(columns, expected):
    table = tables.read(pd.DataFrame(columns))
    assert tasks.infer(table, NOTHING) is TokenClassification
    inferred, _ = TokenClassification.columns(table, NOTHING)
    assert (inferred["text"], inferred["label"]) == expected


def test_other_tables_are_for_other_tasks():
    for columns in (
        {"text": ["a b"] * 4, "label": ["x", "y"] * 2},
        {"text": ["a b"] * 2, "labels": [["x"], ["y", "z"]]},
        {"context": ["a"], "question": ["b"], "answers": [{"text": ["a"], "answer_start": [0]}]},
    ):
        assert not TokenClassification.fits(tables.read(pd.DataFrame(columns)), NOTHING)
    tagged = tables.read(sentences(3).assign(text="a", kind="b"))
    assert not TokenClassification.fits(tagged, {"text": "text", "label": "kind"})


def test_columns_that_are_not_clear_are_asked_for():
    frame = pd.DataFrame({"left": [["a"]], "right": [["b"]], "tags": [["O"]]})
    with pytest.raises(DataError, match="no column of the DataFrame holds tags"):
        TokenClassification.columns(tables.read(frame), NOTHING)
    with pytest.raises(DataError, match="could be left, right"):
        TokenClassification.columns(tables.read(frame), {"text": None, "label": "tags"})
    assert TokenClassification.columns(tables.read(frame), {"text": "left", "label": "tags"})[1] == ""


def test_the_sample_is_checked_with_its_types_counted():
    report = bm.check("sample:entities")
    assert report.task == "token_classification"
    assert set(report.labels) == {"PER", "ORG", "LOC", "DATE", "PRODUCT"}
    assert min(report.labels.values()) >= 50
    (unread,) = [finding for finding in report.findings if finding.severity != "info"]
    assert unread.what.startswith("minilm cannot read 30 of 284 rows (10.6 %): 30 in Chinese")


def test_bad_rows_become_findings_of_the_check():
    frame = sentences(30)
    frame.at[4, "tags"] = ["O"]
    report = bm.check(frame)
    assert [finding.what for finding in report.findings if finding.severity == "error"] == [
        "row 4 of frame has 5 words and 1 tag."
    ]


def test_no_entity_and_an_unknown_type_are_errors():
    frame, columns = sentences(20), {"text": "tokens", "label": "tags"}
    without = frame.assign(tags=[["O"] * len(row) for row in frame["tokens"]])
    with pytest.raises(DataError, match="marks no entity in any row"):
        TokenClassification.read(tables.read(without), columns)
    with pytest.raises(
        DataError, match=r"has types that training did not have: 'WORD' in 20 rows, such as row 0"
    ) as caught:
        TokenClassification.of_types(["THING"]).examples(tables.read(frame), columns)
    assert "The types are THING" in caught.value.fix


def test_each_type_is_held_out_by_its_share():
    frame = sentences(100)
    frame.loc[:9, "tags"] = frame.loc[:9, "tags"].map(lambda row: ["B-RARE", *row[1:]])
    options = read(Finetune, {"train": 1, "validation": 0.2})
    prepared = preparing.check_rows(TokenClassification, options, {"train": tables.read(frame)})
    assert prepared.task.counts(prepared.validation)["RARE"] == 2
    assert prepared.task.labels == ("RARE", "THING", "WORD")


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_a_loss_in_pieces_is_the_loss_of_the_whole(class_weights):
    task, rows, _ = TokenClassification.read(tables.read(sentences(20)), {"text": "tokens", "label": "tags"})
    options = read(Finetune, {"train": 1, "class_weights": class_weights, "label_smoothing": 0.1})
    objective = task.objective(rows, options)
    logits, targets = torch.randn(6, 7, 5), torch.randint(0, 5, (6, 7))
    targets[:, 4:] = -100
    targets[2] = -100
    counts = np.bincount([tag for row in rows.targets for tag in row], minlength=5)
    balanced = torch.tensor(counts.sum() / (5 * np.maximum(counts, 1)), dtype=torch.float32)
    whole = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), balanced if class_weights == "balanced" else None, label_smoothing=0.1
    )
    pieces = [(logits[:2], targets[:2]), (logits[2:3], targets[2:3]), (logits[3:], targets[3:])]
    total = sum(objective.total(*piece) for piece in pieces) / sum(objective.weight(piece[1]) for piece in pieces)
    torch.testing.assert_close(total, whole)


def test_all_pieces_are_learnt_where_asked(tokenizer, tmp_path):
    from bertmagic.data.cache import Cache

    frame = pd.DataFrame({"tokens": [["filmab", "wasc"]], "tags": [["B-X", "I-X"]]})
    targets = {}
    for asked in (False, True):
        options = read(Finetune, {"train": 1, "label_all_pieces": asked})
        task, rows, _ = TokenClassification.read(tables.read(frame), {"text": "tokens", "label": "tags"}, options)
        samples = task.encode(Cache(tmp_path, tokenizer, 64, "window"), rows, lambda done, total: None)
        targets[asked] = task.feed(samples, rows, 0, False, 0).targets.tolist()
        assert TokenClassification.from_card(json.loads(json.dumps(task.card())), {}) == task
    assert targets == {False: [-100, 1, -100, -100, 2, -100, -100], True: [-100, 1, 2, 2, 2, 2, -100]}


BIOES = {0: "O", 1: "B-X", 2: "I-X", 3: "E-X", 4: "S-X"}


def test_a_model_from_elsewhere_is_read_by_the_names_of_its_outputs(encoder, tokenizer, tmp_path):
    from transformers import AutoModelForTokenClassification

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForTokenClassification.from_pretrained(encoder, id2label=BIOES, num_labels=5)
    model.save_pretrained(tmp_path / "other")
    tokenizer.save_pretrained(tmp_path / "other")
    other = bm.load(tmp_path / "other", precision="fp32")
    assert (other.task.labels, other.task.tags, other.task.valid) == (("X",), tuple(BIOES.values()), False)
    predictions = other.predict(["the film was good", "a book"], show=False)
    assert set(predictions.frame["label"]) <= {"X"}
    report = other.evaluate(pd.DataFrame({"tokens": [["the", "film"]], "tags": [["O", "B-X"]]}), show=False)
    assert 0 <= report.metrics["f1"] <= 1
    other.save(tmp_path / "again")
    assert bm.load(tmp_path / "again").task == other.task


@pytest.mark.parametrize("named", [{"0": "LABEL_0", "1": "LABEL_1"}, {"0": "B-PER", "1": "I-PER"}, {"0": "O"}, {}])
def test_outputs_that_are_no_tags_are_an_error(named):
    with pytest.raises(ModelError, match="outputs of the model are not tags of words"):
        TokenClassification.from_card({}, {"id2label": named})


def test_names_without_a_prefix_are_the_tags_of_any_word():
    task = TokenClassification.from_card({}, {"id2label": {"1": "PER", "0": "O"}})
    assert (task.labels, task.tags) == (("PER",), ("O", "I-PER"))


def test_the_tokens_come_from_the_cache_with_their_characters(tmp_path, tokenizer):
    from bertmagic.data.cache import Cache

    task, rows, _ = TokenClassification.read(tables.read(documents(60)), {"text": "tokens", "label": "tags"})
    cache = Cache(tmp_path, tokenizer, 32, "window")
    first, again = (task.encode(cache, rows, lambda done, total: None) for _ in range(2))
    assert list(tmp_path.rglob("*.tokens"))
    assert np.array_equal(first.spans, again.spans)
    assert np.array_equal(task.feed(first, rows, 0, False, 0).targets, task.feed(again, rows, 0, False, 0).targets)


def test_words_are_aligned_once_however_often_rows_are_evaluated(tmp_path, encoder, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path))
    aligned = []
    original = alignment.align
    monkeypatch.setattr(alignment, "align", lambda tokens, words: aligned.append(len(words)) or original(tokens, words))
    evaluations = []
    bm.finetune(
        sentences(40), model=encoder, validation=sentences(10, 1), test=sentences(12, 2), max_steps=4, eval_every=1,
        precision="fp32", show=False, on_event=lambda event: evaluations.append(event) if isinstance(event, Evaluated)
        else None,
    )  # fmt: skip
    assert len(evaluations) == 4
    assert sorted(aligned) == [10, 12, 40]


def test_parts_of_speech_are_not_taken_for_words():
    sentences = ["Ada wrote .", "Bob left Paris"]
    frame = pd.DataFrame({"Sentence": sentences, "POS": [["NN"] * 3] * 2, "Tag": [["B-PER", "O", "O"]] * 2})
    assert TokenClassification.columns(tables.read(frame), {"text": None, "label": None})[0] == {
        "text": "Sentence", "label": "Tag",
    }  # fmt: skip
    with pytest.raises(DataError, match="no column of the DataFrame holds tags or spans"):
        TokenClassification.columns(tables.read(frame.drop(columns="Sentence")), {"text": None, "label": None})


def test_types_that_look_alike_are_named():
    frame = pd.DataFrame(
        {"tokens": [["Ada", "wrote"], ["Bob", "left"]] * 3, "tags": [["B-PER", "O"], ["B-Per", "O"]] * 3}
    )
    _, _, findings = TokenClassification.read(tables.read(frame), {"text": "tokens", "label": "tags"})
    (alike,) = (finding for finding in findings if "alike" in finding.what)
    assert alike.what == "labels look alike: 'PER' (3 entities), 'Per' (3 entities); they differ in case."
    assert alike.fix == "They are 2 types. If they mean the same, write them alike."

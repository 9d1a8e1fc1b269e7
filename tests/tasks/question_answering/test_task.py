"""Answers to questions out of their contexts, from columns to predictions."""

import json
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.data.cache import Cache
from bertmagic.errors import DataError, Interrupted, OptionError
from bertmagic.events import Evaluated, Step
from bertmagic.options import Finetune, read
from bertmagic.tasks.question_answering import alignment
from bertmagic.tasks.question_answering.task import QuestionAnswering
from bertmagic.workflows import prepare as preparing
from tests.conftest import BAD, GOOD, THINGS
from tests.small import questions as small_questions

FILLING = ("it", "was", "a", "long", "story", "and", "we", "had", "this", "book")
COLUMNS = {"question": "question", "context": "context", "answers": "answers"}


def questions(count, seed=0, filling=0):
    """Two questions a context: for the word that praises, and for the one that blames, which a third of them lacks.

    So many words that are no answer stand before what is asked for, and behind it.
    """
    generator, made = np.random.default_rng(seed), []
    for number in range(count):
        thing, good, bad = (str(generator.choice(known)) for known in (THINGS, GOOD, BAD))
        both = bool(number % 3)
        context = f"the {thing} was very {good}" + (f" and really {bad}" if both else "") + f" {number}"
        before, behind = (" ".join(generator.choice(FILLING, filling)) for _ in range(2))
        context = f"{before} {context} {behind}".strip()
        for kind, word in (("good", good), ("bad", bad if both else None)):
            gold = {"text": [word], "answer_start": [context.index(word)]} if word else {"text": [], "answer_start": []}
            made.append({"context": context, "question": f"a {kind} {thing} ?", "answers": gold, "both": both})
    return pd.DataFrame(made)


def with_answers(frame):
    return frame[[bool(gold["text"]) for gold in frame["answers"]]].reset_index(drop=True)


def as_squad(frame):
    """The same rows nested as in the files of SQuAD 2.0."""
    paragraphs = []
    for context, part in frame.groupby("context", sort=False):
        qas = []
        for question, gold in zip(part["question"], part["answers"], strict=True):
            answers = [{"text": t, "answer_start": s} for t, s in zip(gold["text"], gold["answer_start"], strict=True)]
            qas.append({"id": question, "question": question, "answers": answers, "is_impossible": not answers})
        paragraphs.append({"context": context, "qas": qas})
    return {"version": "v2.0", "data": [{"title": "Things", "paragraphs": paragraphs}]}


@pytest.fixture(scope="module")
def reader(tmp_path_factory, encoder):
    """A model that has learnt `questions`, made once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home))
        return bm.finetune(
            pd.concat([questions(200), questions(20, 5, filling=30)], ignore_index=True), model=encoder, name="reader",
            lr=3e-3, epochs=12, batch_size=16, precision="fp32", test=questions(30, 1), show=False,
        )  # fmt: skip


def test_it_learns_and_reports(reader):
    assert reader.task.name == "question_answering"
    report = reader.report
    assert list(report.metrics) == ["exact_match", "f1", "loss"]
    assert report.metrics["f1"] > 0.9
    assert [(part.column, part.value, part.rows) for part in report.slices] == [
        ("questions", "with an answer", 50), ("questions", "without", 10),
    ]  # fmt: skip
    assert any("0.167" in note for note in report.notes)
    assert any(f"{reader.task.threshold:+.2f} or more above" in note for note in report.notes)
    assert reader.card["no_answer_threshold"] == reader.task.threshold != 0


def test_the_report_is_that_of_torchmetrics_on_the_predictions(reader):
    from torchmetrics.functional.text import squad

    frame = with_answers(questions(40, 2))
    predictions = reader.predict(frame, show=False).frame
    predicted = [{"prediction_text": one, "id": str(i)} for i, one in enumerate(predictions["answer"])]
    golds = [{"answers": gold, "id": str(i)} for i, gold in enumerate(frame["answers"])]
    expected = squad(predicted, golds)
    report = reader.evaluate(frame, by=["both"], show=False)
    assert 100 * report.metrics["f1"] == pytest.approx(float(expected["f1"]), abs=1e-3)
    assert 100 * report.metrics["exact_match"] == pytest.approx(float(expected["exact_match"]), abs=1e-3)
    assert {(part.value, part.rows) for part in report.slices} == {("False", 14), ("True", 52)}
    assert not report.notes
    renamed = frame.rename(columns={"question": "q", "context": "c", "answers": "gold"})
    asked = {"question": "q", "context": "c", "answers": "gold"}
    assert reader.evaluate(renamed, **asked, show=False).metrics == report.metrics


def test_predictions_keep_rows_order_and_missing_texts(reader):
    context = "the film was very good and really sad"
    given = pd.DataFrame(
        {
            "question": ["a bad film ?", None, "a good film ?", "a good film ?", " "],
            "context": [context, context, None, context, context],
        },
        index=["x", "y", "y", "x", "z"],
    )
    predictions = reader.predict(given, show=False)
    frame = predictions.frame
    assert frame.columns.tolist() == ["row", "answer", "start", "end", "score"]
    assert frame.index.tolist() == frame["row"].tolist() == ["x", "y", "y", "x", "z"]
    assert frame["answer"].isna().tolist() == frame["start"].isna().tolist() == [False, True, True, False, True]
    assert frame["score"].isna().tolist() == [False, True, True, False, True]
    assert (predictions.missing, predictions.task) == (3, "question_answering")
    assert frame["answer"].dropna().tolist() == ["sad", "good"]
    assert [str(kind) for kind in frame.dtypes.iloc[1:]] == ["string", "Int64", "Int64", "Float64"]
    nothing = reader.predict(given.iloc[[1, 4]], show=False)
    assert (len(nothing.frame), nothing.missing, len(nothing.candidates)) == (2, 2, 0)


def test_characters_are_those_of_the_text_of_the_user(reader):
    contexts = [
        "🙂the film was very good 👍🏽 and really sad 7", "the\u00a0film\u200b was  very good 好",
        "the FILM was ve\u0301ry Good and really sad 👩‍👩‍👧",
    ]  # fmt: skip
    predictions = reader.predict([("a good film ?", context) for context in contexts], show=False)
    assert predictions.frame["answer"].tolist() == ["good", "good", "Good"]
    for context, (_, answer, start, end, _) in zip(contexts, predictions.frame.itertuples(index=False), strict=True):
        assert context[start:end] == answer
    for row in predictions.candidates.dropna().itertuples():
        assert contexts[row.row][row.start : row.end] == row.answer


def test_a_pair_is_written_in_every_usual_way(reader):
    context = "the film was very good and really sad"
    pair = ("a bad film ?", context)
    ways = [
        pair, [pair], " ||| ".join(pair), [" ||| ".join(pair)], pd.Series([" ||| ".join(pair)]), pd.Series([pair]),
        {"question": pair[0], "context": context}, [{"Question": pair[0], "CONTEXT": context}],
        pd.DataFrame([pair], columns=["q", "c"]),
    ]  # fmt: skip
    for way in ways:
        assert reader.predict(way, show=False).frame["answer"].tolist() == ["sad"]
    renamed = pd.DataFrame([(*pair, 1)], columns=["q", "c", "n"])
    assert reader.predict(renamed, question="q", context="c", show=False).frame["answer"].tolist() == ["sad"]
    indexed = reader.predict(pd.Series([" ||| ".join(pair), None], index=[7, 3]), show=False)
    assert indexed.frame.index.tolist() == [7, 3]
    assert indexed.missing == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a good film ?", "row 0 is not a pair of question, context but 'a good film"),
        (None, "there is nothing to predict"),
        ([("a", "b", "c")], "is not a pair"),
        (pd.DataFrame({"q": ["a"], "c": ["b"], "n": [1]}), "reads question, context; given has the columns"),
        (pd.DataFrame({"question": ["a"], "context": [3]}), "holds 1 value that is not text, such as 3"),
    ],
)  # fmt: skip
def test_a_question_without_a_context_is_an_error(reader, given, message):
    with pytest.raises(DataError, match=message):
        reader.predict(given, show=False)


def test_many_questions_at_once_are_answered_as_one_by_one(reader):
    frame = questions(20, 3)
    once = reader.predict(frame, show=False)
    each = [reader.predict(frame.iloc[[at]], show=False).frame for at in range(len(frame))]
    together = pd.concat(each)
    assert once.frame[["answer", "start", "end"]].equals(together[["answer", "start", "end"]])
    assert np.allclose(once.frame["score"].astype(float), together["score"].astype(float), atol=1e-4)


def test_the_next_best_answers_come_with_their_ranks_and_probabilities(reader):
    predictions = reader.predict(questions(6, 4), show=False)
    table = predictions.candidates
    assert table.columns.tolist() == ["row", "rank", "answer", "start", "end", "score"]
    for row, part in table.groupby("row"):
        assert part["rank"].tolist() == [1, 2, 3, 4, 5, 6]
        assert part["score"].is_monotonic_decreasing
        assert 0 < part["score"].sum() <= 1 + 1e-6
        assert part["answer"].eq("").sum() == 1, "one of them is that there is none"
        assert not part[["start", "end"]].duplicated().any()
        assert predictions.frame["answer"][row] in part["answer"].tolist()[:2]


def test_of_a_long_context_all_is_read(reader):
    frame = with_answers(questions(20, 7, filling=200))
    predictions = reader.predict(frame, show=False)
    assert "overlapping windows" in predictions.notes[0]
    right = predictions.frame["start"] == [gold["answer_start"][0] for gold in frame["answers"]]
    assert right.mean() > 0.3, "a guess is right once in 400 words; the tiny model has seen few long ones"
    assert reader.card["long_text"] == "window"


def test_saved_and_loaded_it_answers_the_same(reader, tmp_path):
    reader.save(tmp_path / "kept")
    again = bm.load(tmp_path / "kept", precision="fp32")
    assert again.task == reader.task
    frame = questions(10, 4)
    assert again.predict(frame, show=False).frame.equals(reader.predict(frame, show=False).frame)
    assert again.predict(frame, show=False).candidates.equals(reader.predict(frame, show=False).candidates)


def test_a_model_from_elsewhere_answers(encoder, tokenizer, tmp_path):
    from transformers import AutoModelForQuestionAnswering

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForQuestionAnswering.from_pretrained(encoder)
    model.save_pretrained(tmp_path / "other")
    tokenizer.save_pretrained(tmp_path / "other")
    other = bm.load(tmp_path / "other", precision="fp32")
    assert other.task == QuestionAnswering()
    context = "the film was very good"
    predictions = other.predict(("a good film ?", context), show=False)
    start, end = predictions.candidates.dropna().iloc[0][["start", "end"]]
    with torch.no_grad():
        output = model(**tokenizer("a good film ?", context, return_tensors="pt"))
    first, last = output.start_logits[0, 6:-1], output.end_logits[0, 6:-1]
    best = torch.triu(first[:, None] + last[None]).where(torch.ones(5, 5).triu() > 0, torch.tensor(-torch.inf)).argmax()
    words = context.split()
    assert context[start:end] == " ".join(words[int(best) // 5 : int(best) % 5 + 1])
    assert 0 <= other.evaluate(questions(5), show=False).metrics["f1"] <= 1
    with pytest.raises(bm.BertMagicError, match="no question-answering head"):
        bm.load(QUESTIONLESS(tmp_path, encoder))


def QUESTIONLESS(folder, encoder):
    import shutil

    shutil.copytree(encoder, folder / "headless")
    path = folder / "headless" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"architectures": ["BertForQuestionAnswering"]}))
    return str(folder / "headless")


def test_every_kind_of_data_gives_the_same_examples(tmp_path):
    import datasets

    frame = questions(12)
    (tmp_path / "squad.json").write_text(json.dumps(as_squad(frame)))
    frame.drop(columns="both").to_csv(tmp_path / "squad.csv", index=False)
    frame.to_json(tmp_path / "squad.jsonl", orient="records", lines=True)
    plain = frame.assign(
        answers=[(gold["text"] or [None])[0] for gold in frame["answers"]],
        answer_start=[(gold["answer_start"] or [None])[0] for gold in frame["answers"]],
    )
    features = datasets.Features(
        {
            "context": datasets.Value("string"),
            "question": datasets.Value("string"),
            "answers": datasets.Sequence({"text": datasets.Value("string"), "answer_start": datasets.Value("int32")}),
        }
    )
    hub = datasets.Dataset.from_list(frame.drop(columns="both").to_dict("records"), features=features)
    sources = [
        frame, hub, plain, tmp_path / "squad.json", tmp_path / "squad.csv", tmp_path / "squad.jsonl",
        frame.to_dict("records"), frame.to_dict("list"),
    ]  # fmt: skip
    expected = None
    for source in sources:
        table = tables.read(source)
        kind = tasks.infer(table, {})
        assert kind is QuestionAnswering
        columns, note = kind.columns(table, {})
        assert "question = 'question', context = 'context', answers = 'answers'" in note
        task, rows, findings = kind.read(table, columns)
        expected = expected or rows.targets.tolist()
        assert rows.targets.tolist() == expected
        assert task.threshold == 0
        assert task.counts(rows) == {"with an answer": 20, "without": 4}
        assert [finding.what for finding in findings] == ["4 of 24 questions have no answer."]


def test_other_names_of_columns_are_known_or_asked_for():
    frame = questions(3).rename(columns={"question": "Query", "context": "passage", "answers": "answer"})
    columns, _ = QuestionAnswering.columns(tables.read(frame), {})
    assert columns == {"question": "Query", "context": "passage", "answers": "answer"}
    odd = frame.rename(columns={"Query": "q", "passage": "c", "answer": "a"})
    assert not QuestionAnswering.fits(tables.read(odd), {})
    asked = {"question": "q", "context": "c", "answers": "a"}
    assert QuestionAnswering.fits(tables.read(odd), asked)
    assert QuestionAnswering.columns(tables.read(odd), asked) == (asked, "")
    assert not QuestionAnswering.fits(tables.read(questions(3)), {"text": "question", "label": "both"})


@pytest.mark.parametrize(
    ("asked", "message", "fix"),
    [
        ({"context": "ctx"}, r"no column 'ctx' .*Did you mean 'context'", 'context = "NAME"'),
        ({"question": "context"}, "name one column twice", "three columns"),
        ({"text": "question"}, "text names a column", "question = "),
    ],
)
def test_columns_that_cannot_be_meant_are_errors(asked, message, fix):
    with pytest.raises(DataError, match=message) as caught:
        QuestionAnswering.columns(tables.read(questions(3)), asked)
    assert fix in caught.value.fix


@pytest.mark.parametrize("role", COLUMNS)
def test_a_column_that_is_missing_is_named(role):
    with pytest.raises(DataError, match=f"no column of the DataFrame is called '{role}'") as caught:
        QuestionAnswering.columns(tables.read(questions(3).drop(columns=role)), {})
    assert f'{role} = "NAME"' in caught.value.fix


def changed(column, values, rows=10):
    frame = questions(20)
    frame[column] = frame[column].astype(object)
    for row in range(rows):
        frame.at[row, column] = values
    return frame


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (changed("context", None), "10 questions without a context .* are 25% of its 40 rows"),
        (changed("question", " "), "10 rows without a question .* are 25% of its 40 rows"),
        (changed("answers", 3), r"column 'answers' of the DataFrame holds 3 \(int\) in row 0"),
        (changed("answers", {"answer_start": [1]}), "a dict without 'text'"),
        (changed("answers", {"text": ["a", "b"], "answer_start": [1]}), "2 texts and 1 offset"),
        (changed("answers", "nowhere"), "25% of the questions have an answer that is not in its context"),
        (changed("answers", "a"), "% of the questions have an answer that occurs more than once in its context"),
        (changed("answers", None, 40), "has no question with an answer"),
        (changed("context", 3), "10 values that are not text, such as 3"),
    ],
)  # fmt: skip
def test_bad_rows_are_errors_and_findings(frame, message):
    with pytest.raises(DataError, match=message):
        QuestionAnswering.read(tables.read(frame), COLUMNS)
    report = bm.check(frame)
    assert [finding.severity for finding in report.findings].count("error") >= 1


def test_an_answer_whose_offset_is_off_is_found_again_and_reported():
    frame = questions(30)
    frame.at[2, "answers"] = {"text": frame.at[2, "answers"]["text"], "answer_start": [0]}
    frame.at[4, "answers"] = {"text": ["nowhere"], "answer_start": [0]}
    _, rows, findings = QuestionAnswering.read(tables.read(frame), COLUMNS)
    word = questions(30).at[2, "answers"]["text"][0]
    assert len(rows) == 59, "nothing is learnt from an answer that is nowhere"
    answer = rows.targets[2][0]
    assert rows.second[2][answer.start : answer.end] == word
    rows_by_finding = {finding.what: finding.rows for finding in findings}
    assert rows_by_finding["1 answer is not at the given offset."] == (2,)
    assert rows_by_finding["1 question with an answer that is not in its context."] == (4,)
    examples, _ = QuestionAnswering().examples(tables.read(frame), COLUMNS)
    assert len(examples) == 60, "where rows are measured, its text counts"


def test_answers_that_are_too_long_are_said_before_training(encoder):
    frame = with_answers(questions(20))
    frame["answers"] = [{"text": [text], "answer_start": [0]} for text in frame["context"]]
    with pytest.raises(DataError, match=r"answers are too long: they have more than 4 tokens, such as that of row"):
        bm.finetune(frame, model=encoder, max_answer_length=4, show=False)
    frame.loc[1:, "answers"] = with_answers(questions(20)).loc[1:, "answers"]
    notes = []
    bm.finetune(frame, model=encoder, max_answer_length=4, max_steps=1, validation=0, show=False, on_event=notes.append)
    assert any("too long" in str(event) and "max_answer_length = 6" in str(event) for event in notes)


def test_a_look_at_the_data_finds_answers_that_are_too_long(encoder):
    frame = with_answers(questions(20))
    frame["context"] = frame["context"] + " and" * 40
    frame["answers"] = [{"text": [text], "answer_start": [0]} for text in frame["context"]]
    report = bm.check(frame, model=encoder)
    assert "answers are too long: they have more than 30 tokens" in report.findings[0].what
    assert report.findings[0].severity == "error"
    assert report.examples[0][2] == frame["context"][0]


@pytest.mark.parametrize(
    "options", [{"long_text": "head_tail"}, {"label_smoothing": 0.1}, {"class_weights": "balanced"}]
)
def test_options_that_answers_do_not_have_are_errors(encoder, options):
    with pytest.raises(OptionError, match="and an answer"):
        bm.finetune(questions(10), model=encoder, show=False, **options)


def test_the_questions_of_a_context_are_held_out_together():
    frame = questions(40)
    frame["context"] = [context.upper() if n % 2 else context for n, context in enumerate(frame["context"])]
    frame["answers"] = [None if n % 2 else gold for n, gold in enumerate(frame["answers"])]
    options = read(Finetune, {"train": 1, "validation": 0.25})
    prepared = preparing.check_rows(QuestionAnswering, options, {"train": tables.read(frame)})
    contexts = [{text.lower() for text in part.second} for part in (prepared.train, prepared.validation)]
    assert contexts[0].isdisjoint(contexts[1])
    assert len(prepared.validation) == 20


def test_without_questions_that_lack_one_an_answer_is_always_given(encoder):
    frame = with_answers(questions(20))
    model = bm.finetune(frame, model=encoder, name="m", max_steps=2, precision="fp32", show=False)
    assert model.task.threshold is None
    predictions = model.predict(questions(10, 3), show=False)
    assert predictions.frame["start"].notna().all()
    assert predictions.candidates["start"].notna().all()
    assert model.evaluate(questions(10, 3), show=False).notes[1].startswith("All questions of training had an answer")


def test_the_threshold_of_validation_is_the_one_with_the_best_f1(reader):
    frame = questions(20, 6)
    rows, _ = reader.task.examples(tables.read(frame), COLUMNS)
    cache = Cache(reader.folder, reader.tokenizer, 64, "window")
    samples = reader.task.encode(cache, rows, lambda done, total: None)
    scores = np.random.default_rng(0).normal(size=(len(samples.ids), 2)).astype(np.float32)
    tuned = reader.task.tuned(scores, rows, samples)
    best = tuned.metrics(scores, rows, samples)["f1"]
    for threshold in np.arange(-12, 12, 0.25):
        other = QuestionAnswering(float(threshold), reader.task.max_answer_length)
        assert other.metrics(scores, rows, samples)["f1"] <= best + 1e-9
    assert QuestionAnswering(None).tuned(scores, rows, samples).threshold is None


def test_answers_are_located_once_however_often_rows_are_evaluated(tmp_path, encoder, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path))
    located, evaluations = [], []
    original = alignment.Places
    monkeypatch.setattr(
        alignment, "Places", lambda targets, lengths: located.append(len(lengths)) or original(targets, lengths)
    )
    bm.finetune(
        questions(20), model=encoder, validation=questions(5, 1), test=questions(6, 2), max_steps=4, eval_every=1,
        precision="fp32", show=False, on_event=lambda event: evaluations.append(event) if isinstance(event, Evaluated)
        else None,
    )  # fmt: skip
    assert len(evaluations) == 4
    assert sorted(located) == [10, 12, 40]


def test_tokens_with_other_answers_locate_those(tmp_path, tokenizer):
    task, rows, _ = QuestionAnswering.read(tables.read(with_answers(questions(4))), COLUMNS)
    samples = task.encode(Cache(tmp_path, tokenizer, 64, "window"), rows, lambda done, total: None)
    assert (task.feed(samples, rows, 0, True, 0).targets > 0).all()
    without = np.fromiter(((),) * len(rows), object, len(rows))
    assert not task.feed(samples, replace(rows, targets=without), 0, True, 0).targets.any()


def test_a_loss_in_pieces_is_the_loss_of_the_whole():
    task, rows, _ = QuestionAnswering.read(tables.read(questions(20)), COLUMNS)
    objective = task.objective(rows, read(Finetune, {"train": 1}))
    logits, targets = torch.randn(6, 7, 2), torch.randint(0, 7, (6, 2))
    targets[2] = -100
    ends = [torch.nn.functional.cross_entropy(logits[..., end], targets[:, end]) for end in (0, 1)]
    pieces = [(logits[:2], targets[:2]), (logits[2:3], targets[2:3]), (logits[3:], targets[3:])]
    total = sum(objective.total(*piece) for piece in pieces) / sum(objective.weight(piece[1]) for piece in pieces)
    torch.testing.assert_close(total, sum(ends) / 2)


def test_no_threshold_is_tuned_after_an_interrupt(encoder):
    def press(event):
        if isinstance(event, Step) and event.step == 4:
            signal.raise_signal(signal.SIGINT)

    known = {"model": encoder, "max_steps": 8, "eval_every": 3, "batch_size": 8, "precision": "fp32", "show": False}
    with pytest.raises(Interrupted) as caught:
        bm.finetune(questions(30), on_event=press, **known)
    assert caught.value.model.task.threshold == 0


def test_it_is_learnt_beside_the_notebook(encoder):
    job = bm.finetune(
        questions(20), model=encoder, name="job", max_steps=3, precision="fp32", background=True, show=False
    )
    job.wait()
    assert job.model.predict(("a good film ?", "the film was very good"), show=False).frame["score"].between(0, 1).all()


def test_the_tokens_come_from_the_cache_with_their_characters(tmp_path, tokenizer):
    task, rows, _ = QuestionAnswering.read(tables.read(questions(150)), COLUMNS)
    cache = Cache(tmp_path, tokenizer, 64, "window")
    first, again = (task.encode(cache, rows, lambda done, total: None) for _ in range(2))
    assert list(tmp_path.rglob("*.tokens"))
    assert np.array_equal(first.spans, again.spans)
    feeds = [task.feed(samples, rows, 0, True, 0).targets for samples in (first, again)]
    assert np.array_equal(*feeds)
    assert QuestionAnswering.from_card(json.loads(json.dumps(task.card())), {}) == task


def test_questions_with_and_without_an_answer_are_told_apart_as_torchmetrics_does(small):
    from torchmetrics.functional.text import squad

    rows = small_questions()
    report = small("question_answering").evaluate(rows, show=False)
    predicted = report.outcomes.predicted.tolist()
    parts = {part.value: part.metrics for part in report.slices}
    asked = [(one, gold) for one, gold in zip(predicted, rows["answers"], strict=True) if gold["text"]]
    expected = squad(
        [{"prediction_text": one, "id": str(i)} for i, (one, _) in enumerate(asked)],
        [{"answers": gold, "id": str(i)} for i, (_, gold) in enumerate(asked)],
    )
    assert 0 < float(expected["f1"]) < 100
    for name in ("exact_match", "f1"):
        assert 100 * parts["with an answer"][name] == pytest.approx(float(expected[name]), abs=1e-3)
        silent = np.mean([not one for one, gold in zip(predicted, rows["answers"], strict=True) if not gold["text"]])
        assert parts["without"][name] == pytest.approx(silent)
        both = (30 * parts["with an answer"][name] + 10 * parts["without"][name]) / 40
        assert report.metrics[name] == pytest.approx(both)

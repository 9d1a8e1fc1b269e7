"""Files of SQuAD, of versions 1.1 and 2.0, and what annotation tools make of them."""

import json

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError

CONTEXT = "The mill opened in 1911. It closed twice."
WHEN = {
    "id": "a",
    "question": "When?",
    "answers": [{"text": "1911", "answer_start": 19}, {"text": "in 1911", "answer_start": 16}],
}
WHY = {
    "id": "b",
    "question": "Why?",
    "answers": [],
    "is_impossible": True,
    "plausible_answers": [{"text": "twice", "answer_start": 35}],
}


def article(*questions, **more):
    return {"title": "Mill", "paragraphs": [{"context": CONTEXT, "qas": list(questions)}], **more}


@pytest.fixture
def read(tmp_path):
    def read(content, indent=None):
        path = tmp_path / "squad.json"
        path.write_text(json.dumps(content, indent=indent), encoding="utf-8")
        return tables.read(path).frame

    return read


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_each_question_is_a_row(read, indent):
    frame = read({"version": "v2.0", "data": [article(WHEN), article(WHY, WHEN)]}, indent)
    assert frame.columns.tolist() == ["id", "title", "context", "question", "answers"]
    assert frame["id"].tolist() == ["a", "b", "a"]
    assert set(frame["context"]) == {CONTEXT}
    assert frame["answers"][0] == {"text": ["1911", "in 1911"], "answer_start": [19, 16]}
    assert frame["answers"][1] == {"text": [], "answer_start": []}, "a plausible answer is none"


def test_an_article_a_line_is_no_file_of_json_lines(tmp_path):
    path = tmp_path / "squad.json"
    path.write_text('{"data": [\n' + ",\n".join(json.dumps(article(WHEN)) for _ in range(3)) + "\n]}")
    assert len(tables.read(path).frame) == 3


def test_paragraphs_need_no_article(read):
    assert read([{"context": CONTEXT, "qas": [WHEN, WHY]}])["question"].tolist() == ["When?", "Why?"]


def test_an_impossible_question_has_no_answer_whatever_stands_there(read):
    frame = read([{"context": CONTEXT, "qas": [{**WHEN, "is_impossible": True}]}])
    assert frame["answers"][0]["text"] == []


def test_what_is_missing_is_a_missing_value(read):
    frame = read([{"paragraphs": [{"qas": [{"answers": [{"text": "1911"}]}]}]}])
    assert frame[["id", "title", "context", "question"]].isna().all(axis=None)
    assert frame["answers"][0] == {"text": ["1911"], "answer_start": [-1]}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ([article(WHEN), {"title": "Mill"}], "data[1].paragraphs[0].qas of squad.json"),
        ([article(WHEN), {"paragraphs": "none"}], "data[1].paragraphs of squad.json"),
        ([article(WHEN), 3], "data of squad.json"),
        ([article({**WHEN, "answers": [[1911]]})], "data[0].paragraphs[0].qas[0].answers of squad.json"),
        ([article()], "squad.json has articles but no question"),
    ],
)
def test_what_is_nested_otherwise_is_told_with_its_place(read, content, place):
    with pytest.raises(DataError) as caught:
        read(content)
    assert place in caught.value.what
    assert '"qas"' in caught.value.fix


def test_other_paragraphs_are_a_table_as_ever(read):
    assert read([{"title": "Mill", "paragraphs": ["One.", "Two."]}]).columns.tolist() == ["title", "paragraphs"]


@pytest.mark.parametrize(
    ("value", "answered"), [("false", True), ("true", False), (0, True), ("1", False), (None, True), ("No", True)]
)
def test_impossible_may_be_text_or_a_number(read, value, answered):
    frame = read([{"context": CONTEXT, "qas": [{**WHEN, "is_impossible": value}]}])
    assert bool(frame["answers"][0]["text"]) is answered


def test_what_is_neither_true_nor_false_is_an_error(read):
    with pytest.raises(DataError, match=r"is_impossible of data\[0\].*qas\[0\] of squad.json is 'maybe'"):
        read([article({**WHEN, "is_impossible": "maybe"})])


def test_cmrc_has_keys_of_its_own_and_answers_as_texts(read):
    question = {"query_id": "q", "query_text": "When?", "answers": ["1911", "in 1911"]}
    frame = read([{"context_id": "c", "context_text": CONTEXT, "title": "Mill", "qas": [question]}])
    assert frame.iloc[0].tolist()[:4] == ["q", "Mill", CONTEXT, "When?"]
    assert frame["answers"][0] == {"text": ["1911", "in 1911"], "answer_start": [-1, -1]}


def test_mrqa_has_a_header_and_a_place_for_each_occurrence(tmp_path):
    answers = {"detected_answers": [{"text": "1911", "char_spans": [[19, 22], [40, 43]]}], "answers": ["1911", "x"]}
    lines = [
        {"header": {"dataset": "Own"}},
        {"context": CONTEXT, "qas": [{"qid": "q", "question": "When?", **answers}]},
    ]
    path = tmp_path / "mrqa.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    table = tables.read(path)
    assert table.frame["answers"].tolist() == [{"text": ["1911", "1911"], "answer_start": [19, 40]}]
    assert "the first line is a header and not a row" in table.note


@pytest.mark.parametrize(
    "answers",
    [
        {"text": "1911", "answer_start": 19},
        {"text": ["1911"], "answer_start": [19]},
        [{"text": "1911", "answer_start": "19"}],
        [{"text": "1911", "start": 19, "end": 23}],
        [{"answer_text": "1911", "answer_start": 19}],
    ],
)
def test_answers_have_several_forms(read, answers):
    frame = read([{"context": CONTEXT, "qas": [{"question": "When?", "answer": answers}]}])
    assert frame["answers"][0] == {"text": ["1911"], "answer_start": [19]}


def test_a_single_article_and_splits_of_articles_are_read(read):
    assert len(read(article(WHEN, WHY))) == 2
    assert len(read({"train": {"data": [article(WHEN)]}, "dev": {"data": [article(WHY)]}})) == 1


def test_a_context_may_be_an_object_with_its_text(read):
    passage = {"text": "Mara left Oslo.", "entities": [{"start": 0, "end": 3}]}
    answers = [{"text": "Oslo", "start": 10, "end": 13}]
    frame = read({"data": [{"id": "1", "passage": passage, "qas": [{"query": "She left what?", "answers": answers}]}]})
    assert frame["context"].tolist() == ["Mara left Oslo."]
    assert frame["answers"].tolist() == [{"text": ["Oslo"], "answer_start": [10]}]


def test_an_offset_that_is_no_number_names_its_place(read):
    with pytest.raises(DataError, match=r"qas\[0\]\.answers of squad.json holds the offset 'x'"):
        read([article({**WHEN, "answers": [{"text": "1911", "answer_start": "x"}]})])


def test_a_number_as_an_answer_is_its_digits(read):
    frame = read([{"context": CONTEXT, "qas": [{"question": "When?", "answers": [1911, 1911.0]}]}])
    assert frame["answers"][0]["text"] == ["1911", "1911"]


def test_without_any_offset_the_first_place_counts_and_is_said(tmp_path):
    qas = [{"question": "What?", "answers": ["it"]}, {"question": "When?", "answers": ["1911"]}]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps([{"context": "It is as it was: it is it. 1911", "qas": qas}]))
    table = tables.read(path)
    assert [cell["answer_start"] for cell in table.frame["answers"]] == [[9], [-1]]
    assert "answers have no offsets: of 1 answer at several places, the first is taken" in table.note
    path.write_text(json.dumps([{"context": "It is as it was: it is it. 1911", "qas": [*qas, WHEN]}]))
    assert tables.read(path).frame["answers"][0]["answer_start"] == [-1]

"""Exports of annotation tools, each reduced to a few rows: what was annotated is read, and the rest is counted."""

import contextlib
import json

import pytest

from bertmagic.errors import DataError
from bertmagic.tasks.token_classification import spans

from .conftest import column

TEXT = "Mara went to Oslo"
MARA, OSLO = {"start": 0, "end": 4, "label": "PER"}, {"start": 13, "end": 17, "label": "LOC"}


# Prodigy


def task(answer="accept", **more):
    return {"text": TEXT, "_task_hash": 1, "answer": answer, **more}


def test_rows_of_prodigy_that_were_rejected_or_ignored_are_counted(read_export):
    table = read_export([task(spans=[MARA]), task("reject", spans=[OSLO]), task("ignore"), task()], "p.jsonl")
    assert column(table, "spans") == [[MARA], []]
    assert "an export of Prodigy with 2 rows; left out: 1 rejected, 1 ignored" in table.note
    assert set(table.columns) == {"text", "spans"}


def test_spans_of_prodigy_by_tokens_get_the_characters_of_these(read_export):
    tokens = [{"text": w, "start": s, "end": s + len(w)} for w, s in (("Mara", 0), ("went", 5), ("to", 10))]
    span = {"token_start": 0, "token_end": 1, "label": "X"}
    assert column(read_export([task(tokens=tokens, spans=[span])]), "spans") == [[{"start": 0, "end": 9, "label": "X"}]]
    with pytest.raises(DataError, match="neither characters nor known tokens"):
        read_export([task(tokens=tokens, spans=[{**span, "token_end": 3}])])


def test_a_choice_of_prodigy_is_a_class_or_a_list_of_labels(read_export):
    options = [{"id": "a"}, {"id": "b"}]
    one = [task(options=options, accept=[label]) for label in ("a", "b")]
    assert column(read_export(one), "label") == ["a", "b"]
    assert column(read_export([*one, task(options=options, accept=["a", "b"])]), "label") == [["a"], ["b"], ["a", "b"]]


def test_one_label_of_prodigy_that_is_accepted_or_rejected_makes_two_classes(read_export):
    table = read_export([task(label="SPAM"), task("reject", label="SPAM"), task("ignore", label="SPAM")])
    assert column(table, "label") == ["SPAM", "not SPAM"]
    assert "rejected rows are of the class 'not SPAM'; left out: 1 ignored" in table.note


def test_inputs_of_prodigy_on_which_annotators_differ_are_left_out(read_export):
    several = [
        task(_input_hash=1, spans=[MARA, OSLO]),
        task(_input_hash=1, spans=[OSLO, MARA]),
        task(_input_hash=2, spans=[MARA]),
        task(_input_hash=2, spans=[OSLO]),
        task(_input_hash=3, spans=[]),
    ]
    table = read_export(several)
    assert column(table, "spans") == [[MARA, OSLO], []]
    assert "1 on which annotators do not agree" in table.note


def test_a_table_with_an_answer_that_is_accept_is_not_prodigy(read_export):
    rows = [{"text": "a", "answer": "accept"}, {"text": "b", "answer": "reject"}]
    assert column(read_export(rows), "answer") == ["accept", "reject"]


def test_the_objects_of_an_export_can_be_taken_as_they_are(read_export):
    table = read_export([task(label="a"), task("reject", label="b")], format="records")
    assert column(table, "answer") == ["accept", "reject"]
    assert "Prodigy" not in table.note


def test_an_export_without_an_accepted_row_is_an_error(read_export):
    with pytest.raises(DataError, match=r"in which no row can be learnt from: 1 rejected, 1 ignored"):
        read_export([task("reject", spans=[]), task("ignore", spans=[])])


# Label Studio


def result(kind, value, control="label"):
    return {"from_name": control, "to_name": "text", "type": kind, "value": value}


def marked(span):
    return result("labels", {"start": span["start"], "end": span["end"], "labels": [span["label"]], "text": "quoted"})


def studio(*annotations, **more):
    given = [one if isinstance(one, dict) else {"result": one} for one in annotations]
    return {"id": 1, "data": {"text": TEXT, "source": "web", "meta": {}}, "annotations": given, **more}


def test_spans_of_label_studio_keep_the_text_that_they_quote(read_export):
    table = read_export([studio([marked(MARA)]), studio([])])
    assert column(table, "label") == [[{"start": 0, "end": 4, "label": ["PER"], "text": "quoted"}], []]
    assert set(table.columns) == {"text", "source", "label"}


def test_cancelled_and_missing_annotations_of_label_studio_are_counted(read_export):
    good = result("choices", {"choices": ["good"]})
    rows = [studio([good]), studio({"was_cancelled": True, "result": [good]}), studio(), studio([])]
    table = read_export(rows)
    assert column(table, "label") == ["good"]
    assert "left out: 3 without an annotation" in table.note


def test_the_majority_of_annotators_counts_and_ground_truth_above_all(read_export):
    good, bad = ([result("choices", {"choices": [label]})] for label in ("good", "bad"))
    rows = [studio(good, bad), studio(good, good, bad), studio(good, good, {"result": bad, "ground_truth": True})]
    table = read_export(rows)
    assert column(table, "label") == ["good", "bad"]
    assert "1 on which annotators do not agree" in table.note
    assert "the majority counts" in table.note


def test_several_controls_of_label_studio_are_columns_by_their_names(read_export):
    rows = [
        studio(
            [marked(MARA), result("choices", {"choices": ["a"]}, "topic"), result("rating", {"rating": 4}, "stars")]
        ),
        studio([result("choices", {"choices": ["a", "b"]}, "topic"), {"type": "relation", "from_id": "x"}]),
    ]
    table = read_export(rows)
    assert column(table, "topic") == [["a"], ["a", "b"]]
    assert column(table, "stars") == [4, None]
    assert len(column(table, "label")[0]) == 1
    assert "not read: relation" in table.note


def test_a_label_in_the_data_of_label_studio_is_not_the_annotation(read_export):
    row = studio([result("choices", {"choices": ["good"]}, "sentiment")])
    row["data"]["label"] = "guess"
    table = read_export([row])
    assert (column(table, "label"), column(table, "data.label")) == (["good"], ["guess"])


def test_the_completions_of_old_label_studio_and_its_taxonomies(read_export):
    value = {"taxonomy": [["sport", "tennis"]]}
    row = {"data": {"text": "a"}, "completions": [{"result": [result("taxonomy", value)], "skipped": False}]}
    assert column(read_export([row]), "label") == ["sport / tennis"]


def test_annotations_of_pictures_are_refused(read_export):
    with pytest.raises(DataError, match="annotations of other kinds: rectanglelabels"):
        read_export([studio([result("rectanglelabels", {"x": 1})])])


def test_spans_by_elements_of_html_are_refused(read_export):
    value = {"start": "/div[1]", "end": "/div[1]", "startOffset": 0, "endOffset": 4, "hypertextlabels": ["PER"]}
    with pytest.raises(DataError, match="without the number of its first and last character"):
        read_export([studio([result("hypertextlabels", value)])])


def minimal(at, **more):
    return {"id": at, "text": TEXT, "annotator": 1, "annotation_id": at, "lead_time": 2.5, **more}


def test_json_min_with_choices_and_several_annotators(read_export):
    rows = [
        minimal(1, topic="a", tags={"choices": ["x", "y"]}),
        minimal(2, topic="a", tags="x"),
        minimal(3, topic="a"),
        minimal(3, topic="b"),
    ]
    table = read_export(rows)
    assert column(table, "topic") == ["a", "a"]
    assert column(table, "tags") == [["x", "y"], ["x"]]
    assert "1 on which annotators do not agree" in table.note


# doccano


def test_a_list_with_one_label_of_doccano_is_a_class(read_export):
    rows = [{"id": 1, "text": "a", "label": ["negative"]}, {"id": 2, "text": "b", "label": ["positive"]}]
    table = read_export([*rows, {"id": 3, "text": "c", "label": []}], "d.jsonl")
    assert column(table, "label") == ["negative", "positive"]
    assert "left out: 1 without a label" in table.note
    several = [*rows, {"id": 3, "text": "c", "label": ["negative", "positive"]}]
    assert column(read_export(several), "label") == [["negative"], ["positive"], ["negative", "positive"]]


def test_doccano_of_version_1_has_labels_by_number(read_export):
    span = {"label": 4, "start_offset": 0, "end_offset": 4, "user": 1}
    table = read_export([{"id": 1, "text": TEXT, "annotations": [span], "meta": {}}])
    assert column(table, "annotations") == [[{"start": 0, "end": 4, "label": "4"}]]
    table = read_export([{"id": i, "text": TEXT, "annotations": [{"label": i, "user": 1}], "meta": {}} for i in (1, 2)])
    assert column(table, "label") == [1, 2]


def test_an_intent_and_slots_of_doccano_are_two_columns(read_export):
    rows = [{"id": 1, "text": TEXT, "cats": ["travel"], "entities": [[0, 4, "PER"]]}]
    table = read_export(rows, "d.jsonl")
    assert (column(table, "label"), column(table, "entities")) == (["travel"], [[MARA]])


# Argilla


def test_records_of_argilla_have_the_submitted_responses(read_export):
    def record(**responses):
        return {"fields": {"text": TEXT}, "suggestions": {"label": {"value": "guess"}}, "responses": responses}

    rows = [
        record(label=[{"value": "a", "user_id": "1"}]),
        record(label=[{"value": "a"}, {"value": "b"}]),
        record(),
        record(label=[{"value": "b", "status": "draft"}]),
    ]
    table = read_export(rows)
    assert column(table, "label") == ["a"]
    assert "left out: 2 without a response, 1 on which annotators do not agree" in table.note


def test_feedback_and_flat_records_of_argilla(read_export):
    value = {"spans": {"value": [MARA]}, "label": {"value": ["x"]}}
    responses = [{"status": "discarded", "values": {}}, {"status": "submitted", "values": value}]
    table = read_export([{"fields": {"text": TEXT}, "responses": responses}])
    assert (column(table, "spans"), column(table, "label")) == ([[MARA]], ["x"])
    flat = {"text": TEXT, "q.responses": ["yes", "no"], "q.responses.status": ["submitted", "discarded"],
            "q.responses.users": ["1", "2"], "q.suggestion": "no"}  # fmt: skip
    table = read_export([flat], "a.jsonl")
    assert table.columns == ["text", "q"]
    assert column(table, "q") == ["yes"]


def test_argilla_of_version_1_uses_annotations_and_no_predictions(read_export):
    def record(annotation, status="Validated"):
        return {"text": TEXT, "prediction": [["guess", 0.9]], "annotation": annotation, "status": status}

    table = read_export([record("a"), record(None, "Default"), record("b", "Discarded"), record("b")])
    assert column(table, "label") == ["a", "b"]
    assert "left out: 1 without an annotation, 1 discarded" in table.note
    assert column(read_export([record([MARA])]), "label") == [[MARA]]


# spaCy


def test_pairs_of_spacy_have_entities_or_categories(read_export):
    table = read_export(
        {"classes": ["PER"], "annotations": [[TEXT, {"entities": [[0, 4, "PER"]]}], None, ["b", {"cats": {}}]]}
    )
    assert column(table, "entities") == [[[0, 4, "PER"]], []]
    assert "left out: 1 null" in table.note
    cats = [["a", {"cats": {"x": 1.0, "y": 0.0}}], ["b", {"cats": {"x": False, "y": True}}]]
    assert column(read_export(cats), "label") == ["x", "y"]
    assert column(read_export([*cats, ["c", {"cats": {"x": 0, "y": 0}}]]), "label") == [["x"], ["y"], []]


def test_documents_of_spacy(read_export):
    tokens = [{"orth": "Mara", "ner": "U-PER"}, {"orth": "went", "ner": "O"}]
    document = {"id": 0, "paragraphs": [{"raw": "Mara went", "sentences": [{"tokens": tokens}]}]}
    table = read_export([document])
    assert (column(table, "tokens"), column(table, "tags")) == ([["Mara", "went"]], [["U-PER", "O"]])
    assert column(read_export([{"text": TEXT, "ents": [MARA], "tokens": []}]), "entities") == [[MARA]]


# spans with a quoted text, and assistants


def test_labels_of_cluener_become_spans_with_the_text_that_they_quote(read_export):
    table = read_export([{"text": TEXT, "label": {"PER": {"Mara": [[0, 3]]}}}, {"text": "b", "label": {}}], "c.jsonl")
    assert column(table, "spans") == [[{"start": 0, "end": 3, "label": "PER", "text": "Mara"}], []]


def test_dataturks_has_points_or_labels(read_export):
    point = {"start": 13, "end": 16, "text": "Oslo"}
    table = read_export([{"content": TEXT, "annotation": [{"label": ["LOC"], "points": [point]}], "extras": None}])
    assert column(table, "spans") == [[{**point, "label": "LOC"}]]
    rows = [{"content": "a", "annotation": {"labels": ["x"], "note": ""}}, {"content": "b", "annotation": None}]
    table = read_export(rows)
    assert column(table, "label") == ["x"]
    assert "left out: 1 without a label" in table.note


def test_rows_of_spacy_with_a_value_for_each_category(read_export):
    rows = [{"text": "a", "cats": {"x": 1, "y": 0}}, {"text": "b", "cats": {"x": 0.1, "y": 0.9}}]
    assert column(read_export(rows, "s.jsonl"), "label") == ["x", "y"]


BROKEN = [
    [task(spans=[3])],
    [studio([{**marked(MARA), "type": ["labels"]}])],
    [{"fields": {"text": "a"}, "responses": {"label": [True]}}],
    [["a", {"cats": {"x": "high"}}]],
    [{"content": "a", "annotation": [{"points": [3], "label": ["X"]}]}],
    {"utterances": [{"text": "a", "intent": "x", "entities": [{"startPos": 0}]}]},
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_export_is_one_error_that_names_a_way_on(read_export, content):
    with pytest.raises(DataError, match=r"looks like data of .*, but a row has a form that is not known") as caught:
        read_export(content)
    assert 'format = "records"' in caught.value.fix
    assert len(read_export(content, format="records").frame) == 1


WORDS = TEXT.split()


@pytest.mark.parametrize(
    ("rows", "tags"),
    [
        ([{"tokens": WORDS, "entities": [{"type": "P", "start": 0, "end": 1}]}], ["B-P", "O", "O", "O"]),
        ([{"tokenized_text": WORDS, "ner": [[3, 3, "L"], [0, 1, "P"]]}], ["B-P", "I-P", "O", "B-L"]),
        ([{"tokens": WORDS, "entities": [{"type": "P", "start": 2, "end": 4}]}], ["O", "O", "B-P", "I-P"]),
    ],
)
def test_entities_that_count_words_become_tags(read_export, rows, tags):
    without = {key: [] if key in ("ner", "entities") else value for key, value in rows[0].items()}
    table = read_export([*rows, without])
    assert column(table, "tags") == [tags, ["O"] * 4]
    assert column(table, "tokens") == [WORDS] * 2


def test_entities_within_others_are_left_out_and_counted(read_export):
    table = read_export([{"tokens": WORDS, "entities": [[0, 1, "P"], [0, 3, "L"], [3, 4, "X"]]}])
    assert column(table, "tags") == [["B-L", "I-L", "I-L", "B-X"]]
    assert "left out: 1 entity within a longer one" in table.note


def test_entities_outside_of_their_words_are_an_error(read_export):
    with pytest.raises(DataError, match="outside of its 4 words: 0 to 5"):
        read_export([{"tokens": WORDS, "entities": [[0, 5, "P"]]}])


def test_hints_of_patterns_do_not_hide_the_one_label_of_prodigy(read_export):
    table = read_export([task(label="SPAM", spans=[MARA]), task("reject", label="SPAM")])
    assert column(table, "label") == ["SPAM", "not SPAM"]
    assert "spans" not in table.columns


def test_paragraphs_of_spacy_with_categories_are_texts(read_export):
    paragraphs = [{"raw": raw, "sentences": [], "cats": [{"label": label, "value": 1}]} for raw, label in ("ax", "by")]
    assert listed(read_export([{"id": 0, "paragraphs": paragraphs}])) == [("a", "x"), ("b", "y")]


def listed(table):
    return list(zip(table.frame["text"], table.frame["label"], strict=True))


def test_denotations_of_pubannotation_are_spans(read_export):
    row = {"sourcedb": "X", "text": TEXT, "denotations": [{"id": "T1", "span": {"begin": 0, "end": 4}, "obj": "PER"}]}
    assert column(read_export(row), "spans") == column(read_export([row]), "spans") == [[MARA]]


MUTATIONS = (None, True, 3, "x", [], {}, [[]], [1], {"a": 1}, [None])


def places(value, before=()):
    yield before
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*before, key))


@pytest.mark.parametrize("at", range(len(BROKEN)))
def test_whatever_is_wrong_with_an_export_is_a_data_error(read_export, at):
    for place in list(places(BROKEN[at]))[1:]:
        for value in MUTATIONS:
            content = json.loads(json.dumps(BROKEN[at]))
            part = content
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = value
            with contextlib.suppress(DataError):
                read_export(content)


def test_spans_in_one_list_are_those_of_their_name(read_export):
    rows = [{"curid": "1", "text": "李明在北京", "entities": [{"name": "北京", "span": [3, 5], "type": "地名"}]}]
    table = read_export(rows)
    assert spans.read(table.frame["entities"].iloc[0], "row 0") == [(3, 5, "地名", "北京")]


def test_ends_of_gliner_are_those_of_last_words_also_without_a_single_one(read_export):
    rows = [{"tokenized_text": ["Mara", "Lind", "left"], "ner": [[0, 1, "PER"]]}]
    assert column(read_export(rows), "tags") == [["B-PER", "I-PER", "O"]]

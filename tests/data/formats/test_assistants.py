"""Training data of assistants: Rasa, LUIS, Snips, Dialogflow, wit.ai, and the patterns of simple chatbots."""

import pytest

from .conftest import column

TEXT = "Mara went to Oslo"


def test_rasa_and_luis_have_intents_and_entities(read_export):
    entity = {"start": 13, "end": 17, "value": "OSL", "entity": "city"}
    examples = [{"text": TEXT, "intent": "travel", "entities": [entity]}, {"text": "hello", "intent": "greet"}]
    others = {"regex_features": [{"name": "zip"}], "lookup_tables": []}
    table = read_export({"rasa_nlu_data": {"common_examples": examples, **others}})
    assert column(table, "intent") == ["travel", "greet"]
    assert column(table, "spans") == [[{"start": 13, "end": 17, "label": "city"}], []]
    luis = {"text": TEXT, "intent": "travel", "entities": [{"entity": "city", "startPos": 13, "endPos": 16}]}
    whole = read_export({"luis_schema_version": "7", "utterances": [luis], "intents": [{"name": "travel"}]})
    assert column(whole, "spans") == column(table, "spans")[:1]


def test_utterances_of_snips_are_joined_from_their_chunks(read_export):
    chunks = [{"text": "Mara went to "}, {"text": "Oslo", "entity": "city", "slot_name": "target"}]
    by_intent = {"travel": [{"data": chunks}], "greet": [{"data": [{"text": "hello"}]}]}
    table = read_export(by_intent)
    assert column(table, "text") == [TEXT, "hello"]
    assert column(table, "intent") == ["travel", "greet"]
    assert column(table, "spans") == [[{"start": 13, "end": 17, "label": "target"}], []]
    whole = {"language": "en", "entities": {}, "intents": {k: {"utterances": v} for k, v in by_intent.items()}}
    assert read_export(whole).frame.equals(table.frame)


def test_entities_of_an_assistant_keep_the_text_that_they_quote(read_export):
    entity = {"entity": "city", "start": 3, "stop": 3, "text": "Oslo"}
    table = read_export([{"text": TEXT, "intent": "travel", "entities": [entity]}])
    assert column(table, "spans") == [[{"start": 13, "end": 17, "label": "city", "text": "Oslo"}]]


def test_entities_of_assistants_that_count_words_are_placed_by_their_text(read_export):
    text = "From Oslo, by ferry, to Oslo"
    marks = [("by", 3, 3), ("ferry", 4, 4), ("Oslo", 7, 7)]
    entities = [{"entity": "x", "start": start, "stop": stop, "text": quote} for quote, start, stop in marks]
    spans = column(read_export([{"text": text, "intent": "travel", "entities": entities}]), "spans")[0]
    assert [(span["start"], span["end"], span["text"]) for span in spans] == [
        (11, 13, "by"), (14, 19, "ferry"), (24, 28, "Oslo"),
    ]  # fmt: skip


@pytest.mark.parametrize("keys", [("tag", "patterns"), ("intent", "text"), ("name", "examples")])
def test_patterns_of_a_chatbot_are_texts_with_its_intent(read_export, keys):
    intent, patterns = keys
    rows = [
        {intent: "greet", patterns: ["hello", "hi there"], "responses": ["Hey!"]},
        {intent: "bye", patterns: ["see you"], "responses": []},
        {intent: "fallback", patterns: [], "responses": ["What?"]},
    ]
    table = read_export({"intents": rows})
    assert table.frame.to_dict("list") == {
        "text": ["hello", "hi there", "see you"],
        "intent": ["greet", "greet", "bye"],
    }
    assert f"each of the {patterns} is a text, {intent!r} its class; left out: 1 without examples" in table.note


def test_phrases_of_dialogflow_are_joined_from_their_parts(read_export):
    new = {"trainingPhrases": [{"id": "1", "parts": [{"text": "go to "}, {"text": "Oslo", "parameterId": "city"}]}]}
    old = [{"id": "1", "data": [{"text": "go to "}, {"text": "Oslo", "alias": "city", "meta": "@sys.geo-city"}]}]
    for content in (new, old):
        frame = read_export(content).frame
        assert frame["text"].tolist() == ["go to Oslo"]
        assert frame["spans"].tolist() == [[{"start": 6, "end": 10, "label": "city"}]]


def test_slots_by_name_are_spans_and_intents_are_labels(read_export):
    other = {"text": "so"}  # without slots and intents
    rows = [
        {"text": "at nine please", "intents": ["book", "affirm"], "slots": {"time": {"text": "nine", "span": [3, 7]}}},
        {"text": "no", "intents": ["deny"]},
    ]
    frame = read_export([*rows, other]).frame
    assert frame["spans"].tolist() == [[{"start": 3, "end": 7, "label": "time", "text": "nine"}], [], []]
    assert frame["intents"].tolist() == [["book", "affirm"], ["deny"], []]


def test_entities_within_a_composite_one_are_left_out_and_counted(read_export):
    entities = [("Trip", 3, 16), ("Place", 6, 9), ("Place", 13, 16)]
    marked = [{"entity": label, "startPos": start, "endPos": end} for label, start, end in entities]
    table = read_export({"utterances": [{"text": "go to Rome or Oslo", "intent": "go", "entities": marked}]})
    assert table.frame["spans"].tolist() == [[{"start": 3, "end": 17, "label": "Trip"}]]
    assert 'label = "intent" learns the intents; left out: 2 entities within a longer one or twice' in table.note


def test_the_intent_of_old_wit_ai_is_one_of_its_entities(read_export):
    marked = [{"entity": "intent", "value": '"go"'}, {"entity": "place", "value": "oslo", "start": 6, "end": 10}]
    rows = [{"text": "go to oslo", "entities": marked}, {"text": "hm", "entities": []}]
    frame = read_export({"data": rows}).frame
    assert frame["intent"].tolist()[0] == "go"
    assert frame["intent"].isna().tolist() == [False, True]
    assert frame["spans"].tolist() == [[{"start": 6, "end": 10, "label": "place"}], []]


def test_a_text_in_words_is_not_a_list_of_examples(read_export):
    rows = [{"intent": "greet", "text": ["hello", "there"]}, {"intent": "bye", "text": ["see", "you"]}]
    assert len(read_export(rows).frame) == 2

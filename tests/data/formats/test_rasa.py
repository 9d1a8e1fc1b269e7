"""Training data of Rasa in Markdown and YAML: the same texts, intents and entities from both."""

import pytest

from bertmagic.errors import DataError

MARKDOWN = """\
## intent:greet
- hello
- hi *there*

<!-- a comment -->
## intent: book_table
- a table in [Oslo](city) for [two](count:2)
* near [the sea]{"entity": "place", "role": "near"}, please
## synonym:two
- couple
"""
YAML = """\
version: "3.1"
# a comment: with a colon
nlu:
- intent: greet
  examples: |
    - hello
    - hi *there*

- intent: "book_table"  # quoted
  examples: |
    - a table in [Oslo](city) for [two](count:2)
    - near [the sea]{"entity": "place", "role": "near"}, please
- synonym: two
  examples: |
    - couple
responses:
  utter_greet:
  - text: "Hey!"
"""
ROWS = [
    {"text": "hello", "intent": "greet", "spans": []},
    {"text": "hi *there*", "intent": "greet", "spans": []},
    {
        "text": "a table in Oslo for two",
        "intent": "book_table",
        "spans": [
            {"start": 11, "end": 15, "label": "city", "text": "Oslo"},
            {"start": 20, "end": 23, "label": "count", "text": "two"},
        ],
    },
    {
        "text": "near the sea, please",
        "intent": "book_table",
        "spans": [{"start": 5, "end": 12, "label": "place", "text": "the sea"}],
    },
]


@pytest.mark.parametrize(("name", "content"), [("nlu.md", MARKDOWN), ("nlu.yml", YAML), ("data", YAML)])
def test_examples_are_texts_with_intent_and_entities(read, name, content):
    table = read(name, content)
    assert table.frame.to_dict("records") == ROWS
    assert table.note == (
        'Read as Rasa: each example is a text with its intent and entities as spans (label = "intent" learns the '
        "intents); synonym is not read; format = … overrules."
    )


def test_without_entities_there_are_no_spans(read):
    table = read(
        "nlu.yml",
        "nlu:\n  - intent: a\n    examples: |\n      - one\n      - two\n  - intent: b\n    examples: |\n      - c\n",
    )
    assert table.frame.to_dict("list") == {"text": ["one", "two", "c"], "intent": ["a", "a", "b"]}


def test_examples_in_another_form_are_refused_with_their_line(read):
    with pytest.raises(DataError, match=r"nlu.yml line 3 has examples of 'a' that are not a block of lines") as caught:
        read("nlu.yml", "nlu:\n- intent: a\n  examples:\n  - text: one\n")
    assert "examples: |" in caught.value.fix
    with pytest.raises(DataError, match="line 2 has an entity without a name"):
        read("nlu.md", '## intent:a\n- to [Oslo]{"role": "to"}\n')


def test_markdown_of_other_kinds_is_not_rasa(read):
    with pytest.raises(DataError, match="of an unknown kind"):
        read("README.md", "# intent:\n\nSome text about intents.\n\n- a list\n")

"""Entities marked within running text become tags or spans; what is not closed or not tagged is named by its line."""

import pytest

from bertmagic.errors import DataError


def rows(table):
    return table.frame.to_dict("records")


def test_opennlp_has_entities_between_start_and_end(read):
    content = "Yesterday <START:person> Mara Lind <END> left <START> Oslo <END>.\n\nNobody saw it .\n"
    table = read("t.train", content)
    assert rows(table) == [
        {
            "tokens": ["Yesterday", "Mara", "Lind", "left", "Oslo", "."],
            "tags": ["O", "B-person", "I-person", "O", "B-ENTITY", "O"],
        },
        {"tokens": ["Nobody", "saw", "it", "."], "tags": ["O"] * 4},
    ]
    assert table.note == ("Read as OpenNLP: words with entities between <START:…> and <END>; format = … overrules.")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a <START:x> b <START:y> c <END>", "line 2 opens an entity within 'x'"),
        ("a <START:x> b", "line 2 does not end the entity 'x'"),
        ("a <START:x> <END> b", "line 2 has <END> without words"),
        ("a <END> b", "line 2 has <END> without words"),
    ],
)
def test_damaged_entities_of_opennlp_name_their_line(read, line, message):
    with pytest.raises(DataError, match=message) as caught:
        read("t.txt", f"<START:x> a <END> b\n{line}\n")
    assert "An entity is <START:person>" in caught.value.fix


def test_entities_in_braces_are_spans_of_the_text_without_them(read):
    table = read("t.txt", "{{time:4月25日}}讯，记者{{person: 李明}}说。\n{{org：蓝天公司}}成立\n")
    assert rows(table) == [
        {
            "text": "4月25日讯，记者 李明说。",
            "spans": [
                {"start": 0, "end": 5, "label": "time", "text": "4月25日"},
                {"start": 10, "end": 12, "label": "person", "text": "李明"},
            ],
        },
        {"text": "蓝天公司成立", "spans": [{"start": 0, "end": 4, "label": "org", "text": "蓝天公司"}]},
    ]


def test_the_last_tag_behind_a_word_counts(read):
    table = read("t.iob", "Mara|NNP|B-PER left|VBD|O Oslo|NNP|B-LOC .|.|O\n1/2|CD|O of|IN|O it|PRP|O\n")
    assert rows(table)[0] == {"tokens": ["Mara", "left", "Oslo", "."], "tags": ["B-PER", "O", "B-LOC", "O"]}
    assert rows(table)[1]["tokens"] == ["1/2", "of", "it"]


def test_types_behind_words_are_said_to_be_joined(read):
    table = read("t.txt", "Mara/PERSON Lind/PERSON went/O to/O Oslo/CITY ./O\n")
    assert rows(table) == [
        {"tokens": ["Mara", "Lind", "went", "to", "Oslo", "."], "tags": ["PERSON", "PERSON", "O", "O", "CITY", "O"]}
    ]


def test_parts_of_chinese_text_are_joined_and_each_with_a_type_is_an_entity(read):
    table = read("t.txt", "李明/nr 王红/nr 在/o 北京/ns 工作，很忙/o \n他们/o 回/o 上海/ns \n")
    assert rows(table)[0] == {
        "text": "李明王红在北京工作，很忙",
        "spans": [
            {"start": 0, "end": 2, "label": "nr", "text": "李明"},
            {"start": 2, "end": 4, "label": "nr", "text": "王红"},
            {"start": 5, "end": 7, "label": "ns", "text": "北京"},
        ],
    }
    assert "joined without blanks" in table.note


def test_a_word_without_a_tag_names_its_line(read):
    with pytest.raises(DataError, match=r"t.txt line 3 has 'Oslo' without a tag behind it"):
        read("t.txt", f"Mara/B-PER left/O Oslo/B-LOC\n{'and/O then/O ' * 10}\nOslo fell/O\n")


@pytest.mark.parametrize(
    "content",
    [
        "See https://a.org/b and c/d\n",
        "and/or\nhe/she\n",
        "The/DT film/NN was/VBD long/JJ ./.\nIt/PRP was/VBD bad/JJ ./.\n",
        "A template {{name:x}} here\nnone\nnone\nnone\nnone\nnone\nnone\n",
        "1/2 3/4 5/6 7/8 9/10\n",
        f"{'a/' * 100_000}b c/d e/f g/h i/j\n",
    ],
)
def test_other_texts_with_such_signs_stay_lines(read, content):
    assert read("t.txt", content).columns == ["text"]


def test_text_without_marks_is_refused_if_they_are_asked_for(read):
    with pytest.raises(DataError, match=r"no text of t.txt has marked entities"):
        read("t.txt", "plain\n", format="markup")


def test_tags_may_stand_behind_the_sentence(read):
    table = read("t.txt", "go to New York\tO O B-city I-city\nhi\tO\n")
    assert rows(table)[0] == {"tokens": ["go", "to", "New", "York"], "tags": ["O", "O", "B-city", "I-city"]}
    assert "sentences with the tags of their words behind a tab" in table.note
    assert rows(read("u.tsv", "to New York\tO LOC-B LOC-I\nhi\tO\n"))[0]["tags"] == ["O", "B-LOC", "I-LOC"]
    with pytest.raises(DataError, match=r"t.tsv line 301 has not a tag for each word: 'to Oslo"):
        read("t.tsv", "to Oslo\tO B-city\n" * 300 + "to Oslo\tO\n")


def test_the_tag_of_the_end_of_a_sentence_is_its_intent(read):
    table = read("t.iob", "BOS fly to Oslo EOS\tO O O B-city flight\nBOS hi EOS\tO O greet\n")
    assert rows(table) == [
        {"tokens": ["fly", "to", "Oslo"], "tags": ["O", "O", "B-city"], "intent": "flight"},
        {"tokens": ["hi"], "tags": ["O"], "intent": "greet"},
    ]

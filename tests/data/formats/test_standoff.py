"""Running text with its entities in another file or below it: BRAT, PubTator, SemEval; and parallel files."""

import pytest

from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.data.formats.reading import Reading
from bertmagic.errors import DataError
from bertmagic.workflows.prepare import ROLES

TEXT = "Mara Lindqvist flew\nto Oslo.\n"
MARKS = "T1\tPER 0 14\tMara Lindqvist\nT2\tLOC 23 27\tOslo\n"
SPANS = [(0, 14, "PER"), (23, 27, "LOC")]


@pytest.fixture
def write(tmp_path):
    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


def spans(table, row=0):
    return [(span["start"], span["end"], span["label"]) for span in table.frame["spans"].iloc[row]]


def marked(table):
    """The text of the spans of each row, and their labels."""
    texts = zip(table.frame["text"], table.frame["spans"], strict=True)
    return [[(text[span["start"] : span["end"]], span["label"]) for span in row] for text, row in texts]


def learnt(table):
    kind = tasks.choose(None, table, dict.fromkeys(ROLES))
    columns, _ = kind.columns(table, dict.fromkeys(ROLES))
    return kind.read(table, columns)


@pytest.mark.parametrize("entry", ["a.txt", "a.ann"])
def test_brat_is_read_from_either_file(write, entry):
    folder = write(a_txt=TEXT, a_ann=MARKS)
    table = tables.read(folder / entry)
    assert table.columns == ["file", "text", "spans"]
    assert (table.frame["text"][0], spans(table)) == (TEXT, SPANS)
    task, _, _ = learnt(table)
    assert task.labels == ("LOC", "PER")


def test_a_folder_of_brat_has_a_row_for_each_text(write):
    folder = write(a_txt=TEXT, a_ann=MARKS, b_txt="Nobody knew.\n", b_ann="", readme_txt="How it was made.")
    table = tables.read(str(folder))
    assert table.frame["file"].tolist() == ["a", "b"]
    assert [spans(table, row) for row in range(2)] == [SPANS, []]


def test_notes_on_many_files_stay_short(write):
    more = {f"f{n}_{kind}": TEXT if kind == "txt" else MARKS + "#1\tNote T1\tx\n" * n
            for n in range(6) for kind in ("txt", "ann")}  # fmt: skip
    table = tables.read(f"{write(**more)}/*.ann")
    assert len(table.frame) == 6
    assert table.note.endswith("3 other notes on further files.")


def test_other_lines_of_brat_are_counted(write):
    more = "R1\tIn Arg1:T1 Arg2:T2\nR2\tIn Arg1:T1 Arg2:T2\nA1\tNegated T1\n#1\tNotes T1\tsure\n*\tEquiv T1 T2\n"
    table = tables.read(write(a_txt=TEXT, a_ann=MARKS + more) / "a.txt")
    assert spans(table) == SPANS
    assert "Not read: 2 relations, 1 attribute, 1 note, 1 equivalence." in table.note


def test_parts_of_an_entity_are_joined_over_line_ends_and_else_apart(write):
    text = "recurrent\nseizures, pain in left and right arms"
    marks = "T1\tReason 0 9;10 18\trecurrent seizures\nT2\tPain 20 32;43 47\tpain in left arms\n"
    table = tables.read(write(a_txt=text, a_ann=marks) / "a.txt")
    assert marked(table) == [[("recurrent\nseizures", "Reason"), ("pain in left", "Pain"), ("arms", "Pain")]]
    assert "1 entity is interrupted: each part is a span." in table.note


def test_of_overlapping_spans_the_longest_stays_and_it_is_said(write):
    text = "University of Oslo library"
    named = "ORG 0 18\tUniversity of Oslo"
    marks = f"T1\tLOC 14 18\tOslo\nT2\t{named}\nT3\tFAC 14 26\tOslo library\nT4\t{named}\n"
    table = tables.read(write(a_txt=text, a_ann=marks) / "a.ann")
    assert spans(table) == [(0, 18, "ORG")]
    assert "2 spans overlap longer ones and are left out." in table.note
    learnt(table)


@pytest.mark.parametrize("unit", ["characters", "utf-8", "utf-16", "line ends of one character"])
def test_the_quoted_text_shows_what_offsets_count(write, unit):
    text = "Zoë 😀 flew\r\nto Oslo."
    start = text.index("Oslo")
    start = {
        "characters": start,
        "utf-8": len(text[:start].encode()),
        "utf-16": len(text[:start].encode("utf-16-le")) // 2,
        "line ends of one character": start - 1,
    }[unit]
    table = tables.read(write(a_txt=text, a_ann=f"T1\tLOC {start} {start + 4}\tOslo\n") / "a.txt")
    assert marked(table) == [[("Oslo", "LOC")]]


@pytest.mark.parametrize(
    ("files", "entry", "message"),
    [
        ({"a_txt": TEXT, "a_ann": MARKS.replace("23 27", "24 28")}, "a.txt",
         "a.ann line 2 quotes 'Oslo', but characters 24 to 28 of the text are 'slo.'"),
        ({"a_txt": TEXT, "a_ann": MARKS.replace("23 27", "23 99")}, "a.txt", "a.ann line 2 quotes 'Oslo'"),
        ({"a_ann": MARKS}, "a.ann", "there is no a.txt, the text of a"),
        ({"a_txt": TEXT, "a_ann": MARKS * 12 + "broken\n"}, "a.txt", "a.ann line 25 is no annotation of BRAT"),
    ],
)  # fmt: skip
def test_annotations_that_do_not_fit_are_an_error_with_their_line(write, files, entry, message):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(write(**files) / entry)
    assert caught.value.fix


def test_a_text_next_to_other_annotations_stays_a_text(write):
    assert tables.read(write(a_txt="one\ntwo\n", a_ann="my own notes\n") / "a.txt").columns == ["text"]
    assert tables.read(write(b_txt="one\ntwo\n") / "b.txt").columns == ["text"]


PUBTATOR = """10|t|Aspirin.
10|a|It relieves headache and famotidine-associated delirium.
10\t0\t7\tAspirin\tChemical\tD001241
10\t21\t29\theadache\tDisease\tD006261
10\t34\t44\tfamotidine\tChemical\tD015738
10\t56\t64\tdelirium\tDisease\tD003693|D1\tdelirium|d
10\tCID\tD001241\tD006261

11|t|
11|a|Nothing.
"""


def test_pubtator_joins_title_and_abstract(write):
    table = tables.read(write(train_txt=PUBTATOR) / "train.txt")
    assert table.frame["id"].tolist() == ["10", "11"]
    assert marked(table)[0] == [
        ("Aspirin", "Chemical"), ("headache", "Disease"), ("famotidine", "Chemical"), ("delirium", "Disease"),
    ]  # fmt: skip
    assert "Not read: 1 relation." in table.note
    with pytest.raises(DataError, match="line 4 quotes 'headache', but characters 22 to 30 of the text are 'eadache '"):
        tables.read(write(bad_txt=PUBTATOR.replace("21\t29", "22\t30")) / "bad.txt")
    with pytest.raises(DataError, match="line 3 is no annotation of document 10"):
        tables.read(write(bad_txt=PUBTATOR.replace("10\t0", "12\t0")) / "bad.txt")


SENTENCE = '<sentence id="1"><text>The soup &amp; fish were fine.</text>{}</sentence>'
TERMS = """<aspectTerms><aspectTerm term="soup" polarity="positive" from="4" to="8"/>
<aspectTerm term="fish" polarity="conflict" from="11" to="15"/></aspectTerms>
<aspectCategories><aspectCategory category="food" polarity="positive"/></aspectCategories>"""
OPINIONS = """<Opinions><Opinion target="soup" category="FOOD#QUALITY" polarity="positive" from="4" to="8"/>
<Opinion target="soup" category="FOOD#PRICES" polarity="positive" from="4" to="8"/>
<Opinion target="fish" category="FOOD#QUALITY" polarity="conflict" from="11" to="15"/>
<Opinion target="NULL" category="SERVICE" polarity="negative" from="0" to="0"/></Opinions>"""


@pytest.mark.parametrize(
    "content",
    [
        f"<?xml version='1.0'?>\n<sentences>{SENTENCE.format(TERMS)}</sentences>",
        f"<Reviews><Review rid='1'><sentences>{SENTENCE.format(OPINIONS)}</sentences></Review></Reviews>",
    ],
)
def test_aspects_of_semeval_are_spans_with_their_polarity(write, content):
    table = tables.read(write(a_xml=content) / "a.xml")
    assert table.frame["text"].tolist() == ["The soup & fish were fine."]
    assert marked(table) == [[("soup", "positive"), ("fish", "conflict")]]
    if "NULL" in content:
        assert "1 opinion on no words left out." in table.note


def test_a_document_type_is_refused_before_its_entities_grow(write):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    content = f"<?xml version='1.0'?>\n{bomb}<sentences>{SENTENCE.format(TERMS + '&b;')}</sentences>"
    for data in (content.encode(), content.replace("1.0'", "1.0' encoding='utf-16'").encode("utf-16")):
        with pytest.raises(DataError, match="DOCTYPE"):
            tables.read(tables.read_as(write(a_xml=data) / "a.xml", Reading(format="semeval")))
    with pytest.raises(DataError, match=r"a.xml is not XML: .*line 3"):
        tables.read(write(a_xml=f"<sentences>{SENTENCE.format(TERMS)}") / "a.xml")


TRIPLES = "The $T$ was cold .\nsoup\n-1\n$T$ was late .\nThe waiter\n1\n"


def test_triples_are_pairs_of_text_and_aspect(write):
    table = tables.read(write(a_raw=TRIPLES) / "a.raw")
    assert table.frame.to_numpy().tolist() == [
        ["The soup was cold .", "soup", "-1"], ["The waiter was late .", "The waiter", "1"],
    ]  # fmt: skip
    with pytest.raises(DataError, match="line 307 begins no three lines"):
        tables.read(write(a_raw=TRIPLES * 51 + "No place\nsoup\n1\n") / "a.raw")


WORDS, TAGS = "Mara Lindqvist flew\nTo Oslo\n", "B-PER I-PER O\nO B-LOC\n"


@pytest.mark.parametrize(
    ("names", "entries"),
    [
        (("seq_in", "seq_out"), ["seq.in", "seq.out", "."]),
        (("train_words", "train_tags"), ["train.words", "train.tags"]),
        (("sentences_txt", "labels_txt"), ["sentences.txt", "labels.txt"]),
        (("source_txt", "target_txt"), ["source.txt", "target.txt"]),
    ],
)
def test_parallel_files_are_read_from_any_of_them(write, names, entries):
    folder = write(**dict(zip(names, (WORDS, TAGS), strict=True)))
    for entry in entries:
        frame = tables.read(folder / entry).frame
        assert frame["tokens"].tolist() == [["Mara", "Lindqvist", "flew"], ["To", "Oslo"]]
        assert frame["tags"].tolist() == [["B-PER", "I-PER", "O"], ["O", "B-LOC"]]


def test_classes_of_parallel_files_can_be_learnt_too(write):
    table = tables.read(write(seq_in=WORDS, seq_out=TAGS, label="move\nstate\n") / "label")
    assert table.frame[["text", "label"]].to_numpy().tolist() == [["Mara Lindqvist flew", "move"], ["To Oslo", "state"]]
    columns, _ = tasks.find("classification").columns(table, dict.fromkeys(ROLES))
    assert columns["text"] == "text"
    assert learnt(table)[0].name == "token_classification"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"seq_in": WORDS + "More\n", "seq_out": TAGS}, "seq.in has 3 lines, seq.out has 2 lines"),
        ({"seq_in": WORDS, "seq_out": TAGS, "label": "move\n"}, "seq.in has 2 lines, label has 1 line"),
        ({"seq_in": WORDS + "A B\n", "seq_out": TAGS + "O\n"}, "line 3 of seq.in has 2 words, that of seq.out 1 tag"),
    ],
)
def test_parallel_files_that_do_not_fit_are_refused(write, files, message):
    with pytest.raises(DataError, match=message):
        tables.read(write(**files) / "seq.in")


def test_files_with_such_names_and_no_tags_are_texts(write):
    folder = write(source_txt="A house\nA dog\n", target_txt="Ein Haus\nEin Hund\n")
    assert tables.read(folder / "source.txt").columns == ["text"]


def test_categories_without_words_are_pairs_of_text_and_aspect(write):
    marks = (
        '<aspectCategory category="food" polarity="positive"/><aspectCategory category="price" polarity="negative"/>'
    )
    content = f'<sentences><sentence id="7"><text>Good, but dear.</text>{marks}</sentence></sentences>'
    frame = tables.read(write(a_xml=content) / "a.xml").frame
    assert frame.drop(columns="id").to_dict("list") == {
        "text": ["Good, but dear."] * 2,
        "aspect": ["food", "price"],
        "label": ["positive", "negative"],
    }

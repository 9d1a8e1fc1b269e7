"""Files with one word per line: which column is the word, which the tag, and what is not CoNLL."""

import random

import pytest

from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.data.formats import conll
from bertmagic.data.formats.reading import Reading
from bertmagic.errors import DataError
from bertmagic.workflows.prepare import ROLES

TOKENS = [["Mara", "Lindqvist", "flew", "to", "Oslo", "."], ["Nobody", "knew", "."]]
TAGS = [["B-PER", "I-PER", "O", "O", "B-LOC", "O"], ["O", "O", "O"]]
POS = [["NNP", "NNP", "VBD", "TO", "NNP", "."], ["NN", "VBD", "."]]
CHUNKS = [["B-NP", "I-NP", "B-VP", "B-PP", "B-NP", "O"], ["B-NP", "B-VP", "O"]]
INDEX = [[1, 2, 3, 4, 5, 6], [1, 2, 3]]


def lines(*columns, sep="\t", before=("", ""), blank="\n"):
    """The text of a file of two sentences, from columns that are lists of two sentences or one value for all words."""
    parts = []
    for at, words in enumerate(TOKENS):
        cells = [[c] * len(words) if isinstance(c, str) else map(str, c[at]) for c in columns]
        parts.append(before[at] + "".join(sep.join(row) + "\n" for row in zip(*cells, strict=True)))
    return blank.join(parts)


@pytest.fixture
def read(tmp_path):
    def read(content, name="data.txt", **how):
        (tmp_path / name).write_text(content, encoding="utf-8")
        return tables.read(tables.read_as(tmp_path / name, Reading(**how)))

    return read


def sentences(table):
    return table.frame[["tokens", "tags"]].values.tolist()


EXPECTED = [list(pair) for pair in zip(TOKENS, TAGS, strict=True)]
LAYOUTS = {
    "word and tag": (lines(TOKENS, TAGS), 1, 2),
    "conll2000": (lines(TOKENS, POS, CHUNKS, sep=" "), 1, 3),
    "conll2002": (lines(TOKENS, POS, TAGS, sep=" "), 1, 3),
    "conll2003": (lines(TOKENS, POS, CHUNKS, TAGS, sep=" ", before=("-DOCSTART- -X- -X- O\n\n", "")), 1, 4),
    "conlleval": (lines(TOKENS, POS, CHUNKS, TAGS, TAGS, sep=" "), 1, 4),
    "an index": (lines(INDEX, TOKENS, TAGS), 2, 3),
    "a number of the sentence, then one of the word": (lines([[1] * 6, [2] * 3], INDEX, TOKENS, TAGS), 3, 4),
    "a constant": (lines("doc1.xml", TOKENS, TAGS), 2, 3),
    "offsets": (lines([["0-4", "5-14", "15-19", "20-22", "23-27", "28-29"], ["30-36", "37-41", "41-42"]], TOKENS, TAGS),
                2, 3),
    "tag first": (lines(TAGS, TOKENS), 2, 1),
    "multiconer": (lines(TOKENS, "_", "_", TAGS, sep=" ", before=("# id 1\tdomain=en\n", "# id 3\tx=1\n")), 1, 4),
    "wikineural": (lines([[i - 1 for i in row] for row in INDEX], TOKENS, TAGS, "en"), 2, 3),
    "germeval": (lines(INDEX, TOKENS, TAGS, [["O"] * 4 + ["B-LOCderiv", "O"], ["O"] * 3],
                       before=("#\thttp://example.org/1 [2010]\n", "#\thttp://example.org/2 [2010]\n")), 2, 3),
    "universal ner": (lines(INDEX, TOKENS, TAGS, "-", "mara", before=("# sent_id = 1\n# text = Ma\n", "")), 2, 3),
    "tabs and blanks": (lines(TOKENS, [[f"{p} {c} {t}" for p, c, t in zip(*rows, strict=True)]
                                       for rows in zip(POS, CHUNKS, TAGS, strict=True)]), 1, 4),
    "trailing blanks": (lines(TOKENS, [[tag + " " for tag in row] for row in TAGS], sep=" ", blank=" \n"), 1, 2),
    "trailing tabs": (lines(TOKENS, [[tag + "\t" * (tag == "O") for tag in row] for row in TAGS], blank="\t\n"), 1, 2),
    "jnlpba": (lines(TOKENS, TAGS, before=("###MEDLINE:95369245\n\n", "###MEDLINE:95369246\n\n")), 1, 2),
    "tags of another writing": (lines(TOKENS, [[t.replace("-", "_") for t in row] for row in TAGS]), 1, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", ["data.txt", "eng.testb", "data", "data.tsv", "data.conll", "data.csv"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_words_and_tags_are_told_by_what_columns_hold(read, layout, name):
    content, word, tag = LAYOUTS[layout]
    table = read(content, name)
    expected = CHUNKS if layout == "conll2000" else TAGS
    written = [[tag.replace("_", "-") for tag in row] for row in table.frame["tags"]]
    assert (table.frame["tokens"].tolist(), written) == (TOKENS, expected)
    assert f"Read as CoNLL: column {word} is the word, column {tag} the tag" in table.note
    assert "columns = …" in table.note


def test_other_columns_are_named_and_can_be_learnt(read):
    table = read(LAYOUTS["conlleval"][0])
    assert table.columns == ["tokens", "tags", "tags_3", "tags_5"]
    assert "(columns 3, 5 have further tags, column 2 is not read)" in table.note
    task, columns = chosen(table)
    assert (task, columns["label"]) == ("token_classification", "tags")
    _, columns = chosen(table, label="tags_3")
    assert columns == {"text": "tokens", "label": "tags_3"}
    assert "column 1 counts" in read(LAYOUTS["an index"][0]).note


def chosen(table, **asked):
    asked = dict.fromkeys(ROLES) | asked
    kind = tasks.choose(None, table, asked)
    return kind.name, kind.columns(table, asked)[0]


def test_a_prediction_is_not_learnt(read):
    wrong = [["O"] * 6, ["B-PER", "O", "O"]]
    assert sentences(read(lines(TOKENS, TAGS, wrong))) == EXPECTED
    table = read("word\tpredicted\tgold\n" + lines(TOKENS, wrong, TAGS))
    assert sentences(table) == EXPECTED
    assert "column 3 (gold) the tag (column 2 (predicted) has further tags)" in table.note


def test_tags_of_two_kinds_are_asked_for(read):
    genes = [["O", "O", "B-GENE", "O", "O", "O"], ["O"] * 3]
    content = lines(TOKENS, TAGS, genes)
    with pytest.raises(DataError, match=r"several kinds: column 2 \(LOC, PER\) and column 3 \(GENE\)") as caught:
        read(content)
    assert caught.value.fix.splitlines()[1:] == ["columns = (1, 2)", "columns = (1, 3)"]
    assert sentences(read(content, columns=("1", "2"))) == EXPECTED
    assert read(content, columns=("1", "3")).frame["tags"].tolist() == genes


def test_columns_overrule_by_number_and_by_name(read):
    table = read("form\tpos\tner\n" + lines(TOKENS, POS, TAGS))
    assert table.frame["tags"].tolist() == TAGS
    assert table.columns == ["tokens", "tags", "pos", "ner"]
    for columns in (("1", "2"), ("form", "pos"), ("Form", "2")):
        assert read("form\tpos\tner\n" + lines(TOKENS, POS, TAGS), columns=columns).frame["tags"].tolist() == POS
    for columns, message in ((("1",), "columns names 1 column"), (("1", "9"), "no column 9; it has 3 columns"),
                             (("form", "nerr"), "no column nerr.*Did you mean 'ner'")):  # fmt: skip
        with pytest.raises(DataError, match=message):
            read("form\tpos\tner\n" + lines(TOKENS, POS, TAGS), columns=columns)


def test_a_header_is_data_if_the_user_says_so(read):
    content = "Ada\tB-PER\n" + lines(TOKENS, TAGS)
    assert read(content).frame["tokens"].iloc[0][:2] == ["Ada", "Mara"]
    assert read(content, header=True).frame["tokens"].tolist() == TOKENS
    with pytest.raises(DataError, match="line 1 has 'tag', which is not a tag"):
        read("token\ttag\n" + lines(TOKENS, TAGS), header=False, format="conll")


def test_types_without_a_scheme_are_entities_of_neighbours(read):
    types = [[tag.partition("-")[2] or tag for tag in row] for row in TAGS]
    table = read(lines(TOKENS, types))
    assert "types without B- and I- (LOC, PER): neighbours of one type are one entity" in table.note
    task, columns = chosen(table)
    learnt, rows, findings = tasks.find(task).read(table, columns)
    assert [[learnt.tags[n] for n in row] for row in rows.targets] == TAGS
    assert findings[0].what == "the tags are types without B- and I-: LOC, PER."


@pytest.mark.parametrize("outside", ["0", "_", "-"])
def test_another_sign_for_outside_is_read_as_o_and_said(read, outside):
    table = read(lines(TOKENS, [[outside if tag == "O" else tag for tag in row] for row in TAGS]))
    assert sentences(table) == EXPECTED
    assert f"'{outside}' is read as O." in table.note


@pytest.mark.parametrize("sep", [",", ";"])
def test_columns_may_be_those_of_csv_if_blank_lines_part_sentences(read, sep):
    content = lines([["Mara", "Lindqvist", "flew", "to", "Oslo", f'"{sep}"'], TOKENS[1]], TAGS, sep=sep)
    expected = [[[*TOKENS[0][:-1], sep], TAGS[0]], EXPECTED[1]]
    assert sentences(read(content, "data.csv")) == expected
    assert sentences(read(f"word{sep}tag\n" + content, "data.csv")) == expected


def test_tags_without_b_are_named(read):
    table = read(lines(TOKENS, [[tag.replace("B-", "I-") for tag in row] for row in TAGS]))
    assert "No tag begins with B-: neighbours of one type are one entity." in table.note


def test_a_zero_among_the_letters_o_is_read_as_o_and_said(read):
    table = read(lines(TOKENS, [TAGS[0], ["O", "0", "O"]]))
    assert sentences(table) == EXPECTED
    assert "'0' is read as O." in table.note


def test_a_last_column_may_be_empty_in_most_lines(read):
    table = read("TOKEN\tNER\tMISC\n" + lines(TOKENS, TAGS, [[""] * 5 + ["End"], ["", "", "End"]]))
    assert sentences(table) == EXPECTED


def test_parts_of_speech_are_learnt_on_request_only(read):
    with pytest.raises(DataError, match=r"no column of data.conll has tags of entities \(column 1: Mara") as caught:
        read(lines(TOKENS, POS), "data.conll")
    assert "columns = (1, 2)" in caught.value.fix
    table = read(lines(TOKENS, POS), "data.conll", columns=("1", "2"))
    learnt, rows, findings = tasks.find("token_classification").read(table, {"text": "tokens", "label": "tags"})
    assert [[learnt.tags[n] for n in row] for row in rows.targets] == [[f"B-{tag}" for tag in row] for row in POS]
    assert findings[0].fix == "Each word is an entity of its own."


UNIVERSAL = """# newdoc
# sent_id = 1
# text = al mar
1-2\tal\t_\t_\t_\t_\t_\t_\t_\t_
1\ta\ta\tADP\tsp\t_\t3\tcase\t_\t{}
2\tel\tel\tDET\tda\t_\t3\tdet\t_\t{}
3\tmar\tmar\tNOUN\tnc\t_\t0\troot\t_\t{}

# sent_id = 2
1\tLlueve\tllover\tVERB\tv\t_\t0\troot\t_\t{}
1.1\tello\t_\tPRON\t_\t_\t_\t_\t_\t_
2\t.\t.\tPUNCT\tf\t_\t1\tpunct\t_\t{}
"""


def test_conllu_has_tags_of_words(read):
    table = read(UNIVERSAL.replace("{}", "_"), "x.conllu")
    assert table.frame["tokens"].tolist() == [["a", "el", "mar"], ["Llueve", "."]]
    assert table.frame["upos"].tolist() == [["ADP", "DET", "NOUN"], ["VERB", "PUNCT"]]
    assert "Read as CoNLL-U: column 2 (form) is the word; none has tags of entities" in table.note
    assert "2 multiword ranges and empty nodes left out." in table.note
    assert chosen(table, label="upos")[0] == "token_classification"


def test_entities_in_the_last_column_of_conllu_are_found(read):
    misc = ["name=O", "name=O", "SpaceAfter=No|name=B-LOC", "name=O", "name=O"]
    table = read(UNIVERSAL.format(*misc))
    assert table.frame["tags"].tolist() == [["O", "O", "B-LOC"], ["O", "O"]]
    assert "name" in table.note


def test_conllu_plus_names_its_columns(read):
    content = "# global.columns = ID FORM UPOS NER\n" + lines(INDEX, TOKENS, POS, TAGS)
    assert sentences(read(content)) == EXPECTED


ONTONOTES = """#begin document (nw/x); part 000
nw/x 0 0 Mara NNP (S* - - - - (PERSON* * -
nw/x 0 1 Lindqvist NNP * - - - - *) * (1)
nw/x 0 2 left VBD *) leave 01 1 - * (V*) -

nw/x 0 0 Oslo NNP (S*) - - - - (GPE) -

#end document
"""


def test_spans_in_brackets_are_tags(read):
    table = read(ONTONOTES, "x.v4_gold_conll")
    assert table.frame["tokens"].tolist() == [["Mara", "Lindqvist", "left"], ["Oslo"]]
    assert table.frame["tags"].tolist() == [["B-PERSON", "I-PERSON", "O"], ["B-GPE"]]
    with pytest.raises(DataError, match=r"sentence at line 2: the span PERSON is not closed"):
        read(ONTONOTES.replace("*) * (1)", "* * (1)"))


HIPE = """TOKEN\tNE-COARSE-LIT\tNE-COARSE-METO\tNE-FINE-LIT\tNEL-LIT\tMISC
# language = de
# document_id = d0
Mara\tB-pers\tO\tB-pers.ind\tQ1\t_
Lindqvist\tI-pers\tO\tI-pers.ind\tQ1\tEndOfLine
# segment_iiif_link = https://example.org/1
flew\tO\tO\tO\t_\t_

# document_id = d1
Oslo\tB-loc\tB-org\tB-loc.adm.town\tQ585\tNoSpaceAfter
.\tO\tO\tO\t_\t_
"""


def test_a_comment_within_a_sentence_does_not_end_it(read):
    table = read(HIPE)
    assert table.frame["tokens"].tolist() == [["Mara", "Lindqvist", "flew"], ["Oslo", "."]]
    assert table.frame["tags"].tolist() == [["B-pers", "I-pers", "O"], ["B-loc", "O"]]
    assert {"NE-COARSE-LIT", "NE-COARSE-METO", "NE-FINE-LIT"} <= set(table.columns)
    assert chosen(table, label="NE-FINE-LIT")[1]["label"] == "NE-FINE-LIT"


@pytest.mark.parametrize("before", [("# 1\n", "# 2\n"), ("", "")])
def test_without_blank_lines_comments_or_the_index_part_sentences(read, before):
    assert sentences(read(lines(INDEX, TOKENS, TAGS, before=before, blank=""))) == EXPECTED


def test_a_first_entity_may_come_late(read):
    content = "w\tO\nv\tO\n\n" * 30_000 + lines(TOKENS, TAGS)
    table = read(content)
    assert table.frame["tags"].tolist()[-2:] == TAGS
    assert len(table.frame) == 30_002


def test_chinese_characters_and_odd_blanks_are_words(read):
    content = "我\tO\n在\tO\n北\tB-GPE.NAM\n京\tI-GPE.NAM\n\xa0\tO\n\u2028\tO\n#\tO\n# O\tO\n#北京\tO\n"
    assert read(content).frame["tokens"].tolist() == [["我", "在", "北", "京", "\xa0", "\u2028", "#", "# O", "#北京"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lines(TOKENS, TAGS) * 10 + "lonely\n", "line 101 has no tag after its word 'lonely'"),
        (lines(TOKENS, TAGS) * 10 + "New York\tB-LOC\tx\n", "line 101 has 3 columns, most lines have 2"),
        (lines(TOKENS, TAGS) * 10 + "Oslo\tLOC\n", "line 101 has 'LOC', which is not a tag"),
        (lines(TOKENS, TAGS) * 10 + "#hash\n", "line 101 has no tag after its word '#hash'"),
        (lines(TOKENS, TAGS) * 10 + "\tO\n", "line 101 has a tag, 'O', but no word"),
    ],
)
@pytest.mark.parametrize("name", ["data.txt", "data.tsv", "data.iob2"])
def test_a_damaged_line_is_one_error_with_its_number(read, name, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read(content, name)
    assert caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        "text\tlabel\nThis is fine\tO\nThis too\tB\n",
        "text,label\na b,B-1\nc d,O\n",
        "size S\nsize M\nsize L\n",
        "sentence_id\tword\ttag\n1\tAda\tB-PER\n1\tL\tI-PER\n2\tx\tO\n",
        "1\t2\t3\n4\t5\t6\n\n7\t8\t9\n",
        "I saw B\nyou saw O\n",
        "word count\nanother pair\n\nand more\n",
        "yes\tno\n\nyes\tno\nO\tno\n",
    ],
)
def test_tables_and_texts_are_no_conll(content):
    assert not conll.is_conll(content.split("\n"), Reading())


def test_random_text_is_never_taken_for_conll():
    draw = random.Random(0)
    vocabulary = ["a", "O", "B", "I", "plan", "The", "42", "x-ray", "B-side", "-", "_", "no", "yes", "Oslo", "#1", '"']
    for _ in range(300):
        sep, width = draw.choice([" ", "\t", ",", ";"]), draw.randint(1, 4)
        rows = [sep.join(draw.choices(vocabulary, k=width)) for _ in range(draw.randint(5, 40))]
        blank = draw.choice(["\n", "\n", "\n\n"])
        assert not conll.is_conll(blank.join(rows).split("\n"), Reading()), rows


def test_conll_is_never_taken_for_a_table(read):
    draw = random.Random(1)
    vocabulary = ["Oslo", ",", '"', ";", "a,b", "|", "{", "[", "3.5", "the", "O", "'s", "…"]
    for number in range(40):
        words = [draw.choices(vocabulary, k=draw.randint(1, 9)) for _ in range(8)]
        tags = [[draw.choice(["O", "O", "B-LOC", "B-PER"]) for _ in row] for row in words]
        sep = draw.choice(["\t", " "])
        content = "\n\n".join(
            "\n".join(map(sep.join, zip(*pair, strict=True))) for pair in zip(words, tags, strict=True)
        )
        table = read(content, f"{number}{draw.choice(['.txt', '.tsv', '.csv', ''])}")
        assert sentences(table) == [list(pair) for pair in zip(words, tags, strict=True)]


def test_the_language_or_position_that_a_corpus_adds_to_each_word_is_left_out(read):
    prefixed = read(lines([[f"no:{word}" for word in row] for row in TOKENS], TAGS))
    assert sentences(prefixed) == EXPECTED
    assert "'no:' before each word is left out" in prefixed.note
    some = read(lines([[f"no:{word}" if word != "." else word for word in row] for row in TOKENS], TAGS))
    assert sentences(some)[0][0][0] == "no:Mara"

    positioned = "春0\tB-GPE\n天1\tI-GPE\n镇0\tO\n40\tO\n51\tO\n\ufffd\ufffd0\tO\n"
    table = read(f"{positioned}\n{positioned}")
    assert sentences(table)[0][0] == ["春", "天", "镇", "4", "5", "\ufffd\ufffd"]
    assert "position of each character" in table.note
    unordered = "A4\tB-PAPER\nB5\tI-PAPER\nC0\tO\n"
    assert sentences(read(f"{unordered}\n{unordered}"))[0][0] == ["A4", "B5", "C0"]


def test_tags_of_positions_without_words_are_refused(read):
    rows = "".join(f"8000000{at:02}\t{at}\t{at + 4}\t{'B-LOC' if at % 3 else 'O'}\n" for at in range(30))
    with pytest.raises(DataError, match=r"no column of words: column 1 \(post\) holds only numbers") as caught:
        read(f"post\tstart\tend\tkind\n{rows}")
    assert "columns = (WORD, TAG)" in caught.value.fix


def test_rare_types_without_b_and_i_are_types_and_the_first_is_no_header(read):
    table = read("Mara\tPERSON\n" + "so\tO\n" * 30 + "\nOslo\tTOWN\n" + "then\tO\n" * 30)
    assert [(row[0][0], row[1][0]) for row in sentences(table)] == [("Mara", "PERSON"), ("Oslo", "TOWN")]
    assert "types without B- and I-" in table.note


@pytest.mark.parametrize("outside", ["O", "-"])
def test_tags_that_end_in_their_letter_are_turned_and_said(read, outside):
    content = f"1\tMara\tPER_B\n2\tLind\tPER_I\n3\tleft\t{outside}\n\n1\tOslo\tLOC_B\n2\tfell\t{outside}\n"
    table = read(f"{content}\n" * 3)
    assert table.frame["tags"].tolist()[:2] == [["B-PER", "I-PER", "O"], ["B-LOC", "O"]]
    assert "Its tags end in B and I, and are read as if these came first." in table.note


def test_several_tags_in_one_cell_are_refused(read):
    content = "Mara B-PER\nleft O\nOslo B-LOC|B-CITY\n\n" * 3
    with pytest.raises(DataError, match=r"column 2 of data.txt has several tags in one cell, such as 'B-LOC\|B-CITY'"):
        read(content)
    assert read(content.replace("B-LOC|B-CITY", "B-LOC|CITY")).frame["tags"].iloc[0][2] == "B-LOC|CITY"


@pytest.mark.parametrize("sep", [" ", "\t"])
def test_tags_may_be_in_lower_case_and_words_may_look_like_one(read, sep):
    rows = [(["mara", "sold", "her", "i-pad", f"{at}"], ["b-per", "o", "o", "o", "o"]) for at in range(9)]
    table = read("\n".join("".join(f"{sep.join(pair)}\n" for pair in zip(*row, strict=True)) for row in rows))
    assert sentences(table) == [list(row) for row in rows]
    assert "column 1 is the word, column 2 the tag" in table.note

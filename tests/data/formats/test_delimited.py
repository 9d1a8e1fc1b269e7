"""Tables in text: separators, quotes, headers and numbers, as many programs write them."""

import csv

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertmagic.data import numbers, tables
from bertmagic.data.formats import Reading
from bertmagic.data.labels import classes
from bertmagic.errors import DataError

TEXTS = ["The tea is bitter, cup 1", "The tea is lovely; cup 2", 'He said "hm" and left', "Nothing more to say here"]
LONG = "a text of so many words that it can hardly be a name"
LABELS = ["bad", "good", "bad", "good"]


@pytest.fixture
def read(tmp_path):
    def read(name, content, **said):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tables.read(tables.read_as(name, Reading(**said)), may_be_empty=True)

    return read


def rows(sep, header=("text", "label")):
    return "".join(f"{sep.join(row)}\n" for row in [*([header] if header else []), *zip(TEXTS, LABELS, strict=True)])


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.tab", "t.txt", "t.data", "t"])
def test_tabs_are_found_in_a_file_of_any_suffix(read, name):
    table = read(name, rows("\t"))
    assert table.frame.to_dict("list") == {"text": TEXTS, "label": LABELS}
    assert ("tabs" in table.note) == (name not in ("t.tsv", "t.tab"))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("text|label\na, b|x\nc; d|y\n", "bars"),
        ("text;label\na, b;x\nc|d;y\n", "semicolons"),
        ("text\tlabel\na, b\tx\nc|d\ty\n", "tabs"),
    ],
)
def test_the_separator_of_a_csv_file_is_the_one_that_gives_all_rows_one_width(read, content, word):
    table = read("t.csv", content)
    assert table.frame["label"].tolist() == ["x", "y"]
    assert table.note.startswith(f"Read as a table: fields are separated by {word}, ")


def test_commas_in_a_tsv_file(read):
    table = read("t.tsv", 'text,label\n"a, b",x\nc,y\n')
    assert table.frame["text"].tolist() == ["a, b", "c"]
    assert "separated by commas" in table.note


def test_two_separators_that_both_fit_are_asked(read):
    content = "".join(f"word{i},x;y{i}\n" for i in range(9))
    with pytest.raises(DataError, match="commas, semicolons between the fields") as caught:
        read("t.csv", content)
    assert caught.value.fix.splitlines() == ["Say which:", "sep = ','", "sep = ';'"]
    assert read("t.csv", content, sep=";", header=False).frame["1"][0] == "y0"


def test_a_line_of_excel_names_the_separator_and_is_no_row(read):
    table = read("t.csv", "sep=|\r\ntext|label\r\na;b|x\r\nc;d|y\r\n")
    assert table.frame.to_dict("list") == {"text": ["a;b", "c;d"], "label": ["x", "y"]}
    assert len(read("t.csv", "sep=|\na;b|x\nc;d|y\n", header=False).frame) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_mark_at_the_beginning_names_the_encoding(read, encoding):
    assert read("t.txt", rows("\t").replace("tea", "thé").encode(encoding)).frame["text"][0].startswith("The thé")


@pytest.mark.parametrize(
    "content",
    [
        rows("\t", None),
        "0\t5\tA man plays.\n1\t3\tA dog runs.\n2\t4\tNo one.\n",
        f"a\t{LONG}\tx\nb\t{LONG}!\ty\n",
    ],
)  # fmt: skip
def test_a_first_row_of_data_is_not_lost(read, content):
    table = read("t.tsv", content)
    assert len(table.frame) == content.count("\n")
    assert table.columns[:2] == ["0", "1"]
    assert "no header (columns 0, 1" in table.note
    assert table.note.endswith("sep = …, header = … overrule.")


@pytest.mark.parametrize(
    "content",
    [
        "Quality,#1 ID\n1,702876\n0,702977\n",
        "v1,v2\nham,See you at the point tonight\nspam,Free entry in a weekly lottery\n",
        "Kategorie,Inhalt\n" + "gut,eins\nschlecht,zwei\n" * 6,
        "0,1\nThe tea is bitter,bad\nThe tea is fine,good\n",
        "review_body,Rating Given\na,b\nc,d\n",
        "text,label\nlabel,text\n",
    ],
)  # fmt: skip
def test_names_of_columns_are_no_row(read, content):
    table = read("t.csv", content)
    assert table.columns == content.split("\n")[0].split(",")
    assert len(table.frame) == content.count("\n") - 1
    assert table.note == ""


def test_a_first_row_that_may_be_either_is_asked(read):
    content = "north,rain\nsouth,sun\nwest,snow\n"
    with pytest.raises(DataError, match="may hold the names of the columns or data: north, rain") as caught:
        read("t.csv", content)
    assert caught.value.fix.splitlines() == ["Say which:", "header = True", "header = False"]
    assert read("t.csv", content, header=True).columns == ["north", "rain"]
    assert len(read("t.csv", content, header=False).frame) == 3


def test_columns_names_those_of_a_table_without_names(read):
    table = read("t.csv", '"1","Oil","Oil is dear"\n"2","Ball","A game"\n"1","Gas","Gas, too"\n',
                 columns=("label", "title", "text"))  # fmt: skip
    assert table.frame.iloc[0].tolist() == [1, "Oil", "Oil is dear"]
    assert len(table.frame) == 3
    with pytest.raises(DataError, match=r"columns names 2 columns, and the rows of t.csv have 3"):
        read("t.csv", "a,b,c\n", columns=("x", "y"))
    assert len(read("t.csv", "kind,words\nx,y\n", columns=("kind", "words")).frame) == 1


GLUE = 'sentence\tlabel\n"So it goes ," she said\t0\n"Hello"\t1\n20" wide\t0\n'
PANDAS = 'text\tlabel\n"She said ""yes"" twice\nand left"\tb\n"No ""one"""\ta\n'
ALL = '"text"\t"label"\n"a"\t"x"\n"b"\t"y"\n'


def test_quotes_with_tabs_are_those_of_csv_only_where_a_program_wrote_them(read):
    assert read("t.tsv", GLUE).frame["sentence"].tolist() == ['"So it goes ," she said', '"Hello"', '20" wide']
    table = read("t.tsv", PANDAS)
    assert table.frame["text"].tolist() == ['She said "yes" twice\nand left', 'No "one"']
    assert "quoted as in CSV" in table.note
    assert read("t.tsv", ALL).frame["text"].tolist() == ["a", "b"]
    excel = 'text\tlabel\ngood\t"a, b"\n"good, too"\tc\nbad\td\n'
    assert read("t.tsv", excel).frame["label"].tolist() == ["a, b", "c", "d"]
    balanced = 'text\tlabel\n"Hello"\tx\nno quotes\ty\n'
    assert read("t.tsv", balanced).frame["text"].tolist() == ['"Hello"', "no quotes"]


def test_lone_quotes_far_into_a_csv_file_are_characters(read):
    content = "text,label\n" + "plain,x\n" * 30_000 + '"Yes" he said,y\n"No" she said,x\n'
    table = read("t.csv", content)
    assert table.frame["text"].iloc[-1] == '"No" she said'
    assert "quotes are characters" in table.note


def test_quotes_behind_a_backslash_are_no_csv(read):
    with pytest.raises(DataError, match=r"t.csv has quotes with a backslash before them, first in line 2") as caught:
        read("t.csv", 'text,label\n"He said \\"hi\\" and left",x\n"Plain, yes",y\n')
    assert 'pandas.read_csv("t.csv", escapechar="\\\\")' in caught.value.fix


def test_orange_has_three_lines_above_the_rows(read):
    table = read("t.tab", "label\ttext\nd\tstring\nclass\tmeta\nbad\tThe tea\ngood\tA cup\n")
    assert table.frame.to_dict("list") == {"label": ["bad", "good"], "text": ["The tea", "A cup"]}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (["1", "2"], "int64"), (["1", ""], "float64"), (["0.5", "2"], "float64"), (["1e-05", "0.1"], "float64"),
        (["True", "False"], "bool"), (["TRUE", "FALSE"], "bool"),
        (["007", "042"], "str"), (["1E2", "3"], "str"), (["1.10", "1.20"], "str"), (["+1", "-1"], "str"),
        (["1", "01"], "str"), (["1", "x"], "str"), (["9223372036854775808", "1"], "str"), (["nan", "1"], "str"),
        (["9007199254740993", ""], "str"), ([" 1", "2"], "str"), (["１", "2"], "str"), (["1_0", "2"], "str"),
    ],
)  # fmt: skip
def test_a_column_is_of_numbers_only_if_all_are_written_as_such(read, written, kind):
    column = read("t.csv", "text,label\n" + "".join(f"a,{value}\n" for value in written)).frame["label"]
    assert column.dtype.name == kind or (kind == "str" and column.dtype == object)
    if kind == "str":
        assert column.fillna("").tolist() == written


def test_decimal_commas_between_semicolons_are_numbers_and_said(read):
    table = read("t.csv", "text;value;ids\na;0,5;x\nb;1.234,50;y\nc;-2;z\n")
    assert table.frame["value"].tolist() == [0.5, 1234.5, -2.0]
    assert "decimal comma (value)" in table.note
    assert read("t.tsv", "text\tids\na\t2,27\nb\t3\n").frame["ids"].tolist() == ["2,27", "3"]  # several labels


def test_numbers_written_with_zeros_at_the_end_are_predicted_as_numbers_if_they_are_many(read):
    many = read("t.csv", "text,score\n" + "".join(f"a,{i}.250\n" for i in range(12))).frame["score"]
    few = read("t.csv", "text,score\n" + "a,1.10\nb,1.20\n" * 20).frame["score"]
    assert (numbers.are_quantities(many), numbers.are_quantities(few)) == (True, False)


def test_codes_are_classes_as_they_are_written(read):
    labels = classes(read("t.csv", "text,label\na,007\nb,042\nc,1E2\n").frame["label"], "label")
    assert labels.values == ("007", "042", "1E2")


def test_texts_that_are_cut_into_columns_without_a_name_are_said(read):
    content = "v1,v2,,\nham,You may go on with it,,\nspam,You win a prize today, now,\nham,Fine with all of us here,,\n"
    assert read("t.csv", content).note == (
        "1 row goes on in columns without a name (Unnamed: 2, Unnamed: 3): a text may be cut there."
    )
    assert read("t.csv", content.replace(", now,", ",,")).note == ""


def test_a_header_that_comes_again_is_refused(read):
    with pytest.raises(DataError, match=r"t.csv repeats its header in 1 row, first in row 2: text, label"):
        read("t.csv", "text,label\na,x\nb,y\ntext,label\nc,x\n")


def test_commas_in_a_text_file_that_may_be_a_table_are_asked(read):
    content = "".join(f"{i}.5,{i},{'ab'[i % 2]}\n" for i in range(9))
    with pytest.raises(DataError, match=r"t.txt can be read in several ways: table, lines"):
        read("t.txt", content)
    assert read("t.data", content).frame["2"].tolist()[:2] == ["a", "b"]
    assert read("t.txt", "Well, one line\nNo, another\nSo, a third\n").columns == ["text"]


def test_a_table_with_nothing_below_its_header(read):
    assert read("t.csv", "text,label\n").columns == ["text", "label"]


def test_the_first_rows_tell_as_much_of_a_large_file(read):
    filler = "x" * 300
    table = read("t.txt", "".join(f"{filler} {i}\t{'ab'[i % 2]}\n" for i in range(2000)))
    assert len(table.frame) == 2000
    assert table.frame["1"].nunique() == 2


def test_positions_behind_an_index_are_names(read):
    assert read("t.csv", ",0,1\n0,0.5,1\n1,0.25,2\n").columns == ["Unnamed: 0", "0", "1"]


WRITTEN = {  # suffix, separator, quoting
    "comma": (".csv", ",", csv.QUOTE_MINIMAL),
    "all quoted": (".csv", ",", csv.QUOTE_ALL),
    "semicolon": (".csv", ";", csv.QUOTE_MINIMAL),
    "pandas": (".tsv", "\t", csv.QUOTE_MINIMAL),
    "bars": (".txt", "|", csv.QUOTE_MINIMAL),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    way=st.sampled_from(sorted(WRITTEN)),
    texts=st.lists(st.text("ab \",;|'.0é", max_size=12).map(lambda text: f"t{text}"), min_size=2, max_size=8),
    breaks=st.booleans(),
)
def test_what_programs_write_is_read_back_or_refused(tmp_path, way, texts, breaks):
    suffix, sep, quoting = WRITTEN[way]
    rows = [(f"{text}\nb" if breaks and i % 3 == 1 else text, "xy"[i % 2]) for i, text in enumerate(texts)]
    with (tmp_path / f"t{suffix}").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=sep, quoting=quoting, lineterminator="\n").writerows([("text", "label"), *rows])
    try:
        frame = tables.read(tmp_path / f"t{suffix}").frame
    except DataError:
        return
    assert list(frame.itertuples(index=False, name=None)) == rows


def test_rows_with_further_columns_are_read_if_all_columns_are_named(read):
    content = '1.5\tA cat naps\tA cat sleeps\n0.2\tIt rains\tNo "luck\tnews site\n4.5\tA door\tThe door\n'
    with pytest.raises(DataError, match="line 2 has 4 fields") as caught:
        read("t.csv", content)
    assert "name them all" in caught.value.fix
    names = ("score", "one", "other", "source")
    frame = read("t.csv", content, columns=names).frame
    assert frame["other"].tolist() == ["A cat sleeps", 'No "luck', "The door"]
    assert frame["source"].fillna("").tolist() == ["", "news site", ""]
    with pytest.raises(DataError, match=r"columns names 5 columns, and no row of t\.csv has so many"):
        read("t.csv", content, columns=(*names, "more"))


def test_several_characters_may_separate_fields(read):
    content = "".join(f'id{at}_!_{at % 2}_!_a "text", number {at}_!_\n' for at in range(20))
    table = read("t.txt", content, sep="_!_")
    assert table.columns == ["0", "1", "2", "3"]
    assert table.frame["2"].tolist()[:2] == ['a "text", number 0', 'a "text", number 1']
    assert table.frame["1"].tolist()[:3] == [0, 1, 0]
    assert table.frame["3"].isna().all()
    named = read("n.txt", "text ||| label\n\nA film ||| good\nA book ||| bad\n", sep=" ||| ")
    assert named.frame.to_dict("list") == {"text": ["A film", "A book"], "label": ["good", "bad"]}
    with pytest.raises(DataError, match="line 21 has 2 fields"):
        read("r.txt", content + "a_!_b\n", sep="_!_")

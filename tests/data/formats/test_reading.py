"""The options of a file: given by name, or written behind its path."""

import contextlib

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.data import formats, tables
from bertmagic.data.formats import source
from bertmagic.data.formats.reading import Reading, of_reference
from bertmagic.errors import DataError, OptionError, UnknownReference
from bertmagic.options import commands, learning
from bertmagic.options.files import FORMATS, Files


@pytest.mark.parametrize(
    ("reference", "path", "reading"),
    [
        ("a.csv", "a.csv", Reading()),
        ("a.csv?sep=;&header=no", "a.csv", Reading(sep=";", header=False)),
        ("a.csv?columns=label, text&encoding=latin-1", "a.csv", Reading(columns=("label", "text"), encoding="latin-1")),
        ("d/a.txt?format=conll&columns=2,3", "d/a.txt", Reading(format="conll", columns=("2", "3"))),
        (r"a.txt?sep=\t", "a.txt", Reading(sep="\t")),
        ("why?.csv", "why?.csv", Reading()),
        ("data/?.csv?header=yes", "data/?.csv", Reading(header=True)),
    ],
)
def test_a_reference_holds_options_behind_its_path(reference, path, reading):
    assert of_reference(reference) == (path, reading)


@pytest.mark.parametrize(
    ("reference", "message"),
    [("a.csv?sep=;&quote=no", "'quote', which is not known"), ("a.csv?header=maybe", "header=maybe .* not yes or no")],
)
def test_an_unknown_option_of_a_reference_is_an_error(reference, message):
    with pytest.raises(DataError, match=message):
        of_reference(reference)


def test_what_a_reference_says_counts_more():
    assert Reading(sep=";").over(Reading(sep=",", header=True)) == Reading(sep=";", header=True)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "semi.csv").write_text("text;label\na, b;x\nc, d;y\n")
    (tmp_path / "splits.json").write_text('{"train": [{"text": "a", "label": 1}], "test": [{"text": "b", "label": 0}]}')
    (tmp_path / "odd@name.csv").write_text("text,label\na,x\n")
    return tmp_path


def test_a_split_of_a_file_is_named_behind_it(files):
    assert tables.read("splits.json@test").frame["text"].tolist() == ["b"]
    assert tables.read("splits.json", "train").frame["text"].tolist() == ["a"]
    assert tables.read("odd@name.csv").frame["text"].tolist() == ["a"]
    with pytest.raises(UnknownReference, match=r"no split 'tset': it has the splits train, test. Did you mean 'test'"):
        tables.read("splits.json@tset")
    with pytest.raises(UnknownReference, match=r"semi.csv has no split 'train': it has no splits"):
        tables.read("semi.csv@train")


def test_options_of_files_are_taken_wherever_data_is(files):
    report = bm.check("semi.csv", sep=";", header=False, columns="one, two", text="one")
    assert (report.columns, report.rows) == (("one", "two"), 3)
    assert bm.check("semi.csv?sep=;", text="text").columns == ("text", "label")


def test_a_column_that_is_not_clear_says_how_the_file_was_read(tmp_path):
    (tmp_path / "a.conllu").write_text(
        "# text = Go on\n1\tGo\tgo\tVERB\tV\t_\t0\troot\t_\t_\n2\ton\ton\tADV\tR\t_\t1\tadv\t_\t_\n"
    )
    with pytest.raises(DataError, match=r"Read as CoNLL-U: .* label = … learns the tags of another column: upos"):
        bm.finetune("a.conllu", show=False)


@pytest.mark.parametrize("data", [pd.DataFrame({"text": ["a"]}), "sample:reviews", {"text": ["a"]}])
def test_options_of_files_for_other_data_are_an_error(data):
    with pytest.raises(DataError, match="sep says how a file is read, and the data is"):
        bm.check(data, sep=";")


def test_a_wrong_value_is_an_error_of_the_option(files):
    with pytest.raises(OptionError, match="header = 'perhaps' is not True or False"):
        bm.check("semi.csv", header="perhaps")


def test_the_option_offers_each_format():
    assert sorted(FORMATS) == sorted(formats.NAMES)
    with pytest.raises(OptionError, match=r"format = 'conl' is not one of .*Did you mean 'conll'"):
        bm.check("nothing.csv", format="conl")


@pytest.mark.parametrize(
    "command",
    [
        commands.Fill, commands.Predict, commands.Similar, commands.Evaluate, commands.Check, commands.Panel,
        commands.Compare, learning.Finetune, learning.Tune, learning.Pretrain,
    ],
)  # fmt: skip
def test_every_command_that_takes_data_has_the_options_of_files(command):
    assert issubclass(command, Files)


def test_a_prediction_takes_them_too(files, learnt):
    (files / "more.csv").write_text("".join(f"film {at};{at % 2}\n" for at in range(40)))
    said = {"sep": ";", "header": False, "columns": ("one", "two")}
    assert len(learnt.predict(file="more.csv", text="one", show=False, **said).frame) == 40


@pytest.mark.parametrize("name", ["t.txt", "t", "t.csv", "t.conll", "t.md", "t_text.txt"])
def test_the_beginning_of_a_file_says_what_it_is(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(b"A line of text, which has a comma\nand another one\n" * 60_000)  # 3 MB
    (tmp_path / "t_labels.txt").write_text("1\n0\n" * 60_000)
    read = []
    real = source.Source.open

    def counting(self):
        file = real(self)
        inner = file.read

        class Counted:
            def __getattr__(self, key):
                return getattr(file, key)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def read(self, size=-1):
                data = inner(size)
                read.append(len(data))
                return data

        return Counted()

    monkeypatch.setattr(source.Source, "open", counting)
    with contextlib.suppress(DataError):
        formats.choose(source.Source(tmp_path / name, Reading()))
    assert 0 < sum(read) <= 4 * source.HEAD

"""Files that hold no rows say what they are and what to do."""

import gzip
import io
import os
import pickle
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bertmagic.data import formats, tables
from bertmagic.data.formats import Reading, encodings
from bertmagic.errors import DataError, UnknownReference

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def packed(*names, content=b"x"):
    """A zip archive as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return name

    return write


XML = '<?xml version="1.0"?>\n<corpus><doc id="1"><text>A film</text></doc><doc id="2"><text>B</text></doc></corpus>'


def test_xml_is_named_with_a_line_that_gives_its_rows(write):
    with pytest.raises(DataError, match=r"t.xml is XML \(<corpus>\), whose rows are not known") as caught:
        tables.read(write("t.xml", XML.encode()))
    call = caught.value.fix.split(" as in ")[1].rstrip(".")
    frame = eval(call, {"pandas": pd})  # what the message says to type
    assert frame["text"].tolist() == ["A film", "B"]


def test_an_encoding_that_xml_declares_is_in_the_line(write):
    content = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><all><doc><text>Aé</text></doc><doc><text>B</text></doc></all>'
    )
    with pytest.raises(DataError, match="whose rows are not known") as caught:
        tables.read(write("t.xml", content.encode("latin-1")))
    call = caught.value.fix.split(" as in ")[1].rstrip(".")
    assert eval(call, {"pandas": pd})["text"].tolist() == ["Aé", "B"]


def test_elements_within_the_text_of_others_are_not_named(write):
    text = "&lt;row&gt;&lt;row&gt;<![CDATA[<row><row>]]>"
    content = f'<?xml version="1.0"?><c:all xmlns:c="urn:c"><c:s n="1">{text}</c:s><c:s n="2"/></c:all>'
    with pytest.raises(DataError, match=r"t.xml is XML \(<all>\)") as caught:
        tables.read(write("t.xml", content.encode()))
    call = caught.value.fix.split(" as in ")[1].rstrip(".")
    assert eval(call, {"pandas": pd})["n"].tolist() == [1, 2]


def test_sgml_is_named(write):
    with pytest.raises(DataError, match=r"t.sgm is SGML \(<REUTERS>\), whose rows are not known"):
        tables.read(
            write("t.sgm", b'<!DOCTYPE lewis SYSTEM "lewis.dtd">\n<REUTERS NEWID="1"><BODY>Oil</BODY></REUTERS>')
        )


@pytest.mark.parametrize(
    ("name", "content", "message", "fix"),
    [
        ("t.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "is a picture", "Copy its text"),
        ("t.csv", b"\xff\xd8\xff\xe0" + bytes(99), "is a picture", "Copy its text"),
        ("t.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(9), "is a picture", "Copy its text"),
        ("t.pdf", b"%PDF-1.7\n", "is a PDF document", "pdftotext"),
        ("t.csv", b"<!DOCTYPE html>\n<html><body>404</body></html>", "is a web page", "Raw button"),
        ("t.json", b"\xef\xbb\xbf\n<html lang='en'>", "is a web page", "Raw button"),
        ("t.parquet", POINTER, "is a pointer of git-lfs", "git lfs pull"),
        ("t.jsonl", b"../.git/annex/objects/xx/MD5--1", "is a pointer of git-lfs", "git annex get"),
        ("t.pkl", pickle.dumps([{"text": "a"}], 4), "is a pickle, which can run any code", "pandas.read_pickle"),
        ("t.tar", b"a" * 257 + b"ustar\x0000" + bytes(99), "is a tar archive", "tar -xf t.tar"),
        ("t.h5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file", "Export"),
        (
            "t.csv.gz",
            gzip.compress(gzip.compress(b"text,label\na,b\n", mtime=0), mtime=0),
            "is packed twice",
            "Unpack it once",
        ),
        ("t.docx", packed("[Content_Types].xml", "word/document.xml"), "is a document .Word.", "Save its text"),
        ("t.zip", packed("inner.zip", content=packed("a.csv")), "inner.zip is a zip archive", "Unpack it"),
        ("t.avro", b"Obj\x01\x04\x14avro" + bytes(9), "is an Avro file", "fastavro"),
        ("t.rtf", b"{\\rtf1 hello}", "is a document .RTF.", "Save its text"),
        ("t.conll", b"Mara B-PER\n" + b"x" * 6_000_000 + b" O\n", "line 2 has 6,000,002 characters", "one word"),
        ("t.mbox", b"From a\nSubject: b\n\nText\n", "of an unknown kind", 'format = "lines" reads each line'),
        ("t.npy", b"\x93NUMPY\x01\x00", "is an array of NumPy", "numpy.load"),
        ("t.csv", b"text,label\na\x00b,c\nd,e\n", "byte 0x00 stands at position 12", "Export"),
        ("t.bin", bytes(range(256)) * 9, "is a binary file of an unknown kind", "Export"),
        ("t.csv", "text,label\na,b\n".encode("utf-16-le"), "looks like UTF-16 without a mark", '"utf-16-le"'),
        ("t.csv", b"", r"is empty \(0 bytes\)", "Check"),
    ],
)
def test_what_a_file_is_and_what_to_do(write, name, content, message, fix):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(write(name, content))
    assert fix in caught.value.fix


def test_a_link_to_nothing(tmp_path):
    Path("t.csv").symlink_to("nowhere.csv")
    with pytest.raises(UnknownReference, match=r"'t.csv' is a link to a file that is not there") as caught:
        tables.read("t.csv")
    assert caught.value.fix == "It leads to nowhere.csv."


@pytest.mark.parametrize("name", ["pipe.csv", "zero.csv", "pipe"])
def test_what_has_no_end_is_not_read(tmp_path, name):
    os.mkfifo("pipe.csv")
    os.mkfifo("pipe")
    Path("zero.csv").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=rf"{name} is a pipe, a socket or a device") as caught:
        tables.read(name)
    assert "DataFrame" in caught.value.fix


def test_a_pickle_is_not_loaded(write):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (Path("loaded"),)

    with pytest.raises(DataError, match="never loaded"):
        tables.read(write("t.pkl", pickle.dumps(Bomb())))
    assert not Path("loaded").exists()


def test_a_user_may_read_a_web_page_as_lines(write):
    table = tables.read(tables.read_as(write("t.txt", b"<html>\ntext\n"), Reading(format="lines")))
    assert table.frame["text"].tolist() == ["<html>", "text"]


def test_a_file_that_changes_while_it_is_read(write, monkeypatch):
    name = write("t.csv", b"text,label\na,b\n")
    real = formats.choose

    def slow(source):
        chosen = real(source)
        with Path(name).open("a") as file:
            file.write("c,d\n")
        return chosen

    with monkeypatch.context() as patch:
        patch.setattr(formats, "choose", slow)
        with pytest.raises(DataError, match=r"t.csv changed while it was read"):
            tables.read(name)
    assert len(tables.read(name).frame) == 2


def test_a_file_that_may_not_be_read(write, monkeypatch):
    name = write("t.csv", b"text,label\na,b\n")
    Path(name).chmod(0)
    if os.access(name, os.R_OK):  # as root, who may read everything
        real = Path.open

        def refused(path, *args, **kwargs):
            if path.name == name:
                raise PermissionError(13, "Permission denied", name)
            return real(path, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(DataError, match=r"t.csv cannot be opened: you have no permission"):
        tables.read(name)


def test_an_encoding_that_does_not_exist(write):
    with pytest.raises(DataError, match="there is no encoding 'latin1000'"):
        tables.read(tables.read_as(write("t.csv", b"text,label\na,b\n"), Reading(encoding="latin1000")))


def test_a_mark_is_no_part_of_a_name_where_utf8_is_named(write):
    name = write("t.csv", b"\xef\xbb\xbftext,label\na,b\n")
    assert tables.read(tables.read_as(name, Reading(encoding="utf-8"))).columns == ["text", "label"]


def test_damaged_utf8_is_not_called_something_else(write):
    content = "text,label\n" + "Müller mag Käse sehr,a\n" * 20
    data = content.encode()[:-3] + b"\xc3,b\nx\xe9y,c\n"
    with pytest.raises(DataError, match=r"t.csv is UTF-8 and damaged at 2 places, first at byte 0xc3 in line 21"):
        tables.read(write("t.csv", data))


TEXTS = {
    "cp1252": "Le café élégant coûte 5 € à Besançon – « voilà »",
    "cp1250": "Zażółć gęślą jaźń, proszę państwa: książka jest już złożona",
    "cp1251": "Очень хороший фильм, смотрел два раза",
    "big5": "這部電影真的很好看，我非常喜歡，推薦給大家",
    "gb18030": "这部电影很好看,我很喜欢,推荐给大家",
    "euc_kr": "이 영화는 정말 재미있었습니다",
    "shift_jis": "この映画はとても面白かったです",
    "euc_jp": "この映画はとても面白かったです",
    "cp1253": "Πολύ καλή ταινία, την είδα δύο φορές",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_an_encoding_is_named_by_what_comes_out(encoding):
    assert encodings.likely(f"text,label\n{TEXTS[encoding]},1\n".encode(encoding)) == encoding


@pytest.mark.parametrize(
    "data", [b"a \x81\x8d\x8f\x90 b", b"\x80\x81\x82\xfe\xff" * 5, b"caf\xc3\xa9 caf\xe9 \xc3\xa9"]
)
def test_no_encoding_is_named_where_none_is_plausible(data):
    assert encodings.likely(data) is None

"""Workbooks: one sheet is a table."""

import sys
import zipfile

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError, UnknownReference

pytest.importorskip("python_calamine", reason="reading workbooks needs the extra excel")

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell(value):
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


@pytest.fixture
def book(tmp_path):
    """Write a workbook of sheets, each a list of rows."""

    def book(name, sheets):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
            archive.writestr(
                "[Content_Types].xml",
                f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/workbook.xml" ContentType="{kind}"/>'
                '<Default Extension="xml" ContentType="application/xml"/></Types>',
            )
            archive.writestr(
                "_rels/.rels",
                f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{LINKS}/officeDocument" '
                'Target="xl/workbook.xml"/></Relationships>',
            )
            entries = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1))
            archive.writestr(
                "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{entries}</sheets></workbook>'
            )
            links = "".join(
                f'<Relationship Id="r{i}" Type="{LINKS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
                for i in range(1, len(sheets) + 1)
            )
            archive.writestr(
                "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
            )
            for i, rows in enumerate(sheets.values(), 1):
                body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
                archive.writestr(
                    f"xl/worksheets/sheet{i}.xml",
                    f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>',
                )
        return name

    return book


ROWS = [["text", "label", "code", "n"], ["The tea", 1, "007", 0.5], [None, None, None, None], ["A cup", 2, 42, None]]


def test_cells_keep_their_kinds_and_texts_their_writing(book):
    table = tables.read(book("t.xlsx", {"One": ROWS, "Empty": []}))
    assert table.frame["label"].tolist() == [1, 2]
    assert table.frame["code"].tolist() == ["007", "42"]
    assert table.frame["n"].tolist()[0] == 0.5
    assert table.frame["n"].isna().tolist() == [False, True]
    assert table.note == ""


def test_of_several_sheets_one_is_named(book):
    name = book("t.xlsx", {"One": ROWS, "Two": ROWS[:2]})
    with pytest.raises(DataError, match=r"t.xlsx has 2 sheets with rows: One, Two") as caught:
        tables.read(name)
    assert caught.value.fix == "Name one, as in t.xlsx:One."
    assert len(tables.read("t.xlsx:Two").frame) == 1
    with pytest.raises(UnknownReference, match=r"no sheet 'Tow' with rows; it has One, Two. Did you mean 'Two'"):
        tables.read("t.xlsx:Tow")


def test_a_sheet_without_names_of_columns(book):
    table = tables.read(
        book("t.xlsx", {"One": [["The tea", "bad"], ["A cup", "good"], ["The pot", "bad"], ["Tea", "good"]]})
    )
    assert table.frame["1"].tolist() == ["bad", "good", "bad", "good"]
    assert table.note == "Read as a table: no header (columns 0, 1); header = … overrules."
    assert tables.read("t.xlsx?columns=text,label").columns == ["text", "label"]


def test_a_workbook_in_a_zip_archive(tmp_path, book):
    book("t.xlsx", {"One": ROWS})
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(tmp_path / "t.xlsx", "t.xlsx")
    assert len(tables.read("t.zip").frame) == 2


def test_a_workbook_with_a_password(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
    )
    with pytest.raises(DataError, match=r"t.xlsx is protected by a password") as caught:
        tables.read("t.xlsx")
    assert "Save it without one" in caught.value.fix


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"PK\x03\x04 and no more"])
def test_a_broken_workbook(tmp_path, content):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=r"t.xlsx cannot be read as a workbook"):
        tables.read("t.xlsx")


def test_without_the_library_the_extra_is_named(book, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(DataError, match="needs python-calamine") as caught:
        tables.read(book("t.xlsx", {"One": ROWS}))
    assert 'pip install "bertmagic[excel]"' in caught.value.fix

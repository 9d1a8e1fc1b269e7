"""Tables of an SQLite database."""

import sqlite3
from contextlib import closing

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError, UnknownReference


@pytest.fixture
def database(tmp_path):
    def database(*statements):
        with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return "t.db"

    return database


ONE = [
    'CREATE TABLE "my reviews" (text TEXT, label TEXT)',
    "INSERT INTO \"my reviews\" VALUES ('a', '007'), (NULL, 'b')",
]


def test_the_only_table_is_read(database):
    frame = tables.read(database(*ONE)).frame
    assert frame["label"].tolist() == ["007", "b"]
    assert frame["text"].isna().tolist() == [False, True]


def test_of_several_tables_one_is_named(database):
    name = database(*ONE, "CREATE TABLE notes (text TEXT)", "CREATE VIEW short AS SELECT text FROM notes")
    with pytest.raises(DataError, match=r"t.db has 3 tables: my reviews, notes, short") as caught:
        tables.read(name)
    assert caught.value.fix == "Name one, as in t.db:my reviews."
    assert len(tables.read("t.db:my reviews").frame) == 2
    with pytest.raises(UnknownReference, match=r"no table 'note'.*Did you mean 'notes'"):
        tables.read("t.db:note")


def test_a_database_without_tables_or_broken(database, tmp_path):
    with pytest.raises(DataError, match=r"t.db is a database without a table"):
        tables.read(database("CREATE TABLE t (a)", "DROP TABLE t"))
    (tmp_path / "t.db").write_bytes((tmp_path / "t.db").read_bytes()[:200])
    with pytest.raises(DataError, match=r"t.db cannot be read as a database"):
        tables.read("t.db")

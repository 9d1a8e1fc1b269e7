import pandas as pd
import pyarrow as pa
import pytest

from bertmagic.data import object_types
from tests import strangers


@pytest.fixture
def asked():
    strangers.ASKED.clear()
    yield strangers.ASKED
    strangers.ASKED.clear()


def test_no_code_of_a_strangers_object_runs(asked):
    for name, value in strangers.objects().items():
        assert not object_types.is_table(value), name
        assert not object_types.is_dict_of_columns(value)
        assert not object_types.is_instance(value, (str, dict))
        object_types.declares(value, "anything")
    assert object_types.is_table(strangers.Columns())
    assert asked == []


def test_tables_of_libraries_are_known_by_their_type():
    frame = pd.DataFrame({"text": ["a"]})
    table = pa.table({"text": ["a"]})
    for value in (frame, table, table.to_batches()[0], type("Mine", (pd.DataFrame,), {})(frame)):
        assert object_types.is_table(value)
    for value in (frame["text"], frame.columns, {"text": ["a"]}, [{"text": "a"}], pd.DataFrame, "text", None):
        assert not object_types.is_table(value)
    assert object_types.is_table(pd.DataFrame(index=pd.RangeIndex(10**9)))


def test_datasets_are_tables():
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"text": ["a"]})
    assert object_types.is_table(rows)
    assert not object_types.is_table(datasets)


def test_a_dict_of_columns_is_told_from_other_dicts():
    assert object_types.is_dict_of_columns({"text": ["a"], "label": ("b",)})
    for value in ({}, {1: ["a"]}, {"text": "a"}, {"text": ["a"], "size": 3}):
        assert not object_types.is_dict_of_columns(value)

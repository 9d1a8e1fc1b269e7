import pandas as pd

from bertmagic.evaluation import slices
from bertmagic.evaluation.report import Slice


def test_each_value_of_each_column_has_the_metrics_of_its_rows():
    columns = pd.DataFrame({"lang": ["en", "de", "en", None], "long": [True, True, False, True]}, index=list("wxyz"))
    found = slices.by_value(columns, lambda rows: {"at": float(rows.nonzero()[0].sum())})
    assert found == (
        Slice("lang", "en", 2, {"at": 2.0}),
        Slice("lang", "de", 1, {"at": 1.0}),
        Slice("lang", "<NA>", 1, {"at": 3.0}),
        Slice("long", "True", 3, {"at": 4.0}),
        Slice("long", "False", 1, {"at": 2.0}),
    )
    assert slices.by_value(columns[[]], lambda rows: {}) == ()

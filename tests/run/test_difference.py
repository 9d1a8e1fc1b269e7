from bertmagic.run import difference, records
from bertmagic.run.recorder import RunRecorder


def record(name, options, data, metrics=None):
    run = RunRecorder(name, options, data)
    if metrics:
        run.finish(metrics)
    return records.read_run(run.folder)


def rows(name="r.csv", many=90, sha="aa", **columns):
    return {"name": name, "rows": many, "columns": columns or {"text": "t"}, "sha256": sha}


def changes(comparison, what):
    return {one.name: (one.first, one.second) for one in comparison.of(what)}


def test_options_and_metrics_that_differ_are_told_and_the_others_counted():
    one = record("a", {"lr": 1e-4, "epochs": 3, "name": "a"}, {"train": rows()}, {"accuracy": 0.8, "loss": 0.5})
    two = record("b", {"lr": 5e-5, "epochs": 3, "name": "b", "new": 1}, {"train": rows()}, {"accuracy": 0.9})
    comparison = difference.compare(one, two)
    assert changes(comparison, "option") == {"lr": (1e-4, 5e-5), "new": (None, 1)}
    assert (comparison.same, comparison.same_data, comparison.of("data")) == (1, ("train",), ())
    results = {one.name: one.change for one in comparison.of("result")}
    assert round(results["accuracy"], 6) == 0.1
    assert results["loss"] is None
    frame = comparison.frame
    assert list(frame.columns) == ["what", "name", "a", "b", "change", "note"]
    assert set(frame["name"]) >= {"lr", "new", "accuracy", "loss"}


def test_data_differs_in_rows_columns_and_digest():
    one = record("a", {}, {"train": rows(), "test": rows("t.csv", 10, "cc")})
    two = record("b", {}, {"train": rows(many=91, sha="bb", text="body")})
    comparison = difference.compare(one, two)
    assert changes(comparison, "data") == {
        "train": ("r.csv", "r.csv"),
        "train rows": (90, 91),
        "train columns": ({"text": "t"}, {"text": "body"}),
        "train sha256": ("aa", "bb"),
        "test": ("t.csv", None),
        "test rows": (10, None),
        "test columns": ({"text": "t"}, None),
        "test sha256": ("cc", None),
    }
    notes = {one.name: one.note for one in comparison.of("data")}
    assert notes["train"].startswith("the same name, but other rows")
    assert notes["test"] == "only one of the two has such rows"


def test_a_run_is_the_same_as_itself():
    one = record("a", {"lr": 1e-4}, {"train": rows()}, {"accuracy": 0.8})
    comparison = difference.compare(one, one)
    assert (comparison.differences, comparison.same) == ((), 1)


def test_runs_of_which_little_is_left_can_be_compared():
    one, two = (record(name, {}, {"train": None, "test": [1]}) for name in "ab")
    assert difference.compare(one, two).of("data") == ()

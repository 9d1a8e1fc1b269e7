"""Halves of characters are mended where rows are read, with a note; nothing behind meets one."""

import json

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.data import tables
from bertmagic.data.surrogates import mended
from bertmagic.display import page
from bertmagic.errors import DataError

HALF, WHOLE = "\ud83d", "�"


def frame(**columns):
    names = pd.Index([name.replace("HALF", HALF) for name in columns], dtype=object)
    cells = {at: pd.Series(list(cells), dtype=object) for at, cells in enumerate(columns.values())}
    return pd.DataFrame(cells).set_axis(names, axis=1)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (f"a{HALF}b", f"a{WHOLE}b"),
        (f"{HALF}\ude00", WHOLE * 2),
        ([f"a{HALF}", "b"], [f"a{WHOLE}", "b"]),
        ((f"a{HALF}", 1), (f"a{WHOLE}", 1)),
        ([{"text": f"{HALF}", "start": 0}], [{"text": WHOLE, "start": 0}]),
        ({f"k{HALF}": [f"v{HALF}"]}, {f"k{WHOLE}": [f"v{WHOLE}"]}),
        (np.array([f"a{HALF}", "b"], dtype=object), [f"a{WHOLE}", "b"]),
        ({f"a{HALF}"}, {f"a{WHOLE}"}),
    ],
    ids=["text", "pair", "list", "tuple", "span", "dict", "array", "set"],
)
def test_a_cell_is_mended_wherever_the_half_is(cell, expected):
    whole, note = mended(frame(text=["whole 😀", cell]))
    assert whole["text"].tolist() == ["whole 😀", expected]
    assert note == "Broken characters (lone surrogates) are read as �: 1 cell of column 'text'."


def test_a_frame_without_halves_is_the_same_object():
    given = frame(text=["a", "😀", None, ["b"], {"c": 1}], number=range(5))
    assert mended(given) == (given, "")


def test_columns_of_arrow_are_not_looked_at():
    given = pd.DataFrame({"text": pd.Series(["a"], dtype="string[pyarrow]"), "number": [1]})
    assert mended(given)[0] is given


@pytest.mark.parametrize("kind", ["category", "string[python]"])
def test_other_kinds_of_columns_are_mended(kind):
    if kind == "category":
        column = pd.Categorical.from_codes([0, 1], pd.Index([f"a{HALF}", "b"], dtype=object))
    else:
        column = pd.array([f"a{HALF}", "b"], dtype=pd.StringDtype("python"))
    whole, _ = mended(pd.DataFrame({"label": column}))
    assert whole["label"].tolist() == [f"a{WHOLE}", "b"]


def test_values_that_become_the_same_are_said():
    _, note = mended(frame(label=[f"a{HALF}", "a\ud83e", f"a{WHOLE}", "b"]))
    assert "2 cells of column 'label', where 2 values became the same as another" in note


def test_names_of_columns_are_mended_and_must_differ():
    table = tables.read(frame(textHALF=["a"], label=[1]))
    assert table.columns == [f"text{WHOLE}", "label"]
    assert table.note == "Broken characters (lone surrogates) are read as �: a name of a column."
    with pytest.raises(DataError, match="two columns named 'text�'"):
        tables.read(frame(**{"textHALF": ["a"], f"text{WHOLE}": ["b"]}))


@pytest.mark.parametrize("form", ["dict", "rows", "json", "jsonl", "squad"])
def test_every_source_of_rows_is_mended(form, tmp_path):
    rows = [{f"te{HALF}xt": f"a{HALF}", "label": "x"}, {f"te{HALF}xt": "b", "label": f"y{HALF}"}]
    source = {"dict": {name: [row[name] for row in rows] for name in rows[0]}, "rows": rows}.get(form)
    if form == "json":
        (tmp_path / "x.json").write_text(json.dumps(rows))
    if form == "jsonl":
        (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    if form == "squad":
        asked = [{"id": "1", "question": f"q{HALF}", "answers": [{"text": f"a{HALF}", "answer_start": 0}]}]
        article = {"data": [{"title": "t", "paragraphs": [{"context": f"a{HALF}", "qas": asked}]}]}
        (tmp_path / "x.json").write_text(json.dumps(article))
    table = tables.read(source if source is not None else str(next(tmp_path.iterdir())))
    assert "lone surrogates" in table.note
    table.frame.to_json().encode()
    assert WHOLE in str(table.frame.to_dict())
    assert HALF not in str(table.frame.to_dict()) + str(table.columns)


def test_a_file_whose_name_is_no_text_is_read(tmp_path):
    name = b"rev\xff.csv".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text("text,label\na,b\n")
    table = tables.read(name)
    assert table.name == "rev�.csv"
    assert table.frame["text"].tolist() == ["a"]


@pytest.fixture(scope="module")
def broken(make_rows):
    """Rows whose names, labels, texts and further columns have halves of characters, and an index that has some."""
    rows = make_rows(40)
    names = {"text": "textHALF", "label": "labelHALF", "thing": "thingHALF"}
    spoiled = frame(**{name: [cell + HALF for cell in rows[old]] for old, name in names.items()})
    return spoiled.set_axis(pd.Index([f"row {at}{HALF}" for at in range(40)], dtype=object))


def test_a_run_goes_from_training_to_export(broken, encoder, tmp_path):
    text, label, thing = broken.columns
    model = bm.finetune(
        broken, text=text, label=label, model=encoder, max_steps=2, name="half", show=False, validation=0.2,
        save_to="kept",
    )  # fmt: skip
    assert model.labels == (f"bad{WHOLE}", f"good{WHOLE}")
    assert model.predict(broken, show=False).frame.columns[-2:].tolist() == [f"p_bad{WHOLE}", f"p_good{WHOLE}"]
    assert model.predict([f"a {HALF}", f"b {HALF}"], show=False).notes[0].startswith("Broken characters")
    report = model.evaluate(broken, by=thing, label_issues=True, train=broken, at="precision=0.5", show=False)
    assert any("lone surrogates" in note for note in report.notes)
    for write in (report.to_markdown, report.to_latex, lambda: report.to_html("report.html").read_text("utf-8")):
        assert HALF not in write()
    assert bm.compare([model, "majority"], broken, train=broken, show=False).frame.shape[0] == 2
    page(bm.check(broken, text=text, label=label, model=str(encoder))).encode()
    again = bm.load("kept", name="again")
    assert again.labels == model.labels
    assert (
        again.predict(broken, show=False).frame["label"].tolist()
        == model.predict(broken, show=False).frame["label"].tolist()
    )
    repr(bm.runs()).encode()


@pytest.mark.parametrize("task", ["multi_label", "token_classification", "question_answering", "regression", "pairs"])
def test_other_tasks_train_on_broken_rows(task, encoder):
    from ..small import ROWS

    def spoiled(cell):
        if isinstance(cell, str):
            return cell + HALF
        if isinstance(cell, list) and task != "token_classification":
            return [spoiled(item) for item in cell]
        return [word + HALF for word in cell] if isinstance(cell, list) and cell[0] == "the" else cell

    rows = ROWS[task](40)
    rows = frame(**{name: [spoiled(cell) for cell in rows[name]] for name in rows})
    roles = {"text": ["premise", "hypothesis"], "label": "relation"} if task == "pairs" else {}
    model = bm.finetune(rows, model=encoder, max_steps=1, name="half", show=False, validation=0.2, **roles)
    answers = model.predict(rows, show=False)
    page(answers).encode()
    answers.frame.to_json().encode()
    model.evaluate(rows, show=False).to_markdown().encode()


def test_pre_training_filling_and_attention_read_broken_texts(encoder, small):
    from ..small import documents

    rows = frame(text=[f"{text} {HALF}" for text in documents(40)["text"]])
    model = bm.pretrain(rows, model=encoder, max_steps=1, name="half", show=False, validation=0.2)
    model.fill(f"the [MASK] {HALF}", show=False).frame.to_json().encode()
    maps = model.attention(f"the film {HALF}", show=False)
    page(maps).encode()
    assert HALF not in str(maps.tokens)

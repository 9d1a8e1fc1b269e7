"""Small files in the forms that people have on disk are read as they stand, to the character.

Beside each file, ``NAME.expected.json`` has what is right: the task, how many rows can be learnt from, the first and
the last one, the labels, and the options for what no file can say.
"""

import json
from pathlib import Path

import pytest

from bertmagic import tasks
from bertmagic.data import tables, tags, words
from bertmagic.data.formats.reading import Reading
from bertmagic.workflows.prepare import ROLES

FILES = Path(__file__).parent / "files"
ENTRY = {"standoff": "standoff/doc1.txt", "slots_and_intents": "slots_and_intents/seq.in"}
"""The file to begin with where a data set is several files."""
HOW = ("format", "header", "columns", "encoding", "sep")
NAMES = sorted(path.name.removesuffix(".expected.json") for path in FILES.glob("*.expected.json"))


def read(name, options):
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    how = {key: value for key, value in options.items() if key in HOW}
    asked = {role: options.get(role) for role in ROLES}
    table = tables.read(tables.read_as(FILES / ENTRY.get(name, name), Reading(**how)), "train")
    kind = tasks.choose(None, table, asked)
    columns, _ = kind.columns(table, asked)
    task, rows, _ = kind.read(table, columns, None)
    return task, rows


def row(task, rows, at, form):
    """A row in the form of the expected one: of texts or tokens, and of its label, tags, spans, value or answers."""
    if "tokens" in form:
        given = [task.tags[number] for number in rows.targets[at]]
        if tags.without_scheme([form["tags"]]):  # each word is an entity of its own
            given = [tag.removeprefix("B-") for tag in given]
        return {"tokens": rows.texts.words(at), "tags": given}
    text = rows.texts[at]
    if "spans" in form:
        found = words.find(rows.texts).spans_of(at).tolist()
        entities = tags.entities([task.tags[number] for number in rows.targets[at]])
        return {"text": text, "spans": [[found[e.start][0], found[e.end - 1][1], e.label] for e in entities]}
    if "answers" in form:
        answers = [answer.text for answer in rows.targets[at]]
        return {"question": text, "context": rows.second[at], "answers": answers}
    given = {"text": text if rows.second is None else [text, rows.second[at]]}
    if "value" in form:
        return {**given, "value": rows.targets[at]}
    if "labels" in form:
        return {**given, "labels": [str(v) for v, on in zip(rows.labels.values, rows.targets[at], strict=True) if on]}
    return {**given, "label": str(rows.labels.values[rows.targets[at]])}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_as_others_write_it(name):
    expected = json.loads((FILES / f"{name}.expected.json").read_text(encoding="utf-8"))
    task, rows = read(name, expected.get("options") or {})
    assert task.name == expected["task"]
    assert len(rows) == expected["rows"]
    assert row(task, rows, 0, expected["first"]) == expected["first"]
    assert row(task, rows, len(rows) - 1, expected["last"]) == expected["last"]
    if expected["labels"]:
        labels = getattr(task, "labels", None)
        assert sorted(map(str, getattr(labels, "values", labels))) == expected["labels"]

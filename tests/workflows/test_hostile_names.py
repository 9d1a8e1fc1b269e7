"""Names of columns, labels and rows that would mean something in a format string: they are data in every task."""

import ast
from pathlib import Path

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import DataError
from bertmagic.text_safety import visible

from ..conftest import BAD, GOOD, THINGS
from ..small import documents, entities, label_sets, pairs, questions

ODD = "{view} {0} {{ }} {x!r:>9} %s %(a)s %d % $x ${y} \\1 \\g<0> %{z} \u202e\x1b[31m"
LABELS = ("bad " + ODD, "good " + ODD)


def single(count):
    words = [(BAD, GOOD)[at % 2][at % 6] for at in range(count)]
    texts = [f"the {THINGS[at % 11]} was {word} {at}" for at, word in enumerate(words)]
    return pd.DataFrame({"text": texts, "label": [LABELS[at % 2] for at in range(count)]})


def numbers(count):
    return single(count).assign(label=[at % 7 / 3 for at in range(count)])


def pairs_of(count):
    frame = pairs(count)
    return frame.assign(relation=[LABELS[at % 2] for at in range(count)])


def sets_of(count):
    frame = label_sets(count)
    return frame.assign(topics=[[f"{one} {ODD}" for one in row] for row in frame["topics"]])


def entities_of(count):
    frame = entities(count)
    return frame.assign(tags=[[tag if tag == "O" else f"{tag}{{x}}%s" for tag in row] for row in frame["tags"]])


TASKS = {
    "classification": (single, {"text": "text", "label": "label"}),
    "pairs": (pairs_of, {"text": ["premise", "hypothesis"], "label": "relation"}),
    "regression": (numbers, {"text": "text", "label": "label"}),
    "multi_label": (sets_of, {"text": "text", "label": "topics"}),
    "token_classification": (entities_of, {"text": "tokens", "label": "tags"}),
    "question_answering": (questions, {"question": "question", "context": "context", "answers": "answers"}),
    "masked_language_modeling": (documents, {"text": "text"}),
}


def odd(frame):
    """Return rows whose columns and whose index have odd names, and a further column to slice by."""
    side = [f"{at % 2} {ODD}" for at in range(len(frame))]
    frame = frame.rename(columns=lambda name: name + ODD).assign(**{"side" + ODD: side})
    return frame.set_axis([f"{at} {ODD}" for at in range(len(frame))])


def roles(given):
    return {
        role: [one + ODD for one in value] if isinstance(value, list) else value + ODD for role, value in given.items()
    }


def every_form(result):
    """Write a result in each form that it has; none may hold what reorders a line or what a terminal obeys."""
    forms = [repr(result), *map(str, result._repr_mimebundle_().values())]
    if hasattr(result, "to_markdown"):
        forms += [result.to_markdown(), result.to_latex(), result.to_html("odd.html").read_text(encoding="utf-8")]
    assert not [form for form in forms if "\u202e" in form or "\x1b" in form]


@pytest.mark.parametrize("task", TASKS)
def test_odd_names_are_data_everywhere(task, encoder):
    make, given = TASKS[task]
    train, fresh, named = odd(make(40)), odd(make(20)), roles(given)
    fresh.iloc[3, 0] = None  # a row that is left out, and said
    known = {"model": encoder, "max_steps": 2, "precision": "fp32", "name": f"odd_{task}", **named}
    if task == "masked_language_modeling":
        model = bm.pretrain(train, **known)
        every_form(model.evaluate(fresh))
        every_form(model.fill(pd.DataFrame({"text" + ODD: ["it was [MASK]", None]}), text="text" + ODD))
        return
    learnt = "classification" if task == "pairs" else task
    every_form(bm.check(train, task=learnt, **named))
    model = bm.finetune(train, task=learnt, **known)
    assert {role: model.card[role] for role in named} == named
    assert not {"\u202e", "\x1b"} & set(repr(model))
    predictions = model.predict(fresh)
    every_form(predictions)
    texts = {role: value for role, value in named.items() if role not in ("label", "answers")}
    every_form(model.predict(fresh, **texts))
    report = model.evaluate(fresh, by="side" + ODD, **named)
    every_form(report)
    for name in report.pictures:
        report.figure(name)
    every_form(bm.compare([model, model], fresh, **named))
    every_form(bm.runs())


@pytest.mark.parametrize("task", ["pairs", "multi_label", "token_classification", "question_answering"])
def test_messages_hold_odd_names_as_they_are(task, small):
    make, given = TASKS[task]
    model = small(task)
    frame = odd(make(6)).astype(object)
    texts = {role: value for role, value in roles(given).items() if role not in ("label", "answers")}
    columns = [one for value in texts.values() for one in ([value] if isinstance(value, str) else value)]
    for column in columns:
        frame[column] = [3.5] * len(frame)
    with pytest.raises(DataError) as caught:
        model.predict(frame, **texts)
    assert repr(columns[0]) in str(caught.value) or len(columns) > 1
    frame.iloc[0, 0] = None
    assert f"row 0 {visible(ODD)}" in str(caught.value)


def templates(tree):
    """Yield the root of each expression whose method ``format`` is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("format", "format_map"):
            root = node.func.value
            while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
                root = root.func if isinstance(root, ast.Call) else root.value
            yield root


@pytest.mark.parametrize("path", sorted(Path(bm.__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_format_strings_are_constants_of_their_module(path):
    for root in templates(ast.parse(path.read_text())):
        constant = isinstance(root, ast.Constant) or (isinstance(root, ast.Name) and root.id.isupper())
        assert constant, f"{path.name}:{root.lineno} formats a string that is no constant"


def test_a_run_whose_name_is_a_template_is_data_of_the_figure():
    from bertmagic.display.charts.run_history import _curve
    from bertmagic.run.records import Curve

    drawn = _curve(Curve(ODD, (1, 2), (0.5, 0.6)), "#000", "solid", "circle")
    assert drawn["hovertemplate"] == "%{meta}: %{y} at step %{x}<extra></extra>"

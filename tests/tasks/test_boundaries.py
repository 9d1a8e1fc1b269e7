"""Only the rooms of the tasks know which task it is: everybody else calls a method of `Task`."""

import ast
import re
from pathlib import Path

import pytest

import bertmagic
from bertmagic.tasks import TASKS, find

ROOT = Path(bertmagic.__file__).parent
CLASSES = {find(name).__name__ for name in TASKS}


def questions(source):
    """Return the lines that ask which task something is."""
    return sorted({node.lineno for node in ast.walk(ast.parse(source)) if asks(node)})


def asks(node):
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            return any(map(names_a_task, sides)) or any(map(is_name_of_a_task, sides))
        case ast.MatchValue(value=value):
            return names_a_task(value)
        case ast.Dict():  # a table from tasks to what they do
            return any(names_a_task(key) for key in node.keys)
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kind]):
            return bool({part.id for part in ast.walk(kind) if isinstance(part, ast.Name)} & CLASSES)
        case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[target, *_]):
            return ends_in_task(target)
        case ast.Match(subject=subject):
            return is_name_of_a_task(subject) or is_name_of_a_type(subject)
    return False


def names_a_task(node):
    values = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return any(isinstance(value, ast.Constant) and value.value in TASKS for value in values)


def is_name_of_a_task(node):
    return isinstance(node, ast.Attribute) and node.attr == "name" and ends_in_task(node.value)


def is_name_of_a_type(node):
    return re.fullmatch(r"type\(\w+\)\.__name__", ast.unparse(node)) is not None


def ends_in_task(node):
    return (isinstance(node, ast.Name) and node.id == "task") or (
        isinstance(node, ast.Attribute) and node.attr == "task"
    )


def test_no_module_outside_of_tasks_asks_which_task_it_is():
    offenders = {
        str(path.relative_to(ROOT)): lines
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).parts[0] != "tasks" and (lines := questions(path.read_text(encoding="utf-8")))
    }
    assert not offenders


@pytest.mark.parametrize(
    "line",
    [
        "if task.name == 'x': pass", "if model.task.name in names: pass", "if other.task.name != first.task.name: pass",
        "if report.task == 'regression': pass", "if kind in ('classification', 'multi_label'): pass",
        "table = {'regression': 1, 'y': 2}", "isinstance(model.task, Regression)",
        "isinstance(task, (Regression, MultiLabel))", "getattr(model.task, 'thresholds', ())", "hasattr(task, 'words')",
        "match task.name:\n    case _: pass", "match x:\n    case 'question_answering': pass",
        "match type(result).__name__:\n    case _: pass",
    ],
)  # fmt: skip
def test_every_way_to_ask_is_seen(line):
    assert questions(line) == [1] or questions(line) == [2]

"""What every message of the package has in common, read from its source."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

import bertmagic
from bertmagic import errors

PACKAGE = Path(bertmagic.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
SENTENCES = {name for name, value in vars(errors).items() if isinstance(value, type)} | {"Note", "Finding"}
COMMANDS = ("pip install", "hf auth", "\nheader = ")
"""What a message may end with: a line to type, to which a stop would not belong."""


def calls(tree):
    """Yield the name and the arguments of each call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "id", getattr(node.func, "attr", "")), node.args


def ending(node):
    """Return how a literal text ends; None where it ends with a value that is not known here."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[-1] if node.values else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def unfinished(source):
    """Return the sentences of errors, notes and findings that end without a stop."""
    return [
        ast.unparse(argument)
        for name, arguments in calls(ast.parse(source))
        if name in SENTENCES
        for argument in arguments
        if (end := ending(argument)) and " " in ast.unparse(argument)
        if not re.search(r"[.?!:…^][\"')]*\s*$", end) and not any(command in end for command in COMMANDS)
    ]


def counted_by_hand(source):
    """Return f-strings in which a number stands before a plural: they say "1 rows" one day."""
    violations = []
    for node in ast.walk(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for at, (value, after) in enumerate(pairwise(parts)):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            thousands = value.format_spec is not None and "," in ast.unparse(value.format_spec)
            is_count = thousands or ast.unparse(value.value).startswith("len(")
            before = parts[at - 1].value if at and isinstance(parts[at - 1], ast.Constant) else ""
            plural = re.match(
                r" (?:rows|texts|tokens|steps|columns|labels|classes|words|tags|spans|runs|layers)\b", after.value
            )
            if is_count and plural and not before.endswith((" of ", "at ", "to ")):
                violations.append(ast.unparse(node))
    return violations


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_messages_end_with_a_stop_and_numbers_agree_with_their_nouns(module):
    source = module.read_text(encoding="utf-8")
    assert unfinished(source) == []
    assert counted_by_hand(source) == []


def test_the_two_faults_are_seen():
    assert unfinished("raise DataError(f'{x} is missing', 'Give it.')") == ["f'{x} is missing'"]
    assert unfinished("emit(Note('All is well'))") == ["'All is well'"]
    assert unfinished("raise DataError(f'{x} is missing.', f'Give {x}')") == []
    assert counted_by_hand("f'{n:,} rows'") == ["f'{n:,} rows'"]
    assert counted_by_hand("f'it has {len(a)} labels.'") != []
    assert counted_by_hand("f'{done:,} of {n:,} rows, {count(n, \"row\")}'") == []

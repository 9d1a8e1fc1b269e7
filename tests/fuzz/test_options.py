"""All options of all commands with values that nobody meant for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertmagic import options
from bertmagic.options import COMMANDS, REQUIRED, table

from .odd import NAMED, odd
from .rule import answers, quick

OPTIONS = [(command, entry) for command in COMMANDS.values() for entry in table(command.table)]
KINDS = {(entry.kind, entry.many, entry.searchable): (command, entry) for command, entry in OPTIONS}


def read(command, name, value):
    """Read the options of a command, one with a value of choice and those that are required with usual ones."""
    needed = {entry.name: "x" for entry in table(command.table) if entry.default is REQUIRED}
    return answers(options.read, command.table, needed | {name: value})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: f"{kind[1].name} of {kind[0].magic}")
def test_every_kind_of_option_answers_every_odd_value(kind):
    command, entry = kind
    for value in NAMED:
        read(command, entry.name, value.make())


@quick(300)
@given(st.sampled_from(OPTIONS), odd)
def test_an_option_answers(option, value):
    command, entry = option
    read(command, entry.name, value.make())


@pytest.mark.soak
@quick(10_000)
@given(st.sampled_from(OPTIONS), odd)
def test_an_option_answers_at_length(option, value):
    command, entry = option
    read(command, entry.name, value.make())


@quick(100)
@given(st.sampled_from(list(COMMANDS.values())), odd)
def test_an_unknown_name_is_answered(command, name):
    value = name.make()
    read(command, value if isinstance(value, str) else repr(name), 1)

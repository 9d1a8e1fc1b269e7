"""Magic lines and cell bodies that no one would type: parsed for every command, and run in a shell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertmagic.magics import line, request
from bertmagic.options import COMMANDS

from .odd import NAMED, texts
from .rule import answers, quick

SPACE = {value.name.replace(" ", "_"): value for value in NAMED} | {"df": NAMED[-1]}

NAMES = [name for name in SPACE if name.isidentifier()]

EXPRESSIONS = [
    "(" * 5000 + ")" * 5000, "-" * 20_000 + "1", "[" * 200 + "]" * 200, "{" * 300, "}" * 3000, "not " * 5000 + "1",
    "1" * 5000, "1" + "+1" * 20_000, "x" + ".a" * 20_000, "f" + "()" * 5000, "lambda: " * 3000 + "1",
    "1 if 1 else " * 3000 + "1", "'" * 3000, '"""', "f'{1!x}'", "f'{'", "\\", "\0", "\ud83d", "1/0", "int('9' * 5000)",
    "undefined", "*a", "**a", "a := 1", "yield 1", "await x", "x = 1", "x; y", "x\ny", "x # y", "# x", ")", "(", "None",
    "...", "__import__", "()", "[]", "{}", "[i for i in range(3)]", "lambda row: row.text", "b'x'", "1e999", "0x", "1_",
    "_", "print", "'a' 'b'", "é", "\ufb01", "\U0001d54f",
]  # fmt: skip
"""Python that cannot be read, or only with more depth than there is."""

words = st.one_of(
    texts,
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(EXPRESSIONS).map(lambda code: f"{{{code}}}"),
    st.sampled_from(NAMES),
    texts.map(lambda text: f'"{text}"'),
    texts.map(lambda text: f"{{{text}}}"),
)


@st.composite
def lines(draw, command):
    """Draw a line of flags, values and other text."""
    flags = [flag for entry in line.options_of(command) for flag in (entry.long, entry.short) if flag]
    part = st.sampled_from(flags) | words
    drawn = draw(st.lists(part, max_size=6))
    return draw(st.sampled_from([" ", " ", " ", "=", "", ";"])).join(drawn) + draw(
        st.sampled_from(["", "", ";", " # x", "\n"])
    )


@st.composite
def bodies(draw, command):
    """Draw a body: assignments, texts or other text."""
    name = st.sampled_from([entry.name for entry in command.options] or ["x"]) | texts
    value = words.map(str.strip)
    statement = st.tuples(name, st.sampled_from([" = ", " = ", "=", " == ", " += ", ": "]), value).map("".join) | words
    return draw(st.sampled_from(["\n", "\n", "\r\n", ";"])).join(draw(st.lists(statement, max_size=5)))


@st.composite
def magics(draw):
    """Draw a command with a line, and perhaps a body."""
    command = draw(st.sampled_from(list(COMMANDS.values())))
    return command, draw(lines(command)), draw(st.none() | bodies(command))


def read(command, typed, cell):
    """Read a magic, evaluate its values, and write its code, as the shell does."""
    names = {name: value.make() for name, value in SPACE.items() if name in typed or name in (cell or "")}
    asked = request.read(command, typed, cell, names, {})
    for one in asked.given.values():
        answers(lambda one=one: one.value)
    list(answers(lambda: list(asked.typed)) or ())


@quick(120)
@given(magics())
def test_a_magic_is_read(magic):
    answers(read, *magic)
    assert isinstance(line.asks_help(magic[1]), bool)
    assert isinstance(line.silenced(magic[1]), bool)


@pytest.mark.soak
@quick(10_000)
@given(magics())
def test_a_magic_is_read_at_length(magic):
    answers(read, *magic)
    line.asks_help(magic[1])
    line.silenced(magic[1])

import ast

import pytest

from bertmagic.magics.syntax import parsed, reads, source_of


@pytest.mark.parametrize("source", ["(", "-" * 100_000 + "1", "(" * 1000 + ")" * 1000, "\0", "'\ud83d'", "9" * 5000])
def test_what_python_cannot_read_is_one_kind_of_error(source):
    with pytest.raises(SyntaxError):
        parsed(source)
    assert not reads(source)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_source_of_a_node_is_that_of_python(ends):
    text = ends.join(["a = 'é' + 1", "b = [", "  2,", "]; c = '好' ; d = x", ""])
    nodes = ast.parse(text).body
    assert [source_of(text, node) for node in nodes] == [ast.get_source_segment(text, node) for node in nodes]
    assert source_of(text, nodes[0].value) == "'é' + 1"
    assert source_of(text, nodes[2].value) == "'好'"

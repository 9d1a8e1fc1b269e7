"""Text and tables in LaTeX."""

import pytest

from bertmagic.display.blocks import Headline, Notes, Table, columns
from bertmagic.display.writers.latex import escaped, latex


@pytest.mark.parametrize(
    ("text", "written"),
    [(r"a\b", r"a\textbackslash{}b"), ("50 % & 3_4", r"50 \% \& 3\_4"), ("{x}$#^~", None), ("[1] *2", "{[}1{]} {*}2"),
     ("<|>", r"\textless{}\textbar{}\textgreater{}"), ("好", "好"), ("a\nb", "a b")],
)  # fmt: skip
def test_latex_prints_the_text_it_is(text, written):
    escaped_text = escaped(text)
    if written is not None:
        assert escaped_text == written
    bare = escaped_text.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")


def test_sentences_are_comments_and_the_headline_is_the_caption_of_the_first_table():
    table = Table(columns(("name", "rows")), [["a_b", "3"]], "Rows.")
    written = latex([Headline("Two models."), table, table, Notes(["first\nsecond", "100 %"])])
    assert written.count(r"\caption{Two models. Rows.}") == 1
    assert written.count(r"\caption{Rows.}") == 1
    assert r"a\_b & 3 \\" in written
    assert written.splitlines()[-3:] == ["% first", "% second", "% 100 %"]

import ast
import sys
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertmagic.errors import OptionError
from bertmagic.magics import line, names
from bertmagic.options import COMMANDS

from .conftest import Frame, TextModel

OPTIONS = {entry.name: entry for command in reversed(COMMANDS.values()) for entry in command.options}


def resolve(name, typed, space=None):
    return names.resolve(OPTIONS[name], line.tokenize(typed), space or {})


def test_a_positional_text_is_quoted_or_a_variable_or_python():
    df = Frame(review=["a"])
    space = {"df": df, "text": "hello"}
    assert resolve("texts", '"text"', space).value == "text"
    assert resolve("texts", "text", space).value == "hello"
    assert resolve("texts", "df", space).value is df
    assert resolve("texts", "df.review", space).value == ["a"]
    assert resolve("texts", "{[text] * 2}", space).value == ["hello", "hello"]
    assert resolve("texts", '"a" text {text.upper()}', space).value == ["a", "hello", "HELLO"]


@pytest.mark.parametrize("typed", ["good", "df.reviw", "df[review]"])
def test_a_bare_word_that_is_no_variable_says_to_quote_it(typed):
    with pytest.raises(OptionError, match="Quote a text"):
        _ = resolve("texts", typed, {"df": Frame(review=[])}).value


def test_several_texts_must_be_texts():
    with pytest.raises(OptionError, match="one of them is not a text"):
        _ = resolve("texts", '"a" many', {"many": ["b"]}).value


@pytest.mark.parametrize("typed", ["reviews.csv", '"reviews"', "sample:reviews", "owner/name", "reviews@x", "nope"])
def test_a_reference_that_is_no_variable_goes_on_as_text(typed):
    given = resolve("train", typed, {"reviews": Frame(review=[])})
    assert given.value == given.reference == typed.strip('"')


def test_a_reference_may_be_a_variable_or_python():
    space = {"df": Frame(a=[1])}
    assert resolve("train", "df", space).value is space["df"]
    assert resolve("train", "{df}", space).value is space["df"]
    assert resolve("train", "df", space).reference == ""
    assert resolve("validation", "0.2").value == 0.2
    assert resolve("validation", "df", space).value is space["df"]


def test_typed_values_are_converted():
    assert resolve("epochs", "3").value == 3.0
    assert resolve("batch_size", "16").value == 16
    assert resolve("lr", "1e-4").value == 1e-4
    assert resolve("freeze", "2").value == 2
    assert resolve("eval_every", "epoch").value is None
    assert resolve("by", "a b").value == ("a", "b")
    assert resolve("epochs", "{n + 1}", {"n": 1}).value == 2.0


@pytest.mark.parametrize(
    ("name", "typed"), [("epochs", "x"), ("lr", "2"), ("schedule", "x"), ("name", "a-b"), ("name", "class")]
)
def test_wrong_values_name_the_option(name, typed):
    with pytest.raises(OptionError, match=f"^{name} = "):
        resolve(name, typed)


def test_code_is_what_was_typed():
    space = {"df": Frame(a=[1])}
    assert [resolve("lr", "1e-4").code, resolve("epochs", "3").code, resolve("batch_size", "007").code] == [
        "1e-4",
        "3",
        "7",
    ]
    assert resolve("train", "df", space).code == "df"
    assert resolve("train", "{df if 1 else 2}", space).code == "df if 1 else 2"
    assert resolve("train", "a.csv").code == '"a.csv"'
    assert resolve("by", "a b").code == '["a", "b"]'


def test_an_error_in_python_names_option_and_exception():
    with pytest.raises(OptionError, match=r"^train = 1/0 raises ZeroDivisionError: division by zero") as caught:
        _ = resolve("train", "{1/0}").value
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(OptionError, match=r"NameError: name 'revews' is not defined. Did you mean 'reviews'\?"):
        _ = resolve("train", "{revews}", {"reviews": 1}).value


@given(
    st.text() | st.integers() | st.lists(st.text()) | st.tuples(st.text()) | st.lists(st.tuples(st.text(), st.text()))
)
def test_a_literal_is_read_back(value):
    assert ast.literal_eval(names.literal(value)) == value


@pytest.mark.parametrize("source", ["1, 2", "a := 1", "(1,\n 2)", "x for x in y", "lambda: 0", "a\n + b", "f(x)"])
def test_any_source_stands_as_an_argument(source):
    call = ast.parse(f"_(x={names.argument(source)})", mode="eval").body
    assert ast.dump(call.keywords[0].value) == ast.dump(ast.parse(f"({source})", mode="eval").body)


def test_columns_of_anything_like_a_table():
    assert names.columns(Frame(a=[], b=[])) == ["a", "b"]
    assert names.columns({"a": [1], "b": (2,), "c": 3}) == ["a", "b"]
    assert names.columns(OrderedDict(x=[1])) == ["x"]
    assert names.columns("text") == names.columns(None) == names.columns(Frame) == []


def test_a_model_is_one_of_the_api(api, monkeypatch):
    assert names.is_model(TextModel("x", []))
    assert not names.is_model("x")
    monkeypatch.delitem(sys.modules, "bertmagic.api")
    assert not names.is_model(TextModel("x", []))


def test_a_missing_attribute_names_the_nearest_column():
    with pytest.raises(OptionError, match=r"'df' has no attribute 'reviw'. Did you mean 'review'\?"):
        resolve("texts", "df.reviw", {"df": Frame(review=[])})
